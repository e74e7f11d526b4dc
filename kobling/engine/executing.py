"""Executes a stored chunk of a plan: journal, send, look up what is unknown, remember. Safe to run again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from kobling.engine.settling import Settler
from kobling.hub.models import PlanChunk
from kobling.hub.planning.workbench import Workbench
from kobling.hub.store import journal, mirror, sql
from kobling.hub.store.journal import Intent, Journaled
from kobling.mapping import Side, Unresolved
from kobling.records import N_, Fields, KoblingError, NotThere, Record, Refused, Temporary, Unsafe, from_json
from kobling.sdk.protocols import Clock, FileSource, Operation, Outcome, Report, Resource, Write
from kobling.sync import checkpoints
from kobling.sync.actions import AnyAction, Create, Delete, Update, from_blob
from kobling.sync.execute import Prepared, VendorAction, already_written, create_key, prepare
from kobling.sync.waiting import LoopThread

RECORD_EVERY = 200
"""Most outcomes that are recorded in one transaction."""
SETTLE_AFTER_DROP = 2.0
SETTLE_AFTER_TIMEOUT = 45.0
"""Seconds to wait before asking what became of a write: a vendor may still be working on it."""


@dataclass(slots=True)
class Chunk:
    """A stored stretch of a plan, loaded for work."""

    id: int
    run: int
    epoch: int
    side: Side
    after: int
    upto: int
    other_upto: int
    actions: list[AnyAction]
    who: str = ""
    group: int = 100


@dataclass(slots=True)
class Executor:
    """Executes one chunk on one table. ``resources`` are the opened resources of both sides."""

    bench: Workbench
    chunk: Chunk
    resources: dict[Side, Resource]
    waiting: LoopThread
    clock: Clock
    settler: Settler = field(init=False)

    def __post_init__(self) -> None:
        self.settler = Settler(self.bench, self.chunk.run, self.chunk.epoch, self.chunk.id, self.chunk.who, self.clock)

    def execute(self) -> None:
        """Execute all actions. Raises Temporary, SettingsError or Fenced; what was recorded stays recorded."""
        known = journal.of_chunk(self.chunk.id)
        if not known:
            self.settler.apply_local(self.chunk.actions, self.chunk.side, self.chunk.after, self.chunk.upto)
        todo = [
            (position, action)
            for position, action in enumerate(self.chunk.actions)
            if isinstance(action, Create | Update | Delete)
            and (position not in known or known[position].state in {"open", "unknown"})
        ]
        self.settler.load_links([action for _, action in todo])
        for side in (Side.RIGHT, Side.LEFT):
            mine = [(position, action) for position, action in todo if action.side is side]
            for group in sql.batched(mine, self.chunk.group):
                self._execute_group(side, group, known)
        checkpoints.reach(checkpoints.RECORDED)

    def look_up_only(self) -> None:
        """Settle writes of an earlier run whose outcome is not known, without sending anything anew."""
        known = {at: each for at, each in journal.of_chunk(self.chunk.id).items() if each.state in {"open", "unknown"}}
        actions = [(at, self.chunk.actions[at]) for at in known]
        vendor_actions = [(at, each) for at, each in actions if isinstance(each, Create | Update | Delete)]
        self.settler.load_links([action for _, action in vendor_actions])
        for side in Side:
            mine = [(at, action) for at, action in vendor_actions if action.side is side]
            prepared = list(self._prepare(mine, known))
            found, absent = self._look_up(side, prepared)
            self._settle(found)
            journal.withdraw(self.chunk.id, [each.position for each in absent])
            self.settler.look_again(absent)

    def _execute_group(
        self, side: Side, group: Sequence[tuple[int, VendorAction]], known: dict[int, Journaled]
    ) -> None:
        prepared = list(self._prepare(group, known))
        found, to_send = self._look_up(side, [each for each in prepared if each.position in known])
        self._settle(found)
        fresh = [each for each in prepared if each.position not in known]
        journal.open_intents(self.chunk.run, self.chunk.epoch, [self._intent(each) for each in fresh], self.clock.now())
        checkpoints.reach(checkpoints.JOURNALED)
        self._send(side, fresh + to_send)

    def _send(self, side: Side, prepared: Sequence[Prepared]) -> None:
        if not prepared:
            return
        by_key = {each.write.key: each for each in prepared}
        resource = self.resources[side]
        answered: set[str] = set()
        unknown: list[KoblingError] = []

        def start(report: Report) -> object:
            return resource.write([self._with_files(each) for each in prepared], report)

        try:
            for outcomes in self.waiting.stream(start, RECORD_EVERY):  # type: ignore[arg-type]
                checkpoints.reach(checkpoints.ANSWERED)
                answered.update(each.key for each in outcomes)
                settled = [(by_key[each.key], each) for each in outcomes if not _open(each)]
                unknown += [each.error for each in outcomes if each.error is not None and _open(each)]
                self._settle(settled)
        except KoblingError:
            journal.withdraw(self.chunk.id, [each.position for key, each in by_key.items() if key not in answered])
            raise
        if unknown:
            raise self._lost(unknown)

    def _lost(self, unknown: Sequence[KoblingError]) -> Temporary:
        """The next attempt looks first and then decides; it waits until a slow vendor has surely finished."""
        slow = any(error.code == "timeout" for error in unknown)
        pause = timedelta(seconds=SETTLE_AFTER_TIMEOUT if slow else SETTLE_AFTER_DROP)
        return Temporary(N_("Some answers were lost."), retry_at=self.clock.now() + pause, code="lost_answers")

    def _look_up(
        self, side: Side, prepared: Sequence[Prepared]
    ) -> tuple[list[tuple[Prepared, Outcome]], list[Prepared]]:
        """Ask the vendor what became of writes with unknown outcome: (settled ones, certainly not applied ones)."""
        found: list[tuple[Prepared, Outcome]] = []
        absent: list[Prepared] = []
        resource = self.resources[side]
        for each in prepared:
            try:
                record = self.waiting.run(_fate(resource, self._with_files(each)))
            except Unsafe as unsure:
                self.settler.unknown(each, unsure)
                continue
            if record is None:
                absent.append(each)
            else:
                found.append((each, record))
        return found, absent

    def _with_files(self, each: Prepared) -> Write:
        """The write with a way to load the files of the record that it comes from."""
        source = self.resources[each.action.side.other]
        if not isinstance(source, FileSource) or not isinstance(each.action, Create):
            return each.write
        external_id = each.source_id

        async def load(file: Mapping[str, Any]) -> bytes:
            return await source.file(external_id, file)

        return replace(each.write, load=load)

    def _settle(self, settled: Sequence[tuple[Prepared, Outcome]]) -> None:
        if settled:
            self.settler.settle(settled)

    def _prepare(self, group: Sequence[tuple[int, VendorAction]], known: dict[int, Journaled]) -> Iterator[Prepared]:
        creates = [action.source_id for _, action in group if isinstance(action, Create)]
        generations: dict[str, int] = {}
        if creates:
            side = group[0][1].side
            generations = journal.generations(self.bench.table, side.value, creates)
        now = self.clock.now()
        standing = self._standing([action for _, action in group])
        for position, action in group:
            before = known.get(position)
            key = before.key if before else self._key(position, action, generations)
            started: datetime = before.opened_at if before else now
            self.bench.resolver.current = standing.get(action.external_id) if isinstance(action, Update) else None
            try:
                yield prepare(self.bench.mapping, position, action, key, self.bench.resolver, started)
            except Refused as refusal:
                self._refuse_unsent(position, action, key, refusal, before is None)
            except Unresolved as missing:
                self.settler.waits(action, missing)

    def _standing(self, actions: Sequence[VendorAction]) -> dict[str, Fields]:
        """What stands now in the records that are about to be updated, as mirrored."""
        updates = [each for each in actions if isinstance(each, Update)]
        if not updates:
            return {}
        rows = mirror.by_ids(self.bench.feeds[updates[0].side], [each.external_id for each in updates])
        return {external_id: from_json(row.fields) for external_id, row in rows.items()}

    def _key(self, position: int, action: VendorAction, generations: dict[str, int]) -> str:
        if isinstance(action, Create):
            generation = generations.get(action.source_id, 0)
            return create_key(self.bench.pair_uid, self.bench.name, action.side, action.source_id, generation)
        return f"{self.chunk.id}-{position}"

    def _refuse_unsent(self, position: int, action: VendorAction, key: str, refusal: Refused, fresh: bool) -> None:
        """A value that cannot be carried is journaled like a refusal of the vendor, so that it counts only once."""
        unsent = Prepared(position, action, Write(key, Operation.UPDATE))
        if fresh:
            intent = self._intent(unsent)
            journal.open_intents(self.chunk.run, self.chunk.epoch, [intent], self.clock.now())
        self._settle([(unsent, Outcome(key, error=refusal))])

    def _intent(self, each: Prepared) -> Intent:
        action = each.action
        return Intent(
            chunk=self.chunk.id,
            position=each.position,
            table=self.bench.table,
            side=action.side.value,
            operation="create" if isinstance(action, Create) else "update" if isinstance(action, Update) else "delete",
            key=each.write.key,
            source_id=each.source_id,
            external_id=each.write.external_id,
            coupling=action.restores if isinstance(action, Create) else action.coupling,
            changes=each.changes,
            reason=action.reason,
        )


def _open(outcome: Outcome) -> bool:
    return outcome.error is not None and not isinstance(outcome.error, Refused)


async def _fate(resource: Resource, write: Write) -> Outcome | None:
    """What became of a write: its outcome, or None when it certainly was not applied."""
    if write.operation is Operation.CREATE:
        record = await resource.find_created(write)
        return None if record is None else Outcome(write.key, record.external_id, record)
    external_id = write.external_id or ""
    try:
        record = await resource.get(external_id)
    except NotThere as gone:
        if write.operation is Operation.DELETE:
            return Outcome(write.key, external_id)
        return Outcome(write.key, external_id, error=gone)
    return _applied(write, record)


def _applied(write: Write, record: Record) -> Outcome | None:
    if write.operation is Operation.UPDATE and already_written(write.fields, record):
        return Outcome(write.key, record.external_id, record)
    return None


def load_chunk(chunk: int, run: int, epoch: int, group: int) -> tuple[int, Chunk]:
    """Load a stored chunk: (its table's id, the chunk)."""
    row = PlanChunk.objects.select_related("run").get(pk=chunk)
    actions = from_blob(row.actions.encode())
    who = row.run.asked_by
    side = Side(row.side)
    made = Chunk(row.pk, run, epoch, side, row.after, row.upto, row.other_upto, actions, who, group)
    return row.table_id, made
