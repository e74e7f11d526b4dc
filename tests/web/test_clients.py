"""The list of clients: who sees whom, orders, filters, pages, files, languages, and how much it asks."""

from __future__ import annotations

import csv
import re
from datetime import timedelta
from decimal import Decimal
from io import BytesIO, StringIO

import pytest
from asgiref.sync import sync_to_async
from django.db import connection, connections
from django.test import AsyncClient as AsyncBrowser
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from openpyxl import load_workbook

from kobling.access.models import Assignment, Client, Firm, FirmMember, Person
from kobling.portal.models import ClientFigures
from kobling.portal.states import URGENCY, State
from kobling.sdk.clock import FakeClock
from kobling.web.lists.files import LINES_AT_ONCE
from tests.web.signing import sign_in

pytestmark = pytest.mark.django_db
NAMES = ("Aabenraa Tømrer", "Bageriet Sønderho", "Ærø Værft", "Østergaard Auto", "Dybbøl Tandklinik")


@pytest.fixture
def firm() -> Firm:
    return Firm.objects.create(name="Nordkystens Bogholderi")


@pytest.fixture
def admin(browser: Browser, firm: Firm) -> Browser:
    return as_member(browser, firm, "firm_admin", "birgitte")


def as_member(browser: Browser, firm: Firm, role: str, name: str, language: str = "da") -> Browser:
    person = Person.objects.create_user(name, f"{name}@n.example", first_name=name.title(), language=language)
    FirmMember.objects.create(firm=firm, person=person, role=role)
    sign_in(browser, person)
    return browser


def client_of(firm: Firm | None, name: str, **figures: object) -> Client:
    made = Client.objects.create(name=name, firm=firm, number=str(Client.objects.count() + 1))
    state = State(str(figures.setdefault("state", "ok")))
    ClientFigures.objects.update_or_create(client=made, defaults=figures | {"urgency": URGENCY[state]})
    return made


def names(browser: Browser, path: str = "/clients/") -> list[str]:
    """The names that stand in the list, in their order."""
    page = browser.get(path)
    assert page.status_code == 200, page
    return re.findall(r'<a class="name" href="[^"]+">([^<]+)</a>', page.content.decode())


@pytest.mark.parametrize(
    ("language", "order"),
    [
        ("da", ["Bageriet Sønderho", "Dybbøl Tandklinik", "Ærø Værft", "Østergaard Auto", "Aabenraa Tømrer"]),
        ("nb", ["Bageriet Sønderho", "Dybbøl Tandklinik", "Ærø Værft", "Østergaard Auto", "Aabenraa Tømrer"]),
        ("sv", ["Aabenraa Tømrer", "Bageriet Sønderho", "Dybbøl Tandklinik", "Ærø Værft", "Østergaard Auto"]),
        ("en", ["Aabenraa Tømrer", "Ærø Værft", "Bageriet Sønderho", "Dybbøl Tandklinik", "Østergaard Auto"]),
    ],
)
def test_names_stand_in_the_order_of_the_readers_alphabet(
    browser: Browser, firm: Firm, language: str, order: list[str]
) -> None:
    for name in NAMES:
        client_of(firm, name)
    as_member(browser, firm, "firm_admin", "birgitte", language)
    assert names(browser) == order
    assert names(browser, "/clients/?sort=-client") == order[::-1]


def test_a_name_that_changes_takes_its_new_place(admin: Browser, firm: Firm) -> None:
    client_of(firm, "Beta")
    other = client_of(firm, "Gamma")
    other.name = "Alfa"
    other.save(update_fields=["name"])
    assert names(admin) == ["Alfa", "Beta"]


def test_an_admin_sees_the_firms_clients_and_a_bookkeeper_the_assigned(browser: Browser, firm: Firm) -> None:
    mine = client_of(firm, "Min")
    client_of(firm, "Andres")
    client_of(Firm.objects.create(name="Konkurrenten"), "Fremmed")
    client_of(None, "Ingens")
    assert names(as_member(browser, firm, "firm_admin", "birgitte")) == ["Andres", "Min"]
    assert names(browser, "/clients/mine/") == []
    as_member(browser, firm, "bookkeeper", "mette")
    Assignment.objects.create(client=mine, member=FirmMember.objects.get(person__username="mette"))
    assert names(browser) == ["Min"]
    assert names(browser, "/clients/all/") == ["Min"], "the address of a tab they lack shows no more"
    assert "Andres" not in browser.get("/clients/?q=andres").content.decode().split("<main")[1].split("note")[
        0
    ].replace('value="andres"', "")


