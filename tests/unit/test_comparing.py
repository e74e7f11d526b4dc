"""Numbers of two systems compared: every record is told of exactly once, and nothing open is called settled."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kobling.hub.couplings.lookalikes import alike_companies
from kobling.sync.comparing import (
    COLLISION,
    DOUBLE,
    KINDS,
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
)

NOBODY = Said({}, {})


def told(left: list[Known], right: list[Known], said: Said = NOBODY) -> list[tuple[str, str, str, bool]]:
    return [
        (
            each.kind,
            each.left.external_id if each.left else "",
            each.right.external_id if each.right else "",
            each.settled,
        )
        for each in compare(left, right, said, alike_companies)
    ]


@pytest.mark.parametrize(
    ("one", "other", "kind", "settled"),
    [
        (("17", "974760673", "Bergen Bygg AS"), ("17", "974760673", "Noe helt annet"), MATCH, True),
        (("17", "", "Bergen Bygg AS"), ("17", "974760673", "Bergen Bygg A/S"), MATCH, True),
        (("17", "974760673", "Bergen Bygg AS"), ("17", "923609016", "Bergen Bygg AS"), COLLISION, False),
        (("17", "", "Bergen Bygg AS"), ("17", "", "Oslo Havn KF"), COLLISION, False),
        (("17", "974760673", "Bergen Bygg AS"), ("18", "974760673", "BB"), RENUMBERED, False),
        (("17", "", "Bergen Bygg AS"), ("18", "", "bergen bygg as"), RENUMBERED, False),
    ],
)
def test_two_records(one: Any, other: Any, kind: str, settled: bool) -> None:
    assert told([Known("l", *one)], [Known("r", *other)]) == [(kind, "l", "r", settled)]


def test_what_one_side_alone_has_must_be_settled_on_both_sides() -> None:
    found = told([Known("l", "1", "", "A")], [Known("r", "2", "", "B")])
    assert found == [(ONLY_LEFT, "l", "", False), (ONLY_RIGHT, "", "r", False)]
    said = Said({"l": "create"}, {"r": "ignore"})
    assert told([Known("l", "1", "", "A")], [Known("r", "2", "", "B")], said) == [(ONLY_LEFT, "l", "", True)]


def test_a_customer_without_a_number_or_with_a_number_that_another_has_is_never_settled_by_make() -> None:
    left = [Known("a", "", "", "A"), Known("b", "1", "", "B"), Known("c", "1", "", "C"), Known("d", "x", problem="no")]
    said = Said(dict.fromkeys("abcd", "create"), {})
    found = told(left, [], said)
    assert sorted(found) == [
        (DOUBLE, "b", "", False),
        (DOUBLE, "c", "", False),
        (UNNUMBERED, "a", "", False),
        (UNNUMBERED, "d", "", False),
    ]
    assert told(left, [], Said(dict.fromkeys("acd", "ignore") | {"b": "create"}, {})) == [(ONLY_LEFT, "b", "", True)]


def test_a_customer_without_a_number_that_the_other_side_has_already_is_shown_beside_it() -> None:
    left = [Known("a", "", "900", "A"), Known("b", "1", "", "Beta"), Known("c", "1", "", "C")]
    right = [Known("r", "7", "900", "Alfa"), Known("s", "8", "", "BETA")]
    assert sorted(told(left, right, Said(dict.fromkeys("abc", "create"), {}))) == [
        (DOUBLE, "b", "s", False),
        (DOUBLE, "c", "", False),
        (UNNUMBERED, "a", "r", False),
    ]


def test_a_person_may_say_that_two_with_different_numbers_are_the_same() -> None:
    left, right = [Known("l", "1", "", "A")], [Known("r", "2", "", "B"), Known("s", "1", "9", "C")]
    assert told(left, right, Said({"l": "couple:r"}, {})) == [
        (RENUMBERED, "l", "r", True),
        (ONLY_RIGHT, "", "s", False),
    ]
    assert told(left, right, Said({}, {"r": "couple:l"})) == [
        (RENUMBERED, "l", "r", True),
        (ONLY_RIGHT, "", "s", False),
    ]


def test_a_match_that_no_rule_would_couple_by_itself_must_be_remembered() -> None:
    one = Known("l", "1", "", "Bergen Bygg AS")
    for other, wanted in (
        (Known("r", "1", "", "Bergen Bygg Holding AS"), True),
        (Known("r", "1", "", "BERGEN BYGG A/S"), False),
    ):
        assert needs_word(Line(MATCH, "1", one, other, True)) is wanted
    assert not needs_word(Line(COLLISION, "1", one, one, False))


_known = st.builds(
    lambda number, identity, name: (number, identity, name),
    st.sampled_from(["", "1", "2", "3", "4"]),
    st.sampled_from(["", "900", "901", "902"]),
    st.sampled_from(["Alfa", "Beta", "Gamma", "ALFA"]),
)
_words = st.sampled_from(["", "create", "ignore", "couple"])


@given(st.lists(st.tuples(_known, _words), max_size=6), st.lists(st.tuples(_known, _words), max_size=6))
def test_every_record_that_nobody_left_out_is_told_of_exactly_once(left: list[Any], right: list[Any]) -> None:
    lefts = [Known(f"l{at}", *each) for at, (each, _) in enumerate(left)]
    rights = [Known(f"r{at}", *each) for at, (each, _) in enumerate(right)]
    said = Said(_said(left, "l", "r0"), _said(right, "r", "l0"))
    lines = list(compare(lefts, rights, said, alike_companies))
    assert {each.kind for each in lines} <= set(KINDS)
    for side, known, words in (("left", lefts, said.left), ("right", rights, said.right)):
        mentioned = [getattr(each, side).external_id for each in lines if getattr(each, side)]
        wanted = [each.external_id for each in known if words.get(each.external_id) != "ignore"]
        assert not set(wanted) - set(mentioned)
        assert not set(mentioned) - set(wanted)
        if side == "left":
            assert len(mentioned) == len(set(mentioned))
    for each in lines:
        if each.settled and each.left and each.right and each.left.number != each.right.number:
            assert said.coupled(each.left.external_id, each.right.external_id)


def _said(records: list[Any], letter: str, other: str) -> dict[str, str]:
    found = {f"{letter}{at}": word for at, (_, word) in enumerate(records) if word}
    return {key: f"couple:{other}" if word == "couple" else word for key, word in found.items()}
