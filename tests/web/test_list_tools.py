"""What every list offers: columns, density, saved views, rows that are ticked, and undoing what was just done."""

from __future__ import annotations

import re
from urllib.parse import quote

import pytest
from django.test import Client as Browser

from kobling.access.models import Assignment, Firm, FirmMember, Person
from kobling.web.lists import saved
from kobling.web.models import SavedView
from tests.web.signing import undo
from tests.web.test_clients import admin, as_member, client_of, firm, names

__all__ = ["admin", "firm"]
pytestmark = pytest.mark.django_db
ALL = "/clients/all/"


def page(browser: Browser, path: str = ALL) -> str:
    return browser.get(path).content.decode()


def test_columns_are_chosen_by_ticks_and_stay_through_search_and_sorting(admin: Browser, firm: Firm) -> None:
    client_of(firm, "Alfa")
    told = page(admin, f"{ALL}?columns=issues&columns=wallet&columns=nonsense")
    heads = re.findall(r'<th role="columnheader"[^>]*>(?:<a[^>]*>)?([^<]+)', told)
    assert heads == ["Kunde", "Tilstand", "Åbne sager", "Saldo i Wallet"]
    assert re.findall(r'name="columns" value="(\w+)" checked', told) == ["issues", "wallet"]
    assert 'href="/clients/all/?sort=-issues&amp;columns=issues%2Cwallet"' in told


def test_lines_come_closer_and_stay_so(admin: Browser, firm: Firm) -> None:
    client_of(firm, "Alfa")
    assert 'class="tbl stack lines"' in page(admin)
    dense = page(admin, f"{ALL}?dense=1")
    assert 'class="tbl stack dense"' in dense
    assert 'href="/clients/all/?sort=state&amp;dense=1"' in dense
    assert 'href="/clients/all/?" title="Større linjeafstand"' in dense


def save(browser: Browser, name: str, address: str, **more: str) -> str:
    given = {"name": name, "address": address, "next": address, **more}
    answer = browser.post("/lists/clients/views/save/", given)
    assert answer.status_code == 302, answer.content.decode()
    return str(answer["Location"])


def test_a_view_is_saved_shown_by_its_name_and_removed_and_both_are_undone(admin: Browser, firm: Firm) -> None:
    client_of(firm, "Alfa")
    address = f"{ALL}?receipts=1&sort=-issues"
    assert save(admin, "Månedslukning", address) == address
    told = page(admin, address)
    assert "Visningen “Månedslukning” er gemt." in told
    assert 'popovertarget="views">Månedslukning' in told
    assert "er gemt" not in page(admin, address), "a toast is shown once"
    admin.post("/lists/clients/views/remove/", {"name": "Månedslukning", "next": ALL})
    told = page(admin)
    assert not SavedView.objects.exists()
    undo(admin, told)
    assert SavedView.objects.get().address == address
    undo(admin, page(admin))
    assert not SavedView.objects.exists()


def test_a_view_that_is_saved_again_can_be_had_as_it_was(admin: Browser, firm: Firm) -> None:
    save(admin, "Min", f"{ALL}?issues=1")
    page(admin)
    save(admin, "Min", f"{ALL}?low=1", opens="1")
    undo(admin, page(admin, ALL + "?low=1"))
    assert (SavedView.objects.get().address, SavedView.objects.get().opens) == (f"{ALL}?issues=1", False)


def test_the_list_opens_with_the_view_that_was_chosen_for_it(admin: Browser, firm: Firm) -> None:
    client_of(firm, "Alfa")
    save(admin, "Første", f"{ALL}?issues=1", opens="1")
    save(admin, "Anden", f"{ALL}?low=1", opens="1")
    assert admin.get("/clients/")["Location"] == f"{ALL}?low=1"
    assert admin.get("/clients/?q=alfa").status_code == 200
    assert "Alfa" in page(admin), "the list itself stays where it is"


def test_a_view_of_the_address_itself_sends_nobody_round_in_circles(admin: Browser, firm: Firm) -> None:
    save(admin, "Rundt", "/clients/?", opens="1")
    assert admin.get("/clients/").status_code == 200


@pytest.mark.parametrize(
    ("name", "address"),
    [("", ALL), ("x" * 61, ALL), ("x", "https://elsewhere.example/"), ("x", "//elsewhere.example"), ("x", "/" * 1001)],
)
def test_a_view_that_does_not_do_is_refused(admin: Browser, firm: Firm, name: str, address: str) -> None:
    assert admin.post("/lists/clients/views/save/", {"name": name, "address": address}).status_code == 400
    assert not SavedView.objects.exists()


def test_views_are_ones_own_and_not_without_number(admin: Browser, firm: Firm) -> None:
    save(admin, "Min", f"{ALL}?issues=1")
    as_member(admin, firm, "firm_admin", "anden")
    told = page(admin)
    assert "Min</a>" not in told
    for number in range(saved.MOST):
        save(admin, str(number), ALL)
    assert admin.post("/lists/clients/views/save/", {"name": "for meget", "address": ALL}).status_code == 400
    save(admin, "3", f"{ALL}?low=1")


def test_nobody_is_sent_elsewhere(admin: Browser, firm: Firm) -> None:
    client = client_of(firm, "Alfa")
    for next_ in ("https://evil.example/", "//evil.example", "javascript:alert(1)", "/\\evil.example", ""):
        answer = admin.post(f"/clients/{client.pk}/favourite/", {"on": "1", "next": next_})
        assert answer["Location"] == "/clients/"


