"""Executes a stored chunk of a plan: journal, send, look up what is unknown, remember. Safe to run again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from kobling.engine.renaming import became, known_as
from kobling.engine.sending import Sender, Target, answered_by, with_files
from kobling.engine.settling import Settler
from kobling.hub.models import PlanChunk
from kobling.hub.planning.workbench import Workbench
from kobling.hub.store import couplings, journal, mirror, sql
from kobling.hub.store.journal import Intent, Journaled
from kobling.mapping import Side, Unresolved, read
from kobling.records import (
    N_,
    Fields,
    Misunderstood,
    NotReached,
    NotThere,
    Record,
    Refused,
    StaleVersion,
    Unreachable,
    Unsafe,
    from_json,
)
from kobling.sdk.fitting import misfit
from kobling.sdk.looking_up import somebody_elses
from kobling.sdk.outcomes import Confirmed, Declined
from kobling.sdk.protocols import Clock, Operation, Resource, Write
from kobling.sdk.renaming import Renaming
from kobling.sync import checkpoints
from kobling.sync.actions import AnyAction, Couple, Create, Delete, Update, from_blob
from kobling.sync.execute import Prepared, VendorAction, already_written, create_key, prepare
from kobling.sync.merge import moved_since_base
from kobling.sync.waiting import LoopThread

MOST_SENT = 2
"""How often a write whose outcome is unknown is sent while nothing of it is found."""
_NO_TRACE = N_("It was sent twice, and nothing of it is found. Look in the other system before it is sent again.")
_WAITS_NOW = N_("It was sent, and what became of it is not known; it now refers to a record that is not coupled.")


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
    """Executes one chunk on one table. ``targets`` are where each side's writes go."""

    bench: Workbench
    chunk: Chunk
    targets: Mapping[Side, Target]
    waiting: LoopThread
    clock: Clock
    settler: Settler = field(init=False)
    sender: Sender = field(init=False)

    def __post_init__(self) -> None:
        self.settler = Settler(self.bench, self.chunk.run, self.chunk.epoch, self.chunk.id, self.chunk.who, self.clock)
        self.sender = Sender(self.bench, self.chunk.id, self.settler, self.waiting, self.clock)

    def execute(self) -> None:
        """Execute all actions. Raises Temporary, SettingsError or Fenced; what was recorded stays recorded."""
        known = journal.of_chunk(self.chunk.id)
        self._let_finish(known)
        if not known:
            self.settler.apply_local(self.chunk.actions, self.chunk.side, self.chunk.after, self.chunk.upto)
        todo = [
            (position, action)
            for position, action in enumerate(self.chunk.actions)
            if isinstance(action, Create | Update | Delete)
            and (position not in known or known[position].state in {"open", "unknown"})
        ]
        self.settler.load_links([action for _, action in todo])
        hoped = {each.coupling for each in self.chunk.actions if isinstance(each, Couple)} - set(self.settler.links)
        for side in (Side.RIGHT, Side.LEFT):
            mine = [(at, each) for at, each in todo if each.side is side and _coupling_of(each) not in hoped]
            for group in sql.batched(mine, self.chunk.group):
                self._execute_group(side, group, known)
        checkpoints.reach(checkpoints.RECORDED)

    def look_up_only(self) -> None:
        """Settle writes of an earlier run whose outcome is not known, without sending anything anew.

        One that cannot be looked up now stays as it is, and holds up nothing but its own record.
        """
        known = {at: each for at, each in journal.of_chunk(self.chunk.id).items() if each.state in {"open", "unknown"}}
        self._let_finish(known)
        actions = [(at, self.chunk.actions[at]) for at in known]
        vendor_actions = [(at, each) for at, each in actions if isinstance(each, Create | Update | Delete)]
        self.settler.load_links([action for _, action in vendor_actions])
        for side in Side:
            mine = [(at, action) for at, action in vendor_actions if action.side is side]
            found, absent = self._look_up(side, list(self._prepare(mine, known)), patient=True)
            self.settler.settle(found)
            journal.withdraw(self.chunk.id, [each.position for each in absent])
            self.settler.look_again(absent)

    def _let_finish(self, known: Mapping[int, Journaled]) -> None:
        """A vendor may still be working on what was sent last by an attempt that was cut off or ended since."""
        now = self.clock.now()
        due = [answered_by(each, now) for each in known.values() if each.state == "open"]
        if due and max(due) > now:
            self.waiting.run(self.clock.sleep((max(due) - now).total_seconds()))

    def _execute_group(
        self, side: Side, group: Sequence[tuple[int, VendorAction]], known: dict[int, Journaled]
    ) -> None:
        prepared = list(self._prepare(group, known))
        self.settler.set_aside([each for each in prepared if each.is_idle and each.position not in known])
        prepared = [each for each in prepared if not each.is_idle or each.position in known]
        found, absent = self._look_up(side, [each for each in prepared if each.position in known])
        self.settler.settle(found)
        to_send = self._not_too_often(absent, known)
        fresh = [each for each in prepared if each.position not in known]
        journal.open_intents(self.chunk.run, self.chunk.epoch, [self._intent(each) for each in fresh], self.clock.now())
        journal.count_sent(self.chunk.id, [each.position for each in to_send])
        checkpoints.reach(checkpoints.JOURNALED)
        self.sender.send(self.targets[side], fresh + to_send)

    def _not_too_often(self, absent: Sequence[Prepared], known: Mapping[int, Journaled]) -> list[Prepared]:
        """What was sent twice and left no trace is not sent a third time: a person looks."""
        again = []
        for each in absent:
            if known[each.position].sent < MOST_SENT:
                again.append(each)
            else:
                self.settler.unknown(each, Unsafe(_NO_TRACE, vendor=self.targets[each.action.side].resource.name))
        return again

    def _look_up(
        self, side: Side, prepared: Sequence[Prepared], *, patient: bool = False
    ) -> tuple[list[tuple[Prepared, Confirmed | Declined]], list[Prepared]]:
        """Ask the vendor what became of writes with unknown outcome: (settled ones, certainly not applied ones).

        ``patient``: one that cannot be asked about now is left for another time.
        """
        found: list[tuple[Prepared, Confirmed | Declined]] = []
        absent: list[Prepared] = []
        moved: list[tuple[Prepared, Record]] = []
        target = self.targets[side]
        taken = self._taken(side, prepared)
        for each in prepared:
            write = replace(with_files(each, target.source), taken=taken)
            try:
                outcome = self.waiting.run(_fate(target.resource, write))
                if isinstance(outcome, Declined) and isinstance(outcome.error, NotThere):
                    outcome = self._renamed(side, target.resource, each) or outcome
            except (Unsafe, Refused, Misunderstood) as unsure:
                self.settler.unknown(each, unsure)
                continue
            except Unreachable as later:
                if not patient or isinstance(later, NotReached):
                    raise
                continue
            if isinstance(outcome, Confirmed | Declined):
                found.append((each, outcome))
                taken |= {outcome.external_id or ""}
            elif outcome is not None and self._says_something_else(each, outcome):
                moved.append((each, outcome))
            else:
                absent.append(each)
        self._leave_to_the_next_plan(side, moved)
        return found, absent

    def _renamed(self, side: Side, resource: Resource, each: Prepared) -> Confirmed | None:
        """An update of what is there under another id now, which is what the update was to bring about."""
        known = known_as(self.bench, side, each.write.external_id or "")
        if not isinstance(resource, Renaming) or known is None:
            return None
        taken = couplings.ids_of([self.bench.table, *self.bench.siblings[side]], side)
        record = self.waiting.run(became(resource, known, sorted(taken)))
        if record is None or not already_written(each.write.fields, record):
            return None
        return Confirmed(each.write.key, record.external_id, record)

    def _says_something_else(self, each: Prepared, record: Record) -> bool:
        """Whether a person changed what an update was to change, or anything in what was to be deleted."""
        action = each.action
        now = read(self.bench.mapping, action.side, record.fields, self.bench.resolver).values
        if isinstance(action, Update):
            return any(key in now and now[key] not in change for key, change in action.changes.items())
        link = self.settler.links.get(action.coupling) if isinstance(action, Delete) else None
        return link is not None and moved_since_base(self.bench.mapping, now, link.base(action.side))

    def _leave_to_the_next_plan(self, side: Side, moved: Sequence[tuple[Prepared, Record]]) -> None:
        """Somebody changed these after their write was lost: sending it again would undo what nobody has seen."""
        if not moved:
            return
        with sql.together():
            journal.fence(self.chunk.run, self.chunk.epoch)
            mirror.put(self.bench.feeds[side], [record for _, record in moved], [], self.clock.now())
        stale = StaleVersion(N_("The record was changed by someone else."))
        told = [(each, Declined(each.write.key, each.write.external_id, stale)) for each, _ in moved]
        self.settler.overtaken(side, told, ())

    def _taken(self, side: Side, prepared: Sequence[Prepared]) -> frozenset[str]:
        """Records that creates which are looked for cannot have made, since they are coupled."""
        if not any(each.write.operation is Operation.CREATE for each in prepared):
            return frozenset()
        return couplings.ids_of([self.bench.table, *self.bench.siblings[side]], side)

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
            except (Refused, Unresolved) as problem:
                self._not_prepared(position, action, key, problem, before)

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

    def _not_prepared(
        self, position: int, action: VendorAction, key: str, problem: Refused | Unresolved, before: Journaled | None
    ) -> None:
        """A value that cannot be carried is journaled like a refusal of the vendor, so that it counts only once.

        What was sent before and can no longer be prepared stays unknown: nobody can look it up without what was sent.
        """
        unsent = Prepared(position, action, Write(key, Operation.UPDATE))
        if before is not None:
            unsure = problem if isinstance(problem, Refused) else Unsafe(_WAITS_NOW)
            self.settler.unknown(unsent, unsure)
        elif isinstance(problem, Unresolved):
            self.settler.waits(action, problem)
        else:
            intent = self._intent(unsent)
            journal.open_intents(self.chunk.run, self.chunk.epoch, [intent], self.clock.now())
            self.settler.settle([(unsent, Declined(key, None, problem))])

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


