"""Approved plans: what was shown is done, and only where the world has not moved since."""

from __future__ import annotations

from msgspec.structs import replace

from kobling.engine.executing import Chunk
from kobling.hub.planning.planned import with_real_references
from kobling.hub.planning.workbench import Workbench
from kobling.hub.store import couplings, mirror
from kobling.mapping import Side
from kobling.sync.actions import AnyAction, Couple, Create, Delete, Skip, Update


def still_true(bench: Workbench, chunk: Chunk) -> list[AnyAction]:
    """The chunk's actions with real references; those whose records moved since they were planned are skipped.

    Every action keeps its place, since the journal of an attempt that was cut off tells writes by their place.
    """
    ids = {side: _ids(chunk.actions, side) for side in Side}
    moved = {side: _moved(bench, side, ids[side], chunk) for side in Side}
    coupled = couplings.by_side(bench.table, chunk.side, ids[chunk.side])
    kept: list[AnyAction] = []
    for each in with_real_values(chunk.actions, bench):
        overtaken = any(external_id in moved[side] for side in Side for external_id in _ids([each], side))
        if isinstance(each, Create) and each.restores is None and not each.alone and each.source_id in coupled:
            overtaken = True
        if overtaken and isinstance(each, Create | Update | Delete | Couple):
            each = Skip(side=chunk.side, external_id="", why="moved", title=each.title)
        kept.append(each)
    return kept


def with_real_values(actions: list[AnyAction], bench: Workbench) -> list[AnyAction]:
    """Creates that refer to planned couplings, with the couplings that came of them."""
    return [
        replace(each, values=with_real_references(each.values, bench.resolver)) if isinstance(each, Create) else each
        for each in actions
    ]


def _ids(actions: list[AnyAction], side: Side) -> list[str]:
    found = []
    for each in actions:
        if isinstance(each, Create):
            found += [each.source_id] if each.side is side.other and not each.alone else []
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
