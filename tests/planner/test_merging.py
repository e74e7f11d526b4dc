"""What a merge takes away is told: a value, and an emptying as well, that the rule of the mapping overruled."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from kobling.mapping import ConflictPolicy, FieldMapping, Side, end
from kobling.mapping.people import phone_digits
from kobling.sync.merge import Merge, merge, moved_since_base
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


def pairing(here: dict[str, Any], there: dict[str, Any], left: dict[str, Any], right: dict[str, Any]) -> Pairing:
    return Pairing("c", "l", "r", left, right, Seen("l", here), Seen("r", there))


@pytest.mark.parametrize(("base_left", "base_right", "told"), [({"mail": OLD}, {}, False), ({}, {"mail": OLD}, True)])
def test_what_a_side_is_known_to_have_had_decides_whether_its_emptiness_says_something(
    base_left: dict[str, Any], base_right: dict[str, Any], told: bool
) -> None:
    """Only one side ever agreed on a value: the right one is empty, and either was emptied or never had any."""
    result = merge(
        replace(BASIC, conflict=ConflictPolicy.LEFT), pairing({"mail": NEW}, {"mail": None}, base_left, base_right)
    )
    assert result.overwritten == ({"mail": None} if told else {})
    assert result.to_right == {"mail": [None, NEW]}


@pytest.mark.parametrize(
    ("base_left", "base_right", "agreed"),
    [
        ({"mail": NEW}, {"mail": NEW}, {}),
        ({"mail": NEW}, {"mail": OLD}, {"mail": NEW}),
        ({"mail": OLD}, {"mail": NEW}, {"mail": NEW}),
        ({}, {}, {"mail": NEW}),
    ],
)
def test_equal_values_are_remembered_when_either_side_was_not_known_to_have_them(
    base_left: dict[str, Any], base_right: dict[str, Any], agreed: dict[str, Any]
) -> None:
    result = merge(BASIC, pairing({"mail": NEW}, {"mail": NEW}, base_left, base_right))
    assert result.agreed == agreed and not result.to_left and not result.to_right


@pytest.mark.parametrize("why", ["a value that fits no rule", "a record to wait for"])
def test_a_field_that_a_side_cannot_tell_now_is_not_written_over(why: str) -> None:
    """It sends the field, only not in a way that is understood yet: that is no empty field to be filled."""
    there = Seen("r", {}, problems={"mail": "?"}) if "rule" in why else Seen("r", {}, waits=(("mail", "t", "7"),))
    result = merge(BASIC, Pairing("c", "l", "r", {}, {}, Seen("l", {"mail": NEW}), there))
    assert not result.to_right
    other = merge(
        BASIC, Pairing("c", "l", "r", {}, {}, Seen("l", {"name": "Alfa"}), replace(there, problems={}, waits=()))
    )
    assert other.to_right == {"name": [None, "Alfa"]}


TOTALS = replace(
    BASIC,
    fields=(
        *BASIC.fields,
        FieldMapping("total", end("t"), end("T"), proof=True, by_line=True),
        FieldMapping("booked", end("b"), end("B"), after_proof=True),
    ),
)


@pytest.mark.parametrize(
    ("here", "there", "proven"),
    [
        (100, 100, True),
        (100, Decimal("100.01"), True),
        (100, Decimal("100.02"), False),
        (-100, 100, False),
        (None, 5, False),
    ],
)
def test_totals_prove_each_other_within_the_tolerance_and_hold_back_what_waits_for_them(
    here: Any, there: Any, proven: bool
) -> None:
    left = {"total": here, "booked": True, "lines": [{}, {}]}
    result = merge(TOTALS, pairing(left, {"total": there, "booked": False}, {}, {}))
    assert result.proofs == ({} if proven else {"total": [None, here, there]})
    assert (result.to_right == {"booked": [False, True]}) is proven


def test_totals_that_a_person_accepted_prove_nothing_and_hold_back_nothing_until_one_moves() -> None:
    accepted = pairing({"total": 100, "booked": True}, {"total": 101, "booked": False}, {"total": 100}, {"total": 101})
    assert merge(TOTALS, accepted).proofs == {} and merge(TOTALS, accepted).to_right
    moved = replace(accepted, left=Seen("l", {"total": 102, "booked": True}))
    assert merge(TOTALS, moved).proofs == {"total": [None, 102, 101]} and not merge(TOTALS, moved).to_right


PHONES = replace(
    BASIC,
    fields=(FieldMapping("phone", end("p"), end("P"), compared=phone_digits),),
    match=(),
    conflict=ConflictPolicy.LEFT,
)
TYPED, SPELLED, ANOTHER = "+45 33 12 34 56", "0045 33123456", "+45 44 12 34 56"


def phones(here: Any, there: Any, base: dict[str, Any]) -> Merge:
    return merge(PHONES, pairing({"phone": here}, {"phone": there}, base, base))


@pytest.mark.parametrize("base", [{}, {"phone": TYPED}, {"phone": ANOTHER}])
def test_what_says_the_same_is_written_nowhere_however_it_is_typed(base: dict[str, Any]) -> None:
    result = phones(TYPED, SPELLED, base)
    assert not result.to_left and not result.to_right and not result.conflicts and not result.overwritten
    assert result.agreed == ({} if base == {"phone": TYPED} else {"phone": TYPED})


def test_a_side_that_only_types_it_otherwise_has_not_moved() -> None:
    result = phones(SPELLED, ANOTHER, {"phone": TYPED})
    assert result.to_left == {"phone": [SPELLED, ANOTHER]} and not result.to_right and not result.overwritten
    result = phones(ANOTHER, SPELLED, {"phone": TYPED})
    assert result.to_right == {"phone": [SPELLED, ANOTHER]} and not result.to_left and not result.overwritten


def test_a_side_that_never_sends_it_is_not_told_what_only_looks_new() -> None:
    unsent = pairing({"phone": SPELLED}, {}, {"phone": TYPED}, {})
    assert not merge(PHONES, unsent).to_right
    assert not moved_since_base(PHONES, {"phone": SPELLED}, {"phone": TYPED})
    assert moved_since_base(PHONES, {"phone": ANOTHER}, {"phone": TYPED})
    assert moved_since_base(PHONES, {"phone": None}, {"phone": TYPED})


def test_it_is_carried_as_it_was_typed() -> None:
    assert phones(TYPED, None, {}).to_right == {"phone": [None, TYPED]}


VOUCHER = replace(
    BASIC,
    fields=(
        FieldMapping("text", end("t"), end("T"), frozen=True),
        FieldMapping("amount", end("a"), end("A"), frozen=True),
        FieldMapping("total", end("s"), end("S"), proof=True),
        FieldMapping("state", end("z"), end("Z"), after_proof=True),
    ),
    title_key="text",
)


def voucher(here: dict[str, Any], *, thawed: bool) -> Merge:
    """What becomes of a voucher that was made of ``MADE`` and is ``here`` on the left now."""
    return merge(VOUCHER, Pairing("c", "l", "r", MADE, MADE, Seen("l", here), Seen("r", dict(MADE), thawed=thawed)))


MADE = {"text": "Taxi", "amount": 100, "total": 100, "state": "draft"}


def test_what_is_made_once_stays_as_it_was_made() -> None:
    assert voucher({**MADE, "amount": 90, "total": 90}, thawed=False).to_right == {}


def test_what_was_refused_and_says_something_else_now_is_made_anew_as_a_whole() -> None:
    result = voucher({**MADE, "amount": 90, "total": 90, "state": "posted"}, thawed=True)
    assert result.to_right == {"text": ["Taxi", "Taxi"], "amount": [100, 90]}
    assert result.proofs == {}, "the old total proves nothing of the new one"


def test_what_was_refused_and_says_the_same_is_not_made_anew() -> None:
    result = voucher({**MADE, "state": "posted"}, thawed=True)
    assert result.to_right == {"state": ["draft", "posted"]}
    assert set(voucher({**MADE, "total": 90}, thawed=True).proofs) == {"total"}
