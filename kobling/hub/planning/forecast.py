"""What a dry run says will happen to each table, counted once and kept with the run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from kobling.hub.couplings.lookalikes import Lookalikes
from kobling.hub.models import PlanChunk, Run
from kobling.hub.planning.leaving import why_left_out
from kobling.hub.planning.workbench import Workbench
from kobling.hub.store import couplings, mirror
from kobling.mapping import Side, TableMapping, holds, read
from kobling.records import from_json
from kobling.sync.actions import AnyAction, Couple, Create, Delete, Point, RaiseConflict, Skip, Update, Warn, from_blob
from kobling.sync.matching import match_keys

PAGE = 1000


@dataclass(slots=True)
class SideForecast:
    """What would happen on one side. ``duplicates``: of ``create``, those that a look-alike exists of already.

    What is asked about a lone record, or waits, counts on the side that it would be made on.
    """

    create: int = 0
    change: int = 0
    couple: int = 0
    conflict: int = 0
    delete: int = 0
    waits: int = 0
    duplicates: int = 0


@dataclass(slots=True)
class Forecast:
    """What would happen to a table, and how many records each side has that are the table's.

    ``left_out``: side → reason → how many records of it no filter takes.
    """

    left: SideForecast = field(default_factory=SideForecast)
    right: SideForecast = field(default_factory=SideForecast)
    left_count: int = 0
    right_count: int = 0
    left_out: dict[str, dict[str, int]] = field(default_factory=dict)

    def side(self, side: Side) -> SideForecast:
        return self.left if side is Side.LEFT else self.right


def forecast(run: Run, benches: dict[str, Workbench]) -> dict[str, Forecast]:
    """Table → forecast of an ended dry run. The first who asks lets it be counted; then it stays as it was."""
    kept = run.summary.get("forecast")
    if kept is None:
        made = {name: _counted(run, bench) for name, bench in benches.items()}
        kept = {name: asdict(each) for name, each in made.items()}
        run.summary = {**run.summary, "forecast": kept}
        Run.objects.filter(pk=run.pk).update(summary=run.summary)
    return {name: _from_data(each) for name, each in kept.items()}


def _from_data(data: dict[str, Any]) -> Forecast:
    return Forecast(
        SideForecast(**data["left"]),
        SideForecast(**data["right"]),
        data["left_count"],
        data["right_count"],
        data.get("left_out", {}),
    )


def _counted(run: Run, bench: Workbench) -> Forecast:
    made = Forecast()
    known: set[int] = set()
    doubles: dict[Side, set[str]] = {side: set() for side in Side}
    for actions in _chunks(run, bench):
        for action in actions:
            if (mark := hash(_mark(action))) not in known:
                known.add(mark)
                _count(made, action)
        for side in Side:
            creates = [each for each in actions if isinstance(each, Create) and each.side is side and not each.restores]
            doubles[side] |= _same_key(bench, side, creates)
    for side in Side:
        doubles[side] |= _same_name(run, bench, side, made)
        made.side(side).duplicates = len(doubles[side])
    return made


def _chunks(run: Run, bench: Workbench) -> Iterator[list[AnyAction]]:
    found = PlanChunk.objects.filter(run=run, table_id=bench.table).order_by("seq")
    for blob in found.values_list("actions", flat=True).iterator(chunk_size=5):
        yield from_blob(blob.encode())


def _mark(action: AnyAction) -> tuple[Any, ...]:
    """What makes two actions one: both sides of a dry run come to the same couplings and questions."""
    if isinstance(action, RaiseConflict):
        return (action.kind, action.coupling, action.left_id, action.right_id)
    if isinstance(action, Warn):
        return (action.kind, action.left_id, action.right_id)
    if isinstance(action, Create):
        return ("create", action.side, action.source_id)
    if isinstance(action, Skip):
        return ("skip", action.side, action.external_id, action.why)
    if isinstance(action, Point):
        return ("point", action.side, action.external_id, action.awaited)
    return (type(action).__name__, getattr(action, "side", ""), action.coupling)


def _count(made: Forecast, action: AnyAction) -> None:
    if isinstance(action, Create):
        made.side(action.side).create += 1
    elif isinstance(action, Update):
        made.side(action.side).change += 1
    elif isinstance(action, Delete):
        made.side(action.side).delete += 1
    elif isinstance(action, Couple):
        made.left.couple += 1
        made.right.couple += 1
    elif isinstance(action, Skip) and action.why == "waits":
        made.side(action.side.other).waits += 1
    elif isinstance(action, RaiseConflict):
        if action.coupling or action.left_id:
            made.right.conflict += 1
        if action.coupling or action.left_id is None:
            made.left.conflict += 1


def _same_key(bench: Workbench, side: Side, creates: Sequence[Create]) -> set[str]:
    """Of what would be made on a side: sources whose key of any match rule somebody there has already."""
    found: set[str] = set()
    keys = {each.source_id: match_keys(bench.mapping, each.values) for each in creates}
    for number, rule in enumerate(bench.mapping.match):
        asked = sorted({key for each in keys.values() if (key := each[number]) is not None})
        held = set(couplings.holders(bench.table, side, number, asked))
        held |= set(couplings.takers(bench.table, number, asked)) if rule.silent else set()
        found |= {source for source, each in keys.items() if each[number] in held}
    return found


def _same_name(run: Run, bench: Workbench, side: Side, made: Forecast) -> set[str]:
    """Of what would be made on a side: sources whose name looks like one there. Counts that side's records as well."""
    mapping = bench.mapping
    by_name = any(mapping.title_key in rule.keys for rule in mapping.match) and made.side(side).create > 0
    names = Lookalikes() if by_name else None
    number = 0
    reasons = made.left_out.setdefault(side.value, {})
    for page in _there(bench, side, reasons):
        number += sum(in_scope for _, _, in_scope in page)
        if names:
            names.add([(external_id, name) for external_id, name, _ in page], fresh=False)
    if side is Side.LEFT:
        made.left_count = number
    else:
        made.right_count = number
    if not names:
        return set()
    for actions in _chunks(run, bench):
        creates = [each for each in actions if isinstance(each, Create) and each.side is side and not each.restores]
        names.add([(each.source_id, str(each.values.get(mapping.title_key) or "")) for each in creates], fresh=True)
    return names.doubles()


def _there(bench: Workbench, side: Side, reasons: dict[str, int]) -> Iterator[list[tuple[str, str, bool]]]:
    """Pages of a side's records that are the table's: (external id, name, whether the filter takes it). ``reasons``
    counts those that it does not take."""
    mapping, position, feed = bench.mapping, 0, bench.feeds[side]
    view = _title_only(mapping)
    wide = [each for each in mapping.filter(side) if not each.keeps_name]
    while ids := mirror.page(feed, position, PAGE):
        position = ids[-1][0]
        names = [external_id for _, external_id in ids]
        elsewhere = couplings.coupled_in(bench.siblings[side], side, names)
        page = []
        for external_id, row in mirror.by_ids(feed, [each for each in names if each not in elsewhere]).items():
            fields = from_json(row.fields)
            if why := why_left_out(bench, side, fields):
                reasons[why] = reasons.get(why, 0) + 1
            if holds(wide, fields):
                name = str(read(view, side, fields, bench.resolver).values.get(mapping.title_key) or "")
                page.append((external_id, name, holds(mapping.filter(side), fields)))
        yield page


def _title_only(mapping: TableMapping) -> TableMapping:
    return replace(mapping, fields=tuple(each for each in mapping.fields if each.key == mapping.title_key))
