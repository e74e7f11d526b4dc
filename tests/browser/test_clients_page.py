"""The list of clients as a bookkeeper meets it: by mouse, by keys, on a phone, in the dark, without scripts."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from kobling.access.models import Client
from kobling.hub.models import Run
from tests.browser.conftest import Opens, with_pair

SERIOUS = ("serious", "critical")


def names(page: Page) -> list[str]:
    return page.locator("#list .name").all_inner_texts()


def serious(page: Page) -> list[str]:
    """What axe finds that would keep somebody out."""
    found = Axe().run(page).response["violations"]
    return [f"{each['id']}: {each['nodes'][0]['html'][:120]}" for each in found if each["impact"] in SERIOUS]


def of_first(path: str) -> str:
    """A path of the first client, which has a pair that runs."""
    client = Client.objects.order_by("pk")[0]
    run = Run.objects.filter(pair__client=client).first() or with_pair(client)
    return path.format(client=client.pk, run=run.pk)


def test_the_list_is_narrowed_while_one_types_and_back_brings_it_back(opens: Opens) -> None:
    page = opens("/clients/", "mette")
    expect(page.locator("#list .name")).to_have_count(4)
    page.locator("#q").press_sequentially("oelgod")
    expect(page.locator("#list .name")).to_have_text(["Ølgod Landbrugsmaskiner A/S"])
    assert parse_qs(urlsplit(page.url).query) == {"q": ["oelgod"]}
    page.reload()
    expect(page.locator("#list .name")).to_have_count(1)
    page.go_back()
    expect(page.locator("#list .name")).to_have_count(4)


def test_a_head_sorts_and_says_so(opens: Opens) -> None:
    page = opens("/clients/", "birgitte")
    assert names(page)[-1] == "Aabenraa Tømrer & Snedker A/S"
    page.get_by_role("link", name="Kunde", exact=True).click()
    expect(page.get_by_role("columnheader", name="Kunde")).to_have_attribute("aria-sort", "descending")
    assert names(page)[0] == "Aabenraa Tømrer & Snedker A/S"


def test_the_slash_goes_to_the_search_and_escape_clears_it(opens: Opens) -> None:
    page = opens("/clients/", "mette")
    page.keyboard.press("/")
    expect(page.locator("#q")).to_be_focused()
    page.keyboard.type("bageriet")
    expect(page.locator("#list .name")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(page.locator("#list .name")).to_have_count(4)


def test_rows_are_walked_by_keys_and_letters_can_be_switched_off(opens: Opens) -> None:
    page = opens("/clients/", "mette")
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(page.locator("#list tbody tr").nth(1).locator("a.name")).to_be_focused()
    page.goto("/my-access/")
    page.get_by_label("Genvejstaster med ét bogstav").uncheck()
    page.get_by_role("button", name="Gem").click()
    page.goto("/clients/")
    page.keyboard.press("j")
    expect(page.locator("#list tbody tr").first.locator("a.name")).not_to_be_focused()


def test_everything_works_without_scripts(opens: Opens) -> None:
    page = opens("/clients/", "mette", scripts=False)
    page.locator("#q").fill("oelgod")
    page.get_by_role("button", name="Søg").click()
    assert names(page) == ["Ølgod Landbrugsmaskiner A/S"]
    page.get_by_role("link", name="Lav saldo").click()
    page.get_by_role("link", name="Åbne sager").first.click()
    assert parse_qs(urlsplit(page.url).query) == {"q": ["oelgod"], "low": ["1"], "issues": ["1"]}


PAGES = ["/clients/", "/my-access/", "/clients/{client}/", "/clients/all/?open={client}", "/go/?q=s", "/keys/"]
PAGES += ["/clients/{client}/actions/", "/clients/assign/?client={client}", "/runs/{run}/"]


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("width", [320, 360, 768, 1440])
def test_nothing_reaches_over_the_edge(opens: Opens, path: str, width: int) -> None:
    page = opens(of_first(path), "birgitte", width=width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("dark", [False, True])
def test_nobody_is_kept_out(opens: Opens, path: str, dark: bool) -> None:
    assert serious(opens(of_first(path), "birgitte", dark=dark)) == []


@pytest.mark.parametrize("dark", [False, True])
def test_nobody_is_kept_out_at_the_door(opens: Opens, dark: bool) -> None:
    assert serious(opens("/accounts/login/", dark=dark)) == []


def test_one_signs_in_and_out(opens: Opens) -> None:
    page = opens("/clients/")
    page.get_by_label("E-mail").fill("mette@n.example")
    page.get_by_label("Adgangskode").fill("en lang sætning")
    page.get_by_role("button", name="Fortsæt").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Mine kunder")
    page.get_by_role("button", name="Log ud").click()
    page.goto("/clients/")
    assert re.search(r"/accounts/login/", page.url)


def test_a_page_is_all_in_danish(opens: Opens) -> None:
    english = re.compile(r"\b(the|clients?|search|sign|open|issues|missing|ready|balance|show|filter)\b", re.IGNORECASE)
    for path, who in (*((each, "birgitte") for each in PAGES), ("/accounts/login/", "")):
        text = opens(of_first(path), who).locator("body").inner_text()
        assert not english.findall(text), english.findall(text)
