"""Doubts about numbers, and what fields point to: told of each record that is looked at; nothing waits. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from kobling.mapping import Side, TableMapping
from kobling.mapping.identity import Checked
from kobling.records import N_
from kobling.sync.actions import Point, Warn
from kobling.sync.states import Loner, Pairing, Seen

DOUBTFUL = "doubtful_number"
UNCARRIED = "without_field"
INFORMATIONAL = ("altered", DOUBTFUL, UNCARRIED)
"""Kinds of issues that nothing waits for."""
_DOUBTED = N_("The check digits of %(number)s do not fit. It goes on as it is; look whether it is right.")
GOES_WITHOUT = N_("A field cannot be carried; the record goes without it.")


def doubts(mapping: TableMapping, work: Iterable[Pairing | Loner]) -> Iterator[Warn]:
    """One warning per record with a number whose check digits do not fit, whichever side has it."""
    checks = {each.key: (each.check, each.label or each.key) for each in mapping.fields if each.check is not None}
    if not checks:
        return
    for each in work:
        ids, seen = _of(each)
        wrong = {
            label: value
            for key, (check, label) in checks.items()
            for value in _values(each, seen, key)
            if check(value) is Checked.DOUBTFUL
        }
        if wrong:
            number = ", ".join(sorted({str(value) for value in wrong.values()}))
            yield _warn(mapping, ids, seen, kind=DOUBTFUL, reason=_DOUBTED, params={"number": number}, fields=wrong)


def uncarried(mapping: TableMapping, work: Iterable[Pairing | Loner]) -> Iterator[Warn]:
    """One warning per record of which a light field cannot be carried, whichever side has it."""
    if not any(each.light for each in mapping.fields):
        return
    for each in work:
        ids, seen = _of(each)
        wrong = {key: told for one in seen.values() for key, told in one.lacking.items()}
        if wrong:
            yield _warn(mapping, ids, seen, kind=UNCARRIED, reason=GOES_WITHOUT, **told_of(wrong))


def _warn(mapping: TableMapping, ids: Mapping[Side, str | None], seen: Mapping[Side, Seen], **told: Any) -> Warn:
    titles = [one.values.get(mapping.title_key) for one in seen.values()]
    left, right = ids[Side.LEFT], ids[Side.RIGHT]
    return Warn(left_id=left, right_id=right, title=str(next(filter(None, titles), "") or left or right), **told)


def told_of(lacking: Mapping[str, Any]) -> dict[str, Any]:
    """Fields that are lacking as an issue tells them, and in one text by which the same values are known again."""
    values = "; ".join(f"{key}: {told[1].get('value', '')}" for key, told in sorted(lacking.items()))
    return {"params": {"values": values}, "fields": {key: [told, None, None] for key, told in lacking.items()}}


def points(work: Iterable[Pairing | Loner]) -> Iterator[Point]:
    """What each record points to that is not coupled yet, by the side that tells it."""
    for each in work:
        _, seen = _of(each)
        if isinstance(each, Loner) and each.seen.beyond and each.decision != "ignore":
            # Out of scope for what it points to, and so until that is coupled.
            seen = {each.side: each.seen}
        for side, one in seen.items():
            for _mapping, target in one.points_to:
                yield Point(side=side, external_id=one.external_id, awaited=target)


def _values(each: Pairing | Loner, seen: Mapping[Side, Seen], key: str) -> list[Any]:
    """What is to be checked: where one side alone was edited, the other's value is about to be replaced."""
    found = {side: one.values[key] for side, one in seen.items() if key in one.values}
    if isinstance(each, Pairing):
        edited = {side: value for side, value in found.items() if value != each.base(side).get(key)}
        found = edited or found
    return list(found.values())


def _of(each: Pairing | Loner) -> tuple[dict[Side, str | None], dict[Side, Seen]]:
    if isinstance(each, Loner):
        told = each.seen.in_scope and each.decision != "ignore"
        ids = {side: each.seen.external_id if side is each.side else None for side in Side}
        return ids, {each.side: each.seen} if told else {}
    sides = {side: one for side in Side if (one := each.seen(side)) is not None and one.in_scope}
    return {side: each.id_of(side) for side in Side}, sides
