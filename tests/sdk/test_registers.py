"""A register that does not answer says nothing of a number."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from kobling.mapping.identity import as_vat_number
from kobling.records import N_, Unreachable
from kobling.sdk.http import Answer
from kobling.sdk.registers import Registered, Vies


class Line:
    """A transport that gives one answer and remembers what was asked."""

    def __init__(self, status: int = 200, body: bytes = b"{}", error: Exception | None = None) -> None:
        self.status, self.body, self.error = status, body, error
        self.asked: list[tuple[str, str]] = []

    async def send(self, method: str, url: str, _data: Any, _headers: Mapping[str, str], **_more: Any) -> Answer:
        self.asked.append((method, url))
        if self.error is not None:
            raise self.error
        return Answer(self.status, {}, self.body)


def ask(line: Line, country: str = "DK", number: str = "25313763") -> Registered:
    return asyncio.run(Vies(line, "https://vies.example/rest-api").ask(country, number))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("status", "body", "wanted"),
    [
        (200, b'{"isValid":true,"userError":"VALID"}', Registered.YES),
        (200, b'{"isValid":false,"userError":"INVALID"}', Registered.NO),
        (200, b'{"isValid":false,"userError":"SERVICE_UNAVAILABLE"}', Registered.UNKNOWN),
        (200, b'{"isValid":false,"userError":"MS_UNAVAILABLE"}', Registered.UNKNOWN),
        (200, b'{"isValid":false,"userError":"TIMEOUT"}', Registered.UNKNOWN),
        (200, b'{"isValid":false,"userError":"MS_MAX_CONCURRENT_REQ"}', Registered.UNKNOWN),
        (200, b'{"isValid":false,"userError":"SOMETHING_NEW"}', Registered.UNKNOWN),
        (200, b'{"isValid":false}', Registered.UNKNOWN),
        (200, b"{}", Registered.UNKNOWN),
        (200, b"[]", Registered.UNKNOWN),
        (200, b"<html>maintenance</html>", Registered.UNKNOWN),
        (200, b"\xff\xfe", Registered.UNKNOWN),
        (500, b'{"isValid":false,"userError":"INVALID"}', Registered.UNKNOWN),
        (404, b"", Registered.UNKNOWN),
        (302, b"", Registered.UNKNOWN),
    ],
)
def test_only_a_plain_no_is_a_no(status: int, body: bytes, wanted: Registered) -> None:
    assert ask(Line(status, body)) is wanted


def test_no_connection_is_no_answer() -> None:
    error = Unreachable(N_("%(vendor)s did not answer to the end."), vendor="VIES")
    assert ask(Line(error=error)) is Registered.UNKNOWN


def test_it_is_asked_by_country_and_number() -> None:
    line = Line()
    ask(line, "dk", "25313763")
    assert line.asked == [("GET", "https://vies.example/rest-api/ms/DK/vat/25313763")]


@pytest.mark.parametrize(("country", "number"), [("DK", "../x"), ("D/", "1"), ("DK", ""), ("DK", "1?x=2"), ("ÆØ", "1")])
def test_what_could_lead_elsewhere_is_not_asked(country: str, number: str) -> None:
    line = Line()
    assert ask(line, country, number) is Registered.UNKNOWN
    assert line.asked == []


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("25313763", ("DK", "25313763")),
        ("25 31 37 63", ("DK", "25313763")),
        ("DE136695976", ("DE", "136695976")),
        ("SE 556703-7485 01", ("SE", "556703748501")),
        ("974760673", None),
        ("NO974760673MVA", None),
        ("ukendt", None),
        (None, None),
    ],
)
def test_what_the_register_can_know(value: object, wanted: tuple[str, str] | None) -> None:
    assert as_vat_number(value) == wanted
