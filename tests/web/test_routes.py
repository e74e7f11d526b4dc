"""Every address is known here with who may ask for it; a new one without a row fails."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from django.db import transaction
from django.test import Client as Browser
from django.urls import URLPattern, URLResolver, get_resolver

from kobling.access.models import Client, FirmMember, Onboarding, Person
from kobling.access.policy import Actor
from kobling.arriving import inviting
from kobling.jobs import services as jobs
from kobling.sdk.clock import FakeClock
from kobling.web.ground.words import STATE_WORDS
from kobling.web.urls import CLOSED, OURS_INSTEAD
from tests.web.signing import sign_in

pytestmark = pytest.mark.django_db
OPEN, OWN = "anybody", "whoever is signed in, of themselves"
OF_CLIENT = "tried for everybody in tests/web/test_client_pages.py"
SIGNED_IN = (
    "firm_admin",
    "assigned",
    "unassigned",
    "company_admin",
    "company_user",
    "other_firm_admin",
    "stranger",
    "superuser",
)


@dataclass(frozen=True)
class Route:
    """An address that is for some: they get ``served``, everybody else who is signed in 404, the others the sign-in."""

    allowed: frozenset[str]
    served: int = 200
    posted: dict[str, str] | None = None
    stage: str = "verification"
    """Of the client that its address names."""


IN_FIRM = frozenset({"firm_admin"})
ADMINS = frozenset({"firm_admin", "other_firm_admin"})
"""Of their own firm, each."""
ROUTES: dict[str, str | Route] = {
    "home": OWN,
    "begin": OPEN,
    "sign_in_by_link": OPEN,
    "clients": OWN,
    "clients_in": OWN,
    "my_access": OWN,
    "notify": OWN,
    "notify_many": OWN,
    "notifications": OWN,
    "unsubscribe": OPEN,
    "mail": OWN,
    "mail_again": OWN,
    "mail_folder": OWN,
    "mail_opened": OWN,
    "mail_html": OWN,
    "end_sessions": OWN,
    "set_language": OPEN,
    "closed": OPEN,
    **dict.fromkeys(("places", "palette", "shortcuts"), OWN),
    **dict.fromkeys(("save_view", "remove_view"), "one's own alone, in tests/web/test_list_tools.py"),
    **dict.fromkeys(("client", "client_history", "client_actions", "favourite_client", "snooze_client"), OF_CLIENT),
    **dict.fromkeys(("leave_client", "assign_clients", "unassign_clients", "run_pairs", "schedule_pair"), OF_CLIENT),
    **dict.fromkeys(("run", "watch_run", "cancel_run"), OF_CLIENT),
    "ours": OWN,
    "join": OPEN,
    "second_factor": OWN,
    "people": Route(ADMINS),
    "people_roles": Route(ADMINS),
    "invited_colleagues": Route(ADMINS),
    "people_security": Route(ADMINS),
    "invite_colleague": Route(ADMINS),
    "paste_colleagues": Route(ADMINS),
    "set_role": Route(IN_FIRM, 302, {"role": "bookkeeper"}),
    "remove_colleague": Route(IN_FIRM),
    "colleague_clients": Route(IN_FIRM),
    "hand_over": Route(IN_FIRM),
    "invitation_again": Route(IN_FIRM, 302, {}),
    "invitation_withdraw": Route(IN_FIRM, 302, {}),
}
ROUTES |= {
    "client_invites": OWN,
    "sent_invites": OWN,
    "client_onboarding": OWN,
    "client_onboarding_of": Route(frozenset({"firm_admin", "assigned", "company_admin"})),
    "invite_client": Route(ADMINS),
    "invite_clients": Route(ADMINS),
    "import_client": Route(ADMINS),
    "export_client": Route(frozenset({"firm_admin", "company_admin"}), stage="active"),
    "take_client_in": Route(frozenset(), 302, {"name": "x"}),
    "new_join_code": Route(ADMINS, 302, {}),
    "accept_client": Route(IN_FIRM, 302, {}, stage="incoming"),
    "decline_client": Route(IN_FIRM, stage="incoming"),
    "remind_client": Route(frozenset({"firm_admin", "assigned"}), 302, {}),
    "client_bookkeeper": Route(IN_FIRM, 302, {}),
    "client_permission": Route(
        frozenset({"firm_admin", "company_admin"}), 302, {"name": "extended", "what": "ask", "from": "company"}
    ),
    "client_firm": Route(frozenset({"company_admin"})),
    "client_archive": OWN,
    "archive_client": Route(IN_FIRM, stage="active"),
    "bring_back_client": Route(IN_FIRM, 302, {}, stage="archived"),
}
OPERATOR = frozenset({"superuser"})
ROUTES |= {
    "operating": Route(OPERATOR),
    "check_up": Route(OPERATOR, 302, {}),
    "job": Route(OPERATOR),
    "watch_job": Route(OPERATOR),
    "job_file": Route(frozenset()),
}
ROLED = {name: each for name, each in ROUTES.items() if isinstance(each, Route)}
ALLAUTHS = {
    **dict.fromkeys(("login", "logout", "inactive", "reauthenticate", "confirm-email", "password", "2fa"), "accounts"),
    **dict.fromkeys(("signup", "email", "sessions"), "shadowed by CLOSED and OURS_INSTEAD"),
    **dict.fromkeys(("3rdparty", "social", "microsoft"), "signing in elsewhere"),
}
"""The first part of every address of allauth's: a version of it that brings another one is looked at first."""


