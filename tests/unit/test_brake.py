"""The brake: which counts are not believed, and what a person is told of them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kobling.mapping import Side
from kobling.sync.brake import Counts, Limits, brake
from tests.planner.moves import BASIC

SOUND = Counts(left=100, right=100, coupled=100)


def codes(counts: Counts, limits: Limits | None = None) -> list[str | None]:
    return [each.code for each in brake(BASIC, counts, limits)]


def test_a_table_from_which_nothing_vanished_is_believed() -> None:
    assert codes(SOUND) == []


@pytest.mark.parametrize("side", list(Side))
def test_a_side_that_is_empty_at_once_is_not_believed_and_named(side: Side) -> None:
    (unsafe,) = brake(BASIC, replace(SOUND, **{side.value: 0}))
    assert (unsafe.code, unsafe.params) == ("side_empty", {"coupled": 100, "table": "things", "side": side.value})
    assert str(unsafe) == f"All 100 coupled records of things vanished from the {side.value} side at once."


@pytest.mark.parametrize("side", list(Side))
def test_many_that_vanished_are_not_believed_and_counted(side: Side) -> None:
    (unsafe,) = brake(BASIC, replace(SOUND, **{f"gone_{side.value}": 11}))
    assert (unsafe.code, unsafe.params) == (
        "mass_deletion",
        {"gone": 11, "coupled": 100, "table": "things", "side": side.value},
    )
    assert str(unsafe) == f"11 of 100 coupled records of things vanished from the {side.value} side."


def test_both_sides_are_looked_at() -> None:
    assert codes(replace(SOUND, left=0, gone_right=50)) == ["side_empty", "mass_deletion"]
    assert codes(replace(SOUND, gone_left=50, right=0)) == ["mass_deletion", "side_empty"]


def test_an_empty_side_is_told_once_however_many_vanished() -> None:
    assert codes(replace(SOUND, left=0, gone_left=100)) == ["side_empty"]


def test_where_nothing_is_coupled_nothing_can_vanish() -> None:
    assert codes(Counts(left=0, right=0, coupled=0, gone_left=9, gone_right=9)) == []


def test_one_record_that_is_left_is_not_an_empty_side() -> None:
    assert codes(replace(SOUND, left=1)) == []


@pytest.mark.parametrize(
    ("coupled", "gone", "told"),
    [
        (100, 10, False),
        (100, 11, True),
        (1000, 100, False),
        (1000, 101, True),
        (5, 4, False),
        (5, 5, True),
        (49, 5, True),
        (50, 5, False),
    ],
)
def test_it_takes_more_than_a_tenth_of_the_coupled_records_and_at_least_five(
    coupled: int, gone: int, told: bool
) -> None:
    assert bool(codes(Counts(coupled, coupled, coupled, gone_left=gone))) is told


def test_the_limits_are_whoever_asks_to_choose() -> None:
    assert codes(replace(SOUND, gone_left=2), Limits(share=0.01, few=1)) == ["mass_deletion"]
    assert codes(replace(SOUND, gone_left=50), Limits(share=0.5, few=1)) == []


def test_nothing_vanished_unless_it_is_said() -> None:
    assert codes(Counts(left=1, right=1, coupled=1), Limits(share=0, few=1)) == []
