"""Where a firm demands a second factor, whoever has none sees nothing but the way to one."""

from __future__ import annotations

import re

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client as Browser
from django.urls import URLPattern, URLResolver, get_resolver

from kobling.access.models import Client, Firm, FirmMember, Person
from kobling.access.policy import Actor
from kobling.web.people.demanding import OPEN
from tests.web.signing import sign_in

pytestmark = pytest.mark.django_db
FILLED = (("<tab:tab>", "all"), (r"<str:[^>]*>", "x"), (r"<row:[^>]*>", "1"), (r"<[^>]*>", "1"))


def every(found: list[URLPattern | URLResolver], before: str = "") -> list[tuple[str, str]]:
    """Name and address of every route there is, allauth's too."""
    told: list[tuple[str, str]] = []
    for each in found:
        path = before + str(each.pattern).lstrip("^").rstrip("$")
        told += every(each.url_patterns, path) if isinstance(each, URLResolver) else [(str(each.name), path)]
    return told


def filled(path: str) -> str:
    path = re.sub(r"\(\?P<[^>]*>[^)]*\)", "1", path)
    for place, value in FILLED:
        path = re.sub(place, value, path)
    return f"/{path}".replace("\\Z", "")


@pytest.fixture
def lacking(browser: Browser) -> Person:
    firm = Firm.objects.create(name="Nordkystens Bogholderi", demands_second_factor=True)
    mette = Person.objects.create_user("mette", "mette@n.example", "en lang sætning", language="da")
    FirmMember.objects.create(firm=firm, person=mette, role="bookkeeper")
    return sign_in(browser, mette)


@pytest.mark.parametrize("method", ["get", "post"])
def test_every_route_leads_to_the_page_that_says_what_is_missing(
    browser: Browser, lacking: Person, method: str
) -> None:
    routes = every(get_resolver().url_patterns)
    assert len(routes) > 40
    for name, path in routes:
        if name in OPEN:
            continue
        answer = getattr(browser, method)(filled(path))
        assert (answer.status_code, answer.headers.get("Location")) == (302, "/second-factor/"), (name, path)


def test_the_open_pages_are_there_and_show_no_client(browser: Browser, lacking: Person) -> None:
    names = {name for name, _ in every(get_resolver().url_patterns)}
    assert names >= OPEN
    page = browser.get("/second-factor/").content.decode()
    assert "Der mangler ekstra sikkerhed" in page
    assert '<nav class="side"' not in page
    for path in ("/accounts/2fa/webauthn/add/", "/accounts/2fa/totp/activate/"):
        answer = browser.get(path, follow=True)
        assert answer.status_code == 200
        assert answer.request["PATH_INFO"] != "/second-factor/"


@pytest.mark.parametrize("kind", ["totp", "webauthn"])
def test_whoever_has_one_goes_on_as_usual_and_recovery_codes_alone_are_none(
    browser: Browser, lacking: Person, kind: str
) -> None:
    Authenticator.objects.create(user=lacking, type="recovery_codes", data={})
    assert browser.get("/clients/").status_code == 302
    Authenticator.objects.create(user=lacking, type=kind, data={})
    assert browser.get("/clients/").status_code == 200


def test_people_of_companies_and_of_other_firms_are_not_meant(browser: Browser, people: dict[str, Actor]) -> None:
    Firm.objects.filter(name="Bogholderiet").update(demands_second_factor=True)
    for who, status in (("company_admin", 200), ("other_firm_admin", 200), ("assigned", 302), ("firm_admin", 302)):
        sign_in(browser, people[who])
        assert browser.get("/clients/").status_code == status, who


def test_an_admin_sees_who_lacks_one_and_does_not_lock_themselves_out(
    browser: Browser, people: dict[str, Actor], client_company: Client
) -> None:
    admin = sign_in(browser, people["firm_admin"])
    page = browser.get("/people/security/").content.decode()
    assert "unassigned" in page
    assert "inactive_assigned" not in page
    page = browser.post("/people/security/", {"demanded": "1"}, follow=True).content.decode()
    assert "Du har selv ingen ekstra sikkerhed" in page
    firm = Firm.objects.get(name="Bogholderiet")
    assert not firm.demands_second_factor
    Authenticator.objects.create(user=admin, type="webauthn", data={})
    browser.post("/people/security/", {"demanded": "1"})
    firm.refresh_from_db()
    assert firm.demands_second_factor
    assert browser.get("/people/security/").status_code == 200
