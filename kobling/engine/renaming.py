"""Records that their vendor knows by another id now: the coupling follows, and nothing is taken for deleted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from kobling.hub.planning.workbench import Workbench
from kobling.hub.store import couplings, journal, mirror, sql
from kobling.mapping import Side
from kobling.records import Record, Unsafe, from_json
from kobling.sdk.protocols import Resource
from kobling.sdk.renaming import Renaming
from kobling.sync.waiting import LoopThread


async def became(resource: Renaming, known: Record, taken: Sequence[str]) -> Record | None:
    """What a record is there as; None where nobody can say which one it is."""
    try:
        return await resource.became(known, taken)
    except Unsafe:
        return None


def known_as(bench: Workbench, side: Side, external_id: str) -> Record | None:
    """A record as it was read last."""
    row = mirror.by_ids(bench.feeds[side], [external_id]).get(external_id)
    resource = bench.mapping.resource(side)
    return Record(resource, external_id, from_json(row.fields), row.version, row.modified_at) if row else None


@dataclass(frozen=True, slots=True)
class Attempt:
    """The attempt of a run that looks, and its time: one that was overtaken renames nothing."""

    run: int
    epoch: int
    now: datetime


def follow(
    bench: Workbench, side: Side, resource: Resource, gone: Sequence[str], waiting: LoopThread, attempt: Attempt
) -> dict[str, Record]:
    """Of coupled records that are not there under their ids: old id → what stands there. Their couplings name it."""
    if not isinstance(resource, Renaming) or not gone:
        return {}
    found: dict[str, Record] = {}
    taken = set(couplings.ids_of([bench.table, *bench.siblings[side]], side))
    for external_id in gone:
        known = known_as(bench, side, external_id)
        record = waiting.run(became(resource, known, sorted(taken))) if known else None
        if record is not None:
            found[external_id] = record
            taken.add(record.external_id)
    with sql.together():
        journal.fence(attempt.run, attempt.epoch)
        for external_id, record in found.items():
            couplings.rename(bench.table, side, external_id, record.external_id)
        mirror.put_own(bench.feeds[side], found.values(), attempt.now)
        mirror.forget_own(bench.feeds[side], list(found))
    bench.resolver.forget()
    return found
