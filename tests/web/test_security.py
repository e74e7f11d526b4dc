"""What every answer carries, and what is refused before a view is asked."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from django.test import Client as Browser

from kobling.access.policy import Actor
from tests.web.signing import sign_in

pytestmark = pytest.mark.django_db
INLINE = ("'unsafe-inline'", "'unsafe-eval'", "http:", "*")


def test_no_answer_allows_a_script_or_style_that_is_not_a_file_of_ours(browser: Browser) -> None:
    for path in ("/accounts/login/", "/nope/", "/static/kobling/kobling.css"):
        answer = browser.get(path)
        answer.close()
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert not [each for each in INLINE if each in policy]


@pytest.mark.parametrize("path", ["/accounts/login/", "/accounts/password/reset/", "/nope/"])
def test_no_page_has_anything_inline(browser: Browser, path: str) -> None:
    page = browser.get(path).content.decode()
    assert "<style" not in page
    assert " style=" not in page
    assert " onclick=" not in page
    assert all("src=" in each or "application/json" in each for each in page.split("<script")[1:])


def test_a_form_from_elsewhere_is_refused() -> None:
    strict = Browser(enforce_csrf_checks=True, HTTP_HOST="127.0.0.1")
    assert strict.post("/accounts/login/", {"login": "a@b.example", "password": "x"}).status_code == 403


def test_another_host_name_is_refused(browser: Browser) -> None:
    assert browser.get("/accounts/login/", HTTP_HOST="evil.example").status_code == 400


def test_what_a_person_sees_is_kept_by_no_proxy(browser: Browser, people: dict[str, Actor]) -> None:
    sign_in(browser, people["firm_admin"])
    assert browser.get("/my-access/").headers["Cache-Control"] == "private, no-store"


def test_a_form_that_is_too_large_is_refused(browser: Browser) -> None:
    answer = browser.post("/accounts/login/", {"login": "x" * (6 * 1024 * 1024)})
    assert answer.status_code == 400


def settings_with(**environment: str) -> dict[str, object]:
    """The settings of a process that was started so."""
    asked = (
        "import json, kobling.web.settings as s; print(json.dumps({n: getattr(s, n) for n in dir(s)"
        " if n.isupper() and isinstance(getattr(s, n), (str, int, bool, list, tuple))}, default=str))"
    )
    told = {name: value for name, value in os.environ.items() if not name.startswith("KOBLING_")}
    told["KOBLING_DATA"] = os.environ["KOBLING_DATA"]
    done = subprocess.run(
        [sys.executable, "-c", asked], env=told | environment, capture_output=True, text=True, check=True
    )
    found: dict[str, object] = json.loads(done.stdout)
    return found


def test_behind_a_proxy_with_a_certificate_everything_is_for_that_address_alone() -> None:
    found = settings_with(KOBLING_URL="https://kobling.n.example/", KOBLING_BEHIND_PROXY="1")
    assert found["SECURE_HSTS_SECONDS"] == 31_536_000
    assert found["SESSION_COOKIE_SECURE"] is found["CSRF_COOKIE_SECURE"] is True
    assert found["SESSION_COOKIE_NAME"] == "__Host-kobling"
    assert found["CSRF_TRUSTED_ORIGINS"] == ["https://kobling.n.example"]
    assert "kobling.n.example" in found["ALLOWED_HOSTS"]  # type: ignore[operator]
    assert found["SECURE_PROXY_SSL_HEADER"] == ["HTTP_X_FORWARDED_PROTO", "https"]


def test_what_a_proxy_says_is_believed_only_where_there_is_one() -> None:
    found = settings_with()
    assert "SECURE_PROXY_SSL_HEADER" not in found or not found["SECURE_PROXY_SSL_HEADER"]
    assert (found["SECURE_HSTS_SECONDS"], found["DEBUG"]) == (0, False)
    assert sorted(found["ALLOWED_HOSTS"]) == ["127.0.0.1", "[::1]", "localhost"]  # type: ignore[call-overload]
