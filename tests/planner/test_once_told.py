"""A plan says everything once: what both sides tell is let through the first time, nobody gets two partners."""

from __future__ import annotations

from typing import Any

import pytest

from kobling.mapping import Side
from kobling.sync.actions import Agree, AnyAction, Couple, Create, RaiseConflict, Skip, Uncouple, Update, Warn
from kobling.sync.once import Once


def couple(left: str, right: str) -> Couple:
    return Couple(coupling=f"{left}-{right}", left_id=left, right_id=right, base={}, title=f"{left} and {right}")


def update(coupling: str, side: Side = Side.RIGHT) -> Update:
    return Update(side=side, coupling=coupling, external_id="x", other_id="y", changes={"mail": [1, 2]})


def through(*actions: AnyAction, once: Once | None = None) -> list[AnyAction]:
    return list((once or Once()).of(actions))


def create(**changed: Any) -> Create:
    return Create(**{"side": Side.RIGHT, "source_id": "1", "values": {}, **changed})


def skip(**changed: Any) -> Skip:
    return Skip(**{"side": Side.LEFT, "external_id": "1", "why": "waits", "waits_for": [["t", "7"]], **changed})


def conflict(**changed: Any) -> RaiseConflict:
    return RaiseConflict(**{"kind": "maybe_same", "left_id": "1", "right_id": "2", **changed})


def warn(**changed: Any) -> Warn:
    return Warn(**{"kind": "doubtful_number", "left_id": "1", "right_id": "2", **changed})


@pytest.mark.parametrize(
    ("first", "again"),
    [
        (create(), create(title="told from the other side")),
        (skip(), skip(title="told from the other side")),
        (conflict(), conflict(candidates=["1"], title="told from the other side")),
        (warn(), warn(title="told from the other side")),
        (couple("1", "2"), couple("1", "2")),
    ],
)
def test_the_same_told_again_is_left_out_the_first_telling_stands(first: AnyAction, again: AnyAction) -> None:
    assert through(first, again) == [first]


@pytest.mark.parametrize(
    ("first", "other"),
    [
        (create(), create(side=Side.LEFT)),
        (create(), create(source_id="2")),
        (skip(), skip(side=Side.RIGHT)),
        (skip(), skip(external_id="2")),
        (skip(), skip(why="parked")),
        (skip(), skip(waits_for=[["t", "8"]])),
        (conflict(), conflict(kind="ambiguous")),
        (conflict(), conflict(left_id="3")),
        (conflict(), conflict(right_id=None)),
        (warn(), warn(left_id="3")),
        (warn(), warn(right_id="3")),
        (update("c"), update("c", Side.LEFT)),
    ],
)
def test_what_is_told_of_another_record_or_for_another_reason_is_told_as_well(
    first: AnyAction, other: AnyAction
) -> None:
    assert through(first, other) == [first, other]


def test_what_one_side_alone_tells_is_never_taken_for_a_repetition() -> None:
    actions: list[AnyAction] = [update("c"), Uncouple(coupling="c", left_id="1", right_id="2")]
    agree = Agree(coupling="c", base={})
    assert through(*actions, agree, *actions, agree) == [*actions, agree, *actions, agree]


def test_what_an_earlier_chunk_said_counts() -> None:
    once = Once()
    once.note([create(), couple("1", "2")])
    assert through(create(), create(source_id="3"), once=once) == [create(source_id="3")]
    (question,) = through(couple("1", "9"), once=once)
    assert isinstance(question, RaiseConflict)


def test_a_plan_looked_at_in_two_parts_lets_a_thing_through_once() -> None:
    once = Once()
    assert through(create(), once=once) == [create()]
    assert through(create(), once=once) == []


@pytest.mark.parametrize(
    ("second", "left_id", "right_id", "taken"),
    [(couple("1", "9"), None, "9", "1"), (couple("9", "2"), "9", None, "2")],
)
def test_who_wanted_a_record_that_is_given_away_is_asked_about_beside_it(
    second: Couple, left_id: str | None, right_id: str | None, taken: str
) -> None:
    first = couple("1", "2")
    assert through(first, second) == [
        first,
        RaiseConflict(
            kind="ambiguous",
            left_id=left_id,
            right_id=right_id,
            candidates=[taken],
            title=second.title,
            reason="The record that it looks the same as is coupled with another one.",
        ),
    ]


def test_the_question_about_a_record_given_away_stands_once() -> None:
    """Whoever wants two records that are both given away is one question."""
    first, second, third = couple("1", "2"), couple("3", "4"), couple("9", "2")
    asked = through(first, second, third, couple("9", "4"))
    assert [type(each) for each in asked] == [Couple, Couple, RaiseConflict]


def test_neither_of_two_that_were_both_given_away_is_asked_about() -> None:
    first, second = couple("1", "2"), couple("3", "4")
    assert through(first, second, couple("1", "4"), couple("3", "2")) == [first, second]


def test_what_would_have_followed_a_coupling_that_is_dropped_is_dropped_with_it() -> None:
    first, second = couple("1", "2"), couple("9", "2")
    kept = update(first.coupling)
    asked = RaiseConflict(kind="conflict", coupling=second.coupling, left_id="9", right_id="2")
    actions = through(first, kept, second, update(second.coupling), asked, create())
    assert [type(each) for each in actions] == [Couple, Update, RaiseConflict, Create]
    assert kept in actions and asked not in actions


def test_a_coupling_of_two_free_records_is_let_through_after_one_that_was_dropped() -> None:
    first, other = couple("1", "2"), couple("5", "6")
    assert through(first, couple("1", "9"), other, update(other.coupling))[-2:] == [other, update(other.coupling)]
