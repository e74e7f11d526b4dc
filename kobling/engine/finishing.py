"""The end of a chunk: counters, cursor and its mark, in one transaction."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from kobling.engine.executing import Chunk
from kobling.hub.models import PlanChunk, SyncJob, Table
from kobling.hub.planning.workbench import Workbench
from kobling.hub.planning.worth import worth_of
from kobling.hub.store import journal, moved, sql
from kobling.sync.actions import Couple, Create, Delete, Point, RaiseConflict, Skip, Uncouple, Update, Warn

_COUNTED = {"create": "inserted", "update": "modified", "delete": "deleted"}


def finish_chunk(chunk: Chunk, bench: Workbench, now: datetime, *, moves_cursor: bool) -> int:
    """Count what the chunk did and move the cursor past it; doing it twice counts once. Returns the rows done."""
    with sql.together():
        journal.fence(chunk.run, chunk.epoch)
        job, _ = SyncJob.objects.get_or_create(run_id=chunk.run, table_id=bench.table)
        if PlanChunk.objects.filter(pk=chunk.id, done=False).update(done=True) == 0:
            return job.total
        counted = counts_of(chunk)
        for name, number in counted.items():
            setattr(job, name, getattr(job, name) + number)
        job.save()
        moved.count(bench.table, now, sum(counted[each] for each in _COUNTED.values()), worth_of(_made(chunk)))
        if moves_cursor:
            Table.objects.filter(pk=bench.table).update(**{f"cursor_{chunk.side.value}": chunk.upto})
    return job.total


def _made(chunk: Chunk) -> list[Create]:
    """Documents that were made, by what the journal says of them."""
    creates = {at: each for at, each in enumerate(chunk.actions) if isinstance(each, Create) and "lines" in each.values}
    return [creates[at] for at in journal.confirmed_of(chunk.id) if at in creates] if creates else []


def counts_of(chunk: Chunk) -> Counter[str]:
    """What became of a chunk's rows, from its actions and the journal."""
    rows = PlanChunk.objects.values_list("rows", flat=True).get(pk=chunk.id)
    counted: Counter[str] = Counter(total=rows)
    for operation, state, number in sql.rows(
        "SELECT operation, state, COUNT(*) FROM hub_writeintent WHERE chunk_id = %s GROUP BY operation, state",
        [chunk.id],
    ):
        counted[_COUNTED[operation] if state == "confirmed" else "failed"] += int(number)
    touched = set()
    for each in chunk.actions:
        if isinstance(each, Warn | Point):
            continue
        if isinstance(each, Couple):
            counted["coupled"] += 1
        elif isinstance(each, Uncouple):
            counted["uncoupled"] += 1
        elif isinstance(each, Skip | RaiseConflict):
            counted["skipped"] += 1
        touched.add(_record_of(each))
    counted["unchanged"] += max(0, rows - len(touched))
    return counted


def _record_of(action: object) -> str:
    if isinstance(action, Create):
        return action.source_id
    if isinstance(action, Skip):
        return action.external_id
    if isinstance(action, RaiseConflict):
        return action.coupling or action.left_id or action.right_id or ""
    if isinstance(action, Update | Delete | Couple | Uncouple):
        return action.coupling
    return str(getattr(action, "coupling", ""))