def ticked(browser: Browser, firm: Firm) -> tuple[list[int], FirmMember]:
    clients = [client_of(firm, name, missing_receipts=n).pk for n, name in enumerate(("Alfa", "Beta", "Gamma"))]
    member = FirmMember.objects.create(firm=firm, person=Person.objects.create_user("mette"), role="bookkeeper")
    return clients, member


def test_ticked_clients_are_assigned_shown_and_undone(admin: Browser, firm: Firm) -> None:
    clients, member = ticked(admin, firm)
    chosen = "&".join(f"client={each}" for each in clients[:2])
    told = page(admin, f"/clients/assign/?{chosen}&next={quote(ALL + '?sort=client')}")
    assert "2 kunder er valgt" in told
    answer = admin.post("/clients/assign/", {"client": clients[:2], "member": member.pk, "next": f"{ALL}?sort=client"})
    assert answer["Location"] == f"{ALL}?sort=client"
    assert Assignment.objects.filter(member=member).count() == 2
    told = page(admin)
    assert "mette tager sig nu af 2 kunder mere." in told
    undo(admin, told)
    assert not Assignment.objects.exists()
    undo(admin, page(admin))
    assert Assignment.objects.filter(member=member).count() == 2


def test_all_that_the_filters_leave_are_chosen_over_all_pages(admin: Browser, firm: Firm) -> None:
    ticked(admin, firm)
    told = page(admin, f"/clients/assign/?all=1&from={quote(ALL + '?receipts=1')}")
    assert "2 kunder er valgt" in told
    assert "Alfa" not in told.split("<form class")[1]


def test_what_is_not_theirs_is_not_chosen_and_nothing_is_a_page_too(admin: Browser, firm: Firm) -> None:
    clients, _ = ticked(admin, firm)
    foreign = client_of(Firm.objects.create(name="Anden"), "Fremmed").pk
    assert "1 kunde er valgt" in page(admin, f"/clients/assign/?client={clients[0]}&client={foreign}&client=x")
    assert "Ingen kunde er valgt" in page(admin, f"/clients/assign/?client={foreign}")


def test_a_file_of_the_ticked_holds_only_them(admin: Browser, firm: Firm) -> None:
    clients, _ = ticked(admin, firm)
    answer = admin.get(f"{ALL}?file=csv&client={clients[1]}")
    rows = b"".join(answer.streaming_content).decode().splitlines()
    assert [row.split(";")[0] for row in rows[1:]] == ["Beta"]


def test_what_is_put_off_stands_in_no_list_but_its_own_until_it_is_searched(admin: Browser, firm: Firm) -> None:
    clients, _ = ticked(admin, firm)
    assert admin.post(f"/clients/{clients[0]}/snooze/", {"on": "1", "next": ALL}).status_code == 302
    told = page(admin)
    assert "Alfa er udsat til i morgen kl.\xa008.00." in told
    assert names(admin, ALL) == ["Beta", "Gamma"]
    assert names(admin, f"{ALL}?snoozed=1") == ["Alfa"]
    assert names(admin, f"{ALL}?q=alfa") == ["Alfa"]
    undo(admin, told)
    assert names(admin, ALL) == ["Alfa", "Beta", "Gamma"]


def test_favourites_are_a_filter(admin: Browser, firm: Firm) -> None:
    clients, _ = ticked(admin, firm)
    admin.post(f"/clients/{clients[1]}/favourite/", {"on": "1", "next": ALL})
    told = page(admin)
    assert names(admin, f"{ALL}?favourites=1") == ["Beta"]
    undo(admin, told)
    assert names(admin, f"{ALL}?favourites=1") == []


def test_a_part_of_the_page_brings_the_toast_along(admin: Browser, firm: Firm) -> None:
    clients, _ = ticked(admin, firm)
    headers = {"HX-Request": "true", "HX-Target": "list"}
    answer = admin.post(f"/clients/{clients[0]}/snooze/", {"on": "1", "next": ALL}, headers=headers, follow=True)
    told = answer.content.decode()
    assert "<html" not in told
    assert 'hx-swap-oob="true"' in told and "Alfa er udsat" in told


def test_months_stand_over_the_list_and_leave_the_clients_that_are_not_done(
    admin: Browser, firm: Firm, clock: object
) -> None:
    from datetime import date

    from kobling.portal.models import ClientMonth

    for name, submitted, exported in (("Alfa", 1260, 902), ("Beta", 5, 5)):
        client = client_of(firm, name)
        ClientMonth.objects.create(client=client, month=date(2026, 11, 1), submitted=submitted, exported=exported)
    told = page(admin)
    assert "November" in told and "907 af 1.265" in told and "September" in told
    address = re.search(r'href="(/clients/all/\?open-2026-11=1)"', told)
    assert address is not None
    assert names(admin, address[1]) == ["Alfa"]
    chosen = page(admin, address[1])
    assert "November ikke lukket" in chosen
    assert 'href="/clients/all/?" aria-current="true"' in chosen, "pressed again it is cleared"
    other = re.search(r'href="(/clients/all/\?open-2026-10=1)"', chosen)
    assert other is not None, "one month at a time"
    assert names(admin, other[1]) == []
