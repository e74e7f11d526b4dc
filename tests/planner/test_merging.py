"""What a merge takes away is told: a value, and an emptying as well, that the rule of the mapping overruled."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from kobling.mapping import ConflictPolicy, Side
from kobling.sync.merge import Merge, merge
from kobling.sync.states import Pairing, Seen
from tests.planner.moves import BASIC

OLD, NEW, OTHER = "old@x", "new@x", "other@x"


def merged(here: Any, there: Any, *, base: dict[str, Any], wins: ConflictPolicy) -> Merge:
    left, right = Seen("l", {"mail": here}), Seen("r", {"mail": there})
    return merge(replace(BASIC, conflict=wins), Pairing("c", "l", "r", base, base, left, right))


@pytest.mark.parametrize("wins", [ConflictPolicy.LEFT, ConflictPolicy.RIGHT])
@pytest.mark.parametrize("loses", [OTHER, None])
def test_both_moved_and_what_loses_is_told_be_it_a_value_or_an_emptying(wins: ConflictPolicy, loses: Any) -> None:
    sides = (NEW, loses) if wins is ConflictPolicy.LEFT else (loses, NEW)
    result = merged(*sides, base={"mail": OLD}, wins=wins)
    target = Side.RIGHT if wins is ConflictPolicy.LEFT else Side.LEFT
    assert result.overwritten == {"mail": loses}
    assert result.towards(target) == {"mail": [loses, NEW]} and not result.towards(target.other)


@pytest.mark.parametrize("sides", [(NEW, None), (None, NEW)])
def test_a_field_that_was_empty_when_the_two_met_overrules_and_loses_nothing(sides: tuple[Any, Any]) -> None:
    result = merged(*sides, base={}, wins=ConflictPolicy.LEFT)
    assert result.overwritten == {}
    assert result.towards(Side.LEFT if sides[0] is None else Side.RIGHT) == {"mail": [None, NEW]}


def test_two_values_that_met_for_the_first_time_lose_one_and_tell_of_it() -> None:
    assert merged(NEW, OTHER, base={}, wins=ConflictPolicy.ASK).overwritten == {"mail": OTHER}


def test_only_one_moved_and_nothing_is_overruled() -> None:
    result = merged(None, OLD, base={"mail": OLD}, wins=ConflictPolicy.RIGHT)
    assert result.overwritten == {} and result.to_right == {"mail": [OLD, None]}