def test_a_client_that_nothing_was_reckoned_for_stands_in_the_list(admin: Browser, firm: Firm) -> None:
    Client.objects.create(name="Ny", firm=firm)
    page = admin.get("/clients/").content.decode()
    assert "Aldrig kørt" in page


@pytest.mark.parametrize("column", ["state", "run", "issues", "receipts", "ready", "wallet", "deadline"])
@pytest.mark.parametrize("down", ["", "-"])
def test_every_row_stands_once_over_all_pages_in_every_order(
    admin: Browser, firm: Firm, clock: FakeClock, column: str, down: str
) -> None:
    for n in range(120):
        some = None if n % 3 == 0 else n % 7
        client_of(
            firm,
            f"Kunde {n}",
            state=list(State)[n % 5],
            open_issues=n % 4,
            missing_receipts=some,
            ready_sum=None if some is None else Decimal(some) * Decimal("1.11333"),
            wallet=None if some is None else Decimal(some),
            last_good_run_at=None if some is None else clock.now() + timedelta(hours=some, microseconds=some),
            next_deadline=None if some is None else (clock.now() + timedelta(days=some)).date(),
        )
    path, seen = f"/clients/?sort={down}{column}", []
    while path:
        page = admin.get(path).content.decode()
        seen += re.findall(r'<a class="name" href="[^"]+">([^<]+)</a>', page)
        more = re.findall(r'<a class="btn sm" href="([^"]+)"', page)
        path = more[0].replace("&amp;", "&") if more else ""
    assert len(seen) == 120
    assert len(set(seen)) == 120


def test_what_has_no_value_stands_last_either_way(admin: Browser, firm: Firm) -> None:
    client_of(firm, "Ingen", missing_receipts=None)
    client_of(firm, "Få", missing_receipts=1)
    client_of(firm, "Mange", missing_receipts=9)
    assert names(admin, "/clients/?sort=receipts") == ["Få", "Mange", "Ingen"]
    assert names(admin, "/clients/?sort=-receipts") == ["Mange", "Få", "Ingen"]


@pytest.mark.parametrize(
    "token", ["x", "W10", "WyJ4Iiwx", "bnVsbA", "WyJub3QgYSBkYXRlIiw1XQ", "e30", "WyJcdTAwMDAiLDFd", "WzFlOTksMV0"]
)
@pytest.mark.parametrize("sort", ["client", "run", "wallet", "deadline"])
def test_a_broken_place_begins_anew(admin: Browser, firm: Firm, token: str, sort: str) -> None:
    client_of(firm, "Alfa")
    assert admin.get(f"/clients/?sort={sort}&after={token}").status_code == 200


def test_filters_leave_what_they_say_and_can_be_taken_away(admin: Browser, firm: Firm) -> None:
    client_of(firm, "Alfa", missing_receipts=3)
    client_of(firm, "Beta", missing_receipts=0, low_balance=True)
    client_of(firm, "Gamma", missing_receipts=None, state="bad")
    assert names(admin, "/clients/?receipts=1") == ["Alfa"]
    assert names(admin, "/clients/?low=1") == ["Beta"]
    assert names(admin, "/clients/?faults=1") == ["Gamma"]
    assert names(admin, "/clients/?receipts=1&low=1") == []
    page = admin.get("/clients/?receipts=1&low=1&q=x").content.decode()
    assert "Ingen kunder passer" in page
    assert 'href="/clients/all/?">Ryd filtre' in page
    assert names(admin, "/clients/?receipts=2&nonsense=1&sort=nonsense") == ["Alfa", "Beta", "Gamma"]


def test_a_search_for_what_no_database_holds_is_told(admin: Browser) -> None:
    answer = admin.get("/clients/?q=%00")
    assert (answer.status_code, "NUL" in answer.content.decode()) == (400, True)


@pytest.mark.parametrize("asked", ["møl", "MØL", "moel", "bæk mas", "1042"])
def test_a_search_finds_by_name_or_number_whatever_the_case(admin: Browser, firm: Firm, asked: str) -> None:
    Client.objects.create(name="Møllebæk Maskinservice A/S", number="1042", firm=firm)
    client_of(firm, "Beta")
    assert names(admin, f"/clients/?q={asked}") == ["Møllebæk Maskinservice A/S"]


def test_what_stands_in_the_address_is_kept_by_every_link(admin: Browser, firm: Firm) -> None:
    for n in range(60):
        client_of(firm, f"Kunde {n}", missing_receipts=1)
    page = admin.get("/clients/?q=kunde&receipts=1&sort=-issues").content.decode()
    main = page.split('<div id="list">')[1]
    for link in re.findall(r'href="(/clients/all/[^"]*)"', main):
        assert "q=kunde" in link
        assert "receipts=1" in link


