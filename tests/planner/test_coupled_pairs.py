"""What the planner decides about a coupled pair of which both records are there."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from kobling.mapping import Balance, ConflictPolicy, Direction, FieldMapping, Side, TableMapping, end
from kobling.sync.actions import Agree, AnyAction, RaiseConflict, Skip, Uncouple, Update
from kobling.sync.plan import plan
from kobling.sync.states import Loner, Pairing, Seen
from tests.planner.moves import BASIC

BASE = {"name": "Alfa", "cvr": "1", "mail": "old@x", "city": "Ribe"}
EACH = {Side.LEFT: "l", Side.RIGHT: "r"}
MASTER = {
    each: replace(BASIC, fields=tuple(replace(one, policy=each) for one in BASIC.fields)) for each in ConflictPolicy
}


def seen(side: Side, values: dict[str, Any] | None = None, **more: Any) -> Seen:
    return Seen(EACH[side], {**BASE, **(values or {})}, f"version of {EACH[side]}", **more)


def pair(left: Seen | None, right: Seen | None, base: dict[str, Any] | None = None, **more: Any) -> Pairing:
    known = BASE if base is None else base
    return Pairing("c", "l", "r", known, known, left, right, **more)


def of(side: Side, mine: Seen | None, other: Seen | None, **more: Any) -> Pairing:
    return pair(mine, other, **more) if side is Side.LEFT else pair(other, mine, **more)


def planned(work: Pairing | Loner, mapping: TableMapping = BASIC) -> list[AnyAction]:
    return list(plan(mapping, [work]))


def test_everything_under_work_is_decided_in_the_order_given() -> None:
    loner = Loner(Side.LEFT, Seen("new", {"name": "Beta"}))
    changed = pair(seen(Side.LEFT, {"mail": "new@x"}), seen(Side.RIGHT))
    both = [type(each).__name__ for each in plan(BASIC, [loner, changed])]
    assert both == ["Create", "Update"]
    assert [type(each).__name__ for each in plan(BASIC, [changed, loner])] == both[::-1]


@pytest.mark.parametrize("gone", [False, True])
def test_a_pair_with_a_write_of_unknown_outcome_is_left_as_it_is(gone: bool) -> None:
    work = pair(
        None if gone else seen(Side.LEFT, {"mail": "new@x"}), None if gone else seen(Side.RIGHT, {"name": "Beta"})
    )
    told = Skip(side=Side.LEFT, external_id="l", why="unknown_outcome", title="l" if gone else "Alfa")
    assert planned(replace(work, busy=True)) == [told]


def test_a_pair_that_is_gone_on_both_sides_is_forgotten() -> None:
    gone = pair(None, None)
    assert planned(gone) == [Uncouple(coupling="c", left_id="l", right_id="r", reason="Both records are gone.")]


@pytest.mark.parametrize("edited", list(Side))
def test_a_change_is_written_to_the_other_side_upon_the_version_that_was_seen_there(edited: Side) -> None:
    target = edited.other
    assert planned(of(edited, seen(edited, {"mail": "new@x"}), seen(target))) == [
        Update(
            side=target,
            coupling="c",
            external_id=EACH[target],
            other_id=EACH[edited],
            changes={"mail": ["old@x", "new@x"]},
            version=f"version of {EACH[target]}",
            title="Alfa",
            reason="Changed on the other side.",
        )
    ]


def test_what_both_sides_agree_on_anew_goes_along_with_the_first_write_alone() -> None:
    work = pair(
        seen(Side.LEFT, {"city": "Skive", "mail": "new@x"}), seen(Side.RIGHT, {"city": "Skive", "name": "Beta"})
    )
    to_right, to_left = planned(work)
    assert isinstance(to_right, Update) and isinstance(to_left, Update)
    assert (to_right.side, to_right.changes, to_right.agree) == (
        Side.RIGHT,
        {"mail": ["old@x", "new@x"]},
        {"city": "Skive"},
    )
    assert (to_left.side, to_left.changes, to_left.agree) == (Side.LEFT, {"name": ["Alfa", "Beta"]}, {})


def test_both_sides_came_to_the_same_and_it_is_remembered_without_a_write() -> None:
    work = pair(seen(Side.LEFT, {"city": "Skive"}), seen(Side.RIGHT, {"city": "Skive"}))
    assert planned(work) == [
        Agree(coupling="c", base={"city": "Skive"}, title="Alfa", reason="Both sides have the same values.")
    ]


def test_nothing_moved_and_nothing_is_planned() -> None:
    assert planned(pair(seen(Side.LEFT), seen(Side.RIGHT))) == []


def test_a_write_tells_of_what_it_takes_away_itself_and_not_of_what_the_other_write_does() -> None:
    wins = {"mail": ConflictPolicy.LEFT, "city": ConflictPolicy.RIGHT}
    mapping = replace(BASIC, fields=tuple(replace(each, policy=wins.get(each.key)) for each in BASIC.fields))
    work = pair(
        seen(Side.LEFT, {"mail": "left@x", "city": "Skive"}), seen(Side.RIGHT, {"mail": "right@x", "city": "Hobro"})
    )
    to_right, to_left = planned(work, mapping)
    assert isinstance(to_right, Update) and isinstance(to_left, Update)
    assert to_right.overwrites == {"mail": "right@x"} and to_left.overwrites == {"city": "Skive"}


@pytest.mark.parametrize(
    ("there", "policy", "why"),
    [
        ("old@x", None, "Changed on the other side."),
        ("other@x", None, "Both sides changed; the rule of this mapping decided."),
        ("other@x", "left", "A person decided which side is right."),
    ],
)
def test_a_write_says_who_decided(there: str, policy: str | None, why: str) -> None:
    work = pair(seen(Side.LEFT, {"mail": "new@x"}), seen(Side.RIGHT, {"mail": there}), policy=policy)
    (update,) = planned(work, MASTER[ConflictPolicy.LEFT])
    assert isinstance(update, Update)
    assert update.reason == why and update.changes == {"mail": [there, "new@x"]}


def test_a_write_that_overrules_nothing_itself_says_so_although_the_other_one_does() -> None:
    work = pair(seen(Side.LEFT, {"mail": "left@x"}), seen(Side.RIGHT, {"mail": "right@x", "city": "Hobro"}))
    _, to_left = planned(work, replace(BASIC, conflict=ConflictPolicy.LEFT))
    assert to_left.reason == "Changed on the other side."


@pytest.mark.parametrize(
    ("left", "right", "title"),
    [
        ({"name": "Alfa"}, {"name": "Beta"}, "Alfa"),
        ({"name": None}, {"name": "Beta"}, "l"),
        (None, {"name": "Beta"}, "Beta"),
        (None, {}, "r"),
    ],
)
def test_a_pair_is_called_as_the_left_record_is_else_as_the_right_one_each_by_its_name_or_id(
    left: dict[str, Any] | None, right: dict[str, Any], title: str
) -> None:
    work = pair(None if left is None else Seen("l", left), Seen("r", right), base={}, busy=True)
    assert [each.title for each in planned(work)] == [title]


def test_what_a_title_is_taken_from_is_the_mappings_choice() -> None:
    assert planned(pair(seen(Side.LEFT), None, busy=True), replace(BASIC, title_key="mail"))[0].title == "old@x"


def question(kind: str, fields: dict[str, list[Any]], reason: str) -> RaiseConflict:
    return RaiseConflict(kind=kind, coupling="c", left_id="l", right_id="r", fields=fields, title="Alfa", reason=reason)


def test_both_sides_changed_the_same_field_and_a_person_is_asked() -> None:
    work = pair(seen(Side.LEFT, {"mail": "left@x"}), seen(Side.RIGHT, {"mail": "right@x"}))
    assert planned(work) == [
        question("conflict", {"mail": ["old@x", "left@x", "right@x"]}, "Both sides changed the same field.")
    ]


def test_a_change_of_what_is_posted_there_is_a_question() -> None:
    work = pair(seen(Side.LEFT, {"mail": "left@x"}), seen(Side.RIGHT, locked=True))
    assert planned(work) == [
        question(
            "posted",
            {"mail": [None, "left@x", "old@x"]},
            "The record is posted and cannot be changed; a correction is a new entry.",
        )
    ]


@pytest.mark.parametrize("side", list(Side))
def test_a_value_that_fits_no_rule_is_a_question_whichever_side_has_it(side: Side) -> None:
    work = of(side, seen(side, problems={"limit": "“x” is no number"}), seen(side.other))
    assert planned(work) == [
        question("bad_value", {"limit": ["“x” is no number", None, None]}, "A field holds a value that fits no rule.")
    ]


def test_what_can_be_settled_is_settled_beside_what_must_be_asked() -> None:
    work = pair(
        seen(Side.LEFT, {"mail": "left@x", "city": "Skive"}, problems={"limit": "?"}),
        seen(Side.RIGHT, {"mail": "right@x"}),
    )
    assert [getattr(each, "kind", "update") for each in planned(work)] == ["update", "conflict", "bad_value"]


@pytest.mark.parametrize("side", list(Side))
def test_a_field_that_waits_for_another_record_is_told_of_its_side(side: Side) -> None:
    work = of(side, seen(side, waits=(("customer", "customers", "17"), ("item", "items", "4"))), seen(side.other))
    assert planned(work) == [
        Skip(
            side=side,
            external_id=EACH[side],
            why="waits",
            waits_for=[["customers", "17"], ["items", "4"]],
            title="Alfa",
            reason="Waits for a record it depends on.",
        )
    ]


def with_totals(side: Side, limit: str = "0.50") -> TableMapping:
    fields = (
        *BASIC.fields,
        FieldMapping("total", end("t"), end("T"), proof=True),
        FieldMapping("vat", end("v"), end("V"), proof=True),
        FieldMapping("rounding", end("o"), end("O")),
    )
    return replace(BASIC, fields=fields, balance=Balance("total", "rounding", side, Decimal(limit)))


def totals(left: dict[str, Any], right: dict[str, Any], locked: Side | None = None) -> Pairing:
    known = {**BASE, "vat": 25, "rounding": None}
    left = {"lines": [{}] * 100, **left}
    return pair(
        seen(Side.LEFT, {"vat": 25, "rounding": None, **left}, locked=locked is Side.LEFT),
        seen(Side.RIGHT, {"vat": 25, "rounding": None, **right}, locked=locked is Side.RIGHT),
        base=known,
    )


@pytest.mark.parametrize("difference", ["0.50", "-0.50", "0.01"])
@pytest.mark.parametrize("side", list(Side))
def test_a_rounding_difference_up_to_the_limit_is_added_on_the_side_that_rounds(side: Side, difference: str) -> None:
    ours, theirs = {"total": Decimal(100)}, {"total": Decimal(100) + Decimal(difference)}
    work = totals(ours, theirs) if side is Side.LEFT else totals(theirs, ours)
    (update,) = planned(work, with_totals(side))
    assert isinstance(update, Update)
    assert update.side is side and update.changes == {"rounding": [0, Decimal(difference)]}


def rounded_before(known: str | None) -> Pairing:
    """A side that rounds has an adjustment of ten øre; ``known`` is what we know of it."""
    there = {"rounding": Decimal("0.10")}
    work = totals({"total": Decimal(100), **there}, {"total": Decimal("100.25"), **there})
    base = {**work.base_left, "rounding": Decimal(known) if known else Decimal("0.10")}
    return replace(work, base_left={**base, "rounding": None} if known is None else base, base_right=base)


def test_a_rounding_that_a_person_made_is_added_to() -> None:
    mapping = with_totals(Side.LEFT)
    alone = replace(
        mapping, fields=tuple(replace(each, right=None) if each.key == "rounding" else each for each in mapping.fields)
    )
    (update,) = planned(rounded_before(None), alone)
    assert isinstance(update, Update)
    assert update.changes == {"rounding": [Decimal("0.10"), Decimal("0.35")]}


def test_a_rounding_of_ours_that_did_not_help_is_never_added_to() -> None:
    assert asked(rounded_before("0.10"), with_totals(Side.LEFT))


def test_a_difference_that_its_lines_do_not_explain_is_no_rounding() -> None:
    work = totals({"total": Decimal(100), "lines": [{}] * 2}, {"total": Decimal("100.02")})
    assert asked(work, with_totals(Side.LEFT))
    fine = totals({"total": Decimal(100), "lines": [{}] * 4}, {"total": Decimal("100.02")})
    assert isinstance(planned(fine, with_totals(Side.LEFT))[0], Update)


def asked(work: Pairing, mapping: TableMapping) -> dict[str, Any]:
    """The fields of the question about totals; whatever is written beside it is no rounding."""
    actions = planned(work, mapping)
    assert not any("rounding" in getattr(each, "changes", ()) for each in actions)
    (told,) = [each for each in actions if isinstance(each, RaiseConflict)]
    assert (told.kind, told.reason) == ("totals", "The totals of the two sides differ.")
    return dict(told.fields)


@pytest.mark.parametrize("side", list(Side))
def test_a_larger_difference_is_a_question(side: Side) -> None:
    work = totals({"total": Decimal(100)}, {"total": Decimal("100.51")})
    assert asked(work, with_totals(side)) == {"total": [None, 100, Decimal("100.51")]}


def test_no_side_rounds_and_any_difference_is_a_question() -> None:
    mapping = replace(with_totals(Side.LEFT), balance=None)
    assert asked(totals({"total": 100}, {"total": Decimal("100.01")}), mapping)


@pytest.mark.parametrize("side", list(Side))
def test_what_is_posted_is_not_rounded(side: Side) -> None:
    work = totals({"total": 100}, {"total": Decimal("100.01")}, locked=side)
    assert asked(work, with_totals(side))
    assert isinstance(planned(work, with_totals(side.other))[0], Update)


@pytest.mark.parametrize("side", list(Side))
def test_a_side_that_nothing_flows_to_is_not_rounded_either(side: Side) -> None:
    work = totals({"total": 100}, {"total": Decimal("100.01")})
    away = Direction.TO_LEFT if side is Side.RIGHT else Direction.TO_RIGHT
    assert asked(work, replace(with_totals(side), direction=away))
    assert isinstance(planned(work, replace(with_totals(side.other), direction=away))[0], Update)


def test_a_total_that_is_not_there_cannot_be_rounded() -> None:
    for ours, theirs in ((None, 1), (1, None)):
        assert asked(totals({"total": ours}, {"total": theirs}), with_totals(Side.LEFT, "5"))


def test_another_total_that_differs_is_no_matter_of_rounding() -> None:
    assert asked(totals({"vat": 26}, {}), with_totals(Side.LEFT, "5")) == {"vat": [None, 26, 25]}
    both = totals({"total": 100, "vat": 26}, {"total": Decimal("100.01")})
    assert asked(both, with_totals(Side.LEFT, "5")).keys() == {"total", "vat"}


@pytest.mark.parametrize("edited", list(Side))
def test_what_is_about_to_change_is_rounded_once_it_has_changed(edited: Side) -> None:
    sides: dict[Side, dict[str, Any]] = {Side.LEFT: {"total": 100}, Side.RIGHT: {"total": Decimal("100.01")}}
    sides[edited]["mail"] = "new@x"
    work = totals(sides[Side.LEFT], sides[Side.RIGHT])
    assert asked(work, with_totals(Side.LEFT))
    assert [each.changes for each in planned(work, with_totals(Side.LEFT)) if isinstance(each, Update)] == [
        {"mail": ["old@x", "new@x"]}
    ]
