"""The merge of one field: who moved, who wins, which way it may flow, and what a posted record keeps."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from kobling.mapping import ConflictPolicy, Direction, FieldMapping, Side, TableMapping, end
from kobling.sync.merge import Merge, merge, moved_since_base
from kobling.sync.states import Pairing, Seen
from tests.planner.moves import BASIC

OLD, NEW, OTHER = "old@x", "new@x", "other@x"
TOWARDS = {Side.LEFT: Direction.TO_LEFT, Side.RIGHT: Direction.TO_RIGHT}
MAIL = FieldMapping("mail", end("m"), end("M"))
ABSENT = object()
both_sides = pytest.mark.parametrize("side", list(Side))


def table(field: FieldMapping = MAIL, **more: Any) -> TableMapping:
    return replace(BASIC, fields=(field, *(each for each in BASIC.fields if each.key != "mail")), **more)


def values(mail: Any) -> dict[str, Any]:
    return {} if mail is ABSENT else {"mail": mail}


def pair(left: Any, right: Any, base_left: Any = OLD, base_right: Any = OLD, **more: Any) -> Pairing:
    return Pairing(
        "c", "l", "r", values(base_left), values(base_right), Seen("l", values(left)), Seen("r", values(right)), **more
    )


def of(side: Side, mine: Any, other: Any, base_mine: Any = OLD, base_other: Any = OLD, **more: Any) -> Pairing:
    """The same with ``mine`` on ``side``."""
    if side is Side.LEFT:
        return pair(mine, other, base_mine, base_other, **more)
    return pair(other, mine, base_other, base_mine, **more)


def flows(result: Merge) -> dict[Side, list[Any]]:
    assert all(result.towards(each).keys() <= {"mail"} for each in Side)
    return {each: result.towards(each)["mail"] for each in Side if result.towards(each)}


def changed(pairing: Pairing, side: Side, **more: Any) -> Pairing:
    """The pair with something else about the record of a side."""
    seen = pairing.seen(side)
    assert seen is not None
    return replace(pairing, **{side.value: replace(seen, **more)})


@both_sides
def test_a_vanished_record_cannot_be_merged(side: Side) -> None:
    with pytest.raises(ValueError, match="vanished"):
        merge(BASIC, replace(pair(NEW, OLD), **{side.value: None}))


@both_sides
def test_who_moved_alone_is_followed_even_to_an_emptying(side: Side) -> None:
    for value in (NEW, None):
        result = merge(table(), of(side, value, OLD))
        assert flows(result) == {side.other: [OLD, value]}
        assert not result.overwritten and not result.conflicts and not result.agreed


def test_two_that_differ_on_purpose_and_did_not_move_stay_as_they_are() -> None:
    assert merge(table(), pair(NEW, OTHER, NEW, OTHER)) == Merge()


@both_sides
@pytest.mark.parametrize("leading", list(Side))
def test_who_moved_is_followed_also_where_one_side_alone_ever_agreed(side: Side, leading: Side) -> None:
    """The one that agreed on what it holds did not move; the other did, whichever side leads."""
    assert flows(merge(table(leading=leading), of(side, NEW, OLD, ABSENT, OLD))) == {side.other: [OLD, NEW]}


@pytest.mark.parametrize(("base", "told"), [(OLD, OLD), (ABSENT, None), (None, None)])
def test_a_question_shows_what_was_agreed_and_both_values(base: Any, told: Any) -> None:
    assert merge(table(), pair(NEW, OTHER, base, OLD)).conflicts == {"mail": [told, NEW, OTHER]}


@both_sides
def test_an_emptiness_is_overruled_only_where_that_side_ever_had_a_value(side: Side) -> None:
    """Both moved: one to a new value, the other is empty where it was known to be filled, or never known to be."""
    wins = table(conflict=ConflictPolicy(side.value))
    assert merge(wins, of(side, NEW, None, ABSENT, OLD)).overwritten == {"mail": None}
    assert merge(wins, of(side, NEW, None, OLD, ABSENT)).overwritten == {}


def one_way(where: str, target: Side, **more: Any) -> TableMapping:
    """A mail that flows towards one side alone, by its field's rule or by its table's."""
    if where == "field":
        return table(replace(MAIL, direction=TOWARDS[target]), **more)
    return table(direction=TOWARDS[target], **more)


ways = pytest.mark.parametrize("where", ["field", "table"])


@ways
@both_sides
def test_what_moved_against_the_flow_stays_where_it_is(where: str, side: Side) -> None:
    assert merge(one_way(where, side), of(side, NEW, OLD)) == Merge()
    assert flows(merge(one_way(where, side), of(side, OLD, NEW))) == {side: [OLD, NEW]}


@ways
@both_sides
@pytest.mark.parametrize("policy", [ConflictPolicy.ASK, ConflictPolicy.LEFT, ConflictPolicy.RIGHT])
def test_both_moved_and_the_flow_decides_whatever_the_policy_says(
    where: str, side: Side, policy: ConflictPolicy
) -> None:
    result = merge(one_way(where, side, conflict=policy), of(side, OTHER, NEW))
    assert flows(result) == {side: [OTHER, NEW]}
    assert result.overwritten == {"mail": OTHER} and not result.conflicts


@ways
@both_sides
@pytest.mark.parametrize("leading", list(Side))
@pytest.mark.parametrize(("mine", "source"), [(OTHER, NEW), (None, NEW), (OTHER, None)])
def test_at_a_first_meeting_the_source_of_a_one_way_flow_decides_whoever_leads_and_whatever_is_empty(
    where: str, side: Side, leading: Side, mine: Any, source: Any
) -> None:
    result = merge(one_way(where, side, leading=leading), of(side, mine, source, ABSENT, ABSENT))
    assert flows(result) == {side: [mine, source]}


def test_a_field_and_its_table_that_flow_against_each_other_move_nothing() -> None:
    mapping = table(replace(MAIL, direction=Direction.TO_LEFT), direction=Direction.TO_RIGHT)
    for pairing in (pair(NEW, OLD), pair(OLD, NEW), pair(NEW, ABSENT), pair(ABSENT, NEW), pair(NEW, OTHER)):
        assert not flows(merge(mapping, pairing))


@both_sides
def test_at_a_first_meeting_a_value_beats_an_emptiness_and_the_leading_side_beats_the_other(side: Side) -> None:
    for leading in Side:
        first = merge(table(leading=leading), of(side, NEW, None, ABSENT, ABSENT))
        assert flows(first) == {side.other: [None, NEW]}
    assert flows(merge(table(leading=side), of(side, NEW, OTHER, ABSENT, ABSENT))) == {side.other: [OTHER, NEW]}


@both_sides
def test_the_word_of_a_person_goes_before_the_fields_rule_and_that_before_the_tables(side: Side) -> None:
    mine, theirs = ConflictPolicy(side.value), ConflictPolicy(side.other.value)
    both = of(side, NEW, OTHER)
    won = {side.other: [OTHER, NEW]}
    assert flows(merge(table(conflict=mine), both)) == won
    assert flows(merge(table(replace(MAIL, policy=mine), conflict=theirs), both)) == won
    said = replace(both, policy=side.value)
    assert flows(merge(table(replace(MAIL, policy=theirs), conflict=theirs), said)) == won


@pytest.mark.parametrize("word", [None, "delete"])
def test_a_word_that_is_none_about_values_leaves_the_rule_standing(word: str | None) -> None:
    assert flows(merge(table(conflict=ConflictPolicy.LEFT), pair(NEW, OTHER, policy=word))) == {
        Side.RIGHT: [OTHER, NEW]
    }


EARLIER, LATER = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)


@both_sides
def test_the_newest_wins_and_where_none_is_newer_or_known_to_be_a_person_is_asked(side: Side) -> None:
    newest = table(conflict=ConflictPolicy.NEWEST)

    def result(mine: datetime | None, other: datetime | None) -> Merge:
        dated = changed(of(side, NEW, OTHER), side, modified_at=mine)
        return merge(newest, changed(dated, side.other, modified_at=other))

    assert flows(result(LATER, EARLIER)) == {side.other: [OTHER, NEW]}
    for mine, other in ((LATER, LATER), (LATER, None), (None, LATER), (None, None)):
        assert result(mine, other).conflicts and not flows(result(mine, other))


@both_sides
def test_where_emptying_is_off_an_emptied_field_empties_nothing_and_a_filled_one_still_flows(side: Side) -> None:
    keeps = table(replace(MAIL, clear=False))
    assert not flows(merge(keeps, of(side, None, OLD)))
    assert flows(merge(keeps, of(side, NEW, OLD))) == {side.other: [OLD, NEW]}


@both_sides
def test_a_posted_record_is_asked_about_but_for_the_fields_that_stay_open(side: Side) -> None:
    posted = changed(of(side, NEW, OLD), side.other, locked=True)
    result = merge(table(), posted)
    assert not flows(result)
    assert result.posted == {"mail": [None, NEW, OLD] if side is Side.LEFT else [None, OLD, NEW]}
    open_ = merge(table(unlocked=frozenset({"mail"})), posted)
    assert flows(open_) == {side.other: [OLD, NEW]} and not open_.posted
    assert merge(table(unlocked=frozenset({"name"})), posted).posted


@both_sides
def test_a_posted_record_can_still_be_followed(side: Side) -> None:
    assert flows(merge(table(), changed(of(side, NEW, OLD), side, locked=True))) == {side.other: [OLD, NEW]}


@both_sides
def test_a_side_that_never_sends_a_field_is_told_what_changed_and_nothing_else(side: Side) -> None:
    assert flows(merge(table(), of(side, NEW, ABSENT))) == {side.other: [None, NEW]}
    assert merge(table(), of(side, OLD, ABSENT)) == Merge()
    assert merge(table(), of(side, OLD, ABSENT, OLD, NEW)) == Merge()


def test_a_field_that_neither_side_sends_is_nothing() -> None:
    assert merge(table(), pair(ABSENT, ABSENT)) == Merge()


@both_sides
def test_a_frozen_field_is_never_written_again_but_remembered_where_it_agrees(side: Side) -> None:
    frozen = table(replace(MAIL, frozen=True))
    assert merge(frozen, of(side, NEW, OLD)) == Merge()
    assert merge(frozen, of(side, NEW, ABSENT)) == Merge()
    assert merge(frozen, of(side, NEW, NEW)) == Merge(agreed={"mail": NEW})


@both_sides
def test_a_total_that_one_side_does_not_send_is_neither_written_nor_a_question(side: Side) -> None:
    assert merge(table(replace(MAIL, proof=True)), of(side, 5, ABSENT)) == Merge()


@both_sides
def test_a_total_that_is_empty_on_one_side_proves_nothing(side: Side) -> None:
    proven = merge(table(replace(MAIL, proof=True)), of(side, 5, None)).proofs
    assert proven == {"mail": [None, 5, None] if side is Side.LEFT else [None, None, 5]}


@both_sides
def test_totals_that_differ_hold_back_what_waits_for_them_and_nothing_else(side: Side) -> None:
    fields = (
        replace(MAIL, key="total", proof=True),
        replace(MAIL, key="booked", after_proof=True),
        replace(MAIL, key="note"),
    )
    mine, other = {"total": 5, "booked": True, "note": "b"}, {"total": 6, "booked": False, "note": "a"}
    base = {"booked": False, "note": "a"}
    left, right = (mine, other) if side is Side.LEFT else (other, mine)
    result = merge(replace(BASIC, fields=fields), Pairing("c", "l", "r", base, base, Seen("l", left), Seen("r", right)))
    assert result.proofs.keys() == {"total"}
    assert result.towards(side.other) == {"note": ["a", "b"]} and not result.towards(side)


@both_sides
def test_a_field_that_one_side_alone_has_is_no_matter_of_two(side: Side) -> None:
    alone = table(replace(MAIL, **{side.value: None}))
    for pairing in (of(side, NEW, OLD), of(side, NEW, NEW), of(side, NEW, ABSENT), of(side, ABSENT, NEW)):
        assert merge(alone, pairing) == Merge()


@both_sides
def test_a_field_that_cannot_be_carried_now_is_left_alone_on_both_sides(side: Side) -> None:
    for mine, other in ((NEW, OLD), (OLD, NEW), (NEW, NEW), (ABSENT, NEW)):
        left_out = changed(of(side, mine, other), side, left_out=frozenset({"mail"}))
        assert merge(table(), left_out) == Merge()


@both_sides
def test_a_field_waits_by_itself_while_another_waits(side: Side) -> None:
    """What is waited for, or fits no rule, is another field: this one is filled."""
    waits = changed(of(side, NEW, ABSENT), side.other, waits=(("city", "t", "7"),), problems={"name": "?"})
    assert flows(merge(table(), waits)) == {side.other: [None, NEW]}


@pytest.mark.parametrize(
    ("field", "now", "base", "moved"),
    [
        (MAIL, NEW, OLD, True),
        (MAIL, None, OLD, True),
        (MAIL, NEW, ABSENT, True),
        (MAIL, OLD, OLD, False),
        (MAIL, ABSENT, OLD, False),
        (MAIL, ABSENT, ABSENT, False),
        (replace(MAIL, left=None), NEW, OLD, False),
        (replace(MAIL, right=None), NEW, OLD, False),
        (replace(MAIL, proof=True), NEW, OLD, False),
        (replace(MAIL, frozen=True), NEW, OLD, False),
    ],
)
def test_a_record_moved_where_a_value_that_is_kept_in_step_is_not_what_was_agreed(
    field: FieldMapping, now: Any, base: Any, moved: bool
) -> None:
    assert moved_since_base(table(field), values(now), values(base)) is moved


def test_one_field_that_moved_is_enough() -> None:
    assert moved_since_base(BASIC, {"name": "A", "mail": NEW}, {"name": "A", "mail": OLD})