def routes(found: list[URLPattern | URLResolver], before: str = "") -> Iterator[tuple[str, str]]:
    for each in found:
        path = before + str(each.pattern)
        if isinstance(each, URLResolver):
            yield from routes(each.url_patterns, path)
        else:
            yield str(each.name), path


def ours() -> dict[str, str]:
    """Name → address; of those that share a name, one."""
    known = {name: path for name, path in routes(get_resolver().url_patterns) if not path.startswith("accounts/")}
    return known | {"closed": CLOSED[0], "ours": OURS_INSTEAD[0]}


def address(name: str) -> str:
    """The route with something in its places."""
    return "/" + re.sub(r"<(\w+):\w+>", lambda kind: {"tab": "all", "row": "1"}.get(kind[1], "x"), ours()[name])


def test_every_route_has_a_row_and_every_row_a_route() -> None:
    assert ours().keys() == ROUTES.keys()


def test_allauth_brings_no_page_that_nobody_has_looked_at() -> None:
    found = {
        path.split("/")[1].removeprefix("^") for _, path in routes(get_resolver().url_patterns) if "accounts/" in path
    }
    assert found <= ALLAUTHS.keys()


@pytest.fixture
def places(people: dict[str, Actor], client_company: Client, clock: FakeClock) -> dict[str, int]:
    """What stands in addresses: a colleague, an invitation, the client."""
    firm = client_company.firm
    assert firm is not None
    invited = inviting.Invited("Ny", "ny@n.example")
    invitation = inviting.invite(people["firm_admin"], firm.pk, invited, clock.now(), str)
    member = FirmMember.objects.get(person=people["unassigned"].person)
    Onboarding.objects.create(client=client_company, begun_at=clock.now(), answered_at=clock.now())
    job = jobs.ask(Actor.operator("root"), "check_up", {}, clock.now())
    return {"member": member.pk, "invitation": invitation, "client": client_company.pk, "job": job}


def placed(name: str, places: dict[str, int]) -> str:
    path = "/" + ours()[name]
    for each, number in places.items():
        path = path.replace(f"<row:{each}>", str(number))
    return path


def asked(browser: Browser, name: str, places: dict[str, int]) -> int:
    route, path = ROLED[name], placed(name, places)
    return (browser.get(path) if route.posted is None else browser.post(path, route.posted)).status_code


@pytest.mark.parametrize("name", ROLED)
def test_an_address_serves_those_of_its_row_and_is_not_there_for_anybody_else(
    browser: Browser, people: dict[str, Actor], places: dict[str, int], name: str
) -> None:
    for who in SIGNED_IN:
        sid = transaction.savepoint()
        if "<row:client>" in ours()[name]:
            Client.objects.filter(pk=places["client"]).update(stage=ROLED[name].stage)
        sign_in(browser, people[who])
        wanted = ROLED[name].served if who in ROLED[name].allowed else 404
        assert asked(browser, name, places) == wanted, who
        transaction.savepoint_rollback(sid)
    assert asked(Browser(HTTP_HOST="127.0.0.1"), name, places) == 302
    who = sign_in(browser, people["firm_admin"])
    Person.objects.filter(pk=who.pk).update(is_active=False)
    assert asked(browser, name, places) == 302


@pytest.mark.parametrize("path", CLOSED)
def test_nobody_signs_up_or_changes_their_address(browser: Browser, people: dict[str, Actor], path: str) -> None:
    assert browser.get(f"/{path}").status_code == 404
    sign_in(browser, people["firm_admin"])
    assert browser.post(f"/{path}", {"email": "x@x.example", "action_add": ""}).status_code == 404


@pytest.mark.parametrize("path", OURS_INSTEAD)
def test_lists_of_allauths_stand_under_my_access(browser: Browser, people: dict[str, Actor], path: str) -> None:
    sign_in(browser, people["firm_admin"])
    assert browser.get(f"/{path}")["Location"] == "/my-access/"


@pytest.mark.parametrize("name", [name for name, who in ROUTES.items() if who == OWN])
def test_who_is_not_signed_in_is_asked_to(browser: Browser, name: str) -> None:
    answer = browser.get(address(name))
    assert (answer.status_code, answer["Location"].split("?")[0]) == (302, "/accounts/login/")


@pytest.mark.parametrize("name", [name for name, who in ROUTES.items() if who == OWN])
def test_who_is_inactive_is_asked_to_sign_in_like_a_stranger(
    browser: Browser, people: dict[str, Actor], name: str
) -> None:
    who = sign_in(browser, people["firm_admin"])
    Person.objects.filter(pk=who.pk).update(is_active=False)
    assert browser.get(address(name)).status_code == 302


@pytest.mark.parametrize("who", ["firm_admin", "assigned", "unassigned", "company_user", "stranger", "superuser"])
def test_whoever_is_signed_in_sees_what_is_their_own(browser: Browser, people: dict[str, Actor], who: str) -> None:
    sign_in(browser, people[who])
    page = browser.get("/", follow=True)
    assert page.status_code == 200
    sees = "1 kunde<" in page.content.decode()
    assert sees is (who in ("firm_admin", "assigned", "company_user"))


def test_every_component_is_drawn_in_both_themes(browser: Browser) -> None:
    from django.test import RequestFactory

    from kobling.web.ground.views import components

    request = RequestFactory().get("/components/")
    request.LANGUAGE_CODE = "en"  # type: ignore[attr-defined]
    page = components(request).content.decode()
    assert page.count('class="theme"') == 2
    assert all(page.count(f'class="st {key}"') == 2 for key in STATE_WORDS)
    assert page.count('aria-invalid="true"') == 2
