"""Spreadsheets as files: what people open keeps its noughts, runs nothing, and adds up to the øre."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from kobling.files import PROFILES, Document, Profile, problems, profile_from_json, write
from kobling.files import sheets as sheets_module
from kobling.records import SettingsError
from tests.files.test_writing import PARTY, UNI, document, line

SHEET = PROFILES["spreadsheet-nb"]
KID = "0012345678901234567890128"


def opened(profile: Profile, *documents: Document) -> list[dict[str, Any]]:
    """Rows as a spreadsheet's reader has them: heading → cell."""
    page = load_workbook(io.BytesIO(write(profile, documents))).active
    head, *body = page.iter_rows()
    return [dict(zip((each.value for each in head), row, strict=True)) for row in body]


def test_numbers_of_things_are_texts_and_amounts_and_days_are_real() -> None:
    party = replace(PARTY, number="00017", org_number="0974760673", postal_code="0150", phone="004722")
    (row,) = opened(SHEET, document(line(product="0042", account="0300"), number="007", kid=KID, party=party))
    wanted = {"Nummer": "007", "Kundenummer": "00017", "Org.nr.": "0974760673", "Varenummer": "0042", "Konto": "0300"}
    for heading, value in {**wanted, "KID": KID, "Mva-kode": "3"}.items():
        assert (row[heading].value, row[heading].data_type, row[heading].number_format) == (value, "s", "@"), heading
    assert (row["Beløp"].value, row["Beløp"].data_type) == (4124.25, "n")
    assert row["Dato"].is_date and row["Dato"].value == datetime(2026, 11, 5)  # noqa: DTZ001
    assert row["Dato"].number_format == "dd.mm.yyyy"


@pytest.mark.parametrize("field", ["party.postal_code", "party.phone"])
def test_other_numbers_of_a_party_are_texts_as_well(field: str) -> None:
    told = {"like": "spreadsheet-nb", "records": [{"level": "line", "columns": [{"field": field, "heading": "X"}]}]}
    profile = profile_from_json(msgspec.json.encode(told), PROFILES)
    (row,) = opened(profile, document(party=replace(PARTY, postal_code="0150", phone="0047")))
    assert row["X"].data_type == "s" and str(row["X"].value).startswith("0")


@pytest.mark.parametrize("text", ["=1+1", "+47", "-5", "@SUM(A1)", "=HYPERLINK(1)", "#N/A", "0150"])
def test_nothing_is_run_and_nothing_is_changed_for_it(text: str) -> None:
    (row,) = opened(SHEET, document(line(text)))
    assert (row["Tekst"].value, row["Tekst"].data_type) == (text, "s")


def test_the_same_documents_give_the_same_bytes_whenever_they_are_written(monkeypatch: pytest.MonkeyPatch) -> None:
    first = write(SHEET, [document()])
    monkeypatch.setattr("time.localtime", lambda *_: (1999, 1, 2, 3, 4, 5, 0, 0, 0))
    monkeypatch.setattr("openpyxl.writer.excel.datetime", _Later)
    assert write(SHEET, [document()]) == first
    with zipfile.ZipFile(io.BytesIO(first)) as parts:
        assert {each.date_time for each in parts.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert {each.create_system for each in parts.infolist()} == {0}, "the same on every machine"


class _Later:
    """Later than the first file was written."""

    class datetime(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return cls(2031, 5, 6, tzinfo=tz)

    timezone = __import__("datetime").timezone


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.decimals(0, 10**9, places=2), st.decimals(0, 10**4, places=4)), min_size=1, max_size=20))
def test_what_a_spreadsheet_adds_up_is_exact_to_the_oere(told: list[tuple[Decimal, Decimal]]) -> None:
    made = document(*(line(quantity=str(quantity), price=str(price)) for price, quantity in told))
    found = [row["Beløp"].value for row in opened(SHEET, made)]
    assert sum((Decimal(repr(each)) for each in found), Decimal(0)) == made.amount


def test_what_a_cell_cannot_hold_exactly_keeps_the_document_out() -> None:
    for made, field in (
        (document(line(quantity="1", price="12345678901234.56")), "line.price"),
        (document(day=date(1850, 1, 1)), "day"),
        (document(line("x" * 33_000)), "line.text"),
    ):
        assert field in [each.field for each in problems(SHEET, made)]
        assert problems(SHEET.made_as("csv"), made) == []


def test_a_sheet_that_is_full_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets_module, "MOST_ROWS", 2)
    with pytest.raises(SettingsError, match="2 rows"):
        write(SHEET, [document(line(), line())])


def test_a_person_chooses_the_form_and_a_vendors_text_stays_a_text() -> None:
    assert {each.extension for name, each in PROFILES.items() if name.startswith("spreadsheet")} == {"xlsx"}
    text = SHEET.made_as("csv")
    assert write(text, [document(number="007")]).startswith(b"\xef\xbb\xbfType;Nummer;")
    assert b";007;" in write(text, [document(number="007")])
    assert text.made_as("xlsx") == SHEET
    assert UNI.made_as("") is UNI
    with pytest.raises(SettingsError, match="txt"):
        UNI.made_as("xlsx")
