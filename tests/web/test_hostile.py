"""Strange values in every field and place of every address end in an answer, never in an error of ours."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.db import transaction
from django.test import Client as Browser

import kobling.web
from kobling.access.models import Client
from kobling.access.policy import Actor
from tests.web.signing import sign_in
from tests.web.test_routes import ROUTES, ours, placed, places

__all__ = ["places"]
pytestmark = pytest.mark.django_db
SOURCES = [each.read_text() for each in Path(kobling.web.__file__).parent.rglob("*.py")]
FIELDS = sorted(
    {name for source in SOURCES for name in re.findall(r'(?:POST|GET)\.get(?:list)?\(\s*"(\w+)"', source)}
    | {name for source in SOURCES for name in re.findall(r"^    (\w+) = forms\.", source, re.MULTILINE)}
    | {"sort", "after", "size", "columns", "view"}
)
STRANGE = ("9" * 40, "-1", "\x00½", "a" * 5000)
FAULT = 500


def test_fields_are_found() -> None:
    assert {"member", "client", "name", "email", "next"} <= set(FIELDS)


@pytest.mark.parametrize("name", [name for name in ROUTES if name in ours()])
def test_strange_values_are_answered(
    browser: Browser, people: dict[str, Actor], places: dict[str, int], name: str
) -> None:
    sign_in(browser, people["firm_admin"])
    for stage in ("active", "verification"):
        Client.objects.filter(pk=places["client"]).update(stage=stage)
        for value in STRANGE:
            given, path = dict.fromkeys(FIELDS, value), placed(name, places)
            sid = transaction.savepoint()
            assert browser.get(path, given).status_code < FAULT, value
            assert browser.post(path, given).status_code < FAULT, value
            transaction.savepoint_rollback(sid)
            sign_in(browser, people["firm_admin"])


@pytest.mark.parametrize("path", ["/clients/?q=a%00", "/join/a%00b/", "/accounts/login/?next=%00"])
def test_a_sign_that_no_database_holds_is_told(browser: Browser, people: dict[str, Actor], path: str) -> None:
    if path.startswith("/clients/"):
        sign_in(browser, people["firm_admin"])
    answer = browser.get(path)
    assert (answer.status_code, "NUL" in answer.content.decode()) == (400, True)


def test_no_address_takes_numbers_that_no_database_holds() -> None:
    assert not [path for path in ours().values() if "<int:" in path]


@pytest.mark.parametrize("name", [name for name, path in ours().items() if "<" in path])
@pytest.mark.parametrize("value", ["9" * 40, "9" * 18, "0"])
def test_places_that_do_not_exist_are_not_there(
    browser: Browser, people: dict[str, Actor], name: str, value: str
) -> None:
    sign_in(browser, people["firm_admin"])
    path = "/" + re.sub(r"<\w+:\w+>", value, ours()[name])
    assert browser.get(path).status_code < FAULT
    assert browser.post(path).status_code < FAULT
