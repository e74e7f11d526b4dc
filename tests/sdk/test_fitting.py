"""What cannot be kept is told with its page, and nothing of it reaches a database."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from kobling.records import Gone, Misunderstood, Record, Refused
from kobling.sdk.fitting import LONGEST_ID, LONGEST_VERSION, fits, fitting, misfit
from kobling.sdk.protocols import Page, Unread


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("1", True),
        ("å" * LONGEST_ID, True),
        ("x" * LONGEST_ID, True),
        ("x" * (LONGEST_ID + 1), False),
        ("", False),
        ("a\x00b", False),
        ("\x00å", False),
        ("a\ud800", False),
    ],
)
def test_an_id_fits_by_its_length_and_letters(text: str, kept: bool) -> None:
    assert fits(text) is kept


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({}, ""),
        ({"external_id": "\ud800"}, "id"),
        ({"version": "v" * LONGEST_VERSION}, ""),
        ({"version": "v" * (LONGEST_VERSION + 1)}, "version"),
        ({"version": None}, ""),
        ({"fields": {"name": "\ud800"}}, "text"),
        ({"fields": {"name": ["\x00"]}}, ""),
        ({"fields": {"amount": 0.5}}, "text"),
    ],
)
def test_a_record_is_told_by_what_of_it_does_not_fit(changed: dict[str, Any], what: str) -> None:
    given = {"external_id": "1", "fields": {"name": "Alfa"}, "version": "1", **changed}
    error = misfit(
        Record("r", given["external_id"], given["fields"], given["version"], datetime(2026, 1, 1, tzinfo=UTC))
    )
    assert (error.detail if error else "") == what


def test_a_page_keeps_what_fits_and_tells_the_rest_by_its_id_where_it_has_one() -> None:
    earlier = Unread("0", Misunderstood("?"))
    good, odd, nameless = Record("r", "1", {}), Record("r", "2", {"n": "\ud800"}), Record("r", "\x00", {})
    page = fitting(Page([good, odd, nameless], {"at": 7}, True, [Gone("3"), Gone("\x00")], unread=[earlier]))
    assert page.records == [good] and page.bookmark == {"at": 7} and page.more
    assert [each.external_id for each in page.unread] == ["0", "2", ""]
    assert [each.external_id for each in page.gone] == ["3"]


def test_a_page_that_fits_stays_the_same_object() -> None:
    page = Page([Record("r", "1", {})], {}, False, [Gone("2")])
    assert fitting(page) is page


def test_an_error_carries_only_what_a_database_can_hold() -> None:
    error = Refused("%(text)s", vendor_text="a\x00b", detail="\ud800", text="\x00", number=5)
    assert (error.vendor_text, error.detail, error.params) == ("a�b", "?", {"text": "�", "number": 5})
