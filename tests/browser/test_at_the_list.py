"""Working at the list: the row's menu, the panel, ticks, undoing, the palette; by mouse and by keys."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from kobling.access.models import Assignment, Client, FirmMember, Person
from kobling.portal.models import Mine
from kobling.web.lists.listing import PAGE
from tests.browser.conftest import Opens
from tests.browser.test_clients_page import names

FIRST = "Bageriet Sønderho I/S"
"""The first in a Danish alphabet of those that the firm has."""


def menu_of(page: Page, name: str) -> None:
    page.get_by_role("link", name=f"Handlinger for {name}").click()
    expect(page.locator("#row-menu")).to_be_visible()


def test_a_client_is_put_off_from_its_menu_and_had_back(opens: Opens) -> None:
    page = opens("/clients/?sort=client", "birgitte")
    menu_of(page, FIRST)
    page.get_by_role("button", name="Udsæt til i morgen").click()
    expect(page.locator("#list .name")).to_have_count(3)
    expect(page.locator("#row-menu")).to_be_hidden()
    expect(page.locator(".toast")).to_contain_text(f"{FIRST} er udsat til i morgen")
    assert page.url.endswith("/clients/?sort=client"), "the place is kept"
    page.keyboard.press("Control+z")
    expect(page.locator("#list .name")).to_have_count(4)


def test_details_open_beside_the_list_and_close_to_where_one_was(opens: Opens) -> None:
    page = opens("/clients/all/?sort=client", "birgitte")
    menu_of(page, FIRST)
    page.get_by_role("link", name="Vis detaljer").click()
    panel = page.get_by_role("complementary", name=f"Detaljer om {FIRST}")
    expect(panel.get_by_role("heading", level=2)).to_be_focused()
    expect(page).to_have_url(re.compile(r"open=\d+"))
    panel.get_by_role("link", name="Historik").click()
    expect(panel.get_by_role("link", name="Historik")).to_have_attribute("aria-current", "page")
    page.reload()
    expect(panel.get_by_role("link", name="Historik")).to_have_attribute("aria-current", "page")
    page.keyboard.press("Escape")
    expect(panel).to_have_count(0)
    page.go_back()
    expect(panel).to_be_visible()


def test_the_menu_is_opened_and_left_by_keys(opens: Opens) -> None:
    page = opens("/clients/all/?sort=client", "birgitte")
    page.keyboard.press("j")
    page.keyboard.press("Shift+F10")
    expect(page.locator("#row-menu a").first).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#row-menu")).to_be_hidden()
    expect(page.get_by_role("link", name=f"Handlinger for {FIRST}")).to_be_focused()
    page.keyboard.press("j")
    page.keyboard.press("o")
    expect(page.get_by_role("heading", level=1)).to_have_text("Fanø Strandhotel A/S")
    page.keyboard.press("g")
    page.keyboard.press("k")
    expect(page.get_by_role("heading", level=1)).to_have_text("Kunder")


def test_rows_are_ticked_by_keys_and_assigned(opens: Opens) -> None:
    page = opens("/clients/all/?sort=client", "birgitte")
    expect(page.locator("#selected")).to_be_hidden()
    for key in ("j", "x", "j", "j", "X"):
        page.keyboard.press(key)
    expect(page.locator("#selected")).to_contain_text("3 valgt af 4")
    page.get_by_role("button", name="Fravælg").click()
    expect(page.locator("#selected")).to_be_hidden()
    page.get_by_label("Vælg alle på siden").check()
    expect(page.locator("#selected")).to_contain_text("4 valgt af 4")
    page.get_by_role("button", name="Tildel bogholder").click()
    page.get_by_label("Bogholder").select_option(label="Birgitte · 0")
    page.get_by_role("button", name="Tildel 4 kunder").click()
    expect(page.locator(".toast")).to_contain_text("Birgitte tager sig nu af 4 kunder mere.")
    page.get_by_role("button", name="Fortryd").click()
    expect(page.locator(".toast")).to_contain_text("tager sig ikke længere af 4 kunder")
    assert not Assignment.objects.filter(member__person__username="birgitte@n.example").exists()


def test_what_was_ticked_over_all_pages_is_all_of_it(opens: Opens) -> None:
    more(PAGE)
    page = opens("/clients/all/", "birgitte")
    page.get_by_label("Vælg alle på siden").check()
    expect(page.locator("#selected")).to_contain_text(f"{PAGE} valgt af {PAGE + 4}")
    page.get_by_role("button", name=f"Vælg alle {PAGE + 4}").click()
    page.get_by_role("button", name="Tildel bogholder").click()
    expect(page.locator("main")).to_contain_text(f"{PAGE + 4} kunder er valgt")


def more(number: int) -> None:
    firm = FirmMember.objects.all()[0].firm
    for each in range(number):
        Client.objects.create(name=f"Kunde {each:03}", firm=firm)


def test_more_rows_come_behind_those_that_are_there(opens: Opens) -> None:
    more(PAGE)
    page = opens("/clients/all/", "birgitte")
    expect(page.locator("#list .name")).to_have_count(PAGE)
    page.get_by_role("link", name="Vis flere").click()
    expect(page.locator("#list .name")).to_have_count(PAGE + 4)
    assert len(set(names(page))) == PAGE + 4
    expect(page.get_by_role("link", name="Vis flere")).to_have_count(0)
    menu_of(page, "Aabenraa Tømrer & Snedker A/S")


def test_the_palette_goes_to_a_client_by_keys_alone(opens: Opens) -> None:
    page = opens("/my-access/", "mette")
    page.keyboard.press("Control+k")
    box = page.get_by_role("combobox", name="Gå til kunde, side eller handling")
    expect(box).to_be_focused()
    box.press_sequentially("fan")
    expect(page.get_by_role("option", name="Fanø")).to_have_attribute("aria-selected", "true")
    box.press("ArrowDown")
    expect(page.get_by_role("option", name="Overblik")).to_have_attribute("aria-selected", "true")
    box.press("ArrowUp")
    box.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Fanø Strandhotel A/S")


def test_the_keys_are_listed_by_a_key_and_closed(opens: Opens) -> None:
    page = opens("/clients/", "mette")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("Næste række")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_the_switcher_finds_a_client_while_one_types(opens: Opens) -> None:
    page = opens("/clients/", "mette")
    page.get_by_role("button", name="Gå til kunde").click()
    page.get_by_role("searchbox", name="Find kunde").press_sequentially("1018")
    page.locator("#places a").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Ølgod Landbrugsmaskiner A/S")


def test_a_view_is_saved_and_opened_by_its_name(opens: Opens) -> None:
    page = opens("/clients/all/?low=1&sort=-issues", "birgitte")
    page.get_by_role("button", name="Visninger").click()
    page.get_by_label("Gem denne visning som").fill("Månedslukning")
    page.locator("#views").get_by_role("button", name="Gem").click()
    expect(page.locator(".toast")).to_contain_text("er gemt")
    page.goto("/clients/all/")
    page.get_by_role("button", name="Visninger").click()
    page.get_by_role("link", name="Månedslukning").click()
    assert page.url.endswith("/clients/all/?low=1&sort=-issues")


@pytest.mark.parametrize("width", [360, 1440])
def test_all_of_it_works_without_scripts(opens: Opens, width: int) -> None:
    page = opens("/clients/all/?sort=client", "birgitte", scripts=False, width=width)
    page.get_by_role("link", name=f"Handlinger for {FIRST}").click()
    page.get_by_role("button", name="Gør til favorit").click()
    assert page.url.endswith("/clients/all/?sort=client")
    assert Mine.objects.get(person=Person.objects.get(email="birgitte@n.example")).favourite
    page.get_by_role("button", name="Fortryd").click()
    assert not Mine.objects.get().favourite
    page.get_by_role("link", name=f"Handlinger for {FIRST}").click()
    page.get_by_role("link", name="Vis detaljer").click()
    expect(page.get_by_role("complementary", name=f"Detaljer om {FIRST}")).to_be_visible()
    page.get_by_role("link", name="Luk detaljer").click()
    expect(page.get_by_role("complementary", name=f"Detaljer om {FIRST}")).to_have_count(0)
    if width > 1000:
        page.get_by_label(f"Vælg {FIRST}").check()
        page.get_by_role("button", name="Tildel bogholder").click()
        expect(page.locator("main")).to_contain_text("1 kunde er valgt")


def test_keys_do_nothing_behind_a_dialog_and_strange_ones_nothing_at_all(opens: Opens) -> None:
    page = opens("/clients/all/", "birgitte")
    page.keyboard.press("g")
    page.keyboard.press('"')
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("j")
    expect(page.locator("#list a.name").first).not_to_be_focused()


def test_a_range_begins_anew_after_the_list_was_changed(opens: Opens) -> None:
    page = opens("/clients/all/?sort=client", "birgitte")
    for key in ("j", "x"):
        page.keyboard.press(key)
    page.get_by_role("link", name="Tilstand").click()
    expect(page.get_by_role("columnheader", name="Tilstand")).to_have_attribute("aria-sort", "ascending")
    page.keyboard.press("j")
    page.keyboard.press("X")
    expect(page.locator("#selected")).to_contain_text("1 valgt")
