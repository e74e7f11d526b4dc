"""From actions to writes, and from what came back to what is remembered. No database, no vendor: pure steps."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from kobling.mapping import Reading, Resolver, Side, TableMapping, read, write
from kobling.records import Fields, KoblingError, Record, Refused, Wrong, is_empty
from kobling.sdk.outcomes import Confirmed, Declined
from kobling.sdk.protocols import Operation, Write
from kobling.sync.actions import Create, Delete, Update
from kobling.sync.merge import MISSING

_KEYS = UUID("3f6f5a0e-8d5b-5c1a-9a3d-3b1f9a7c2d10")
VendorAction = Create | Update | Delete


@dataclass(frozen=True, slots=True)
class Prepared:
    """An action with the write made of it. ``position`` is its place in the chunk. ``lacking``: keys that could not be
    carried, and why; the write goes without them."""

    position: int
    action: VendorAction
    write: Write
    lacking: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_idle(self) -> bool:
        """Whether all that it was to change could not be carried."""
        return isinstance(self.action, Update) and bool(self.lacking) and not self.write.fields

    @property
    def source_id(self) -> str:
        if isinstance(self.action, Create):
            return self.action.source_id
        return self.action.other_id if isinstance(self.action, Update) else self.action.coupling

    @property
    def changes(self) -> dict[str, list[Any]]:
        found: dict[str, list[Any]] = {}
        if isinstance(self.action, Create):
            found = {key: [None, value] for key, value in self.action.values.items() if value is not None}
        elif isinstance(self.action, Update):
            found = self.action.changes
        return {key: change for key, change in found.items() if key not in self.lacking}


def create_key(pair_uid: str, table: str, side: Side, source_id: str, generation: int) -> str:
    """The key of a create: the same for every attempt to make this record, another one once it was made and lost."""
    return str(uuid5(_KEYS, f"{pair_uid}\n{table}\n{side.value}\n{source_id}\n{generation}"))


def prepare(
    mapping: TableMapping, position: int, action: VendorAction, key: str, resolver: Resolver, started_at: datetime
) -> Prepared:
    """Make the write of an action. Raises Refused or Unresolved when a value cannot be carried without which it does
    not go."""
    lacking: dict[str, Any] = {}
    if isinstance(action, Create):
        values = {name: value for name, value in action.values.items() if value is not None}
        fields = {**mapping.constants(action.side), **write(mapping, action.side, values, resolver, lacking)}
        sent = Write(key, Operation.CREATE, fields, started_at=started_at)
    elif isinstance(action, Update):
        after = {name: change[1] for name, change in action.changes.items()}
        fields = write(mapping, action.side, after, resolver, lacking)
        sent = Write(key, Operation.UPDATE, fields, action.external_id, action.version, started_at)
    else:
        sent = Write(key, Operation.DELETE, {}, action.external_id, action.version, started_at)
    return Prepared(position, action, sent, lacking)


def without_what_is_refused(mapping: TableMapping, each: Prepared, error: KoblingError) -> Prepared | None:
    """The same write without the light field that the vendor refuses; None where it does not go without."""
    if type(error) is not Refused or not error.field or isinstance(each.action, Delete):
        return None
    for one in mapping.fields:
        here = one.end(each.action.side)
        if one.light and here is not None and error.field in here.paths and error.field in each.write.fields:
            fields = {path: value for path, value in each.write.fields.items() if path not in here.paths}
            lacking = {**each.lacking, one.key: Wrong(error.summary, **error.params).told}
            lighter = replace(each, write=replace(each.write, fields=fields), lacking=lacking)
            return None if lighter.is_idle else lighter
    return None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an outcome means. ``state``: confirmed or refused.

    ``base_source``/``base_target``: keys whose agreed values are now remembered per side; ``altered``: key →
    [sent, kept] where the vendor kept something else; ``moved``: somebody else changed the record meanwhile.
    """

    state: str
    external_id: str | None = None
    record: Record | None = None
    base_source: Mapping[str, Any] = MISSING  # type: ignore[assignment]
    base_target: Mapping[str, Any] = MISSING  # type: ignore[assignment]
    altered: Mapping[str, list[Any]] = MISSING  # type: ignore[assignment]
    moved: bool = False
    error: KoblingError | None = None


def judge(
    mapping: TableMapping,
    prepared: Prepared,
    outcome: Confirmed | Declined,
    base_target: Mapping[str, Any],
    resolver: Resolver,
) -> Verdict:
    """Say what came back for a write, comparing what the vendor kept with what was sent."""
    if isinstance(outcome, Declined):
        return Verdict("refused", error=outcome.error)
    action = prepared.action
    external_id = outcome.external_id
    if isinstance(action, Delete):
        return Verdict("confirmed", external_id, base_source={}, base_target={}, altered={})
    sent = action.values if isinstance(action, Create) else {key: new for key, (_, new) in action.changes.items()}
    kept, unread = _kept(mapping, action.side, outcome.record, resolver)
    if outcome.record is None:
        # What stands there instead is not known: nothing of it is remembered.
        sent = {key: value for key, value in sent.items() if key not in prepared.lacking}
    altered = {
        key: [value, kept[key]]
        for key, value in sent.items()
        if key in kept
        and key not in prepared.lacking
        and not mapping.same(key, kept[key], value)
        and not (value is None and isinstance(action, Create))
    }
    after = {key: kept.get(key, value) for key, value in sent.items() if key in kept or key not in prepared.lacking}
    moved = _moved(mapping, action, sent, kept, base_target) or _says_more(action, sent, unread)
    agree = action.agree if isinstance(action, Update) else {}
    return Verdict(
        "confirmed",
        external_id,
        outcome.record,
        base_source=agree if isinstance(action, Update) and action.alone else {**agree, **sent},
        base_target={**agree, **after},
        altered=altered,
        moved=moved,
    )


def _moved(
    mapping: TableMapping,
    action: Create | Update,
    sent: Mapping[str, Any],
    kept: Mapping[str, Any],
    base: Mapping[str, Any],
) -> bool:
    """Whether the record says something that we did not send: a number it was given, or somebody else's change."""
    if isinstance(action, Create):
        return any(kept.get(key) is not None for key in mapping.handed_back - sent.keys())
    return any(
        not mapping.same(key, value, base[key])
        for key, value in kept.items()
        if key not in sent and key not in action.agree and key in base
    )


def _says_more(action: Create | Update, sent: Mapping[str, Any], unread: Set[str]) -> bool:
    """Whether an update's record holds what nobody here can say yet, and what this write did not put there."""
    return isinstance(action, Update) and bool(unread - sent.keys() - action.agree.keys())


def _kept(
    mapping: TableMapping, side: Side, record: Record | None, resolver: Resolver
) -> tuple[dict[str, Any], Set[str]]:
    """What the vendor keeps in agreed values, and the keys whose value waits for a record or fits no rule."""
    if record is None:
        return {}, frozenset()
    reading: Reading = read(mapping, side, record.fields, resolver)
    values = {
        each.key: reading.values[each.key] for each in mapping.fields if each.key in reading.values and not each.proof
    }
    return values, {key for key, *_ in reading.waits} | reading.problems.keys()


def already_written(fields: Fields, record: Record) -> bool:
    """Whether a record already holds what an update with unknown outcome was to write."""
    return all(_same(value, record.fields.get(path)) for path, value in fields.items())


def _same(wanted: Any, found: Any) -> bool:
    if is_empty(wanted):
        return is_empty(found)
    if isinstance(wanted, str) or isinstance(found, str):
        return str(wanted) == str(found)
    return bool(wanted == found)
