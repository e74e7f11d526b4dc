"""Steps that plan: windows, brakes, match keys, chunks; nothing here asks a vendor, but who hands out records."""

from __future__ import annotations

from collections.abc import Sequence

from kobling.engine import requests as ask
from kobling.engine.steps.context import Steps
from kobling.engine.steps.telling import awaited
from kobling.hub import runs
from kobling.hub.couplings import comparing
from kobling.hub.models import Feed, PlanChunk, Run, Table
from kobling.hub.planning import by_file, gather, handed_out, held
from kobling.hub.planning.held import not_accepted
from kobling.hub.planning.workbench import Workbench
from kobling.hub.runs import jobs
from kobling.hub.store import couplings, issues, journal, mirror, pointing, sql
from kobling.mapping import Side
from kobling.sync import checkpoints
from kobling.sync.actions import AnyAction, RaiseConflict, Skip, Update, Warn, from_blob
from kobling.sync.brake import Counts, brake
from kobling.sync.doubts import DOUBTFUL, UNCARRIED, doubts, points, uncarried
from kobling.sync.plan import plan
from kobling.sync.states import Loner, Pairing

CHUNK = 1000
HANDED_OUT_CHUNK = 200
INDEX_CHUNK = 2000
PROVEN_AT_ONCE = 500


def open_window(steps: Steps, step: ask.OpenWindow) -> ask.Window:
    """A run that was asked to look at everything ``again`` covers all revs."""
    bench = steps.benches[step.table]
    if bench.mapping.ready is not None:
        bench.mapping.ready(bench.resolver)
    comparing.require(bench, steps.clock.now())
    if bench.mapping.reports is None:
        held.look_again(bench)
    row = Table.objects.get(pk=bench.table)
    revs = dict(Feed.objects.filter(pk__in=bench.feeds.values()).values_list("pk", "rev"))
    again = bool(Run.objects.values_list("options", flat=True).get(pk=steps.run).get("again"))
    cursors = {Side.LEFT: 0, Side.RIGHT: 0} if again else {Side.LEFT: row.cursor_left, Side.RIGHT: row.cursor_right}
    spans = {side: ask.Span(cursors[side], revs[bench.feeds[side]]) for side in Side}
    moved = sum(mirror.waiting(bench.feeds[side], spans[side].after, spans[side].upto) for side in Side)
    runs.progress(steps.run, runs.Phase.WRITE, step.table, 0, moved)
    jobs.began(steps.run, bench.table)
    return ask.Window(spans[Side.LEFT], spans[Side.RIGHT], bench.mapping.leading.value)


def hold(steps: Steps, step: ask.Brake) -> None:
    """Raises Unsafe when the mapping looks improbable and nobody confirmed it."""
    bench = steps.benches[step.table]
    gone = {
        side: couplings.newly_gone(bench.table, side, bench.feeds[side], step.window.of(side).after) for side in Side
    }
    counts = Counts(
        mirror.count(bench.feeds[Side.LEFT]),
        mirror.count(bench.feeds[Side.RIGHT]),
        couplings.count(bench.table),
        gone[Side.LEFT],
        gone[Side.RIGHT],
    )
    for unsafe in brake(bench.mapping, counts):
        if str(unsafe.code) not in step.confirmed:
            raise unsafe


def index(steps: Steps, step: ask.Index) -> bool:
    """Match keys of the next moved rows."""
    bench = steps.benches[step.table]
    row = Table.objects.get(pk=bench.table)
    column = f"indexed_{step.side}"
    reached = gather.index(bench, Side(step.side), getattr(row, column), step.upto, INDEX_CHUNK)
    Table.objects.filter(pk=bench.table).update(**{column: reached if reached is not None else step.upto})
    return reached is not None


