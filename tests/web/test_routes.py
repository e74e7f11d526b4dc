"""Every address is known here with who may ask for it; a new one without a row fails."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import Client as Browser
from django.urls import URLPattern, URLResolver, get_resolver

from kobling.access.models import Person
from kobling.access.policy import Actor
from kobling.web.ground.words import STATE_WORDS
from kobling.web.urls import CLOSED, OURS_INSTEAD
from tests.web.signing import sign_in

pytestmark = pytest.mark.django_db
OPEN, OWN = "anybody", "whoever is signed in, of themselves"
ROUTES = {
    "home": OWN,
    "begin": OPEN,
    "clients": OWN,
    "clients_in": OWN,
    "my_access": OWN,
    "end_sessions": OWN,
    "set_language": OPEN,
    "closed": OPEN,
    "ours": OWN,
}
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


def test_every_route_has_a_row_and_every_row_a_route() -> None:
    assert ours().keys() == ROUTES.keys()


def test_allauth_brings_no_page_that_nobody_has_looked_at() -> None:
    found = {
        path.split("/")[1].removeprefix("^") for _, path in routes(get_resolver().url_patterns) if "accounts/" in path
    }
    assert found <= ALLAUTHS.keys()


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
    answer = browser.get("/" + ours()[name].replace("<tab:tab>", "all"))
    assert (answer.status_code, answer["Location"].split("?")[0]) == (302, "/accounts/login/")


@pytest.mark.parametrize("name", [name for name, who in ROUTES.items() if who == OWN])
def test_who_is_inactive_is_asked_to_sign_in_like_a_stranger(
    browser: Browser, people: dict[str, Actor], name: str
) -> None:
    who = sign_in(browser, people["firm_admin"])
    Person.objects.filter(pk=who.pk).update(is_active=False)
    assert browser.get("/" + ours()[name].replace("<tab:tab>", "all")).status_code == 302


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
