"""A server with a small firm, and a browser that is signed in: every message of its console is an error."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from kobling.access.models import Assignment, Client, Firm, FirmMember, Person
from kobling.hub.models import Connection, Moved, Pair, Run
from kobling.hub.store.moved import day_of
from kobling.portal.models import ClientFigures
from kobling.portal.states import URGENCY, State
from kobling.sdk.clock import FakeClock
from tests.web.signing import BACKEND
from tools.prepare_tests import browser as chromium

NAMES = (
    "Aabenraa Tømrer & Snedker A/S",
    "Bageriet Sønderho I/S",
    "Ølgod Landbrugsmaskiner A/S",
    "Fanø Strandhotel A/S",
)
Opens = Callable[..., Page]
# Playwright's own loop runs in this thread, which Django takes for asynchronous code of ours.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without a browser they are skipped, which fails the run where one could have been installed (tests/told.py)."""
    for each in items:
        if "browser" in each.path.parts:
            each.add_marker(pytest.mark.browser)
            if chromium() is None:
                each.add_marker(pytest.mark.skip("no chromium on this machine"))


@pytest.fixture(scope="module")
def chrome() -> Iterator[Browser]:
    with sync_playwright() as play:
        started = play.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def firm(transactional_db: None) -> Iterator[Firm]:
    """A firm with an admin, a bookkeeper and four clients; for pages it is Monday morning."""
    config = apps.get_app_config("web")
    before, config.clock = config.clock, FakeClock()
    made = Firm.objects.create(name="Nordkystens Bogholderi")
    people = {
        name: Person.objects.create_user(
            f"{name}@n.example", f"{name}@n.example", "en lang sætning", first_name=name.title(), language="da"
        )
        for name in ("birgitte", "mette")
    }
    FirmMember.objects.create(firm=made, person=people["birgitte"], role="firm_admin")
    mette = FirmMember.objects.create(firm=made, person=people["mette"], role="bookkeeper")
    for number, name in enumerate(NAMES):
        client = Client.objects.create(name=name, number=str(1004 + 7 * number), firm=made)
        Assignment.objects.create(client=client, member=mette)
        _figures(client, list(State)[number * 3], config.clock)
    yield made
    config.clock = before


def _figures(client: Client, state: State, clock: FakeClock) -> None:
    ClientFigures.objects.update_or_create(
        client=client,
        defaults={
            "state": state,
            "urgency": URGENCY[state],
            "open_issues": 4,
            "oldest_issue_at": clock.now() - timedelta(days=2),
            "last_good_run_at": clock.now() - timedelta(hours=1),
            "missing_receipts": 9,
            "ready_count": 23,
            "ready_sum": Decimal("41280.75"),
            "ready_currency": "DKK",
            "wallet": Decimal("3120.00"),
            "wallet_currency": "DKK",
            "wallet_threshold": Decimal("5000.00"),
            "low_balance": True,
            "systems": [["pleo", "business_central", "to_right", False]],
        },
    )


def with_pair(client: Client) -> Run:
    """A pair of Pleo and Business Central that has moved something and runs right now."""
    clock: FakeClock = apps.get_app_config("web").clock
    sides = [
        Connection.objects.create(client=client, connector=name, name=name, healthy=True)
        for name in ("pleo", "business_central")
    ]
    pair = Pair.objects.create(
        client=client, pair_type="t", name="Udgifter", left=sides[0], right=sides[1], direction="to_right"
    )
    Moved.objects.create(pair=pair, day=day_of(clock.now()), records=12)
    Moved.objects.create(pair=pair, day=day_of(clock.now()), currency="DKK", amount=Decimal("18420.50"))
    told = {"asked_by": "schedule", "asked_at": clock.now(), "started_at": clock.now(), "phase": "write"}
    progress = {"progress": {"what": "udgifter", "done": 4, "total": 12}}
    return Run.objects.create(pair=pair, state="running", summary=progress, **told)


@pytest.fixture
def opens(chrome: Browser, firm: Firm, live_server: object) -> Iterator[Opens]:
    """Open a page as somebody: ``opens("/clients/", "mette", width=320, dark=True, scripts=False)``."""
    contexts: list[BrowserContext] = []
    wrong: list[str] = []

    def open_page(path: str, who: str = "", *, width: int = 1440, dark: bool = False, scripts: bool = True) -> Page:
        context = chrome.new_context(
            base_url=live_server.url,  # type: ignore[attr-defined]
            viewport={"width": width, "height": 900},
            locale="da-DK",
            color_scheme="dark" if dark else "light",
            java_script_enabled=scripts,
            reduced_motion="reduce",
        )
        contexts.append(context)
        if who:
            cookie = {"name": settings.SESSION_COOKIE_NAME, "value": session_of(f"{who}@n.example")}
            context.add_cookies([{**cookie, "url": live_server.url}])  # type: ignore[attr-defined, list-item]
        page = context.new_page()
        page.on("console", lambda told: wrong.append(told.text) if told.type in ("error", "warning") else None)
        page.on("pageerror", lambda fault: wrong.append(str(fault)))
        page.goto(path)
        return page

    yield open_page
    for each in contexts:
        each.close()
    # The server of these tests is not asynchronous: a stream of events ends at once and is asked for again.
    assert [each for each in wrong if each not in ("htmx:sseError", "[object Event]")] == []


def session_of(email: str) -> str:
    """The key of a session in which that person is signed in."""
    person = Person.objects.get(email=email)
    kept = SessionStore()
    kept[SESSION_KEY], kept[BACKEND_SESSION_KEY] = str(person.pk), BACKEND
    kept[HASH_SESSION_KEY] = person.get_session_auth_hash()
    kept.save()
    return str(kept.session_key)