def plan_next(steps: Steps, step: ask.Plan) -> ask.Planned | None:
    """A chunk that is there already is not planned anew."""
    bench, side = steps.benches[step.table], Side(step.side)
    known = steps.chunk(bench, step.seq)
    if known is not None:
        return _planned(known)
    bench.resolver.forget()
    span = step.window.of(step.side)
    if step.seq == 0 or step.after == span.after:
        jobs.direction_begins(steps.run, bench.table, side.other)
    batch = _only(steps, bench, step.side) if steps.only else _batch(bench, step, span)
    if batch is None:
        return None
    questions: list[RaiseConflict] = []
    if bench.mapping.reports is not None:
        batch, questions = handed_out.split(bench, batch, awaited(steps, bench))
    batch, elsewhere = by_file.split(bench, steps.pair, batch)
    told: list[AnyAction] = [
        *questions,
        *elsewhere,
        *_warnings(bench, batch.work),
        *points(batch.work),
    ]
    actions = list(steps.decided(bench).of([*plan(bench.mapping, batch.work), *told]))
    revs = {"after": step.after, "upto": batch.upto, "other_upto": step.window.of(side.other).upto}
    row = steps.store(bench, step.seq, step.side, actions, rows=batch.rows, **revs)
    checkpoints.reach(checkpoints.PLANNED)
    return _planned(row)


def _warnings(bench: Workbench, work: Sequence[Pairing | Loner]) -> list[Warn]:
    return not_accepted(bench, [*doubts(bench.mapping, work), *uncarried(bench.mapping, work)])


def _planned(row: PlanChunk) -> ask.Planned:
    return ask.Planned(row.pk, row.upto, row.rows, row.size)


def _batch(bench: Workbench, step: ask.Plan, span: ask.Span) -> gather.Batch | None:
    leading = step.window.of(step.window.first)
    first = None if step.side == step.window.first else (leading.after, leading.upto)
    size = CHUNK if bench.mapping.reports is None else HANDED_OUT_CHUNK
    return gather.gather(bench, Side(step.side), step.after, span.upto, size, first)


def _only(steps: Steps, bench: Workbench, side: str) -> gather.Batch | None:
    assert steps.only is not None
    if side != steps.only["side"] or PlanChunk.objects.filter(run_id=steps.run, table_id=bench.table).exists():
        return None
    snapshot = mirror.by_ids(bench.feeds[Side(side)], [steps.only["id"]])
    revs = [row.rev for row in snapshot.values()]
    return gather.gather(bench, Side(side), revs[0] - 1, revs[0], 1) if revs else None


def written(steps: Steps, step: ask.Written) -> list[str]:
    """In the order of their ids, some at a time."""
    return journal.couplings_written(steps.run, steps.benches[step.table].table, step.after, PROVEN_AT_ONCE, step.chunk)


def plan_again(steps: Steps, step: ask.PlanAgain) -> ask.PlannedAgain:
    """What is skipped needs no second look."""
    bench = steps.benches[step.table]
    known = steps.chunk(bench, step.seq)
    if known is None:
        bench.resolver.forget()
        links = couplings.by_uid(bench.table, step.written)
        work = gather.pairings_of(bench, list(links.values()))
        actions = [each for each in plan(bench.mapping, work) if not isinstance(each, Skip)]
        known = steps.store(bench, step.seq, Side.LEFT.value, actions)
    updates = sum(isinstance(each, Update) for each in from_blob(known.actions.encode()))
    return ask.PlannedAgain(known.pk, updates)


def plan_pointed(steps: Steps, step: ask.PlanPointed) -> int | None:
    """They are no longer due once the chunk that plans them is stored."""
    bench = steps.benches[step.table]
    known = steps.chunk(bench, step.seq)
    if known is not None:
        return known.pk
    due = pointing.due(bench.table, PROVEN_AT_ONCE)
    if not due:
        return None
    bench.resolver.forget()
    work = [each for side, ids in due.items() for each in gather.of(bench, side, ids)]
    actions = list(steps.decided(bench).of([*plan(bench.mapping, work), *_warnings(bench, work), *points(work)]))
    with sql.together():
        journal.fence(steps.run, steps.epoch)
        for side, ids in due.items():
            pointing.forget(bench.table, side, ids)
            issues.settle_told(bench.table, side, ids, (DOUBTFUL, UNCARRIED))
        return steps.store(bench, step.seq, Side.LEFT.value, actions).pk
