"""Answers to files: a document is told of by its own column alone, by a verdict alone, and no line is lost."""

from __future__ import annotations

import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from openpyxl import Workbook

from kobling.files import PROFILES, Answer, AnswerForm, Profile, Told, read_answer

NUMBERS = ["30001", "30002", "30003"]
HEAD = "Rad;Faktura;Status;Melding"


def read(*lines: str, numbers: Any = NUMBERS, profile: Profile | None = None, encoding: str = "utf-8") -> Answer:
    return read_answer("\r\n".join(lines).encode(encoding), numbers, profile)


def answered(**form: Any) -> Profile:
    """A profile that says how its answer looks."""
    return replace(PROFILES["recman-uni-assumed"], answer=AnswerForm(**form))


def book(*rows: list[Any]) -> bytes:
    made = Workbook()
    for row in rows:
        made.active.append(row)
    written = io.BytesIO()
    made.save(written)
    return written.getvalue()


@pytest.mark.parametrize(
    ("head", "line", "wanted"),
    [
        ("Faktura;Status", "30001;OK", Told("30001", True)),
        ("Fakturanr.;Resultat;Bilag", "30001;OK;4711", Told("30001", True, "4711")),
        (
            "Result\tInvoice No.\tMessage",
            "ERROR\t30002\tUkjent",
            Told("30002", False, "Ukjent"),
        ),
        ("Nummer,Resultat,Besked", "30002,Fejl,Kunden findes ikke", Told("30002", False, "Kunden findes ikke")),
        ("Bilagsnr;Status;Melding", '30003;Avvist;"Beløp; og mva"', Told("30003", False, "Beløp; og mva")),
        ("Typ|Fakturanummer|Utfall", "80|30003|Godkänd", Told("30003", True, "80")),
        (
            "Faktura;Status;Melding",
            "30002;Feil;mangler konto; prøv igjen",
            Told("30002", False, "mangler konto; prøv igjen"),
        ),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-8", "cp1252", "utf-16"])
def test_a_line_below_its_headings_in_any_of_the_usual_ways(head: str, line: str, wanted: Told, encoding: str) -> None:
    assert read(head, line, encoding=encoding).told == (wanted,)


def test_neither_a_running_number_nor_a_customer_nor_a_reason_is_taken_for_a_document() -> None:
    numbers = {"1", "2", "1001", "1002", "30002", "30004"}
    lines = ("1;30002;OK;Bokført", "2;30004;Feil;se 1002", "1001;1002;OK;", "1001;1002;Feil;Sperret kunde")
    told = {each.number: (each.taken, each.reason) for each in read(HEAD, *lines, numbers=numbers).told}
    assert told == {"30002": (True, "Bokført"), "30004": (False, "se 1002"), "1002": (False, "Sperret kunde")}


@pytest.mark.parametrize("word", ["INFO", "WARNING", "Advarsel", "LOG", "kanskje", ""])
def test_how_grave_a_line_is_says_nothing_of_its_document(word: str) -> None:
    for line in (f"1;30001;{word};OK", f"{word};30001;Kontonummer mangler, ikke importert"):
        answer = read(HEAD, line)
        assert answer.told == () and answer.unknown == ((2, line),)
        assert answer.undecided == ("30001",), "a person hears that it was spoken of"


def test_lines_that_nobody_understands_are_given_back_with_their_place() -> None:
    answer = read(HEAD, "", "1;30001;OK;", "2;99999;OK;", "3;30002;kanskje;", "Slutt")
    assert [each.number for each in answer.told] == ["30001"]
    assert answer.unknown == ((4, "2;99999;OK;"), (5, "3;30002;kanskje;"), (6, "Slutt"))


def test_cells_that_do_not_fit_the_headings_are_not_trusted() -> None:
    lines = ("Se faktura, 30003,30001,OK", "Se,30003,OK,OK", "uten merknad,30002,OK,")
    answer = read("Melding,Faktura,Status", *lines)
    assert [each.number for each in answer.told] == ["30002"]
    assert [place for place, _ in answer.unknown] == [2, 3]


@pytest.mark.parametrize("lines", [("1;30001;OK;", "2;30001;ERROR;nei"), ("1;30001;ERROR;nei", "2;30001;OK;")])
def test_spoken_of_in_two_ways_is_refused(lines: tuple[str, str]) -> None:
    assert read(HEAD, *lines).told == (Told("30001", False, "nei"),)


def test_a_text_over_several_lines_is_one_and_a_lone_quote_swallows_no_line() -> None:
    answer = read(HEAD, '1;30001;Feil;"Kunden', '2;30002;OK;finnes ikke"', "3;30003;OK;")
    assert [(each.number, each.taken) for each in answer.told] == [("30001", False), ("30003", True)]
    answer = read(HEAD, '1;30001;Feil;"12 tommer', "2;30002;OK;", "3;30003;OK;")
    assert [each.number for each in answer.told] == ["30001", "30002", "30003"]


@pytest.mark.parametrize(
    "lines",
    [
        ("30001;OK", "30002;Feil;nei"),
        ("Faktura;Fakturanr;Status", "1;30001;OK"),
        ("Faktura;Status;Resultat", "30001;OK;OK"),
        ("Nummer;Bilag;Status", "30001;30002;OK"),
        ("Nivå;Faktura;Melding", "ERROR;30001;Kontonummer mangler"),
        ("Importlogg", "Faktura;Status", "30001;OK"),
    ],
)
def test_columns_that_are_not_clear_match_nothing_and_say_what_was_looked_for(lines: tuple[str, ...]) -> None:
    answer = read(*lines)
    assert answer.told == () and len(answer.unknown) == len(lines)
    assert answer.trouble is not None
    said = answer.trouble.text % answer.trouble.params
    assert "Faktura" in said and "Status" in said and "“answer”" in said and f"“{lines[0].split(';')[0]}”" in said


def test_a_heading_that_speaks_of_invoices_goes_before_a_number_of_anything() -> None:
    assert read("Nummer;Faktura;Status", "30001;30002;OK").told == (Told("30002", True, "30001"),)


def test_a_profile_names_the_columns_by_heading_and_the_words_that_decide() -> None:
    profile = answered(
        number="Vår ref",
        verdict="Kode",
        reason="Merknad",
        taken=("0",),
        refused=("9",),
        separator="|",
        encoding="cp1252",
    )
    answer = read(
        "Nr|Vår ref|Kode|Merknad", "30003|30001|0|", "2|30002|9|låst", "3|30003|OK|", profile=profile, encoding="cp1252"
    )
    assert answer.told == (Told("30001", True), Told("30002", False, "låst"))
    assert answer.unknown == ((4, "3|30003|OK|"),), "where a profile says its words, no others decide"


def test_a_profile_tells_places_where_there_are_no_headings() -> None:
    profile = answered(number=2, verdict=3, reason=5)
    answer = read("30003,30001,OK,x,Bokført,y", "Slutt", profile=profile)
    assert answer.told == (Told("30001", True, "Bokført"),) and answer.unknown == ((2, "Slutt"),)


def test_headings_that_are_there_go_before_a_profile_that_does_not_fit_them() -> None:
    lines = (HEAD, "30003;30001;OK;")
    for profile in (answered(number="Vår ref", verdict="Kode"), answered(number=1, verdict=3)):
        assert read(*lines, profile=profile).told == (Told("30001", True),)
    twice = read("Ref;Kode;Ref", "30001;OK;30002", profile=answered(number="Ref", verdict="Kode"))
    assert twice.told == () and twice.trouble is not None, "which of the two?"
    said = read("Ref;Kode", "30001;OK", profile=answered(number="Vår ref", verdict="Kode")).trouble
    assert said is not None and "Vår ref" in said.params["number"] and said.params["found"] == "“Ref”, “Kode”"


@pytest.mark.parametrize(
    ("written", "documents", "number"),
    [
        ("17", ["00017", "30002"], "00017"),
        ("30002.0", ["30002"], "30002"),
        ("30002,00", ["30002"], "30002"),
        ("'00017", ["00017"], "00017"),
        ("17", ["017", "0017"], None),
        ("17", ["17", "0017"], "17"),
        ("30,000", ["30"], None),
        ("3E4", ["30000"], None),
        ("30002", ["30002", "30002"], None),
    ],
)
def test_a_number_that_a_spreadsheet_changed_is_known_again_only_where_one_document_fits(
    written: str, documents: list[str], number: str | None
) -> None:
    answer = read("Faktura;Status", f"{written};OK", numbers=documents)
    assert [each.number for each in answer.told] == ([] if number is None else [number])
    if number is None:
        assert answer.unknown == ((2, f"{written};OK"),)
    else:
        assert answer.told[0].written == ("" if written == number else written), "a person is told"


def test_a_spreadsheet_is_read_and_its_numbers_are_numbers() -> None:
    rows = [
        ["Faktura", "Status", "Melding"],
        [17, "OK", None],
        [30002.0, "Feil", "Låst"],
        [None],
        ["0018", "OK"],
        [19, "OK"],
    ]
    answer = read_answer(book(*rows), ["00017", "30002", "0018", "19", "019"])
    assert answer.told == (
        Told("00017", True, "", "17"),
        Told("30002", False, "Låst"),
        Told("0018", True),
    )
    assert answer.unknown == ((6, "19; OK"),), "19 or 019: a spreadsheet's number has lost its noughts"


def test_what_is_no_spreadsheet_says_so() -> None:
    good = book(["Faktura", "Status"], [30001, "OK"])
    for content in (
        good[:200],
        b"PK\x03\x04 and nothing",
        good.replace(b"worksheets", b"worksheetz"),
        b"\xd0\xcf\x11\xe0",
    ):
        answer = read_answer(content, NUMBERS)
        assert answer.told == () and answer.trouble is not None and "XLSX" in answer.trouble.text


def test_what_is_too_large_is_not_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    from kobling.files import tables

    content = book(["Faktura", "Status"], *([30001, "OK"] for _ in range(20)))
    for name, most in (("MOST_BYTES", 100), ("MOST_UNPACKED", 100), ("MOST_ROWS", 10)):
        with monkeypatch.context() as limits:
            limits.setattr(tables, name, most)
            answer = read_answer(content, NUMBERS)
            assert answer.told == () and answer.trouble is not None
            assert "larger" in answer.trouble.text or "rows" in answer.trouble.text
    assert read_answer(content, NUMBERS).told


@given(
    st.binary(max_size=300)
    | st.text(max_size=60).map(lambda each: f"{HEAD}\n1;30001;OK\n{each}".encode(errors="replace"))
)
def test_any_bytes_are_read_and_no_document_is_invented(content: bytes) -> None:
    for profile in (
        None,
        answered(number=1, verdict=2),
        answered(number="Faktura", verdict="Status", reason="Melding"),
    ):
        answer = read_answer(content, NUMBERS, profile)
        assert {each.number for each in answer.told} <= set(NUMBERS)
        assert len({each.number for each in answer.told}) == len(answer.told)
