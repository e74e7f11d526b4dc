"""Signing in, guessing, forgetting, and where one is signed in."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
    yield_hotp_counters_from_time,
)
from allauth.usersessions.models import UserSession
from axes.models import AccessAttempt
from django.core import mail
from django.test import Client as Browser

from kobling.access.models import Person
from kobling.sdk.clock import FakeClock
from tests.web.signing import sign_in

pytestmark = pytest.mark.django_db
PASSWORD = "en lang sætning om bilag"


@pytest.fixture
def mette() -> Person:
    return Person.objects.create_user(
        "mette@n.example", "mette@n.example", PASSWORD, first_name="Mette", last_name="Kjærgaard", language="sv"
    )


def signs_in(browser: Browser, password: str = PASSWORD, after: str = "") -> tuple[int, str]:
    answer = browser.post("/accounts/login/", {"login": "mette@n.example", "password": password, "next": after})
    return answer.status_code, answer.headers.get("Location", "")


def test_a_page_asks_a_stranger_to_sign_in_and_brings_them_back(browser: Browser, mette: Person) -> None:
    answer = browser.get("/my-access/")
    assert (answer.status_code, answer["Location"]) == (302, "/accounts/login/?next=/my-access/")
    assert signs_in(browser, after="/my-access/") == (302, "/my-access/")


@pytest.mark.parametrize("elsewhere", ["//evil.example/", "https://evil.example/", "/\\evil.example", "javascript:1"])
def test_nobody_is_sent_elsewhere_after_signing_in(browser: Browser, mette: Person, elsewhere: str) -> None:
    assert signs_in(browser, after=elsewhere) == (302, "/")


def test_pages_are_in_the_language_of_the_person_not_of_the_browser(browser: Browser, mette: Person) -> None:
    assert "Logga in" not in browser.get("/accounts/login/").content.decode()
    signs_in(browser)
    assert "Min åtkomst" in browser.get("/my-access/").content.decode()


def test_a_wrong_password_says_nothing_of_whether_there_is_such_a_person(browser: Browser, mette: Person) -> None:
    told = []
    for login in ("mette@n.example", "nobody@n.example"):
        page = browser.post("/accounts/login/", {"login": login, "password": "forkert"}).content.decode()
        told.append(re.findall(r'<div class="note bad".*?</div>', page, re.DOTALL))
    assert told[0] == told[1]
    assert told[0]


def test_who_guesses_five_times_waits_a_quarter_of_an_hour(browser: Browser, mette: Person) -> None:
    for _ in range(4):
        assert signs_in(browser, "forkert")[0] == 200
    assert signs_in(browser, "forkert")[0] == 429
    assert signs_in(browser)[0] == 429, "even the right one"
    attempt = AccessAttempt.objects.get()
    attempt.attempt_time -= timedelta(minutes=16)
    attempt.save()
    assert signs_in(browser) == (302, "/")


def test_who_is_inactive_does_not_come_in(browser: Browser, mette: Person) -> None:
    Person.objects.update(is_active=False)
    signs_in(browser)
    assert browser.get("/my-access/").status_code == 302


def test_who_forgot_gets_a_link_that_works_once(browser: Browser, mette: Person) -> None:
    browser.post("/accounts/password/reset/", {"email": "METTE@n.example"})
    (sent,) = mail.outbox
    assert sent.to == ["mette@n.example"]
    (link,) = re.findall(r"http://127\.0\.0\.1(/accounts/password/reset/key/\S+)", sent.body)
    form = browser.get(link)["Location"]
    new = "en anden lang sætning"
    assert browser.post(form, {"password1": new, "password2": new}).status_code == 302
    assert signs_in(Browser(HTTP_HOST="127.0.0.1"), new) == (302, "/")
    again = Browser(HTTP_HOST="127.0.0.1").get(link)
    assert again.status_code == 200
    assert "password1" not in again.content.decode(), "the link is used up"


def test_nothing_is_sent_to_an_address_that_nobody_has(browser: Browser, mette: Person) -> None:
    answer = browser.post("/accounts/password/reset/", {"email": "nobody@n.example"})
    assert (answer.status_code, answer["Location"], mail.outbox) == (302, "/accounts/password/reset/done/", [])


def test_who_has_a_code_app_is_asked_for_the_code(browser: Browser, mette: Person) -> None:
    secret = generate_totp_secret()
    TOTP.activate(mette, secret)
    assert secret not in str(Authenticator.objects.values().get()), "kept encrypted"
    assert signs_in(browser) == (302, "/accounts/2fa/authenticate/")
    assert browser.get("/my-access/").status_code == 302, "not in yet"
    assert browser.post("/accounts/2fa/authenticate/", {"code": "000000"}).status_code == 200
    code = format_hotp_value(hotp_value(secret, next(yield_hotp_counters_from_time())))
    assert browser.post("/accounts/2fa/authenticate/", {"code": code})["Location"] == "/"
    assert Authenticator.objects.get(type="totp").last_used_at


def test_other_places_are_listed_and_can_be_signed_out(browser: Browser, mette: Person) -> None:
    phone = Browser(HTTP_HOST="127.0.0.1", HTTP_USER_AGENT="Mozilla/5.0 (iPhone) Mobile Safari/604.1")
    assert signs_in(phone) == (302, "/")
    phone.get("/my-access/")
    signs_in(browser)
    assert "Safari på iPhone" in browser.get("/my-access/").content.decode()
    browser.post("/my-access/sessions/end/")
    assert phone.get("/my-access/").status_code == 302
    assert browser.get("/my-access/").status_code == 200


def test_where_one_is_signed_in_is_noted_every_few_minutes_only(
    browser: Browser, mette: Person, clock: FakeClock
) -> None:
    signs_in(browser)
    seen = []
    for minutes in (0, 4, 2):
        clock.turn(minutes * 60)
        browser.get("/my-access/")
        seen.append(UserSession.objects.get().last_seen_at)
    assert seen[0] == seen[1] < seen[2]


def test_nobody_signs_others_out(browser: Browser, mette: Person) -> None:
    signs_in(browser)
    browser.get("/my-access/")
    other = Person.objects.create_user("o@n.example", "o@n.example", PASSWORD)
    stranger = Browser(HTTP_HOST="127.0.0.1")
    sign_in(stranger, other)
    for number in range(1, 5):
        stranger.post("/my-access/sessions/end/", {"session": number})
    assert browser.get("/my-access/").status_code == 200


def test_looks_are_kept_for_the_person(browser: Browser, mette: Person) -> None:
    signs_in(browser)
    likes = {"language": "nb", "time_zone": "Europe/Oslo", "theme": "dark"}
    assert browser.post("/my-access/", likes).status_code == 302
    page = browser.get("/my-access/").content.decode()
    assert '<html lang="nb" data-theme="dark">' in page
    assert "data-shortcuts" not in page
    assert browser.post("/my-access/", likes | {"time_zone": "Mars/Olympus"}).status_code == 422


@pytest.fixture
def microsoft(settings: object) -> None:
    app = {"client_id": "id", "secret": "s", "settings": {"tenant": "organizations"}}
    settings.SOCIALACCOUNT_PROVIDERS = {"microsoft": {"APPS": [app]}}  # type: ignore[attr-defined]


def test_microsoft_is_offered_only_where_it_is_set_up(browser: Browser, mette: Person) -> None:
    signs_in(browser)
    assert "Microsoft" not in browser.get("/my-access/").content.decode()
    assert "Microsoft" not in Browser(HTTP_HOST="127.0.0.1").get("/accounts/login/").content.decode()


def test_microsoft_is_asked_who_somebody_is_and_connected_by_who_is_signed_in(
    browser: Browser, mette: Person, microsoft: None
) -> None:
    page = browser.get("/accounts/login/").content.decode()
    (action,) = re.findall(r'action="(/accounts/microsoft/login/[^"]*)"', page)
    there = browser.post(action.replace("&amp;", "&"))["Location"]
    assert there.startswith("https://login.microsoftonline.com/organizations/oauth2/v2.0/authorize?")
    signs_in(browser)
    assert 'href="/accounts/3rdparty/"' in browser.get("/my-access/").content.decode()
    assert browser.get("/accounts/3rdparty/").status_code == 200
