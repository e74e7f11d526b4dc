"""The morning of a bookkeeper, and one journey in each other language."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from kobling.access.models import Client, Person
from kobling.mail.models import Subscription
from tests.browser.conftest import Opens, with_pair

WORDS = {
    "sv": ("Mina klienter", "Åtgärder för Bageriet Sønderho I/S", "Visa detaljer", "Historik"),
    "nb": ("Mine klienter", "Handlinger for Bageriet Sønderho I/S", "Vis detaljer", "Historikk"),
    "en": ("My clients", "Actions for Bageriet Sønderho I/S", "View details", "History"),
}


def test_the_morning_of_a_bookkeeper(opens: Opens) -> None:
    """What is pressing first, into a client, run it, watch, back to where one was, and mail about it from now on."""
    first = Client.objects.order_by("pk")[0]
    with_pair(first)
    page = opens("/", "mette")
    expect(page.get_by_role("heading", level=1)).to_have_text("Mine kunder")
    page.get_by_role("link", name="Manglende kvitteringer").first.click()
    place = page.url
    page.locator("#list a.name").first.click()
    expect(page.get_by_role("heading", level=2, name="Integrationer")).to_be_visible()
    page.go_back()
    assert page.url == place
    page.goto(f"/clients/{first.pk}/")
    page.get_by_role("link", name="Følg kørslen").click()
    expect(page.locator("#progress")).to_contain_text("4 af 12")
    page.go_back()
    page.get_by_role("link", name="Meddelelser").click()
    page.get_by_label("Send mig e-mail om denne kunde").check()
    page.get_by_label("Dagligt").check()
    page.get_by_role("button", name="Gem").click()
    expect(page.locator("main")).to_contain_text("Gemt.")
    assert Subscription.objects.get().person.email == "mette@n.example"


def test_the_panel_keeps_ones_place_while_mail_is_chosen(opens: Opens) -> None:
    page = opens("/clients/mine/?sort=client", "mette")
    page.get_by_role("link", name="Handlinger for Fanø Strandhotel A/S").click()
    page.get_by_role("link", name="Vis detaljer").click()
    panel = page.get_by_role("complementary", name="Detaljer om Fanø Strandhotel A/S")
    panel.get_by_label("Send mig e-mail om denne kunde").check()
    panel.get_by_role("button", name="Gem").click()
    expect(page).to_have_url(re.compile(r"/clients/mine/\?sort=client&open=\d+&part=notifications"))
    expect(panel.get_by_label("Send mig e-mail om denne kunde")).to_be_checked()


def test_an_admin_reminds_over_the_list(opens: Opens) -> None:
    page = opens("/clients/all/?sort=client", "birgitte")
    page.get_by_role("link", name="Handlinger for Fanø Strandhotel A/S").click()
    page.get_by_role("link", name="Giv bogholderne besked").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("heading", level=2)).to_have_text("Giv bogholderne besked")
    dialog.get_by_label("Kommentar").fill("Kan I nå det inden torsdag?")
    dialog.get_by_role("button", name="Send e-mail til 1").click()
    expect(page.locator("main")).to_contain_text("1 bogholder")
    assert page.url.endswith("/clients/all/?sort=client")


def test_a_dialog_is_closed_by_its_cross_and_by_escape(opens: Opens) -> None:
    page = opens("/clients/all/", "birgitte")
    for close in ("cross", "escape"):
        page.get_by_role("link", name="Handlinger for Fanø Strandhotel A/S").click()
        page.get_by_role("link", name="Giv bogholderne besked").click()
        expect(page.get_by_role("dialog")).to_be_visible()
        if close == "cross":
            page.get_by_role("dialog").get_by_role("link", name="Luk").click()
        else:
            page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)


@pytest.mark.parametrize("language", WORDS)
def test_a_journey_in_another_language(opens: Opens, language: str) -> None:
    Person.objects.filter(email="mette@n.example").update(language=language)
    head, actions, details, history = WORDS[language]
    page = opens("/", "mette")
    expect(page.get_by_role("heading", level=1)).to_have_text(head)
    page.get_by_role("link", name=actions).click()
    page.get_by_role("link", name=details).click()
    page.get_by_role("complementary").get_by_role("link", name=history).click()
    expect(page.get_by_role("complementary").get_by_role("link", name=history)).to_have_attribute(
        "aria-current", "page"
    )
    assert page.locator("html").get_attribute("lang") == language
