"""Comparing numbers rule by rule: a person's word, doubles, numbers that both have, and those found by another mark."""

from __future__ import annotations

from typing import Any

import pytest

from kobling.sync.comparing import (
    COLLISION,
    DOUBLE,
    MATCH,
    ONLY_LEFT,
    ONLY_RIGHT,
    RENUMBERED,
    UNNUMBERED,
    Known,
    Line,
    Said,
    compare,
    needs_word,
    same_party,
)

NOBODY = Said({}, {})


def compared(left: list[Known], right: list[Known], said: Said = NOBODY) -> list[Line]:
    return list(compare(left, right, said, lambda one, other: one[:1] == other[:1]))


A, B = Known("a", "1", "900", "Alfa"), Known("b", "2", "901", "Beta")
R, S = Known("r", "1", "900", "Alfa"), Known("s", "9", "909", "Sigma")


def test_one_number_on_both_sides_is_found_whatever_else_there_is_and_each_line_has_its_number() -> None:
    assert compared([A, B], [S, R]) == [
        Line(MATCH, "1", A, R, True),
        Line(ONLY_LEFT, "2", B, None, False),
        Line(ONLY_RIGHT, "9", None, S, False),
    ]


@pytest.mark.parametrize("said", [Said({"a": "couple:s"}, {}), Said({}, {"s": "couple:a"})])
def test_two_that_a_person_called_the_same_are_settled_and_told_of_under_the_left_number(said: Said) -> None:
    assert compared([A], [S], said) == [Line(RENUMBERED, "1", A, S, True)]
    assert said.coupled("a", "s") and not said.coupled("s", "a") and not said.coupled("a", "r")


def test_two_with_one_number_that_a_person_called_the_same_are_a_match_whatever_their_identities() -> None:
    other = Known("r", "1", "555", "Zeta")
    assert compared([A], [other]) == [Line(COLLISION, "1", A, other, False)]
    assert compared([A], [other], Said({"a": "couple:r"}, {})) == [Line(MATCH, "1", A, other, True)]


@pytest.mark.parametrize("said", [Said({"a": "create"}, {"r": "create"}), Said({"a": "r"}, {}), Said({}, {"r": "a"})])
def test_only_a_word_that_couples_couples(said: Said) -> None:
    assert not said.coupled("a", "r")
    assert [each.settled for each in compared([A], [Known("r", "7", "1", "Z")], said)][-1] is False


def test_whom_the_left_record_is_said_to_be_counts_before_who_is_said_to_be_it() -> None:
    said = Said({"a": "couple:r"}, {"s": "couple:a"})
    assert compared([A], [R, S], said) == [Line(MATCH, "1", A, R, True), Line(ONLY_RIGHT, "9", None, S, False)]


def test_nobody_is_given_to_two_by_a_word() -> None:
    said = Said({"a": "couple:s", "b": "couple:s"}, {})
    assert compared([A, B], [S], said) == [Line(RENUMBERED, "1", A, S, True), Line(ONLY_LEFT, "2", B, None, False)]


@pytest.mark.parametrize("said", [Said({"a": "couple:gone"}, {}), Said({"a": "couple:s"}, {"s": "ignore"})])
def test_a_word_about_a_record_that_is_gone_or_left_out_is_none(said: Said) -> None:
    assert compared([A], [S], said)[0] == Line(ONLY_LEFT, "1", A, None, False)


def test_who_was_left_out_is_nobodys_on_either_side() -> None:
    assert compared([A], [R], Said({"a": "ignore"}, {})) == [Line(ONLY_RIGHT, "1", None, R, False)]
    assert compared([A], [R], Said({}, {"r": "ignore"})) == [Line(ONLY_LEFT, "1", A, None, False)]
    assert compared([A], [R], Said({"a": "ignore"}, {"r": "ignore"})) == []


@pytest.mark.parametrize(
    "one", [Known("a", "", "777", "Q"), Known("a", "1", "777", "Q", problem="no number"), Known("a", "", problem="")]
)
def test_a_number_that_is_missing_or_cannot_be_used_finds_nobody(one: Known) -> None:
    assert compared([one], [R]) == [
        Line(UNNUMBERED, one.number, one, None, False),
        Line(ONLY_RIGHT, "1", None, R, False),
    ]


def test_a_right_record_without_a_number_has_none_in_common_with_anybody() -> None:
    one, other = Known("a", "", "", "Q"), Known("r", "", "", "Alfa")
    assert compared([one], [other]) == [
        Line(UNNUMBERED, "", one, None, False),
        Line(ONLY_RIGHT, "", None, other, False),
    ]