def _coupling_of(action: VendorAction) -> str | None:
    """Creates belong to no coupling yet."""
    return None if isinstance(action, Create) else action.coupling


async def _fate(resource: Resource, write: Write) -> Confirmed | Declined | Record | None:
    """What became of a write: its outcome, or the record, or None, when it certainly was not applied.

    Raises Unsafe where a connector takes a record for it that belongs to another one.
    """
    if write.operation is Operation.CREATE:
        record = await resource.find_created(write)
        if record is not None and record.external_id in write.taken:
            raise somebody_elses(resource.name, record.external_id)
        return None if record is None else _found(write, record)
    external_id = write.external_id or ""
    try:
        record = await resource.get(external_id)
    except NotThere as gone:
        if write.operation is Operation.DELETE:
            return Confirmed(write.key, external_id)
        return Declined(write.key, external_id, gone)
    if write.operation is Operation.UPDATE and already_written(write.fields, record):
        return _found(write, record)
    return None if misfit(record) else record


def _found(write: Write, record: Record) -> Confirmed:
    """Raises Misunderstood for a record that cannot be kept."""
    if error := misfit(record):
        raise error
    return Confirmed(write.key, record.external_id, record)


def load_chunk(chunk: int, run: int, epoch: int, group: int) -> tuple[int, Chunk]:
    """Load a stored chunk: (its table's id, the chunk)."""
    row = PlanChunk.objects.select_related("run").get(pk=chunk)
    actions = from_blob(row.actions.encode())
    who = row.run.asked_by
    side = Side(row.side)
    made = Chunk(row.pk, run, epoch, side, row.after, row.upto, row.other_upto, actions, who, group)
    return row.table_id, made
