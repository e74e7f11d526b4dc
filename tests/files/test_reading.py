"""Answers to files: who was taken, who was not, and no line lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kobling.files import Told, read_answer

NUMBERS = ["30001", "30002", "30003"]


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("30001;OK", Told("30001", True)),
        ("30001;OK;4711", Told("30001", True, "4711")),
        ("ERROR\t30002\tUkjent produkt 1003", Told("30002", False, "Ukjent produkt 1003")),
        ("30002,Feil,Kunden finnes ikke", Told("30002", False, "Kunden finnes ikke")),
        ('30003;Avvist;"Beløp; og mva"', Told("30003", False, "Beløp; og mva")),
        ("80;30003;Godkänd", Told("30003", True, "80")),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-8", "cp1252"])
def test_a_line_in_any_of_the_usual_ways(line: str, wanted: Told, encoding: str) -> None:
    assert read_answer(line.encode(encoding), NUMBERS).told == (wanted,)


def test_lines_that_nobody_understands_are_given_back_with_their_place() -> None:
    answer = read_answer(b"Importlogg\n\n30001;OK\n99999;OK\n30002;kanskje\n", NUMBERS)
    assert [each.number for each in answer.told] == ["30001"]
    assert answer.unknown == ((1, "Importlogg"), (4, "99999;OK"), (5, "30002;kanskje"))


@pytest.mark.parametrize("content", [b"30001;OK\n30001;ERROR;nei\n", b"30001;ERROR;nei\n30001;OK\n"])
def test_spoken_of_in_two_ways_is_refused(content: bytes) -> None:
    assert read_answer(content, NUMBERS).told == (Told("30001", False, "nei"),)


@given(st.binary(max_size=300))
def test_any_bytes_are_read_and_every_line_is_accounted_for(content: bytes) -> None:
    answer = read_answer(content, NUMBERS)
    assert {each.number for each in answer.told} <= set(NUMBERS)
    assert len({each.number for each in answer.told}) == len(answer.told)
