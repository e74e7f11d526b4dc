"""Approved plans: what was shown is done, and only where the planner would say the same again now.

Everything is read first, and each record is planned anew just before its action: its source, its target, and whoever
holds its identity on the other side by now are all looked at by the same rules that made the plan.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from msgspec.structs import replace

from kobling.engine.executing import Chunk
from kobling.hub.planning import gather
from kobling.hub.planning.planned import with_real_references
from kobling.hub.planning.workbench import Workbench
from kobling.hub.store import mirror
from kobling.mapping import Side
from kobling.sync.actions import Agree, AnyAction, Couple, Create, Delete, Skip, Uncouple, Update
from kobling.sync.plan import plan

_Doing = Create | Update | Delete | Couple | Uncouple | Agree
_DOING = (Create, Update, Delete, Couple, Uncouple, Agree)
MOVED = "moved"


def still_true(bench: Workbench, chunk: Chunk, journaled: Collection[int] = ()) -> list[AnyAction]:
    """The chunk's actions with real references; those that would be planned otherwise now are skipped.

    Every action keeps its place, since the journal of an attempt that was cut off tells writes by their place:
    ``journaled`` are the places of those that it began, which stay as they are.
    """
    actions = with_real_values(chunk.actions, bench)
    bench.resolver.forget()
    now = {_mark(each): each for each in _planned_now(bench, actions, chunk.id) if isinstance(each, _DOING)}
    return [
        _confirmed(each, now) if isinstance(each, _DOING) and _is_checked(at, each, journaled) else each
        for at, each in enumerate(actions)
    ]


def untouched(bench: Workbench, chunk: Chunk, journaled: Collection[int] = ()) -> list[AnyAction]:
    """The same for an undo, which no planner would plan: it holds where no record has moved since it was prepared."""
    moved = {side: _moved(bench, side, chunk) for side in Side}
    return [
        _skipped(each)
        if at not in journaled and any(one in moved[side] for side in Side for one in _ids(each, side))
        else each
        for at, each in enumerate(with_real_values(chunk.actions, bench))
    ]


def without_questions(actions: Iterable[AnyAction]) -> list[AnyAction]:
    """What a plan does, in its places, without what it asks: a later run planned these records and asked for itself."""
    return [each if isinstance(each, _DOING) else _skipped(each) for each in actions]


def _is_checked(at: int, action: AnyAction, journaled: Collection[int]) -> bool:
    """What was begun stays; what needs no vendor was applied before anything was journaled."""
    if at in journaled:
        return False
    return isinstance(action, Create | Update | Delete) or not journaled


def _moved(bench: Workbench, side: Side, chunk: Chunk) -> set[str]:
    limit = chunk.upto if side is chunk.side else chunk.other_upto
    rows = mirror.by_ids(bench.feeds[side], [each for action in chunk.actions for each in _ids(action, side)])
    return {external_id for external_id, row in rows.items() if row.rev > limit or row.gone}


def with_real_values(actions: Sequence[AnyAction], bench: Workbench) -> list[AnyAction]:
    """Creates that refer to planned couplings, with the couplings that came of them."""
    return [
        replace(each, values=with_real_references(each.values, bench.resolver)) if isinstance(each, Create) else each
        for each in actions
    ]


def _planned_now(bench: Workbench, actions: Sequence[AnyAction], chunk: int) -> Iterable[AnyAction]:
    for side in Side:
        ids = list(dict.fromkeys(each for action in actions for each in _ids(action, side)))
        yield from plan(bench.mapping, gather.of(bench, side, ids, chunk))


def _confirmed(shown: _Doing, now: Mapping[tuple[str, ...], AnyAction]) -> AnyAction:
    """The action as it was shown, with the newest version of its record; a skip where it would be another one now."""
    found = now.get(_mark(shown))
    if found is None or not _same(shown, found):
        return _skipped(shown)
    if isinstance(shown, Update | Delete) and isinstance(found, Update | Delete):
        return replace(shown, version=found.version)
    return shown


def _skipped(shown: AnyAction) -> Skip:
    side = shown.side if isinstance(shown, Create | Update | Delete) else Side.LEFT
    return Skip(side=side, external_id="", why=MOVED, title=shown.title)


def _same(shown: AnyAction, found: AnyAction) -> bool:
    if isinstance(shown, Create) and isinstance(found, Create):
        return shown.values == found.values and shown.restores == found.restores
    if isinstance(shown, Update) and isinstance(found, Update):
        return shown.changes == found.changes and shown.agree == found.agree
    if isinstance(shown, Couple | Agree) and isinstance(found, Couple | Agree):
        return shown.base == found.base
    return type(shown) is type(found)


def _mark(action: _Doing) -> tuple[str, ...]:
    """What an action is about: which record, and what is done to it."""
    kind = type(action).__name__
    if isinstance(action, Create):
        return kind, action.side.value, action.source_id
    if isinstance(action, Update | Delete):
        return kind, action.side.value, action.coupling
    return kind, action.coupling


def _ids(action: AnyAction, side: Side) -> list[str]:
    """Records of one side that must be planned anew to see whether an action still stands."""
    if isinstance(action, Create):
        return [action.source_id] if action.side is side.other and not action.alone else []
    if isinstance(action, Update):
        return [action.external_id if action.side is side else action.other_id]
    if isinstance(action, Delete):
        return [action.external_id] if action.side is side else []
    if isinstance(action, Couple | Uncouple):
        return [action.left_id if side is Side.LEFT else action.right_id]
    return []
