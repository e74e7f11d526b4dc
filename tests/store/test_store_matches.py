"""Scratch tables of matching: who shares a key, who competes, who is left, each side and rule by itself."""

from __future__ import annotations

import pytest

from kobling.hub.store import matches
from kobling.mapping import Side

pytestmark = pytest.mark.django_db(transaction=True)
LEFT, RIGHT = Side.LEFT, Side.RIGHT


@pytest.fixture(autouse=True)
def scratch() -> None:
    matches.begin()
    matches.add(
        LEFT, [("l1", "Alfa", True, ["a", "x"]), ("l2", "Beta", False, ["b", None]), ("l3", "Three", True, ["c", "x"])]
    )
    matches.add(
        RIGHT, [("r1", "ALFA", True, ["a", "x"]), ("r2", "BETA", True, ["b", "x"]), ("r3", "Rest", True, ["d", None])]
    )
    matches.add(LEFT, [("l4", "Alone", False, ["e", None])])


def test_beginning_anew_forgets_everything() -> None:
    matches.hit(0, [("l1", "r1")], 0)
    matches.begin()
    assert matches.counts() == {"hits": 0, "groups": 0, "contested": 0, "left": 0, "right": 0}
    assert matches.shared_keys(0, "", 9) == []


def test_shared_keys_are_those_of_both_sides_by_rule_in_order() -> None:
    assert matches.shared_keys(0, "", 9) == [("a", 2), ("b", 2)]
    assert matches.shared_keys(0, "a", 9) == [("b", 2)]
    assert matches.shared_keys(0, "", 1) == [("a", 2)]
    assert matches.shared_keys(1, "", 9) == [("x", 4)]


def test_who_shares_a_key_is_told_by_side_and_whether_it_may_be_coupled_without_a_word() -> None:
    assert matches.sharing(0, ["b", "d"]) == {
        "b": {LEFT: {"l2": False}, RIGHT: {"r2": True}},
        "d": {LEFT: {}, RIGHT: {"r3": True}},
    }
    assert matches.sharing(1, ["x"]) == {"x": {LEFT: {"l1": True, "l3": True}, RIGHT: {"r1": True, "r2": True}}}


def test_who_was_coupled_shares_nothing_any_more_and_comes_among_the_hits() -> None:
    matches.hit(0, [("l1", "r1")], 0)
    matches.hit(1, [("l3", "r2")], 1)
    matches.seal()
    assert matches.shared_keys(0, "", 9) == [] == matches.shared_keys(1, "", 9)
    assert matches.hits(0, 9) == [(0, "l1", "r1", "Alfa", "ALFA"), (1, "l3", "r2", "Three", "BETA")]
    assert matches.hits(1, 9) == [(1, "l3", "r2", "Three", "BETA")] and matches.hits(0, 1)[0][0] == 0
    assert len(matches.hits(0, 1)) == 1
    assert matches.counts() == {"hits": 2, "groups": 0, "contested": 0, "left": 0, "right": 1}


def test_who_competes_stands_in_a_group_of_its_rule_and_key() -> None:
    matches.contest(1, "x", LEFT, ["l3", "l1"])
    matches.contest(1, "x", RIGHT, ["r1"])
    matches.contest(0, "b", LEFT, ["l2"])
    matches.contest(0, "b", RIGHT, [])
    matches.seal()
    assert matches.groups(0, 9) == [(0, "b"), (1, "x")] and matches.groups(1, 9) == [(1, "x")]
    assert matches.groups(0, 1) == [(0, "b")]
    assert matches.groups_after(0, "b", 9) == [(1, "x")] and matches.groups_after(1, "x", 9) == []
    assert matches.groups_after(0, "a", 1) == [(0, "b")]
    assert matches.group(1, "x", LEFT, 9) == [("l1", "Alfa"), ("l3", "Three")]
    assert matches.group(1, "x", LEFT, 1) == [("l1", "Alfa")] and matches.group(1, "x", LEFT, 9, "l1") == [
        ("l3", "Three")
    ]
    assert [matches.group_size(1, "x", side) for side in Side] == [2, 1]
    assert [matches.group_size(0, "x", LEFT), matches.group_size(1, "b", LEFT)] == [0, 0]
    assert matches.counts() == {"hits": 0, "groups": 2, "contested": 4, "left": 0, "right": 2}
    assert matches.shared_keys(1, "", 9) == [], "only r2 is open under x"


def test_all_that_share_a_key_can_compete_at_once_but_for_those_already_settled() -> None:
    matches.hit(0, [("l1", "r1")], 0)
    matches.contest_all(1, "x")
    assert matches.group(1, "x", LEFT, 9) == [("l3", "Three")]
    assert matches.group(1, "x", RIGHT, 9) == [("r2", "BETA")]
    assert matches.hits(0, 9) == [(0, "l1", "r1", "Alfa", "ALFA")]
    assert matches.counts()["contested"] == 2


def test_a_key_of_another_rule_competes_with_nobody() -> None:
    matches.contest_all(0, "x")
    assert matches.counts()["contested"] == 0


def test_the_rest_are_those_that_nothing_matched_and_that_may_be_made() -> None:
    matches.hit(0, [("l1", "r1")], 0)
    matches.contest(0, "b", RIGHT, ["r2"])
    assert matches.unmatched(LEFT, "", 9) == ["l3"] and matches.unmatched(RIGHT, "", 9) == ["r3"]
    assert matches.unmatched(LEFT, "l3", 9) == []
    matches.add(LEFT, [("l0", "More", True, [None, None]), ("l9", "More", True, [None, None])])
    assert matches.unmatched(LEFT, "", 2) == ["l0", "l3"] and matches.unmatched(LEFT, "l0", 9) == ["l3", "l9"]
