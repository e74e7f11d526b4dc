"""How records find each other: what their keys are made of, who is paired off, and what the hits mean."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from hashlib import blake2b
from itertools import permutations
from typing import Any

import pytest

from kobling.mapping import Evidence, MatchRule, Side
from kobling.records.texts import folded
from kobling.sync.matching import match_keys, pair_off, verdict
from kobling.sync.states import Hits, Loner, Seen
from tests.planner.moves import BASIC

NUMBER, NAME = BASIC.match


def key(value: Any, *, silent: bool = True, ignore_case: bool = True) -> str | None:
    evidence, agrees = (Evidence.AGREEING, ("mail",)) if silent else (Evidence.HINT, ())
    rule = MatchRule(("name",), evidence, agrees, ignore_case)
    return match_keys(replace(BASIC, match=(rule,)), {"name": value})[0]


@pytest.mark.parametrize("empty", [None, "", "   "])
@pytest.mark.parametrize("silent", [True, False])
def test_what_is_empty_finds_nobody(empty: str | None, silent: bool) -> None:
    assert key(empty, silent=silent) is None


def test_a_field_that_was_not_sent_finds_nobody_and_the_other_rules_still_do() -> None:
    by_number, by_name = match_keys(BASIC, {"name": "Alfa"})
    assert by_number is None and by_name is not None


def test_a_name_of_punctuation_alone_finds_nobody_who_is_called_otherwise() -> None:
    assert key("--", silent=False) is None
    assert key("--") is not None


@pytest.mark.parametrize("other", ["12345674", " 12345674 ", 12345674])
def test_a_number_is_the_same_however_it_is_typed(other: Any) -> None:
    assert key("12345674") == key(other)


@pytest.mark.parametrize(("one", "other"), [("a", "b"), ("1", "10"), (0, None), ("A-1", "A1")])
def test_different_values_have_different_keys(one: Any, other: Any) -> None:
    assert key(one) != key(other)


def test_keys_are_kept_in_the_database_and_stay_what_they_are() -> None:
    """One made in another way than those that are kept would find nobody."""
    assert key("Ab-1") == blake2b(b"ab-1", digest_size=12).hexdigest()


def test_nought_is_a_value() -> None:
    assert key(0) is not None and key(Decimal(0)) == key(0)


def test_case_counts_only_where_the_rule_says_so() -> None:
    assert key("Ab-1") == key("aB-1")
    assert key("Ab-1", ignore_case=False) != key("aB-1", ignore_case=False)


@pytest.mark.parametrize("other", ["BØGH & SØN", "Boegh og Soen", "Bøgh og Søn.", "  bøgh,  &  søn "])
def test_names_that_only_suggest_are_compared_loosely(other: str) -> None:
    assert key("Bøgh & Søn", silent=False) == key(other, silent=False)
    assert key("Bøgh & Søn", silent=False) != key("Bøgh Søn", silent=False)


def test_names_that_couple_by_themselves_are_compared_strictly() -> None:
    assert key("Bøgh & Søn") != key("Boegh og Soen")


def test_all_fields_of_a_rule_count_and_each_is_its_own() -> None:
    def both(name: Any, mail: Any) -> str | None:
        rule = MatchRule(("name", "mail"), Evidence.PARTS)
        return match_keys(replace(BASIC, match=(rule,)), {"name": name, "mail": mail})[0]

    assert both("a", "b") == both("A", "b ")
    assert both("a", None) is None and both(None, "b") is None
    assert len({both("a", "b"), both("a", "c"), both("c", "b"), both("b", "a"), both("ab", ""), both("", "ab")}) == 5


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("  Bøgh & Søn A/S ", "boegh og soen a s"),
        ("ÆØÅ", "aeoeaa"),
        ("Café Jönköping-Süd", "cafe joenkoeping sued"),
        ("Märta", "maerta"),
    ],
)
def test_a_folded_name_has_no_case_no_punctuation_and_one_spelling_of_letters(name: str, wanted: str) -> None:
    assert folded(name) == wanted


@pytest.mark.parametrize("left", list(permutations(["a", "b", "c"])))
@pytest.mark.parametrize("right", list(permutations(["x", "y"])))
def test_several_that_share_a_key_compete_and_none_is_paired_in_whatever_order(
    left: tuple[str, ...], right: tuple[str, ...]
) -> None:
    assert pair_off(left, right) == ([], {"a", "b", "c"}, {"x", "y"})


def test_one_on_each_side_are_a_pair() -> None:
    assert pair_off(["a"], ["x"]) == ([("a", "x")], set(), set())


@pytest.mark.parametrize(("left", "right"), [([], ["x"]), (["a"], []), ([], [])])
def test_who_shares_a_key_with_nobody_there_competes_with_nobody(left: list[str], right: list[str]) -> None:
    assert pair_off(left, right) == ([], set(), set())


@pytest.mark.parametrize(
    ("left", "right", "competing"),
    [(["a", "b"], ["x"], ({"a", "b"}, {"x"})), (["a"], ["x", "y"], ({"a"}, {"x", "y"}))],
)
def test_two_for_one_are_no_pair(left: list[str], right: list[str], competing: tuple[set[str], set[str]]) -> None:
    assert pair_off(left, right) == ([], *competing)


def test_who_was_said_never_to_be_the_same_leaves_the_others_to_each_other() -> None:
    assert pair_off(["b", "a"], ["y", "x"], {("a", "y"), ("b", "x")}) == ([("a", "x"), ("b", "y")], set(), set())
    assert pair_off(["a", "b"], ["x"], {("b", "x")}) == ([("a", "x")], set(), set())
    assert pair_off(["a"], ["x"], {("a", "x")}) == ([], set(), set())


def test_two_that_have_each_other_alone_are_a_pair_beside_others_that_compete() -> None:
    """a has x alone and x has a alone; b and c compete for y."""
    never = {("a", "y"), ("b", "x"), ("c", "x")}
    assert pair_off(["a", "b", "c"], ["x", "y"], never) == ([("a", "x")], {"b", "c"}, {"y"})


def test_whoever_has_one_hit_that_another_wants_as_well_competes() -> None:
    """b has x alone, but x could be a as well."""
    assert pair_off(["a", "b"], ["x", "y"], {("b", "y")}) == ([], {"a", "b"}, {"x", "y"})


def judged(*hits: Hits, never: tuple[str, ...] = ()) -> tuple[str, tuple[str, ...], MatchRule | None]:
    found = verdict(BASIC, Loner(Side.LEFT, Seen("mine", {}), hits, never=frozenset(never)))
    return found.kind, found.candidates, found.rule


NONE = Hits()


@pytest.mark.parametrize(
    ("by_number", "by_name", "wanted"),
    [
        (NONE, NONE, ("nobody", (), None)),
        (Hits(("a",)), NONE, ("same", ("a",), NUMBER)),
        (Hits(("a", "b")), NONE, ("ambiguous", ("a", "b"), NUMBER)),
        (Hits(("a",), rivals=("m",)), NONE, ("ambiguous", ("a",), NUMBER)),
        (Hits(rivals=("m",)), NONE, ("duplicate_identity", ("m",), NUMBER)),
        (Hits(taken=("c",)), NONE, ("duplicate_identity", ("c",), NUMBER)),
        (Hits(("a",), taken=("c",)), NONE, ("duplicate_identity", ("c",), NUMBER)),
        (NONE, Hits(("a",)), ("maybe_same", ("a",), NAME)),
        (NONE, Hits(("a", "b")), ("ambiguous", ("a", "b"), NAME)),
        (NONE, Hits(("a",), rivals=("m",)), ("ambiguous", ("a",), NAME)),
        (NONE, Hits(rivals=("m",)), ("nobody", (), None)),
        (NONE, Hits(taken=("c",)), ("nobody", (), None)),
        (NONE, Hits(("a",), taken=("c",)), ("maybe_same", ("a",), NAME)),
        (NONE, Hits(left_alone=("i",)), ("maybe_same", ("i",), NAME)),
        (NONE, Hits(left_alone=("i", "j")), ("ambiguous", ("i", "j"), NAME)),
        (NONE, Hits(("a",), left_alone=("i",)), ("maybe_same", ("a",), NAME)),
        (Hits(("a",)), Hits(("b", "c")), ("same", ("a",), NUMBER)),
        (Hits(rivals=("m",)), Hits(("b",)), ("duplicate_identity", ("m",), NUMBER)),
    ],
)
def test_the_first_rule_with_hits_decides(by_number: Hits, by_name: Hits, wanted: Any) -> None:
    assert judged(by_number, by_name) == wanted


@pytest.mark.parametrize(
    ("hits", "wanted"),
    [
        ((Hits(("a",)), NONE), ("nobody", (), None)),
        ((Hits(("a", "b")), NONE), ("same", ("b",), NUMBER)),
        ((Hits(("a",)), Hits(("a", "b"))), ("maybe_same", ("b",), NAME)),
        ((NONE, Hits(left_alone=("a",))), ("nobody", (), None)),
        ((NONE, Hits(left_alone=("a", "b"))), ("maybe_same", ("b",), NAME)),
    ],
)
def test_who_was_said_never_to_be_the_same_is_no_hit(hits: tuple[Hits, ...], wanted: Any) -> None:
    assert judged(*hits, never=("a",)) == wanted


def test_a_record_that_no_rule_was_asked_about_is_like_nobody() -> None:
    assert judged() == ("nobody", (), None)
