"""Numbers of a table compared over the mirror, and the gate that nothing passes until every difference is settled."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import datetime

from kobling.access.actors import KOBLING
from kobling.hub.couplings.lookalikes import alike_companies
from kobling.hub.models import Decision, Table
from kobling.hub.planning.workbench import Workbench
from kobling.hub.store import couplings, mirror
from kobling.mapping import Comparison, Side, TableMapping, holds, read
from kobling.records import N_, NotOffered, from_json
from kobling.sync.comparing import ONLY_LEFT, ONLY_RIGHT, Known, Line, Said, compare, needs_word

PAGE = 1000


def lines(bench: Workbench) -> Iterator[Line]:
    """Every finding of a table that is to be compared, from what was read last; coupled records are left out.

    Needs memory for one number, identity and name of each record that is not coupled.
    """
    rule = bench.mapping.compare
    assert rule is not None
    yield from compare(_known(bench, rule, Side.LEFT), _known(bench, rule, Side.RIGHT), _said(bench), alike_companies)


def require(bench: Workbench, now: datetime) -> None:
    """Let a table through once everything is settled, and remember that. Raises NotOffered saying what is open."""
    row = Table.objects.get(pk=bench.table)
    if bench.mapping.compare is None or row.compared_at is not None:
        return
    open_kinds: Counter[str] = Counter()
    same: list[tuple[str, str]] = []
    for each in lines(bench):
        if not each.settled:
            open_kinds[each.kind] += 1
        elif needs_word(each) and each.left and each.right:
            same.append((each.left.external_id, each.right.external_id))
    if open_kinds:
        raise NotOffered(
            N_("Compare the numbers before anything is sent: %(open)s are not settled."),
            code="numbers_not_compared",
            open=open_kinds.total(),
            detail=", ".join(f"{kind} {number}" for kind, number in sorted(open_kinds.items())),
        )
    _remember(bench, same, now)
    Table.objects.filter(pk=bench.table).update(compared_at=now)


def _remember(bench: Workbench, same: Collection[tuple[str, str]], now: datetime) -> None:
    """Those whose numbers agree and whose names are nearly the same are coupled without asking once more."""
    told = {"table_id": bench.table, "side": Side.LEFT.value, "choice": "couple", "decided_by": KOBLING.key}
    spoken = set(Decision.objects.filter(table_id=bench.table, choice="couple").values_list("external_id", "other_id"))
    spoken |= {(left, right) for right, left in spoken}
    fresh = [each for each in same if each not in spoken]
    Decision.objects.bulk_create(
        [
            Decision(external_id=left, other_id=right, why="same number", decided_at=now, **told)
            for left, right in fresh
        ],
        batch_size=PAGE,
    )
    mirror.touch(bench.feeds[Side.LEFT], [left for left, _ in fresh])


def _known(bench: Workbench, rule: Comparison, side: Side) -> Iterator[Known]:
    feed, position = bench.feeds[side], 0
    narrow = _only(bench.mapping, rule)
    while ids := mirror.page(feed, position, PAGE):
        position = ids[-1][0]
        names = [external_id for _, external_id in ids]
        coupled = couplings.coupled_in([bench.table, *bench.siblings[side]], side, names)
        for external_id, row in mirror.by_ids(feed, [each for each in names if each not in coupled]).items():
            fields = from_json(row.fields)
            if row.gone or not holds(narrow.filter(side), fields):
                continue
            told = read(narrow, side, fields, bench.resolver)
            values = {key: str(told.values.get(key) or "") for key in (rule.number, rule.identity, rule.name)}
            yield Known(
                external_id,
                values[rule.number],
                values[rule.identity],
                values[rule.name],
                told.problems.get(rule.number),
            )


def _only(mapping: TableMapping, rule: Comparison) -> TableMapping:
    wanted = (rule.number, rule.identity, rule.name)
    return replace(mapping, fields=tuple(each for each in mapping.fields if each.key in wanted))


def _said(bench: Workbench) -> Said:
    found: dict[str, dict[str, str]] = {"left": {}, "right": {}}
    told = Decision.objects.filter(table_id=bench.table, choice__in=("create", "ignore", "couple"))
    for side, external_id, choice, other in told.values_list("side", "external_id", "choice", "other_id"):
        found[side][external_id] = f"couple:{other}" if choice == "couple" else choice
    return Said(found["left"], found["right"])


def simple_answers(kind: str) -> tuple[Side, str] | None:
    """What may be said of all findings of a kind at once: whose record, and the word; None where each is its own."""
    return {ONLY_LEFT: (Side.LEFT, "create"), ONLY_RIGHT: (Side.RIGHT, "ignore")}.get(kind)
