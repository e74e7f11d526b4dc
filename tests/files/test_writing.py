"""Documents as files: exact amounts, whole rows, nothing that a spreadsheet would run, nothing lost silently."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import date
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kobling.files import PROFILES, Document, Line, Party, Profile, problems, profile_from_json, write
from kobling.files.documents import line_amount
from kobling.files.profile import check
from kobling.records import SettingsError

UNI = PROFILES["recman-uni-assumed"]
SHEETS = [each.made_as("csv") for name, each in PROFILES.items() if name.startswith("spreadsheet")]
PARTY = Party(
    "17", "Bø & Sønn AS", "974760673", "a@x.example", "+47 22", "Åsveien 1", "", "0150", "Oslo", "Norge", "NO", "14"
)


def line(text: str = "Timer", quantity: str = "7.5", price: str = "549.90", **more: object) -> Line:
    amounts = (Decimal(quantity), Decimal(price))
    return Line(text, *amounts, line_amount(*amounts), **{"product": "1003", "vat_code": "3", **more})  # type: ignore[arg-type]


def document(*lines: Line, **more: object) -> Document:
    made = Document(
        "invoice", "70001", "30001", date(2026, 11, 5), "NOK", lines or (line(),), PARTY, date(2026, 11, 19)
    )
    return replace(made, **more)  # type: ignore[arg-type]


def cells(profile: Profile, content: bytes) -> list[list[str]]:
    """As a spreadsheet with these settings reads it."""
    text = content.decode(profile.encoding)
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=profile.separator))


def test_uni_standard_byte_by_byte() -> None:
    made = write(UNI, [document(line(), line("Tillegg, natt", "1", "75.45", product="", vat_code="31"), kid="123")])
    assert made.decode("cp1252") == (
        "30,17,Bø & Sønn AS,Åsveien 1,,0150,Oslo,,,14,,,,+47 22,,,,,,974760673,NO,Norge,\r\n"
        "80,30001,17,05.11.2026,19.11.2026,,,,,NOK,123\r\n"
        "81,1003,Timer,7.50,549.90,0.00,3,,,\r\n"
        "81,,Tillegg natt,1.00,75.45,0.00,31,,,\r\n"
    )


def test_a_customer_stands_once_before_its_first_invoice_and_lines_follow_theirs() -> None:
    other = replace(PARTY, number="18", name="Havna")
    made = write(UNI, [document(number="1"), document(number="2"), document(number="3", party=other)])
    kinds = [row[0] + row[1] for row in cells(UNI, made)]
    assert kinds == ["3017", "801", "811003", "802", "811003", "3018", "803", "811003"]


@pytest.mark.parametrize("profile", PROFILES.values(), ids=list(PROFILES))
def test_the_same_documents_give_the_same_bytes(profile: Profile) -> None:
    check(profile)
    assert write(profile, [document()]) == write(profile, [document()])


@pytest.mark.parametrize(
    ("name", "day", "amount", "heading"),
    [
        ("spreadsheet-da", "05-11-2026", "4124,25", "Beløb"),
        ("spreadsheet-sv", "2026-11-05", "4124,25", "Belopp"),
        ("spreadsheet-nb", "05.11.2026", "4124,25", "Beløp"),
    ],
)
def test_a_spreadsheet_reads_it_in_its_own_settings(name: str, day: str, amount: str, heading: str) -> None:
    profile = PROFILES[name].made_as("csv")
    made = write(profile, [document(line('Kurs; "dag 1"\nog 2'))])
    assert made.startswith(b"\xef\xbb\xbf"), "else Excel takes it for another encoding"
    head, row = cells(profile, made)
    told = dict(zip(head, row, strict=True))
    assert told[heading] == amount
    assert day in row and 'Kurs; "dag 1" og 2' in row


@pytest.mark.parametrize("text", ["=1+1", "+47", "-5", "@SUM(A1)", "\t=1", "=HYPERLINK(1)"])
@pytest.mark.parametrize("profile", SHEETS, ids=lambda each: each.name)
def test_a_spreadsheet_runs_nothing(profile: Profile, text: str) -> None:
    row = cells(profile, write(profile, [document(line(text))]))[1]
    assert not [cell for cell in row if cell.startswith(("=", "+", "@", "\t"))]
    assert not [cell for cell in row if cell.startswith("-") and not cell[1:].replace(",", "").isdigit()]


def test_a_negative_amount_stays_a_number() -> None:
    row = cells(SHEETS[0], write(SHEETS[0], [document(line(quantity="-1", price="10"))]))[1]
    assert "-10,00" in row


_amounts = st.decimals(-100_000, 100_000, places=4, allow_nan=False)
_texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)


@given(st.lists(st.tuples(_texts, _amounts, _amounts), min_size=1, max_size=6))
def test_what_a_spreadsheet_adds_up_is_what_was_exported(told: list[tuple[str, Decimal, Decimal]]) -> None:
    lines = [line(text, str(quantity), str(price)) for text, quantity, price in told]
    made = document(*lines)
    for profile in SHEETS:
        rows = cells(profile, write(profile, [made]))
        assert len(rows) == len(lines) + 1, "no text breaks a row"
        at = [column.field for column in profile.records[0].columns].index("line.amount")
        assert sum(Decimal(row[at].replace(",", ".")) for row in rows[1:]) == made.amount


@pytest.mark.parametrize(
    ("made", "field", "word"),
    [
        (document(party=replace(PARTY, number="")), "party.number", "missing"),
        (document(number=""), "number", "missing"),
        (document(line("")), "line.text", "missing"),
        (document(line("Timer 😀")), "line.text", "no sign"),
        (document(line(product="x" * 41)), "line.product", "longer"),
        (document(kid="1" * 26), "kid", "longer"),
        (document(lines=()), "lines", "no lines"),
    ],
)
def test_what_the_file_cannot_hold_is_named(made: Document, field: str, word: str) -> None:
    (problem,) = problems(UNI, made)
    assert problem.field == field and word in problem.text
    with pytest.raises(ValueError, match=field):
        write(UNI, [made])


def test_names_are_cut_but_numbers_never() -> None:
    made = write(UNI, [document(party=replace(PARTY, name="N" * 80))])
    assert f",{'N' * 60}," in made.decode("cp1252")


def test_a_profile_of_ones_own_takes_over_what_it_does_not_say() -> None:
    told = {"like": "recman-uni-assumed", "name": "vart", "separator": ";", "day": "%d%m%y"}
    made = profile_from_json(msgspec.json.encode(told), PROFILES)
    assert write(made, [document()]).decode("cp1252").splitlines()[1].startswith("80;30001;17;051126;")


@pytest.mark.parametrize(
    ("told", "word"),
    [
        (b"{", "truncated"),
        (b"[]", "object"),
        (b'{"like":"nothing"}', "nothing"),
        (b'{"like":"spreadsheet-da","colour":"red"}', "colour"),
        (b'{"like":"spreadsheet-da","separator":";;"}', "separator"),
        (b'{"like":"recman-uni-assumed","decimal":","}', "decimal"),
        (b'{"like":"spreadsheet-da","encoding":"klingon"}', "encoding"),
        (b'{"like":"spreadsheet-da","name":"../x"}', "name"),
        (b'{"like":"spreadsheet-da","records":[]}', "records"),
        (b'{"like":"spreadsheet-da","extension":"exe"}', "extension"),
        (b'{"like":"spreadsheet-da","forms":["csv","pdf"]}', "extension"),
        (b'{"like":"spreadsheet-da","answer":{"number":"Faktura"}}', "verdict"),
        (b'{"like":"spreadsheet-da","answer":{"number":"Faktura","verdict":2}}', "answer"),
        (b'{"like":"spreadsheet-da","answer":{"number":"Faktura","verdict":"faktura"}}', "answer"),
        (b'{"like":"spreadsheet-da","answer":{"number":0,"verdict":2}}', "answer"),
        (b'{"like":"spreadsheet-da","answer":{"number":1,"verdict":2,"taken":["OK"],"refused":["ok"]}}', "answer"),
        (b'{"like":"spreadsheet-da","answer":{"number":1,"verdict":2,"separator":";;"}}', "answer"),
        (b'{"like":"spreadsheet-da","answer":{"number":1,"verdict":2,"encoding":"klingon"}}', "answer"),
        (b'{"like":"spreadsheet-da","records":[{"level":"line","columns":[{"field":"line.secret"}]}]}', "line.secret"),
        (b'{"like":"spreadsheet-da","records":[{"level":"document","columns":[{"field":"line.text"}]}]}', "line.text"),
    ],
)
def test_a_wrong_profile_is_refused_with_what_is_wrong(told: bytes, word: str) -> None:
    with pytest.raises(SettingsError, match=word):
        profile_from_json(told, PROFILES)
