"""One client's pages: its menu, the panel beside the list, its home, its history, its runs; and who may see them."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from decimal import Decimal

import pytest
from asgiref.sync import sync_to_async
from django.test import AsyncClient as AsyncBrowser
from django.test import Client as Browser

from kobling.access.models import Assignment, Client, FirmMember
from kobling.access.policy import Actor
from kobling.hub import runs
from kobling.hub.models import Connection, Event, Moved, Pair, Run, Schedule
from kobling.hub.store.moved import day_of
from kobling.sdk.clock import FakeClock
from tests.services.rows import IN_FIRM, SEE, SET_UP, WORK
from tests.web.signing import sign_in

pytestmark = pytest.mark.django_db
EVERYBODY = ("firm_admin", "assigned", "company_admin", "company_user", "unassigned", "other_firm_admin", "left_behind")
EVERYBODY += ("stranger", "superuser", "in_two_firms")


@pytest.fixture
def pair(client_company: Client) -> Pair:
    sides = [
        Connection.objects.create(client=client_company, connector=name, name=name, healthy=True, secrets="CANARY")
        for name in ("pleo", "business_central")
    ]
    made = Pair.objects.create(
        client=client_company, pair_type="pleo_business_central", name="udgifter", left=sides[0], right=sides[1]
    )
    Schedule.objects.create(pair=made, enabled=False)
    return made


@pytest.fixture
def run(pair: Pair, clock: FakeClock) -> Run:
    given = {"asked_by": "operator:root", "asked_at": clock.now(), "started_at": clock.now()}
    return Run.objects.create(pair=pair, state=runs.RUNNING, phase="write", **given)


PAGES = {
    "/clients/{client}/": SEE,
    "/clients/{client}/history/": SEE,
    "/clients/{client}/actions/": SEE,
    "/clients/{client}/leave/": SEE,
    "/clients/{client}/run/": WORK,
    "/runs/{run}/": SEE,
    "/runs/{run}/progress/": SEE,
}
DEEDS = {
    "/clients/{client}/favourite/": SEE,
    "/clients/{client}/snooze/": SEE,
    "/clients/{client}/run/": WORK,
    "/clients/{client}/schedule/": SET_UP,
    "/runs/{run}/cancel/": WORK,
    "/clients/assign/": IN_FIRM,
    "/clients/unassign/": IN_FIRM,
}


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_shown_to_who_may_see_it_and_is_not_there_for_the_others(
    browser: Browser, people: dict[str, Actor], client_company: Client, run: Run, path: str
) -> None:
    for name in EVERYBODY:
        sign_in(browser, people[name])
        answer = browser.get(path.format(client=client_company.pk, run=run.pk))
        assert answer.status_code == (200 if name in PAGES[path] else 404), name
        assert b"CANARY" not in answer.content


@pytest.mark.parametrize("path", DEEDS)
def test_a_deed_is_done_for_who_may_and_leaves_nothing_for_the_others(
    browser: Browser, people: dict[str, Actor], client_company: Client, run: Run, path: str
) -> None:
    address = path.format(client=client_company.pk, run=run.pk)
    member = FirmMember.objects.get(person=people["assigned"].person)
    given = {"on": "1", "pair": run.pair_id, "client": client_company.pk, "member": member.pk}
    for name in EVERYBODY:
        sign_in(browser, people[name])
        before = Event.objects.count(), Run.objects.count(), Assignment.objects.count()
        answer = browser.post(address, given)
        if name in DEEDS[path]:
            assert answer.status_code == 302, name
        else:
            # Who sees none of the clients is told that none is chosen.
            empty = path == "/clients/assign/" and b"Ingen kunde er valgt" in answer.content
            assert answer.status_code == 404 or empty, name
            assert before == (Event.objects.count(), Run.objects.count(), Assignment.objects.count()), name


@pytest.mark.parametrize("path", [*PAGES, *DEEDS])
def test_who_is_not_signed_in_is_asked_to(browser: Browser, client_company: Client, run: Run, path: str) -> None:
    answer = browser.get(path.format(client=client_company.pk, run=run.pk))
    assert (answer.status_code, answer["Location"].split("?")[0]) == (302, "/accounts/login/")


@pytest.mark.parametrize("path", [each for each in DEEDS if each not in PAGES and "assign/" not in each])
def test_a_deed_is_no_page(
    browser: Browser, people: dict[str, Actor], client_company: Client, run: Run, path: str
) -> None:
    sign_in(browser, people["firm_admin"])
    assert browser.get(path.format(client=client_company.pk, run=run.pk)).status_code == 405


def shown(browser: Browser, path: str, **headers: str) -> str:
    answer = browser.get(path, headers=headers)
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_menu_offers_what_one_may(browser: Browser, people: dict[str, Actor], client_company: Client) -> None:
    path = f"/clients/{client_company.pk}/actions/?next=/clients/all/%3Fq%3Dx"
    offers = {}
    for name in ("firm_admin", "assigned", "company_user"):
        sign_in(browser, people[name])
        told = shown(browser, path, **{"HX-Request": "true"})
        assert "<html" not in told
        assert 'href="/clients/all/?q=x&amp;open=' in told
        offers[name] = {word for word in ("Tildel bogholder", "Fjern mig", "Gør til favorit") if word in told}
    assert offers == {
        "firm_admin": {"Tildel bogholder", "Gør til favorit"},
        "assigned": {"Fjern mig", "Gør til favorit"},
        "company_user": {"Gør til favorit"},
    }
    assert "<html" in shown(browser, path)


def test_an_open_client_stands_beside_the_list_and_in_the_address(
    browser: Browser, people: dict[str, Actor], client_company: Client
) -> None:
    sign_in(browser, people["firm_admin"])
    Event.objects.create(client=client_company, who="root", who_kind="operator", what="client_added", subject="x")
    address = f"/clients/all/?q=m&open={client_company.pk}"
    told = shown(browser, address)
    assert 'aria-label="Detaljer om Møllebæk Maskinservice A/S"' in told
    assert f'data-row="{client_company.pk}" class="on"' in told
    assert 'href="/clients/all/?q=m" hx-get="/clients/all/?q=m" hx-target="#panel"' in told
    part = shown(browser, f"{address}&part=history", **{"HX-Request": "true", "HX-Target": "panel"})
    assert part.lstrip().startswith('<aside class="panel" id="panel"')
    assert "Kunde tilføjet" in part
    assert "Intet, der koster noget" in shown(browser, f"{address}&part=subscription")


def test_an_address_opens_nothing_that_is_not_theirs(
    browser: Browser, people: dict[str, Actor], client_company: Client
) -> None:
    sign_in(browser, people["other_firm_admin"])
    for given in (str(client_company.pk), "x", "9" * 30, "-1"):
        assert "Detaljer om" not in shown(browser, f"/clients/all/?open={given}")


def test_home_tells_of_pairs_days_runs_and_people(
    browser: Browser, people: dict[str, Actor], client_company: Client, pair: Pair, clock: FakeClock
) -> None:
    sign_in(browser, people["assigned"])
    told = {"asked_by": "schedule", "asked_at": clock.now(), "started_at": clock.now(), "ended_at": clock.now()}
    error = {"kind": "Unreachable", "summary": "The run was cancelled."}
    Run.objects.create(pair=pair, state=runs.FAILED, error=error, **told)
    Moved.objects.create(pair=pair, day=day_of(clock.now()), records=1234)
    Moved.objects.create(pair=pair, day=day_of(clock.now()), currency="DKK", amount=Decimal("18420.5"))
    page = shown(browser, f"/clients/{client_company.pk}/")
    assert "Den sidste kørsel mislykkedes." in page and "Kørslen blev annulleret." in page
    assert 'aria-current="true">Kroner' in page
    assert "18.420,50" in page and "1.234" in page
    assert "Prøv nu" in page
    records = shown(browser, f"/clients/{client_company.pk}/?show=records")
    assert 'aria-current="true">Poster' in records


def test_who_may_only_look_is_offered_nothing_to_press(
    browser: Browser, people: dict[str, Actor], client_company: Client, pair: Pair
) -> None:
    sign_in(browser, people["company_user"])
    page = shown(browser, f"/clients/{client_company.pk}/")
    assert "Kør nu" not in page and "Kør alle nu" not in page


def test_all_pairs_are_run_once_however_often_one_presses(
    browser: Browser, people: dict[str, Actor], client_company: Client, pair: Pair
) -> None:
    sign_in(browser, people["assigned"])
    address = f"/clients/{client_company.pk}/run/"
    assert "1 integration hos Møllebæk" in shown(browser, address)
    for _ in range(2):
        assert browser.post(address, {"next": f"/clients/{client_company.pk}/"}).status_code == 302
    asked = Run.objects.get()
    assert (asked.kind, asked.state, asked.asked_by) == ("sync", runs.QUEUED, people["assigned"].key)
    assert "Den står allerede i kø." in shown(browser, f"/clients/{client_company.pk}/")


def test_a_run_of_one_pair_is_undone_while_it_waits(
    browser: Browser, people: dict[str, Actor], client_company: Client, pair: Pair
) -> None:
    sign_in(browser, people["assigned"])
    browser.post(f"/clients/{client_company.pk}/run/", {"pair": pair.pk})
    page = shown(browser, f"/clients/{client_company.pk}/")
    toast = page.split('class="toast"')[1].split("</div>")[0]
    assert "1 kørsel står i kø." in toast
    path = re.search(r'action="([^"]+)"', toast)
    assert path is not None
    browser.post(path[1])
    assert Run.objects.get().state == runs.CANCELLED


def test_nobody_runs_the_pair_of_another_client(browser: Browser, people: dict[str, Actor], pair: Pair) -> None:
    other = Client.objects.create(name="Anden", firm=pair.client.firm)
    sign_in(browser, people["firm_admin"])
    assert browser.post(f"/clients/{other.pk}/run/", {"pair": pair.pk}).status_code == 404
    assert browser.post(f"/clients/{other.pk}/schedule/", {"pair": pair.pk, "on": "1"}).status_code == 404
    assert not Run.objects.exists()


def test_an_administrator_pauses_a_pair_and_lets_it_go_on(
    browser: Browser, people: dict[str, Actor], client_company: Client, pair: Pair
) -> None:
    sign_in(browser, people["company_admin"])
    browser.post(f"/clients/{client_company.pk}/schedule/", {"pair": pair.pk, "on": "1"})
    assert Schedule.objects.get().enabled
    browser.post(f"/clients/{client_company.pk}/schedule/", {"pair": pair.pk, "on": ""})
    assert Schedule.objects.get().paused_by == people["company_admin"].key
    assert "Sat på pause af company_admin@people.example." in shown(browser, f"/clients/{client_company.pk}/")


def test_history_is_told_a_page_at_a_time(browser: Browser, people: dict[str, Actor], client_company: Client) -> None:
    for number in range(60):
        Event.objects.create(
            client=client_company, who="m", who_kind="schedule", what="schedule_set", subject=f"nr. {number}"
        )
    sign_in(browser, people["assigned"])
    page = shown(browser, f"/clients/{client_company.pk}/history/")
    assert "nr. 59" in page and "nr. 10" in page and "nr. 9<" not in page
    older = re.search(r'href="(\?before=\d+)"', page)
    assert older is not None
    rest = shown(browser, f"/clients/{client_company.pk}/history/{older[1]}")
    assert "nr. 9" in rest and "nr. 10" not in rest


def test_a_run_says_how_far_it_is_and_a_poller_stops_when_it_is_over(
    browser: Browser, people: dict[str, Actor], run: Run, clock: FakeClock
) -> None:
    sign_in(browser, people["assigned"])
    Run.objects.update(summary={"progress": {"what": "customers", "done": 812, "total": 1248}})
    page = shown(browser, f"/runs/{run.pk}/")
    assert "812 af 1.248" in page and "65\xa0% Kørsel" in page
    assert 'max="1248"' in page
    part = browser.get(f"/runs/{run.pk}/progress/", headers={"HX-Request": "true"})
    assert part.status_code == 200
    Run.objects.update(state=runs.DONE, ended_at=clock.now(), phase="")
    part = browser.get(f"/runs/{run.pk}/progress/", headers={"HX-Request": "true"})
    assert (part.status_code, "Stop kørslen" in part.content.decode()) == (286, False)


@pytest.mark.django_db(transaction=True)
async def test_events_tell_what_changed_and_end_with_the_run(
    people: dict[str, Actor], run: Run, clock: FakeClock
) -> None:
    browser = AsyncBrowser(HTTP_HOST="127.0.0.1", HTTP_ACCEPT_LANGUAGE="da")
    await sync_to_async(sign_in)(browser, people["assigned"])
    answer = await browser.get(f"/runs/{run.pk}/progress/", headers={"Accept": "text/event-stream"})
    assert answer["Content-Type"] == "text/event-stream"
    events: AsyncIterator[bytes] = aiter(answer)
    first = (await anext(events)).decode()
    assert first.startswith("event: part\ndata: ") and "I gang" in first
    assert (await anext(events)).decode() == ": still here\n\n"
    await Run.objects.aupdate(state=runs.DONE, ended_at=clock.now(), phase="")
    last = (await anext(events)).decode()
    assert last.startswith("event: over\n") and "Stemmer" in last
    with pytest.raises(StopAsyncIteration):
        await anext(events)


@pytest.mark.django_db(transaction=True)
async def test_a_stream_ends_after_a_while_and_the_browser_asks_anew(
    people: dict[str, Actor], run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kobling.web.ground.live.LONGEST", 3)
    browser = AsyncBrowser(HTTP_HOST="127.0.0.1")
    await sync_to_async(sign_in)(browser, people["assigned"])
    answer = await browser.get(f"/runs/{run.pk}/progress/", headers={"Accept": "text/event-stream"})
    assert len([each async for each in answer]) == 3


@pytest.mark.parametrize(
    ("who", "led"),
    [
        ("firm_admin", ["clients", "people", "my_access"]),
        ("assigned", ["clients", "my_access"]),
        ("company_admin", ["clients", "client_firm", "my_access"]),
        ("superuser", ["clients", "my_access", "operating", "mail"]),
    ],
)
def test_the_palette_leads_where_the_side_of_the_page_does(
    browser: Browser, people: dict[str, Actor], who: str, led: list[str]
) -> None:
    sign_in(browser, people[who])
    side, palette = shown(browser, "/my-access/"), shown(browser, "/go/")
    assert re.findall(r'id="page-(\w+)"', palette) == [*led, "shortcuts"]
    for address in re.findall(r'id="page-\w+" href="([^"]+)"', palette)[: len(led)]:
        assert f'<li><a href="{address}"' in side
    assert '<li><a href="/my-access/" aria-current="page">' in side


def test_the_palette_finds_clients_pages_and_what_can_be_done(
    browser: Browser, people: dict[str, Actor], client_company: Client, pair: Pair
) -> None:
    sign_in(browser, people["assigned"])
    told = shown(browser, "/go/?q=m%C3%B8l", **{"HX-Request": "true", "HX-Target": "hits"})
    assert "<mark>Møl</mark>lebæk Maskinservice A/S" in told
    assert f'href="/clients/{client_company.pk}/run/"' in told
    sign_in(browser, people["company_user"])
    assert "Kør alle nu" not in shown(browser, "/go/?q=m%C3%B8l")
    sign_in(browser, people["stranger"])
    told = shown(browser, "/go/?q=m%C3%B8l")
    assert "Møllebæk" not in told and "Intet hedder “møl”." in told
    assert "&lt;script&gt;" in shown(browser, "/go/?q=<script>")


def test_the_switcher_tells_where_one_was_last(
    browser: Browser, people: dict[str, Actor], client_company: Client
) -> None:
    sign_in(browser, people["assigned"])
    assert "Møllebæk" not in shown(browser, "/places/")
    shown(browser, f"/clients/{client_company.pk}/")
    assert "Senest set" in shown(browser, "/places/")
    assert "Møllebæk" in shown(browser, "/places/?q=1042")


def test_keys_are_a_page_and_a_dialog(browser: Browser, people: dict[str, Actor]) -> None:
    sign_in(browser, people["stranger"])
    assert "<html" in shown(browser, "/keys/")
    assert "<html" not in shown(browser, "/keys/", **{"HX-Request": "true"})


def test_who_leaves_is_asked_first(browser: Browser, people: dict[str, Actor], client_company: Client) -> None:
    sign_in(browser, people["assigned"])
    path = f"/clients/{client_company.pk}/leave/"
    assert "Kun en administrator kan tildele dig den igen." in shown(browser, path)
    assert browser.post(path, {"next": "/clients/mine/"})["Location"] == "/clients/mine/"
    assert "Du tager dig ikke længere af Møllebæk" in shown(browser, "/clients/mine/")
    assert browser.get(path).status_code == 404
