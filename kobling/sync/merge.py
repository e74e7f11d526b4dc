"""Three-way merge per field: what each side changed since they last agreed. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kobling.mapping import ConflictPolicy, FieldMapping, Side, TableMapping
from kobling.sync.states import Pairing, Seen, roundings_of


class _Missing:
    def __repr__(self) -> str:
        return "MISSING"


MISSING = _Missing()


@dataclass(slots=True)
class Merge:
    """The outcome for one pair: changes per side (key → [before, after]), what is agreed, what a person must settle."""

    to_left: dict[str, list[Any]] = field(default_factory=dict)
    to_right: dict[str, list[Any]] = field(default_factory=dict)
    agreed: dict[str, Any] = field(default_factory=dict)
    overwritten: dict[str, Any] = field(default_factory=dict)
    conflicts: dict[str, list[Any]] = field(default_factory=dict)
    posted: dict[str, list[Any]] = field(default_factory=dict)
    proofs: dict[str, list[Any]] = field(default_factory=dict)

    def towards(self, side: Side) -> dict[str, list[Any]]:
        return self.to_left if side is Side.LEFT else self.to_right


def merge(mapping: TableMapping, pairing: Pairing) -> Merge:
    """Merge two existing records field by field against their base."""
    left, right = pairing.left, pairing.right
    if left is None or right is None:
        raise ValueError("a vanished record cannot be merged")
    result = Merge()
    for each in mapping.fields:
        if each.left is None or each.right is None or each.key in left.left_out or each.key in right.left_out:
            continue
        here, there = left.values.get(each.key, MISSING), right.values.get(each.key, MISSING)
        if here is MISSING or there is MISSING:
            _fill_unsent(each, mapping, pairing, here, there, result)
            continue
        if each.same(here, there):
            _remember(each.key, here, pairing, result)
        elif each.proof:
            _prove(each, pairing, here, there, result)
        elif not each.frozen or right.thawed:
            _merge_field(each, mapping, pairing, here, there, result)
    if right.thawed:
        _make_anew(mapping, pairing, result)
    if result.proofs:
        for each in mapping.fields:
            if each.after_proof:
                result.to_left.pop(each.key, None)
                result.to_right.pop(each.key, None)
    return result


def _make_anew(mapping: TableMapping, pairing: Pairing, result: Merge) -> None:
    """What is made again is made whole; whether it is right is proven when it stands there."""
    assert pairing.left is not None and pairing.right is not None
    frozen = [each.key for each in mapping.fields if each.frozen and each.left and each.right]
    if not any(key in result.to_right for key in frozen):
        return
    here, there = pairing.left.values, pairing.right.values
    result.to_right |= {key: [there.get(key), here[key]] for key in frozen if key in here}
    result.proofs.clear()
    for each in mapping.fields:
        if each.after_proof:
            result.to_right.pop(each.key, None)


def _prove(each: FieldMapping, pairing: Pairing, here: Any, there: Any, result: Merge) -> None:
    """Two totals that a person accepted as they are prove nothing any more until one of them moves."""
    if (pairing.base_left.get(each.key, MISSING), pairing.base_right.get(each.key, MISSING)) == (here, there):
        return
    assert pairing.left is not None and pairing.right is not None
    if not each.near(here, there, roundings_of(pairing.left.values, pairing.right.values)):
        result.proofs[each.key] = [None, here, there]


def _fill_unsent(
    each: FieldMapping, mapping: TableMapping, pairing: Pairing, here: Any, there: Any, result: Merge
) -> None:
    """A side that never sends a field can still be told its value; an absent value itself moves nothing."""
    for value, source in ((here, Side.LEFT), (there, Side.RIGHT)):
        if value is MISSING or each.proof or each.frozen:
            continue
        unmoved = each.same(value, pairing.base(source).get(each.key, MISSING))
        if not unmoved and not _is_waiting(pairing.seen(source.other), each.key):
            _send(each, mapping, pairing, source.other, None, value, result)


def _is_waiting(seen: Seen | None, key: str) -> bool:
    return seen is not None and (key in seen.problems or any(wait[0] == key for wait in seen.waits))


def _remember(key: str, value: Any, pairing: Pairing, result: Merge) -> None:
    if pairing.base_left.get(key, MISSING) != value or pairing.base_right.get(key, MISSING) != value:
        result.agreed[key] = value


def _merge_field(
    each: FieldMapping, mapping: TableMapping, pairing: Pairing, here: Any, there: Any, result: Merge
) -> None:
    base_left = pairing.base_left.get(each.key, MISSING)
    base_right = pairing.base_right.get(each.key, MISSING)
    left_moved, right_moved = not each.same(here, base_left), not each.same(there, base_right)
    if not left_moved and not right_moved:
        return
    if base_left is MISSING and base_right is MISSING:
        winner: Side | None = _first_time_winner(each, mapping, here, there)
    elif left_moved and right_moved:
        winner = _conflict_winner(each, mapping, pairing)
    else:
        winner = Side.LEFT if left_moved else Side.RIGHT
    if winner is None:
        result.conflicts[each.key] = [None if base_left is MISSING else base_left, here, there]
        return
    value, loses = (here, there) if winner is Side.LEFT else (there, here)
    known = base_right if winner is Side.LEFT else base_left
    # A field that was emptied says something too; one that was empty when the two met does not.
    if left_moved and right_moved and not (loses is None and known is MISSING):
        result.overwritten[each.key] = loses
    _send(each, mapping, pairing, winner.other, loses, value, result)


def _send(
    each: FieldMapping, mapping: TableMapping, pairing: Pairing, target: Side, before: Any, value: Any, result: Merge
) -> None:
    if not (each.direction.allows(target) and mapping.direction.allows(target)):
        return
    if value is None and not each.clear:
        return
    seen = pairing.seen(target)
    if seen is not None and seen.locked and each.key not in mapping.unlocked:
        result.posted[each.key] = [None, *((value, before) if target is Side.RIGHT else (before, value))]
        return
    result.towards(target)[each.key] = [before, value]


def _first_time_winner(each: FieldMapping, mapping: TableMapping, here: Any, there: Any) -> Side:
    """Never agreed before: a filled value beats an empty one, then the leading side, as far as directions allow."""
    flows_right = each.direction.allows(Side.RIGHT) and mapping.direction.allows(Side.RIGHT)
    flows_left = each.direction.allows(Side.LEFT) and mapping.direction.allows(Side.LEFT)
    if not flows_left:
        return Side.LEFT
    if not flows_right:
        return Side.RIGHT
    if here is None:
        return Side.RIGHT
    if there is None:
        return Side.LEFT
    return mapping.leading


def _conflict_winner(each: FieldMapping, mapping: TableMapping, pairing: Pairing) -> Side | None:
    """Both moved: a one-way flow decides by itself, else the record's, the field's, then the mapping's policy."""
    for side in Side:
        if not (each.direction.allows(side) and mapping.direction.allows(side)):
            return side
    chosen = {rule.value: rule for rule in ConflictPolicy}.get(pairing.policy or "")
    policy = chosen or each.policy or mapping.conflict
    if policy is ConflictPolicy.NEWEST:
        return _newest(pairing.left, pairing.right)
    if policy is ConflictPolicy.ASK:
        return None
    return Side(policy.value)


def _newest(left: Seen | None, right: Seen | None) -> Side | None:
    if left is None or right is None or left.modified_at is None or right.modified_at is None:
        return None
    if left.modified_at == right.modified_at:
        return None
    return Side.LEFT if left.modified_at > right.modified_at else Side.RIGHT


def moved_since_base(mapping: TableMapping, values: Mapping[str, Any], base: Mapping[str, Any]) -> bool:
    """Whether a record's mapped values differ from what it last agreed on."""
    return any(
        each.key in values and not each.same(values[each.key], base.get(each.key, MISSING))
        for each in mapping.fields
        if each.left is not None and each.right is not None and not each.proof and not each.frozen
    )
