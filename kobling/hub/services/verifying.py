"""Proves that two sides are in step: both read afresh, compared field by field and total by total."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from kobling.access.policy import Actor, Doing, require
from kobling.hub.connections import afresh
from kobling.hub.connections.afresh import Told
from kobling.hub.connections.opening import Opener
from kobling.hub.models import Decision, Pair, SyncIssue
from kobling.hub.planning import gather
from kobling.hub.planning.leaving import BY_CHOICE, DONE_BEFORE, why_left_out
from kobling.hub.planning.workbench import Workbench
from kobling.hub.store import couplings, mirror
from kobling.hub.store.quiet import QUIET
from kobling.mapping import FieldMapping, Side
from kobling.records import N_, Unsafe, exact, from_json
from kobling.sync.merge import MISSING, Merge, merge
from kobling.sync.states import Pairing, Seen, roundings_of

PAGE = 500
Control = tuple[str, str, str, str]
"""Period, account or product, VAT code, currency."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not in step. ``kind``: field, total, control, missing, gone, question."""

    table: str
    kind: str
    title: str
    left_id: str | None
    right_id: str | None
    field: str = ""
    left: Any = None
    right: Any = None


@dataclass(slots=True)
class TableReport:
    """What was compared of one table. ``totals``: key and currency (``total DKK``) → [left, right] over all coupled
    records; amounts of different currencies are never added.

    ``rounded``: key → [records, difference]: totals that differ by no more than the mapping tolerates, since the two
    systems round in their own ways; the difference is the sum of right minus left.
    ``left_out``: records without a counterpart that are no difference; ``left_out_by``: (side, reason) → how many of
    them: the vendor's field that a filter does not take, or that a person chose so.
    ``control``: (period, account, VAT code, currency) → [left, right] over all coupled records.
    """

    name: str
    in_step: int = 0
    kept_differently: int = 0
    left_out: int = 0
    left_out_by: dict[tuple[str, str], int] = field(default_factory=dict)
    differences: int = 0
    totals: dict[str, list[Decimal]] = field(default_factory=dict)
    rounded: dict[str, list[Decimal]] = field(default_factory=dict)
    control: dict[Control, list[Decimal]] = field(default_factory=dict)


@dataclass(slots=True)
class Report:
    """The outcome; ``in_step`` only when nothing differs and nothing waits."""

    tables: list[TableReport] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)
    more: int = 0

    @property
    def in_step(self) -> bool:
        return not self.differences


def verify(actor: Actor, pair: Pair, opener: Opener, told: Told = lambda _what, _n: None, most: int = 200) -> Report:
    """Read both sides afresh and compare. Raises Unsafe while a run is going on."""
    require(actor, Doing.SPEND, pair.client)
    if pair.left.held_by or pair.right.held_by:
        raise Unsafe(N_("A run is going on. Verify when it has ended."), code="run_going_on")
    benches = opener.benches(pair)
    afresh.read_tables(pair, opener, benches.values(), told)
    report = Report()
    for name, bench in benches.items():
        told(name, 0)
        table = TableReport(name)
        for difference in _differences(bench, table):
            table.differences += 1
            if len(report.differences) < most:
                report.differences.append(difference)
            else:
                report.more += 1
        report.tables.append(table)
    return report


def _differences(bench: Workbench, table: TableReport) -> Iterator[Difference]:
    after = ""
    while links := couplings.page(bench.table, after, PAGE):
        after = links[-1].uid
        for pairing in gather.pairings_of(bench, links):
            yield from _compare(bench, pairing, table)
    for key, (left, right) in sorted(table.control.items()):
        if left != right:
            yield Difference(bench.name, "control", " · ".join(key), None, None, key[1], left, right)
    for side in Side:
        yield from _missing(bench, side, table)
    for issue in SyncIssue.objects.filter(table_id=bench.table).exclude(state="settled").exclude(QUIET):
        yield Difference(bench.name, "question", issue.title, issue.left_id, issue.right_id, issue.kind)


def _compare(bench: Workbench, pairing: Pairing, table: TableReport) -> Iterator[Difference]:
    title = _title(bench, pairing)
    if pairing.left is None or pairing.right is None:
        gone = "left" if pairing.left is None else "right"
        yield Difference(bench.name, "gone", title, pairing.left_id, pairing.right_id, gone)
        return
    result = merge(bench.mapping, pairing)
    _add_totals(bench, pairing, table)
    _add_control(bench, pairing, table)
    found = list(_fields(result))
    for kind, key, left, right in found:
        yield Difference(bench.name, kind, title, pairing.left_id, pairing.right_id, key, left, right)
    if not found:
        table.in_step += 1
        if _kept_differently(bench, pairing):
            table.kept_differently += 1


def _fields(result: Merge) -> Iterator[tuple[str, str, Any, Any]]:
    for key, (before, after) in result.to_right.items():
        yield "field", key, after, before
    for key, (before, after) in result.to_left.items():
        yield "field", key, before, after
    for fields in (result.conflicts, result.posted):
        for key, (_base, left, right) in fields.items():
            yield "field", key, left, right
    for key, (_base, left, right) in result.proofs.items():
        yield "total", key, left, right


