"""What must hold once all is quiet, told from the scenario's own log; what Kobling stored is only looked at."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from kobling.hub.models import Coupling, SyncIssue, WriteIntent
from kobling.mapping import DeletionPolicy, Side
from kobling.records import from_json, is_empty
from tests.simulation.book import Done, Typed, Where, spell
from tests.simulation.judged import coupled, renamed, same
from tests.simulation.tables import FIELDS, SERIAL, SOFT, Field

if TYPE_CHECKING:
    from tests.simulation.world import World

BY_A_RULE = ("Both sides changed; the rule of this mapping decided.", "A person decided which side is right.")
"""What the journal says of a write that put one of two changes aside."""


def collect(world: World) -> None:
    """Remember what was asked and what is coupled, as far as a person could see it after a run."""
    book = world.book
    for issue in SyncIssue.objects.select_related("table").order_by("pk"):
        sides = ((Side.LEFT, issue.left_id), (Side.RIGHT, issue.right_id))
        about = [(issue.table.name, side, external_id) for side, external_id in sides if external_id]
        for where in about:
            book.questions.setdefault(where, set()).add(issue.kind)
        if issue.kind == "conflict":
            for key, values in from_json(issue.details).get("fields", {}).items():
                for where in about:
                    known = book.conflicts.setdefault((where, key), [])
                    known += [each for each in values[1:] if each not in known]
    for table, left, right in Coupling.objects.values_list("table__name", "left_id", "right_id"):
        book.coupled_since.setdefault((table, left, right), book.now)


def look(world: World) -> None:
    """Look at everything; what is wrong goes into the book."""
    for check in (_journal, _pairs, _alone, _once, _questions):
        for wrong in check(world):
            world.book.blame(wrong)


# The journal.


def _journal(world: World) -> Iterator[str]:
    for intent in WriteIntent.objects.filter(state__in=("open", "unknown")).order_by("pk"):
        yield f"the journal holds an {intent.state} {intent.operation} of {intent.side} {intent.source_id}"
    known = {intent.key: intent for intent in WriteIntent.objects.order_by("pk")}
    for each in world.book.done:
        intent = known.get(each.key)
        if intent is None and not _touched_after(world, each.where, each.at):
            yield f"the journal holds nothing of our {each.operation} of {spell(each.where)}"
        elif (
            intent
            and intent.state != "confirmed"
            and not (_touched_after(world, each.where, each.at) or _misled(world, each))
        ):
            yield f"the journal says that our {each.operation} of {spell(each.where)} was {intent.state}"


def _misled(world: World, each: Done) -> bool:
    """Whether the vendor showed the record as it was before, so that a late update of ours looked like somebody's."""
    return each.operation == "update" and each.where[2] in world.vendor(each.where).misled


def _touched_after(world: World, where: Where, at: int) -> bool:
    """Whether somebody changed or deleted the record after that moment, so that nobody can tell any more."""
    typed = world.book.typed.get(where, {}).values()
    died = world.book.died.get(where)
    return any(each.at > at for some in typed for each in some) or (died is not None and died[0] > at)


# Records that are coupled.


def _pairs(world: World) -> Iterator[str]:
    for table, left, right in Coupling.objects.values_list("table__name", "left_id", "right_id").order_by("pk"):
        one, other = (table, Side.LEFT, left), (table, Side.RIGHT, right)
        gone = [each for each in (one, other) if not world.living(each)]
        if gone:
            yield f"{spell(gone[0])} is gone, and it is still coupled"
            continue
        for each in FIELDS[table]:
            if not each.frozen:
                yield from _field(world, each, one, other)


