"""What the planner decides about a coupled pair of which one record vanished."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from kobling.mapping import DeletionPolicy, Direction, FieldMapping, Side, TableMapping, end
from kobling.sync.actions import AnyAction, Create, Delete, RaiseConflict, Skip, Uncouple
from kobling.sync.plan import plan
from kobling.sync.states import Pairing, Seen
from tests.planner.moves import BASIC

BASE = {"name": "Alfa", "mail": "old@x"}
EACH = {Side.LEFT: "l", Side.RIGHT: "r"}
TOWARDS = {Side.LEFT: Direction.TO_LEFT, Side.RIGHT: Direction.TO_RIGHT}
both_sides = pytest.mark.parametrize("gone", list(Side))


def planned(
    gone: Side,
    mapping: TableMapping,
    survivor: dict[str, Any] | None = None,
    policy: str | None = None,
    **more: Any,
) -> list[AnyAction]:
    stays = Seen(EACH[gone.other], {**BASE, **(survivor or {})}, "7", **more)
    left, right = (None, stays) if gone is Side.LEFT else (stays, None)
    return list(plan(mapping, [Pairing("c", "l", "r", BASE, BASE, left, right, policy)]))


def rule(deletion: DeletionPolicy, **more: Any) -> TableMapping:
    return replace(BASIC, deletion=deletion, **more)


def question(gone: Side, kind: str = "deleted", title: str = "Alfa") -> RaiseConflict:
    return RaiseConflict(
        kind=kind,
        coupling="c",
        left_id="l",
        right_id="r",
        title=title,
        reason="The record was deleted on the %(side)s side.",
        params={"side": gone.value},
    )


@both_sides
def test_a_person_is_asked_and_told_whether_the_other_record_was_changed_meanwhile(gone: Side) -> None:
    assert planned(gone, rule(DeletionPolicy.ASK)) == [question(gone)]
    assert planned(gone, rule(DeletionPolicy.ASK), {"mail": "new@x"}) == [question(gone, "deleted_but_changed")]


def test_what_each_side_last_had_tells_whether_it_was_changed() -> None:
    """The two bases differ where a vendor kept something else than what was sent."""
    stays = Seen("r", {"mail": "kept@x"})
    asked = [
        next(iter(plan(BASIC, [Pairing("c", "l", "r", {"mail": left}, {"mail": right}, None, stays)])))
        for left, right in (("sent@x", "kept@x"), ("kept@x", "sent@x"))
    ]
    assert [each.kind for each in asked if isinstance(each, RaiseConflict)] == ["deleted", "deleted_but_changed"]


@both_sides
def test_the_rule_says_to_uncouple(gone: Side) -> None:
    assert planned(gone, rule(DeletionPolicy.UNCOUPLE), {"mail": "new@x"}, locked=True) == [
        Uncouple(
            coupling="c",
            left_id="l",
            right_id="r",
            title="Alfa",
            reason="The other record was deleted; the rule says to uncouple.",
        )
    ]


@both_sides
def test_the_rule_says_to_restore_and_it_is_made_of_what_the_other_side_has_now(gone: Side) -> None:
    assert planned(gone, rule(DeletionPolicy.RESTORE), {"mail": "new@x"}) == [
        Create(
            side=gone,
            source_id=EACH[gone.other],
            values={"name": "Alfa", "mail": "new@x"},
            restores="c",
            title="Alfa",
            reason="Deleted there; the rule says to restore.",
        )
    ]


@both_sides
def test_where_nothing_may_be_made_a_person_is_asked_instead_of_restoring(gone: Side) -> None:
    one_way = rule(DeletionPolicy.RESTORE, direction=TOWARDS[gone.other])
    assert planned(gone, one_way) == [question(gone)]


@both_sides
def test_what_is_left_out_waits_or_holds_a_bad_value_is_not_restored(gone: Side) -> None:
    restore = rule(DeletionPolicy.RESTORE)
    assert planned(gone, restore, in_scope=False) == []
    (waits,) = planned(gone, restore, waits=(("customer", "customers", "17"),))
    assert isinstance(waits, Skip)
    assert (waits.side, waits.why, waits.waits_for) == (gone.other, "waits", [["customers", "17"]])
    (bad,) = planned(gone, restore, problems={"mail": "?"})
    assert isinstance(bad, RaiseConflict) and bad.kind == "bad_value"


@both_sides
def test_the_rule_says_to_delete_what_nobody_touched_since(gone: Side) -> None:
    assert planned(gone, rule(DeletionPolicy.DELETE)) == [
        Delete(
            side=gone.other,
            coupling="c",
            external_id=EACH[gone.other],
            version="7",
            title="Alfa",
            reason="Deleted on the other side; the rule says to delete.",
        )
    ]


@both_sides
def test_what_was_changed_is_posted_or_is_written_by_nobody_is_not_deleted(gone: Side) -> None:
    delete = rule(DeletionPolicy.DELETE)
    assert planned(gone, delete, {"mail": "new@x"}) == [question(gone, "deleted_but_changed")]
    assert planned(gone, delete, locked=True) == [question(gone)]
    assert planned(gone, replace(delete, direction=TOWARDS[gone])) == [question(gone)]


@both_sides
def test_a_persons_word_for_one_record_goes_before_the_rule_and_before_what_was_changed(gone: Side) -> None:
    (deleted,) = planned(gone, rule(DeletionPolicy.ASK), {"mail": "new@x"}, policy="delete")
    assert isinstance(deleted, Delete) and deleted.side is gone.other
    (restored,) = planned(gone, rule(DeletionPolicy.DELETE), policy="restore")
    assert isinstance(restored, Create) and restored.side is gone
    (uncoupled,) = planned(gone, rule(DeletionPolicy.DELETE), policy="uncouple")
    assert isinstance(uncoupled, Uncouple)


def test_a_persons_word_deletes_nothing_that_is_posted() -> None:
    assert planned(Side.LEFT, rule(DeletionPolicy.ASK), {"mail": "new@x"}, policy="delete", locked=True) == [
        question(Side.LEFT)
    ]


def test_a_word_about_values_is_none_about_deletions() -> None:
    assert planned(Side.LEFT, rule(DeletionPolicy.ASK), policy="left") == [question(Side.LEFT)]
    (deleted,) = planned(Side.LEFT, rule(DeletionPolicy.DELETE), policy="left")
    assert isinstance(deleted, Delete)


def test_totals_frozen_fields_and_what_only_one_side_has_are_no_changes() -> None:
    fields = (
        *BASIC.fields,
        FieldMapping("total", end("t"), end("T"), proof=True),
        FieldMapping("number", end("n"), end("N"), frozen=True),
        FieldMapping("note", end("o"), None),
        FieldMapping("memo", None, end("m")),
    )
    mapping = rule(DeletionPolicy.DELETE, fields=fields)
    for key in ("total", "number", "note", "memo"):
        (deleted,) = planned(Side.LEFT, mapping, {key: 5})
        assert isinstance(deleted, Delete), key
