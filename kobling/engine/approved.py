"""Approved plans: what was shown is done, and only where the world has not moved since."""

from __future__ import annotations

from kobling.engine.executing import Chunk
from kobling.hub.planned import with_real_references
from kobling.hub.store import couplings, mirror
from kobling.hub.workbench import Workbench
from kobling.mapping import Side
from kobling.sync.actions import AnyAction, Couple, Create, Delete, Update


def still_true(bench: Workbench, chunk: Chunk) -> list[AnyAction]:
    """The chunk's actions whose records did not move since they were planned, with real references."""
    ids = {side: _ids(chunk.actions, side) for side in Side}
    moved = {side: _moved(bench, side, ids[side], chunk) for side in Side}
    coupled = couplings.by_side(bench.table, chunk.side, ids[chunk.side])
    kept: list[AnyAction] = []
    for each in chunk.actions:
        if any(external_id in moved[side] for side in Side for external_id in _ids([each], side)):
            continue
        if isinstance(each, Create):
            if each.restores is None and each.source_id in coupled:
                continue
            values = with_real_references(each.values, bench.resolver)
            each = Create(
                side=each.side,
                source_id=each.source_id,
                values=values,
                restores=each.restores,
                title=each.title,
                reason=each.reason,
                params=each.params,
            )
        kept.append(each)
    return kept


def _ids(actions: list[AnyAction], side: Side) -> list[str]:
    found = []
    for each in actions:
        if isinstance(each, Create):
            found += [each.source_id] if each.side is side.other else []
        elif isinstance(each, Update):
            found.append(each.external_id if each.side is side else each.other_id)
        elif isinstance(each, Delete):
            found += [each.external_id] if each.side is side else []
        elif isinstance(each, Couple):
            found.append(each.left_id if side is Side.LEFT else each.right_id)
    return found


def _moved(bench: Workbench, side: Side, external_ids: list[str], chunk: Chunk) -> set[str]:
    limit = chunk.upto if side is chunk.side else chunk.other_upto
    rows = mirror.by_ids(bench.feeds[side], external_ids)
    return {external_id for external_id, row in rows.items() if row.rev > limit or row.gone}
