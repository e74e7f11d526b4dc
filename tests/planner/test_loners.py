"""What the planner decides about a record that is not coupled."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from kobling.mapping import Direction, FieldMapping, Side, TableMapping, end
from kobling.sync.actions import AnyAction, Couple, Create, RaiseConflict, Skip, Update
from kobling.sync.plan import plan
from kobling.sync.states import Hits, Loner, Seen, coupling_id
from tests.planner.moves import BASIC

VALUES = {"name": "Alfa", "cvr": "1", "mail": "a@x"}
TOWARDS = {Side.LEFT: Direction.TO_LEFT, Side.RIGHT: Direction.TO_RIGHT}
SAME, MAYBE = (Hits(("theirs",)),), (Hits(), Hits(("theirs",)))
both_sides = pytest.mark.parametrize("side", list(Side))


def lone(side: Side = Side.LEFT, values: dict[str, Any] | None = None, **more: Any) -> Loner:
    of_seen = {key: more.pop(key) for key in ("in_scope", "waits", "problems") if key in more}
    return Loner(side, Seen("mine", VALUES if values is None else values, **of_seen), **more)


def planned(loner: Loner, mapping: TableMapping = BASIC) -> list[AnyAction]:
    return list(plan(mapping, [loner]))


def kept_in(side: Side) -> TableMapping:
    """Nothing is made on the other side of ``side``."""
    return replace(BASIC, direction=TOWARDS[side])


def question(
    side: Side, kind: str, reason: str, candidates: tuple[str, ...] = (), other: str | None = None, **more: Any
) -> Any:
    left, right = ("mine", other) if side is Side.LEFT else (other, "mine")
    told: dict[str, Any] = {"candidates": list(candidates), "title": "Alfa", "reason": reason, **more}
    return RaiseConflict(kind=kind, left_id=left, right_id=right, **told)


@both_sides
def test_a_new_record_is_made_on_the_other_side(side: Side) -> None:
    made = Create(
        side=side.other, source_id="mine", values=VALUES, title="Alfa", reason=f"New on the {side.value} side."
    )
    assert planned(lone(side)) == [made]


def test_a_record_is_made_of_the_values_that_may_flow_there_and_that_are_written_at_once() -> None:
    fields = (
        FieldMapping("name", end("n"), end("N")),
        FieldMapping("here", end("h"), end("H"), direction=Direction.TO_RIGHT),
        FieldMapping("there", end("t"), end("T"), direction=Direction.TO_LEFT),
        FieldMapping("total", end("s"), end("S"), proof=True),
        FieldMapping("booked", end("b"), end("B"), after_proof=True),
        FieldMapping("number", end("f"), end("F"), frozen=True),
        FieldMapping("unsent", end("u"), end("U")),
    )
    values = {each.key: each.key for each in fields if each.key != "unsent"}
    for side, wanted in ((Side.LEFT, {"name", "here", "number"}), (Side.RIGHT, {"name", "there", "number"})):
        (made,) = planned(lone(side, values), replace(BASIC, fields=fields))
        assert isinstance(made, Create)
        assert made.values == {key: key for key in wanted}


@pytest.mark.parametrize("decision", [None, "create", "couple:theirs"])
def test_a_record_that_is_left_out_stays_left_out(decision: str | None) -> None:
    assert planned(lone(in_scope=False, decision=decision, others={"theirs": Seen("theirs", {})})) == []


@pytest.mark.parametrize("decision", ["ignore", "ask"])
def test_a_person_said_to_leave_it_or_has_still_to_say(decision: str) -> None:
    assert planned(lone(decision=decision)) == []


def test_where_only_coupled_records_count_a_new_one_waits_for_a_persons_word() -> None:
    mapping = replace(BASIC, only_coupled=True)
    assert planned(lone(), mapping) == []
    assert [type(each) for each in planned(lone(decision="create"), mapping)] == [Create]


@both_sides
@pytest.mark.parametrize("decision", [None, "create", "couple:theirs"])
@pytest.mark.parametrize(
    ("open_", "why"),
    [
        ({"busy": True}, "unknown_outcome"),
        ({"parked": True}, "parked"),
        ({"busy": True, "parked": True}, "unknown_outcome"),
    ],
)
def test_a_record_with_an_unknown_outcome_or_that_failed_twice_is_left_for_now(
    side: Side, decision: str | None, open_: dict[str, bool], why: str
) -> None:
    work = lone(side, decision=decision, others={"theirs": Seen("theirs", {})}, **open_)
    assert planned(work) == [Skip(side=side, external_id="mine", why=why, title="Alfa")]


def coupled(side: Side, base: dict[str, Any], reason: str, **params: str) -> Couple:
    left, right = ("mine", "theirs") if side is Side.LEFT else ("theirs", "mine")
    uid = coupling_id("things", left, right)
    return Couple(coupling=uid, left_id=left, right_id=right, base=base, title="Alfa", reason=reason, params=params)


@both_sides
def test_the_same_number_couples_two_and_what_differs_is_written(side: Side) -> None:
    """The leading side decides at a first meeting, whichever side the plan looks from."""
    mine, theirs = VALUES, {**VALUES, "mail": "b@x"}
    couple, update = planned(lone(side, mine, hits=SAME, others={"theirs": Seen("theirs", theirs, "4")}))
    assert couple == coupled(side, {"name": "Alfa", "cvr": "1"}, "Same %(keys)s.", keys="cvr")
    assert isinstance(update, Update) and update.side is Side.RIGHT and update.agree == {}
    assert update.changes == {"mail": ["b@x", "a@x"] if side is Side.LEFT else ["a@x", "b@x"]}
    assert update.coupling == couple.coupling


def test_two_that_are_equal_are_coupled_and_nothing_more_is_said() -> None:
    assert planned(lone(hits=SAME, others={"theirs": Seen("theirs", VALUES)})) == [
        coupled(Side.LEFT, VALUES, "Same %(keys)s.", keys="cvr")
    ]


@both_sides
def test_a_partner_that_somebody_else_took_meanwhile_is_left_for_the_next_run(side: Side) -> None:
    assert planned(lone(side, hits=SAME)) == [
        Skip(side=side, external_id="mine", why="partner_gone", title="Alfa"),
    ]


@both_sides
def test_a_person_names_the_partner_and_the_rules_are_not_asked(side: Side) -> None:
    named = lone(
        side,
        hits=(Hits(("another",)),),
        others={"theirs": Seen("theirs", VALUES), "another": Seen("another", VALUES)},
        decision="couple:theirs",
    )
    assert planned(named) == [coupled(side, VALUES, "A person coupled them.")]


@both_sides
def test_a_partner_whom_a_person_named_and_who_is_gone_is_a_question(side: Side) -> None:
    gone = "The record that a person chose for it is gone, or is coupled with another one."
    assert planned(lone(side, decision="couple:theirs")) == [question(side, "partner_gone", gone)]


@both_sides
@pytest.mark.parametrize("hits", [SAME, MAYBE, (Hits(("a", "b")),), (Hits(taken=("c",)),)])
def test_a_person_said_to_make_it_whatever_looks_the_same(side: Side, hits: tuple[Hits, ...]) -> None:
    (made,) = planned(lone(side, hits=hits, others={"theirs": Seen("theirs", VALUES)}, decision="create"))
    assert isinstance(made, Create)
    assert (made.side, made.reason) == (side.other, "A person said to create it.")


@both_sides
@pytest.mark.parametrize("hits", [SAME, MAYBE])
def test_what_looks_the_same_and_is_left_out_is_asked_about(side: Side, hits: tuple[Hits, ...]) -> None:
    blocked = {"theirs": Seen("theirs", VALUES, in_scope=False)}
    text = "A record that is left out (blocked or inactive) looks the same. Is it?"
    assert planned(lone(side, hits=hits, others=blocked)) == [
        question(side, "maybe_same", text, ("theirs",), other="theirs", asks=side)
    ]


@both_sides
@pytest.mark.parametrize(("alone", "kind"), [(("theirs",), "maybe_same"), (("theirs", "others"), "ambiguous")])
def test_who_resembles_records_that_a_person_left_out_asks_for_itself(
    side: Side, alone: tuple[str, ...], kind: str
) -> None:
    (asked,) = planned(lone(side, hits=(Hits(left_alone=alone),)))
    assert isinstance(asked, RaiseConflict)
    assert (asked.kind, asked.asks, tuple(asked.candidates)) == (kind, side, alone)


@both_sides
def test_the_same_name_is_asked_about(side: Side) -> None:
    text = "A record with the same name exists there. Is it the same one?"
    assert planned(lone(side, hits=MAYBE, others={"theirs": Seen("theirs", VALUES)})) == [
        question(side, "maybe_same", text, ("theirs",), other="theirs")
    ]


@both_sides
def test_several_that_could_be_the_same_are_asked_about_though_they_are_left_out(side: Side) -> None:
    others = {each: Seen(each, VALUES, in_scope=False) for each in ("a", "b")}
    assert planned(lone(side, hits=(Hits(("a", "b")),), others=others)) == [
        question(side, "ambiguous", "Several records could be the same one.", ("a", "b"))
    ]


@both_sides
def test_a_number_that_others_carry_is_asked_about_only_where_the_record_could_be_made(side: Side) -> None:
    taken = lone(side, hits=(Hits(taken=("b",)),))
    text = "Several records here carry the same identity number."
    assert planned(taken) == [question(side, "duplicate_identity", text, ("b",))]
    assert planned(taken, kept_in(side)) == []


@both_sides
def test_what_was_made_by_hand_beside_a_master_is_asked_about(side: Side) -> None:
    text = "It was made by hand here; the other side is the master. Make it there, or leave it out."
    asks = replace(kept_in(side), asks_about_new=True)
    assert planned(lone(side), asks) == [question(side, "made_elsewhere", text)]
    assert planned(lone(side), kept_in(side)) == []
    assert [type(each) for each in planned(lone(side), replace(BASIC, asks_about_new=True))] == [Create]


@both_sides
@pytest.mark.parametrize(
    ("hits", "kind"),
    [(MAYBE, "maybe_same"), ((Hits(("a", "b")),), "ambiguous"), ((Hits(), Hits(("a", "b"))), "ambiguous")],
)
def test_what_looks_the_same_is_asked_about_as_such_beside_a_master_too(
    side: Side, hits: tuple[Hits, ...], kind: str
) -> None:
    (asked,) = planned(lone(side, hits=hits), replace(kept_in(side), asks_about_new=True))
    assert isinstance(asked, RaiseConflict) and asked.kind == kind


@both_sides
def test_where_nothing_may_be_made_a_persons_word_makes_nothing(side: Side) -> None:
    closed = replace(BASIC, **{f"create_{side.other.value}": False})
    assert planned(lone(side, decision="create"), closed) == []


@both_sides
def test_what_it_points_to_comes_first(side: Side) -> None:
    assert planned(lone(side, waits=(("customer", "customers", "17"),), problems={"mail": "?"})) == [
        Skip(
            side=side,
            external_id="mine",
            why="waits",
            waits_for=[["customers", "17"]],
            title="Alfa",
            reason="Waits for a record it depends on.",
        )
    ]


@both_sides
def test_a_value_that_fits_no_rule_is_told_before_anything_is_made(side: Side) -> None:
    left, right = ("mine", None) if side is Side.LEFT else (None, "mine")
    assert planned(lone(side, problems={"mail": "?"})) == [
        RaiseConflict(
            kind="bad_value",
            left_id=left,
            right_id=right,
            fields={"mail": ["?", None, None]},
            title="Alfa",
            reason="A field holds a value that fits no rule.",
        )
    ]


def test_a_record_without_a_name_is_called_by_its_id() -> None:
    assert [each.title for each in planned(lone(values={"mail": "a@x"}))] == ["mine"]


def test_two_records_coupled_again_are_the_same_coupling_and_no_other_two_are() -> None:
    uid = coupling_id("things", "1", "2")
    assert uid == coupling_id("things", "1", "2")
    others = [("things", "2", "1"), ("other", "1", "2"), ("things", "12", "")]
    assert len({uid, *(coupling_id(*each) for each in others)}) == 4