def _field(world: World, each: Field, one: Where, other: Where) -> Iterator[str]:
    book = world.book
    left, right = _said(world, each, one), _said(world, each, other)
    typed = sorted(_typed(world, each, one) + _typed(world, each, other), key=lambda edit: edit.at)
    undone = max((book.undone.get((where, each.key), -1) for where in (one, other)), default=-1)
    if typed and undone > typed[-1].at:
        return
    if undone >= 0 and _only_put_back(world, each, [edit for edit in typed if edit.at > undone]):
        return
    if NOBODY in (left, right):
        was_one = (each.points_to, *(str(_raw(world, each, where)) for where in (one, other)))
        told = (one[0], each.key) in SOFT or {"waits", "out_of_reach"} & set(_asked(world, one, other))
        if was_one not in book.coupled_since and not told:
            yield f"{each.key} of {spell(one)} or {spell(other)} points to nobody, and nobody was told"
        return
    if not each.clears and (is_empty(left) or is_empty(right)):
        return
    if not same(left, right):
        yield f"{each.key} is {left!r} in {spell(one)} and {right!r} in {spell(other)}"
        return
    typed = _that_count(world, typed, one, other)
    if typed and not same(typed[-1].value, left) and not _explained(world, each, typed[-1], one, other):
        both = f"{each.key} of {spell(one)} and {spell(other)} is {left!r}"
        yield f"{both}; what was typed last, {typed[-1].value!r}, is lost"


def _that_count(world: World, typed: list[Typed], one: Where, other: Where) -> list[Typed]:
    """What was typed before two records met counts by its end, and nothing gives way to something."""
    pair = (one[0], one[2], other[2])
    if pair not in world.book.met_anew and same(*[_raw(world, SERIAL, each) for each in (one, other)]):
        return typed
    since = world.book.met_anew.get(pair, world.book.coupled_since.get(pair, 0))
    before = [[edit for edit in typed if edit.at <= since and edit.by == each] for each in (one, other)]
    ends = [some[-1] for some in before if some and not is_empty(some[-1].value)]
    return sorted([*ends, *[edit for edit in typed if edit.at > since]], key=lambda edit: edit.at)


NOBODY = object()


def _raw(world: World, each: Field, where: Where) -> Any:
    return (world.vendor(where).now_says(where[2]) or {}).get(each.on(where[1]))


def _said(world: World, each: Field, where: Where) -> Any:
    return _canonical(world, each, where[1], _raw(world, each, where))


def _canonical(world: World, each: Field, side: Side, value: Any) -> Any:
    """References are compared by the left record of their coupling."""
    if not each.points_to or is_empty(value):
        return value
    found = coupled(world, (each.points_to, side, str(value)))
    return NOBODY if found is None else str(value) if side is Side.LEFT else found[2]


def _typed(world: World, each: Field, where: Where) -> list[Typed]:
    found = world.book.typed.get(where, {}).get(each.key, [])
    return [Typed(edit.at, _canonical(world, each, where[1], edit.value), where) for edit in found]


def _explained(world: World, each: Field, lost: Typed, one: Where, other: Where) -> bool:
    """Whether it can be found out later why a value is gone that a person typed."""
    book = world.book
    for where in (one, other):
        against = book.conflicts.get((where, each.key), [])
        if any(same(lost.value, value) for value in against) or (each.points_to and against):
            return True
        if (where, each.key) in book.undone or (where, each.key) in book.unseen:
            return True
    if is_empty(lost.value) and not each.clears:
        return True
    if _came_back(world, each, lost):
        return True
    stands = _said(world, each, one)
    if any(edit.at > lost.at and same(edit.value, stands) for edit in _by_former(world, each, one, other)):
        return True
    if is_empty(lost.value) and any(same(edit.value, stands) for edit in _by_strangers(world, each, one, other)):
        return True
    ids = [one[2], other[2]]
    for intent in WriteIntent.objects.filter(table__name=one[0], external_id__in=ids, reason__in=BY_A_RULE):
        change = from_json(intent.changes).get(each.key)
        if change is not None and (each.points_to or same(change[0], lost.value)):
            return True
    return lost.value is NOBODY


def _only_put_back(world: World, each: Field, typed: list[Typed]) -> bool:
    """Whether people changed something and took it back, so that what was undone stands as it was left."""
    last = {edit.by: edit for edit in typed}
    return bool(last) and all(_came_back(world, each, edit) for edit in last.values())