def test_a_number_that_several_have_is_told_of_each_and_finds_nobody_by_it() -> None:
    twin = Known("c", "1", "", "Gamma")
    lone = Known("r", "1", "", "Rho")
    assert compared([A, twin, B], [lone]) == [
        Line(DOUBLE, "1", A, None, False),
        Line(DOUBLE, "1", twin, None, False),
        Line(ONLY_LEFT, "2", B, None, False),
        Line(ONLY_RIGHT, "1", None, lone, False),
    ]


@pytest.mark.parametrize(
    ("theirs", "found"),
    [
        (Known("r", "8", "900", "Zeta"), True),
        (Known("r", "8", "", "ALFA"), True),
        (Known("r", "8", "555", "alfa"), True),
        (Known("r", "8", "555", "Zeta"), False),
        (Known("r", "8", "", ""), False),
    ],
)
def test_another_number_is_known_again_by_its_identity_else_by_its_name(theirs: Known, found: bool) -> None:
    lines = compared([A], [theirs])
    if found:
        assert lines == [Line(RENUMBERED, "1", A, theirs, False)]
    else:
        assert lines == [Line(ONLY_LEFT, "1", A, None, False), Line(ONLY_RIGHT, "8", None, theirs, False)]


def test_what_tells_neither_identity_nor_name_is_known_again_by_nobody() -> None:
    bare, theirs = Known("a", "1"), Known("r", "8")
    assert compared([bare], [theirs]) == [
        Line(ONLY_LEFT, "1", bare, None, False),
        Line(ONLY_RIGHT, "8", None, theirs, False),
    ]


def test_an_identity_is_believed_before_a_name() -> None:
    by_name, by_identity = Known("r", "8", "", "Alfa"), Known("s", "9", "900", "Zeta")
    assert compared([A], [by_name, by_identity]) == [
        Line(RENUMBERED, "1", A, by_identity, False),
        Line(ONLY_RIGHT, "8", None, by_name, False),
    ]


def test_whose_number_was_found_already_is_known_again_by_nobody_else() -> None:
    """B has Alfa's identity, but Alfa's record there is A's."""
    again = Known("b", "2", "900", "Alfa")
    assert compared([A, again], [R]) == [Line(MATCH, "1", A, R, True), Line(ONLY_LEFT, "2", again, None, False)]


def test_a_person_said_to_make_it_and_the_one_that_looks_the_same_is_told_of_by_itself() -> None:
    theirs = Known("r", "8", "900", "Alfa")
    assert compared([A], [theirs], Said({"a": "create"}, {})) == [
        Line(ONLY_LEFT, "1", A, None, True),
        Line(ONLY_RIGHT, "8", None, theirs, False),
    ]


def test_to_make_it_settles_neither_a_double_nor_a_missing_number_and_shows_who_looks_the_same() -> None:
    bare, twin = Known("c", "", "909", ""), Known("b", "1", "902", "Rho")
    rho = Known("r", "8", "", "rho")
    said = Said(dict.fromkeys("abc", "create"), {})
    assert compared([A, twin, bare], [S, rho], said) == [
        Line(UNNUMBERED, "", bare, S, False),
        Line(DOUBLE, "1", A, None, False),
        Line(DOUBLE, "1", twin, rho, False),
    ]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (("900", "Alfa"), ("900", "Zeta"), True),
        (("900", "Alfa"), ("901", "Alfa"), False),
        (("", "Alfa"), ("901", "Anna"), True),
        (("900", "Alfa"), ("", "Anna"), True),
        (("", "Alfa"), ("", "Zeta"), False),
    ],
)
def test_a_party_is_the_same_by_identity_where_both_tell_one_else_by_its_name(one: Any, other: Any, same: bool) -> None:
    left, right = Known("l", "1", *one), Known("r", "1", *other)
    assert same_party(left, right, lambda one, other: one[0] == other[0]) is same
    assert compared([left], [right]) == [Line(MATCH if same else COLLISION, "1", left, right, same)]


@pytest.mark.parametrize(
    ("one", "other", "needed"),
    [
        (("900", "Alfa"), ("900", "Zeta"), False),
        (("900", "Alfa"), ("901", "Zeta"), True),
        (("", "Alfa"), ("", "Zeta"), True),
        (("", "Alfa"), ("", "ALFA"), False),
        (("900", "Alfa"), ("", "ALFA"), False),
    ],
)
def test_a_match_is_remembered_where_neither_identity_nor_name_would_couple_it(
    one: Any, other: Any, needed: bool
) -> None:
    left, right = Known("l", "1", *one), Known("r", "1", *other)
    assert needs_word(Line(MATCH, "1", left, right, True)) is needed
    assert not needs_word(Line(RENUMBERED, "1", left, right, True))
    assert not needs_word(Line(MATCH, "1", left, None, True)) and not needs_word(Line(MATCH, "1", None, right, True))
