"""Every address is known here with who may ask for it; a new one without a row fails."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import Client as Browser
from django.urls import URLPattern, URLResolver, get_resolver

from kobling.access.models import Person
from kobling.access.policy import Actor
from kobling.web.ground.words import STATE_WORDS

pytestmark = pytest.mark.django_db
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
OPEN, OWN, LIBRARY = "anybody", "whoever is signed in, of themselves", "allauth's or Django's"
ROUTES = {
    "home": OWN,
    "begin": OPEN,
    "clients": OWN,
    "clients_in": OWN,
    "my_access": OWN,
    "end_sessions": OWN,
    "set_language": OPEN,
}


def routes(found: list[URLPattern | URLResolver], before: str = "") -> Iterator[tuple[str, str]]:
    for each in found:
        path = before + str(each.pattern)
        if isinstance(each, URLResolver):
            yield from routes(each.url_patterns, path)
        else:
            yield str(each.name), path


def ours() -> dict[str, str]:
    return {name: path for name, path in routes(get_resolver().url_patterns) if not path.startswith("accounts/")}


def test_every_route_has_a_row_and_every_row_a_route() -> None:
    assert ours().keys() == ROUTES.keys()


@pytest.mark.parametrize("name", [name for name, who in ROUTES.items() if who == OWN])
def test_who_is_not_signed_in_is_asked_to(browser: Browser, name: str) -> None:
    answer = browser.get("/" + ours()[name].replace("<tab:tab>", "all"))
    assert (answer.status_code, answer["Location"].split("?")[0]) == (302, "/accounts/login/")


@pytest.mark.parametrize("name", [name for name, who in ROUTES.items() if who == OWN])
def test_who_is_inactive_is_asked_to_sign_in_like_a_stranger(
    browser: Browser, people: dict[str, Actor], name: str
) -> None:
    who = Person.objects.get(pk=people["firm_admin"].person)
    browser.force_login(who, backend=BACKEND)
    Person.objects.filter(pk=who.pk).update(is_active=False)
    assert browser.get("/" + ours()[name].replace("<tab:tab>", "all")).status_code == 302


@pytest.mark.parametrize("who", ["firm_admin", "assigned", "unassigned", "company_user", "stranger", "superuser"])
def test_whoever_is_signed_in_sees_what_is_their_own(browser: Browser, people: dict[str, Actor], who: str) -> None:
    browser.force_login(Person.objects.get(pk=people[who].person), backend=BACKEND)
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
