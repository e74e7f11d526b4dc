"""A colleague is invited, comes in and gets clients, as people do it: with scripts and without, in both themes."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from kobling.access.models import Assignment, Client, ClientMember, FirmMember, Onboarding, Person
from kobling.mail.models import Mail
from kobling.mail.outbox import letter_of
from tests.browser.conftest import Opens
from tests.browser.test_clients_page import serious


def last_link() -> str:
    letter = letter_of(Mail.objects.latest("pk"))
    assert letter
    found = re.search(r"(/join/\S+)", letter.text)
    assert found
    return found[1]


def fill(page: Page, **given: str) -> None:
    for label, value in given.items():
        page.get_by_label(label, exact=True).fill(value)


@pytest.mark.parametrize("scripts", [True, False])
def test_a_colleague_is_invited_comes_in_and_sees_what_is_assigned(opens: Opens, scripts: bool) -> None:
    page = opens("/people/", "birgitte", scripts=scripts)
    page.get_by_role("link", name="Invitér kollega").click()
    fill(page, Navn="Line Å")
    page.locator("#id_email").fill("line@n.example")
    page.get_by_role("button", name="Send invitationen").click()
    expect(page.get_by_role("row", name="line@n.example")).to_contain_text("Ikke åbnet endnu")
    line = opens(last_link(), scripts=scripts)
    fill(line, Adgangskode="en lang sætning om bilag")
    line.get_by_role("button", name="Kom med hos Nordkystens Bogholderi").click()
    expect(line.get_by_role("heading", name="Mine kunder")).to_be_visible()
    expect(line.locator("#list .name")).to_have_count(0)
    page.reload()
    member = FirmMember.objects.get(person__email="line@n.example")
    page.goto(f"/people/{member.pk}/clients/")
    page.get_by_role("checkbox", name="Ølgod Landbrugsmaskiner A/S").check()
    page.get_by_role("button", name="Gem tildelingerne").click()
    expect(page.locator(".toast")).to_contain_text("Nytildelt: 1")
    line.reload()
    expect(line.locator("#list .name")).to_have_text(["Ølgod Landbrugsmaskiner A/S"])


@pytest.mark.parametrize("scripts", [True, False])
def test_a_role_is_changed_in_its_row(opens: Opens, scripts: bool) -> None:
    page = opens("/people/", "birgitte", scripts=scripts)
    page.get_by_label("Rolle for Mette", exact=True).select_option("firm_admin")
    page.get_by_role("button", name="Skift rolle for Mette").click()
    expect(page.locator(".toast")).to_contain_text("Mette er nu: Administrator")
    page.get_by_role("button", name="Handlinger for Mette").click()
    page.get_by_role("link", name="Overdrag kunder").click()
    expect(page.get_by_role("heading", name="Overdrag kunderne hos Mette")).to_be_visible()


def _arriving() -> None:
    """A client on its way in, with somebody who answers for it, and a colleague invited."""
    client = Client.objects.create(name="Tåsinge Frugt & Bær ApS", stage="verification")
    client.firm = Client.objects.exclude(firm=None).first().firm  # type: ignore[union-attr]
    client.save()
    hanne = Person.objects.create_user("hanne", "hanne@n.example", first_name="Hanne", language="da")
    ClientMember.objects.create(client=client, person=hanne, role="company_admin")
    now = client.created_at
    Onboarding.objects.create(client=client, pk=client.pk, begun_at=now, answered_at=now, contact_name="Hanne")
    mette = FirmMember.objects.get(person__username="mette@n.example")
    Assignment.objects.create(client=client, member=mette)


PAGES = (
    ("/people/", "birgitte"),
    ("/people/roles/", "birgitte"),
    ("/people/security/", "birgitte"),
    ("/people/invite/", "birgitte"),
    ("/people/paste/", "birgitte"),
    ("/people/{member}/clients/", "birgitte"),
    ("/people/{member}/hand-over/", "birgitte"),
    ("/people/{member}/remove/", "birgitte"),
    ("/clients/invite/", "birgitte"),
    ("/clients/invites/", "birgitte"),
    ("/clients/onboarding/{client}/", "mette"),
    ("/clients/{client}/firm/", "hanne"),
)


@pytest.mark.parametrize("dark", [False, True])
def test_every_page_can_be_used_by_everybody_in_both_themes_and_on_a_phone(opens: Opens, dark: bool) -> None:
    _arriving()
    places = {
        "member": FirmMember.objects.get(person__username="mette@n.example").pk,
        "client": Client.objects.get(stage="verification").pk,
    }
    for path, who in PAGES:
        page = opens(path.format(**places), who, width=360 if dark else 1440, dark=dark)
        assert serious(page) == [], path
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
        page.close()