def _came_back(world: World, each: Field, lost: Typed) -> bool:
    """Whether people only put back what stood there, while nothing of ours was written: on the whole nothing moved."""
    where = lost.by
    if where is None:
        return False
    name = each.on(where[1])
    ours = [done for done in world.book.done if done.where == where and _writes(done, name)]
    written = [(done.at, done.after.get(name), True) for done in ours if done.operation != "delete"]
    typed = [(edit.at, edit.value, False) for edit in world.book.typed.get(where, {}).get(each.key, ())]
    history = [entry for entry in sorted(written + typed, key=lambda entry: entry[0]) if entry[0] <= lost.at]
    for _, value, by_us in reversed(history[:-1]):
        if same(value, history[-1][1]):
            return True
        if by_us:
            return False
    return False


def _writes(done: Done, name: str) -> bool:
    return done.operation == "create" or not same(done.before.get(name), done.after.get(name))


def _by_former(world: World, each: Field, one: Where, other: Where) -> list[Typed]:
    """What was typed into records that these two were coupled with before."""
    was = [
        where
        for table, left, right in world.book.coupled_since
        if table == one[0] and (left == one[2] or right == other[2])
        for where in ((table, Side.LEFT, left), (table, Side.RIGHT, right))
    ]
    return [edit for where in was for edit in _typed(world, each, where)]


def _by_strangers(world: World, each: Field, one: Where, other: Where) -> list[Typed]:
    """What was typed into records that were not made from one another: something beats nothing until they agreed."""
    serials = [_raw(world, SERIAL, where) for where in (one, other)]
    met = [edit for edit in _by_former(world, each, one, other) if edit.by is not None]
    return [edit for edit in met if len({*serials, *world.book.ever(edit.by, SERIAL.on(edit.by[1]))}) > 1]


def _asked(world: World, *those: Where) -> set[str]:
    return {kind for where in those for kind in world.book.questions.get(where, ())}


# Records that are coupled with nothing.


def _alone(world: World) -> Iterator[str]:
    for (table, side), vendor in world.vendors.items():
        for record in vendor.living():
            where = (table, side, record.external_id)
            if coupled(world, where) is None and not _reason_to_be_alone(world, where):
                yield f"{spell(where)} has no counterpart, and nobody said why"


def _reason_to_be_alone(world: World, where: Where) -> str:
    book, (table, side, external_id) = world.book, where
    if where in book.left_out:
        return book.left_out[where]
    uncoupled = world.rules.deletion[table] is DeletionPolicy.UNCOUPLE
    once = [key for key in book.coupled_since if key[0] == table and external_id == key[1 if side is Side.LEFT else 2]]
    others = [(table, side.other, key[2 if side is Side.LEFT else 1]) for key in once]
    if uncoupled and any(each in book.died for each in others):
        return "its counterpart was deleted, and the rule says to uncouple"
    return ""


def _once(world: World) -> Iterator[str]:
    """No record has two counterparts of our making."""
    for (table, side), vendor in world.vendors.items():
        by_serial: dict[Any, list[str]] = {}
        for record in vendor.living():
            where = (table, side, record.external_id)
            if world.book.born.get(where) == "us" and not renamed(world, where):
                by_serial.setdefault(record.fields.get(SERIAL.on(side)), []).append(record.external_id)
        for serial, made in by_serial.items():
            allowed = 1 + sum(
                number
                for where, number in world.book.made_anew.items()
                if serial in world.book.ever(where, SERIAL.on(where[1]))
            )
            if len(made) > allowed:
                yield f"{side.value} {table} holds {len(made)} records of ours made from {serial}: {', '.join(made)}"


# Questions that are left.


def _questions(world: World) -> Iterator[str]:
    for issue in SyncIssue.objects.exclude(state="settled").select_related("table").order_by("pk"):
        sides = ((Side.LEFT, issue.left_id), (Side.RIGHT, issue.right_id))
        about = [(issue.table.name, side, external_id) for side, external_id in sides if external_id]
        if issue.kind == "altered" and any(each in world.book.left_out or not world.living(each) for each in about):
            # It waits for nobody, and nobody plans these any more.
            continue
        records = f"{issue.left_id or '-'} / {issue.right_id or '-'}"
        yield f"{issue.kind} of {issue.table.name} {records} is still {issue.state}"