def _add_totals(bench: Workbench, pairing: Pairing, table: TableReport) -> None:
    for each in bench.mapping.fields:
        if not each.proof or pairing.left is None or pairing.right is None:
            continue
        left, right = (pairing.seen(side).values.get(each.key) for side in Side)  # type: ignore[union-attr]
        if isinstance(left, str) or isinstance(right, str):
            continue
        lines = roundings_of(pairing.left.values, pairing.right.values)
        left, right = _meant(each, left, right, lines), _meant(each, right, left, lines)
        for seen, value, column in ((pairing.left, left, 0), (pairing.right, right, 1)):
            amount = [Decimal(0), Decimal(0)]
            amount[column] = exact(value or 0)
            _add(table.totals, f"{each.key} {_currency(seen)}".strip(), *amount)
        if left != right and each.near(left, right, lines):
            _add(table.rounded, each.key, Decimal(1), exact(right or 0) - exact(left or 0))


def _meant(each: FieldMapping, value: Any, other: Any, lines: int) -> Any:
    """Of several amounts that a side may mean, the one that the other side has."""
    if not isinstance(value, list):
        return value
    return next((one for one in value if each.near(one, other, lines)), value[0])


def _currency(seen: Seen) -> str:
    """What the document's own amounts are in; blank where the table tells none."""
    return str(seen.values.get("currency") or "")


def _add_control(bench: Workbench, pairing: Pairing, table: TableReport) -> None:
    """What each side's own reading of the record comes to in the books."""
    if bench.mapping.postings is None or pairing.left is None or pairing.right is None:
        return
    for seen, other, column in ((pairing.left, pairing.right, 0), (pairing.right, pairing.left, 1)):
        for each in bench.mapping.postings(seen.values, other.values):
            key = (each.period, each.account, each.vat, each.currency)
            table.control.setdefault(key, [Decimal(0), Decimal(0)])[column] += each.amount


def _add(sums: dict[str, list[Decimal]], key: str, first: Decimal, second: Decimal) -> None:
    known = sums.setdefault(key, [Decimal(0), Decimal(0)])
    known[0] += first
    known[1] += second


def _kept_differently(bench: Workbench, pairing: Pairing) -> bool:
    """Whether a side keeps a value in its own way, as was seen and remembered when it was written, or lacks one that
    cannot be carried."""
    assert pairing.left is not None and pairing.right is not None
    if pairing.left.lacking or pairing.right.lacking:
        return True
    for each in bench.mapping.fields:
        left = pairing.left.values.get(each.key, MISSING)
        right = pairing.right.values.get(each.key, MISSING)
        known = pairing.base_left.get(each.key, MISSING), pairing.base_right.get(each.key, MISSING)
        if not each.proof and MISSING not in known and not each.same(left, right) and (left, right) == known:
            return True
    return False


def _missing(bench: Workbench, side: Side, table: TableReport) -> Iterator[Difference]:
    """Records in scope that have no counterpart, but for those a person chose to leave out."""
    position = 0
    feed = bench.feeds[side]
    while ids := mirror.page(feed, position, PAGE):
        position = ids[-1][0]
        names = [external_id for _, external_id in ids]
        coupled = couplings.coupled_in([bench.table, *bench.siblings[side]], side, names)
        alone = mirror.by_ids(feed, [each for each in names if each not in coupled])
        ignored = set(
            Decision.objects.filter(
                table_id=bench.table, side=side.value, choice="ignore", external_id__in=list(alone)
            ).values_list("external_id", flat=True)
        )
        for external_id, row in alone.items():
            seen = gather.seen_of(bench, side, row)
            if seen is None or not bench.mapping.may_create(side.other):
                continue
            if why := _why_left_out(bench, side, row, seen, ignored):
                table.left_out += 1
                table.left_out_by[side.value, why] = table.left_out_by.get((side.value, why), 0) + 1
                continue
            if not seen.in_scope:
                continue
            left, right = (external_id, None) if side is Side.LEFT else (None, external_id)
            title = str(seen.values.get(bench.mapping.title_key) or external_id)
            yield Difference(bench.name, "missing", title, left, right, side.other.value)


def _why_left_out(bench: Workbench, side: Side, row: mirror.Snapshot, seen: Seen, ignored: set[str]) -> str | None:
    if seen.external_id in ignored:
        return BY_CHOICE
    if seen.beyond and not seen.in_scope:
        return f"{seen.beyond[0]}: –"
    if side is Side.LEFT and seen.in_scope and gather.became(bench, seen):
        return DONE_BEFORE
    return why_left_out(bench, side, from_json(row.fields))


def _title(bench: Workbench, pairing: Pairing) -> str:
    for seen in (pairing.left, pairing.right):
        if seen is not None:
            return str(seen.values.get(bench.mapping.title_key) or seen.external_id)
    return pairing.left_id
