"""Looks at each write of ours as it leaves and as it is carried out: what must never happen, is blamed at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kobling.hub.models import Coupling
from kobling.mapping import DeletionPolicy, Side
from kobling.records import Record, is_empty
from kobling.sdk.protocols import Operation, Write
from tests.simulation.book import Done, Where, spell
from tests.simulation.tables import FIELDS, SERIAL, Field

if TYPE_CHECKING:
    from tests.simulation.vendor import Vendor
    from tests.simulation.world import World


def same(one: Any, other: Any) -> bool:
    """Whether two values say the same; empty is empty."""
    return one == other or (is_empty(one) and is_empty(other))


def leaves(world: World, vendor: Vendor, write: Write) -> None:
    """A write is in the journal before it leaves, and only the worker whose turn it is sends any."""
    what = f"{write.operation.value} in {vendor.name}"
    if world.zombie:
        world.book.blame(f"an overtaken worker sends: {what}")
    if not any(each.state in ("open", "unknown") for each in world.intents(write.key)):
        world.book.blame(f"it leaves without an open intent in the journal: {what}")


def applied(world: World, vendor: Vendor, write: Write, before: Record | None, after: Record | None) -> None:
    """A write of ours was carried out."""
    book = world.book
    where = world.where(vendor, after.external_id if after else write.external_id or "")
    fields = dict(after.fields) if after else {}
    counterpart = _counterpart(world, where, write, fields)
    at = book.tell(f"  we {write.operation.value} {spell(where)} {_changed(before, after)}")
    was = dict(before.fields) if before else {}
    book.done.append(Done(at, write.key, write.operation.value, where, was, fields))
    if write.operation is Operation.CREATE:
        _made(world, where, fields, counterpart)
    elif write.operation is Operation.UPDATE:
        _overwrote(world, vendor, where, was, fields)
    else:
        _deleted(world, where, counterpart)
    if write.operation is not Operation.DELETE and not world.undo_going_on and counterpart is not None:
        _nothing_invented(world, where, write, counterpart)
    book.says(where, fields)


def _changed(before: Record | None, after: Record | None) -> str:
    if after is None:
        return ""
    old = before.fields if before else {}
    return ", ".join(f"{name} = {value!r}" for name, value in after.fields.items() if old.get(name) != value)


def _counterpart(world: World, where: Where, write: Write, fields: dict[str, Any]) -> Where | None:
    """The record of the other side that it is written from: by its serial where it is made, else as coupled."""
    table, side, _ = where
    if write.operation is not Operation.CREATE:
        return coupled(world, where)
    serial = fields.get(SERIAL.on(side))
    other = world.vendors[table, side.other]
    found = [
        each for each in other.versions if serial in world.book.ever((table, side.other, each), SERIAL.on(side.other))
    ]
    return (table, side.other, found[-1]) if found else None


def coupled(world: World, where: Where) -> Where | None:
    """The record that Kobling says is the same."""
    table, side, external_id = where
    before, world.process.looking = world.process.looking, True
    try:
        named = {"table__name": table, f"{side.value}_id": external_id}
        found = Coupling.objects.filter(**named).values_list(f"{side.other.value}_id", flat=True).first()
    finally:
        world.process.looking = before
    return None if found is None else (table, side.other, found)


def _made(world: World, where: Where, fields: dict[str, Any], source: Where | None) -> None:
    book, (table, side, external_id) = world.book, where
    book.born[where] = "us"
    book.died.pop(where, None)
    if world.undo_going_on:
        book.left_out[where] = "made again by an undo, and coupled with nothing"
    serial = fields.get(SERIAL.on(side))
    twins = [
        each.external_id
        for each in world.vendors[table, side].living()
        if each.external_id != external_id and each.fields.get(SERIAL.on(side)) == serial
        if not renamed(world, (table, side, each.external_id))
    ]
    allowed = book.made_anew.get(source, 0) if source else 0
    if twins and len(twins) > allowed:
        book.blame(f"{spell(where)} was made though {twins[0]} is there, made from the same record")


def renamed(world: World, where: Where) -> bool:
    """Whether a person gave another name to what we made, by which alone it could have been found again."""
    vendor = world.vendor(where)
    return not vendor.capabilities.idempotent_create and "name" in world.book.typed.get(where, {})


def _overwrote(world: World, vendor: Vendor, where: Where, was: dict[str, Any], now: dict[str, Any]) -> None:
    """A value that nobody was shown may be overwritten only where no version guards it."""
    versions = vendor.versions[where[2]][:-1]
    shown = vendor.shown.get(where[2], -1)
    for each in FIELDS[where[0]]:
        name = each.on(where[1])
        if same(was.get(name), now.get(name)):
            continue
        typed_at = [
            n
            for n, version in enumerate(versions)
            if n > 0
            and not version.by_us
            and version.record is not None
            and _differs(versions[n - 1].record, version.record, name)
        ]
        if not typed_at or typed_at[-1] <= shown:
            continue
        world.book.unseen.add((where, each.key))
        if vendor.capabilities.version_token:
            world.book.blame(f"{each.key} of {spell(where)} was overwritten before anybody read what stood there")


def _differs(before: Record | None, after: Record, name: str) -> bool:
    return before is None or not same(before.fields.get(name), after.fields.get(name))


def _nothing_invented(world: World, where: Where, write: Write, source: Where) -> None:
    """Everything that we write stood at some time in the record that it comes from."""
    for each in FIELDS[where[0]]:
        name = each.on(where[1])
        if name not in write.fields or is_empty(write.fields[name]):
            continue
        ever = [_translated(world, each, value, source[1]) for value in world.book.ever(source, each.on(source[1]))]
        if not any(same(write.fields[name], value) for value in ever):
            world.book.blame(
                f"{each.key} of {spell(where)} got {write.fields[name]!r}, which {spell(source)} never said"
            )


def _translated(world: World, each: Field, value: Any, side: Side) -> Any:
    if not each.points_to or is_empty(value):
        return value
    found = coupled(world, (each.points_to, side, str(value)))
    return None if found is None else found[2]


def _deleted(world: World, where: Where, source: Where | None) -> None:
    """A record is deleted only because a person deleted its counterpart, or said so."""
    book, table = world.book, where[0]
    book.died[where] = (book.now, "us")
    if where in book.undoing:
        return
    if source is None:
        book.blame(f"{spell(where)} was deleted, which was coupled with nothing")
    elif world.living(source):
        book.blame(f"{spell(where)} was deleted while {spell(source)} is there")
    elif where not in book.deletions_said and world.rules.deletion[table] is not DeletionPolicy.DELETE:
        book.blame(f"{spell(where)} was deleted against the rule, and nobody said so")
    elif where not in book.deletions_said:
        _was_not_edited(world, where, source, book.done[-1].before)


def _was_not_edited(world: World, where: Where, source: Where, stood: Mapping[str, Any]) -> None:
    """What a person typed last stands there, and the other side never heard of it."""
    book = world.book
    for each in FIELDS[where[0]]:
        typed = book.typed.get(where, {}).get(each.key, [])
        name = each.on(source[1])
        made_with = [done.after.get(name) for done in book.done if (done.where, done.operation) == (source, "create")]
        heard = [*book.ever(source, name), *made_with] or [None]
        excused = each.frozen or each.points_to or not each.clears or (where, each.key) in book.undone
        stands = typed and same(typed[-1].value, stood.get(each.on(where[1])))
        fresh = stands and not any(same(typed[-1].value, value) for value in heard)
        if fresh and not excused and not _unseen(world, where, each):
            book.blame(f"{spell(where)} was deleted though a person had changed its {each.key}")


def _unseen(world: World, where: Where, each: Field) -> bool:
    vendor = world.vendor(where)
    return vendor.shown.get(where[2], -1) < len(vendor.versions[where[2]]) - 2
