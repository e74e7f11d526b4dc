"""Coupled records that leave the scope of a table, and new ones that point to what it leaves out. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from kobling.mapping import Side, TableMapping
from kobling.records import N_
from kobling.sync.actions import AnyAction, Delete, RaiseConflict, Skip
from kobling.sync.states import Done, Loner, Pairing, Seen

LEFT_SCOPE, OUT_OF_REACH, DONE_THERE = "left_scope", "out_of_reach", "done_there"
SCOPE = "scope"
"""The key under which a question tells, and a base remembers, by what a record left."""

_LEFT = N_("It is left out on one side now and still stands on the other. Nothing is written until you say what to do.")
_POSTED = N_(
    "It is left out on one side now, and is booked on the other: only a credit note takes it back there. Nothing is "
    "written until you say what to do."
)
_BEYOND = N_("It points to a record that is left out or deleted, and so cannot be made.")


def has_left(pairing: Pairing) -> bool:
    """Whether nothing may be written to a coupled pair: a side is at its end, or left the scope and nobody said that
    this does not matter."""
    return any(each is not None and (each.over or _unsaid(pairing, side)) for side, each in _sides(pairing))


def known_outside(left: Seen, right: Seen) -> dict[str, str]:
    """What is remembered of two that are coupled though one of them is left out: whoever said so knows it."""
    found = left.outside or right.outside
    return {SCOPE: found} if found else {}


def _sides(pairing: Pairing) -> Iterator[tuple[Side, Seen | None]]:
    yield from ((side, pairing.seen(side)) for side in Side)


def _unsaid(pairing: Pairing, side: Side) -> bool:
    seen = pairing.seen(side)
    return seen is not None and bool(seen.outside) and pairing.base(side).get(SCOPE) != seen.outside


def plan_left(mapping: TableMapping, pairing: Pairing, title: str) -> Iterator[AnyAction]:
    """Ask what becomes of the record on the other side, or do what was chosen. Where both left, nothing is asked."""
    left = [side for side in Side if _unsaid(pairing, side)]
    at_its_end = any(each is not None and each.over for _, each in _sides(pairing))
    if len(left) != 1 or at_its_end:
        return
    other = pairing.seen(left[0].other)
    assert other is not None
    if pairing.policy == "delete" and mapping.direction.allows(left[0].other) and not other.locked:
        yield Delete(
            side=left[0].other,
            coupling=pairing.coupling,
            external_id=other.external_id,
            version=other.version,
            title=title,
            reason=N_("A person said to delete it, since the other side leaves it out."),
        )
        return
    told = {side: seen.outside or None if seen else None for side, seen in _sides(pairing)}
    yield RaiseConflict(
        kind=LEFT_SCOPE,
        coupling=pairing.coupling,
        left_id=pairing.left_id,
        right_id=pairing.right_id,
        fields={SCOPE: [None, told[Side.LEFT], told[Side.RIGHT]]},
        title=title,
        reason=_POSTED if other.locked else _LEFT,
    )


def done_there(loner: Loner, done: Done, title: str) -> Skip | RaiseConflict:
    """A document that was done on the other side before it was known here is not made again; a look-alike asks."""
    mine = loner.seen.values
    if not done.against:
        return Skip(
            side=loner.side,
            external_id=loner.seen.external_id,
            why=DONE_THERE,
            title=title,
            reason=N_("It was done there before: %(number)s."),
            params={"number": done.number},
        )
    return RaiseConflict(
        kind=DONE_THERE,
        left_id=loner.seen.external_id,
        fields={key: [None, mine.get(key), value] for key, value in done.against.items()},
        title=title,
        reason=N_("%(number)s carries the same number there, and something else differs. Is it the same one?"),
        params={"number": done.number},
    )


def out_of_reach(seen: Seen, side: Side, title: str) -> RaiseConflict:
    """A record that cannot be made, since what it points to is left out."""
    ids = {f"{side.value}_id": seen.external_id}
    fields = {key: ["", None, None] for key in seen.beyond}
    return RaiseConflict(kind=OUT_OF_REACH, **ids, fields=fields, title=title, reason=_BEYOND)  # type: ignore[arg-type]
