"""A coupled record that leaves the scope is a question, never silence; nothing is written until it is answered."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from kobling.mapping import Side
from kobling.sync.actions import AnyAction, Couple, Delete, RaiseConflict, Update
from kobling.sync.answers import answers
from kobling.sync.plan import plan_loner, plan_pairing
from kobling.sync.states import Hits, Loner, Pairing, Seen
from tests.planner.moves import BASIC

BASE = {"name": "Alfa", "cvr": "1", "mail": "a@x", "city": "Ribe"}
GONE = "status: Cancel"
both_sides = pytest.mark.parametrize("side", list(Side))


def planned(side: Side, mine: dict[str, Any], theirs: dict[str, Any], **more: Any) -> list[AnyAction]:
    """What is planned for a pair of which ``side`` changed its town and is as ``mine`` says."""
    base, policy = more.pop("base", {}), more.pop("policy", None)
    changed = Seen("one", BASE | {"city": "Odense"}, "1", in_scope=False, **mine)
    other = Seen("two", BASE, "1", **theirs)
    left, right = (changed, other) if side is Side.LEFT else (other, changed)
    bases = {each: BASE | (base if each is side else {}) for each in Side}
    pair = Pairing("c", "l", "r", bases[Side.LEFT], bases[Side.RIGHT], left, right, policy)
    return list(plan_pairing(replace(BASIC, **more), pair))


@both_sides
def test_it_is_asked_about_and_nothing_is_written(side: Side) -> None:
    (asked,) = planned(side, {"outside": GONE}, {})
    assert isinstance(asked, RaiseConflict)
    told = [None, GONE, None] if side is Side.LEFT else [None, None, GONE]
    assert (asked.kind, asked.coupling, asked.fields) == ("left_scope", "c", {"scope": told})


@both_sides
def test_what_is_booked_there_needs_a_credit_note(side: Side) -> None:
    (asked,) = planned(side, {"outside": GONE}, {"locked": True})
    assert "credit note" in asked.reason


@both_sides
def test_who_said_that_it_does_not_matter_is_kept_in_step(side: Side) -> None:
    (action,) = planned(side, {"outside": GONE}, {}, base={"scope": GONE})
    assert isinstance(action, Update)


@both_sides
def test_another_reason_asks_again(side: Side) -> None:
    (asked,) = planned(side, {"outside": "status: Blocked"}, {}, base={"scope": GONE})
    assert isinstance(asked, RaiseConflict)


@both_sides
def test_a_person_may_have_the_other_record_deleted(side: Side) -> None:
    (action,) = planned(side, {"outside": GONE}, {}, policy="delete")
    assert isinstance(action, Delete)
    assert (action.side, action.external_id) == (side.other, "two")


@both_sides
def test_what_is_booked_is_not_deleted_whoever_says_so(side: Side) -> None:
    (asked,) = planned(side, {"outside": GONE}, {"locked": True}, policy="delete")
    assert isinstance(asked, RaiseConflict)


@both_sides
def test_where_both_sides_left_nothing_is_asked(side: Side) -> None:
    assert planned(side, {"outside": GONE}, {"outside": "blocked: All"}) == []


@both_sides
def test_a_record_at_its_end_is_left_as_it_is(side: Side) -> None:
    assert planned(side, {"over": True}, {}) == []


@both_sides
def test_history_that_is_kept_out_asks_nothing(side: Side) -> None:
    (action,) = planned(side, {}, {})
    assert isinstance(action, Update)


def test_who_couples_a_record_that_is_left_out_is_not_asked_again() -> None:
    other = Seen("two", BASE, in_scope=False, outside=GONE)
    lone = Loner(Side.LEFT, Seen("one", BASE), (Hits(), Hits()), {"two": other}, decision="couple:two")
    coupled = next(plan_loner(BASIC, lone))
    assert isinstance(coupled, Couple) and coupled.base["scope"] == GONE


@both_sides
def test_a_new_record_that_points_to_what_is_left_out_is_asked_about(side: Side) -> None:
    (asked,) = plan_loner(BASIC, Loner(side, Seen("one", BASE, beyond=("customer",)), (Hits(), Hits())))
    assert isinstance(asked, RaiseConflict)
    assert (asked.kind, list(asked.fields)) == ("out_of_reach", ["customer"])


def test_deleting_is_offered_where_the_pair_may_write() -> None:
    for side in Side:
        told = {each.choice for each in answers("left_scope", BASIC, coupled=True, alone_on=Side.LEFT, gone=side)}
        assert told == {"accept", "delete", "uncouple", "retry"}