def test_columns_that_are_chosen_stand_on_the_page_and_in_the_file(admin: Browser, firm: Firm) -> None:
    client_of(firm, "Alfa", wallet=Decimal("5.00"), missing_receipts=3)
    page = admin.get("/clients/?columns=receipts").content.decode()
    heads = re.findall(r'<th role="columnheader"[^>]*>(?:<a[^>]*>)?([^<]+)', page)
    assert heads == ["Kunde", "Tilstand", "Manglende kvitteringer"]
    text = b"".join(admin.get("/clients/?columns=receipts&file=csv").streaming_content)  # type: ignore[attr-defined]
    assert text.decode("utf-8-sig").splitlines()[0] == "Kunde;Nummer;Tilstand;Manglende kvitteringer"


def test_nobody_of_another_firm_is_shown_as_looking_after_a_client(admin: Browser, firm: Firm) -> None:
    client = client_of(firm, "Alfa")
    other = Firm.objects.create(name="Konkurrenten")
    for name, where, active in (("mette", firm, True), ("left", other, True), ("gone", firm, False)):
        who = Person.objects.create_user(name, first_name=name.title(), is_active=active)
        Assignment.objects.create(
            client=client, member=FirmMember.objects.create(firm=where, person=who, role="bookkeeper")
        )
    page = admin.get("/clients/").content.decode()
    assert ('title="Mette"' in page, 'title="Left"' in page, 'title="Gone"' in page) == (True, False, False)


def test_a_part_of_the_page_is_the_same_list(admin: Browser, firm: Firm) -> None:
    client_of(firm, "Alfa")
    part = admin.get("/clients/", headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in part
    table = part.split("<tbody")[1].split("</tbody>")[0]
    assert "Alfa" in table and table in admin.get("/clients/").content.decode()


def test_a_file_holds_exactly_what_is_filtered(admin: Browser, firm: Firm) -> None:
    client_of(firm, "Ærø Værft", missing_receipts=2, ready_sum=Decimal("41280.75"), ready_currency="DKK")
    client_of(firm, "=HYPERLINK(1)", missing_receipts=1)
    client_of(firm, "Beta", missing_receipts=0)
    answer = admin.get("/clients/?receipts=1&file=csv")
    text = b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    rows = list(csv.reader(StringIO(text), delimiter=";"))
    assert [each[0] for each in rows] == ["Kunde", "'=HYPERLINK(1)", "Ærø Værft"]
    told = dict(zip(rows[0], rows[2], strict=True))
    assert (told["Klar til eksport, beløb"], told["Klar til eksport, valuta"]) == ("41280.75", "DKK")
    assert told["Tilstand"] == "Stemmer"
    answer = admin.get("/clients/?receipts=1&file=xlsx")
    sheet = load_workbook(BytesIO(answer.getvalue())).active
    assert [each.value for each in sheet["A"]] == ["Kunde", "=HYPERLINK(1)", "Ærø Værft"]
    assert {each.data_type for each in sheet["A"]} == {"s"}


def test_a_page_asks_as_much_for_fifty_clients_as_for_one(admin: Browser, firm: Firm) -> None:
    def asked() -> int:
        with CaptureQueriesContext(
            connection,
        ) as found:
            admin.get("/clients/")
        return len(found)

    client_of(firm, "Alfa")
    asked()
    before = asked()
    for n in range(60):
        client_of(firm, f"Kunde {n}")
    assert asked() == before
    assert before <= 20


@pytest.mark.django_db(transaction=True)
async def test_a_long_file_is_made_while_it_is_sent_by_the_asynchronous_server(firm: Firm) -> None:
    def world() -> AsyncBrowser:
        for n in range(3 * LINES_AT_ONCE // 2):
            Client.objects.create(name=f"Kunde {n}", firm=firm)
        browser = AsyncBrowser(headers={"Host": "127.0.0.1"})
        as_member(browser, firm, "firm_admin", "birgitte")
        return browser

    browser = await sync_to_async(world)()
    answer = await browser.get("/clients/?file=csv")
    parts = [part async for part in answer.streaming_content]
    assert len(parts) == 2
    assert b"".join(parts).decode("utf-8-sig").splitlines()[0].startswith("Kunde;")
    assert len(b"".join(parts).splitlines()) == 1 + 3 * LINES_AT_ONCE // 2
    await sync_to_async(connections.close_all)()
