"""Proofs: what a reader of the file adds up is what the document says of itself, or it stays out with both numbers."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import msgspec
import pytest

from kobling.files import PROFILES, Document, Line, Profile, Total, problems, profile_from_json, write
from tests.files.test_writing import document, line

EVERY = [*PROFILES.values(), PROFILES["spreadsheet-da"].made_as("csv")]


def total(amount: str, **more: bool) -> Total:
    return Total(Decimal(amount), **more)


def of(*lines: Line, **more: object) -> Document:
    return document(*lines, **more)


@pytest.mark.parametrize("profile", EVERY, ids=lambda each: f"{each.name}.{each.extension}")
def test_a_document_that_does_not_add_up_is_held_with_both_numbers(profile: Profile) -> None:
    lines = (line("A", "3", "33.335", vat_percent=Decimal(25)), line("B", "1", "50", vat_percent=Decimal(15)))
    assert problems(profile, of(*lines, total=total("182.51"))) != [], "100.01 and 50, with VAT 182.5125"
    assert problems(profile, of(*lines, total=total("182.51", apart=True))) == []
    assert problems(profile, of(*lines, total=total("150.01", with_vat=False))) == []
    (problem,) = problems(profile, of(*lines, total=total("180.01", apart=True)))
    said = problem.text % problem.params
    assert "182.5125 NOK" in said and "180.01 NOK" in said
    with pytest.raises(ValueError, match="total"):
        write(profile, [of(*lines, total=total("180.01"))])


def test_what_lines_may_differ_by_grows_with_them_and_with_the_coin() -> None:
    lines = [line("A", "1", "10.005", vat_percent=Decimal(25))] * 4
    profile = EVERY[0]
    assert problems(profile, of(*lines, total=total("50.025", apart=True))) == [], "10.01 four times, with VAT 50.05"
    assert problems(profile, of(*lines, total=total("50.02", apart=True))) != []
    assert problems(profile, of(lines[0], total=total("12.502", apart=True))) != []
    whole = [replace(line("A", "1", "10.4"), amount=Decimal(10))] * 4
    assert problems(profile, of(*whole, currency="ISK", total=total("41.6", apart=True))) == []
    assert problems(profile, of(*whole, currency="NOK", total=total("41.6", apart=True))) != []


def test_amounts_with_vat_are_held_against_a_total_with_vat() -> None:
    paid = replace(line("Tog", "1", "125", vat_percent=Decimal(25)), amount=Decimal(125))
    for profile in EVERY:
        assert problems(profile, of(paid, vat_included=True, total=total("125"))) == []
        assert problems(profile, of(paid, vat_included=True, total=total("156.25"))) != []


def own(*fields: str, level: str = "line") -> Profile:
    columns = [{"field": each, "heading": each} for each in fields]
    told = {"like": "spreadsheet-da", "extension": "csv", "records": [{"level": level, "columns": columns}]}
    return profile_from_json(msgspec.json.encode(told), PROFILES)


def test_a_profile_that_drops_the_discount_writes_nothing_wrong() -> None:
    made = of(replace(line("A", "2", "100"), discount=Decimal(10), amount=Decimal(180)))
    assert problems(own("line.quantity", "line.price", "line.discount"), made) == []
    assert problems(own("line.amount"), made) == []
    (problem,) = problems(own("line.quantity", "line.price"), made)
    assert problem.params == {"lines": "200.00", "whole": "180.00", "currency": "NOK"}


def test_a_line_that_says_two_things_is_held() -> None:
    made = of(replace(line("A", "2", "100"), amount=Decimal(180)))
    (problem,) = problems(EVERY[1], made)
    assert (problem.field, problem.params["worked"], problem.params["amount"]) == ("line.amount", "200.00", "180.00")


def test_a_documents_own_amount_in_the_file_is_that_of_its_lines() -> None:
    profile = own("number", "amount", level="document")
    assert problems(profile, of(line("A", "2", "100"))) == []
    assert problems(profile, of(line("A", "2", "100"), total=total("199", with_vat=False))) != []
