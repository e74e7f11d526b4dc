"""Sends prepared writes, and puts each one's outcome where it belongs. Every write handed over must have one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from kobling.engine.settling import Settler
from kobling.hub.planning.workbench import Workbench
from kobling.hub.store import journal, mirror
from kobling.hub.store.journal import Journaled
from kobling.mapping import Side, read
from kobling.records import (
    N_,
    KoblingError,
    Misunderstood,
    NotThere,
    Record,
    StaleVersion,
    Temporary,
    from_json,
)
from kobling.sdk.fitting import fits, misfit
from kobling.sdk.outcomes import Confirmed, Declined, NotSent, Outcome, Unknown, WhoAmI, account
from kobling.sdk.paging import groups
from kobling.sdk.protocols import Clock, FileSource, Operation, Report, Resource, Write
from kobling.sdk.reading import Found, found_of
from kobling.sync import checkpoints
from kobling.sync.actions import Delete
from kobling.sync.execute import Prepared, already_written, without_what_is_refused
from kobling.sync.waiting import LoopThread

RECORD_EVERY = 200
"""Most outcomes that are recorded in one transaction."""
READ_AT_ONCE = 100
SETTLE_AFTER_DROP = 2.0
SETTLE_AFTER_TIMEOUT = 45.0
"""Seconds to wait before asking what became of a write: a vendor may still be working on it."""


def answered_by(each: Journaled, now: datetime) -> datetime:
    """When a vendor has surely finished an open write; one that nobody saw the end of was dropped just now."""
    if each.lost_at is None:
        return now + timedelta(seconds=SETTLE_AFTER_DROP)
    return each.lost_at + timedelta(seconds=SETTLE_AFTER_TIMEOUT if each.slow else SETTLE_AFTER_DROP)


@dataclass(frozen=True, slots=True)
class Target:
    """Where one side's writes go. ``who_am_i`` asks whether the connection is still welcome, None where nobody can."""

    side: Side
    resource: Resource
    source: Resource
    who_am_i: WhoAmI | None = None


class Sender:
    """Sends for one chunk."""

    def __init__(self, bench: Workbench, chunk: int, settler: Settler, waiting: LoopThread, clock: Clock) -> None:
        self._bench = bench
        self._chunk = chunk
        self._settler = settler
        self._waiting = waiting
        self._clock = clock

    def send(self, target: Target, prepared: Sequence[Prepared]) -> None:
        """Send writes whose intents are journaled. Raises Temporary, SettingsError; what was recorded stays."""
        stale, again = self._send(target, prepared)
        again += self._read_again(target, stale)
        while again:
            still, again = self._send(target, again)
            self._settler.settle([(each, _stale(each, outcome)) for each, outcome in still])

    def _send(
        self, target: Target, prepared: Sequence[Prepared]
    ) -> tuple[list[tuple[Prepared, Declined]], list[Prepared]]:
        """Send once; gives back those whose record had another version, and those that may go without a field."""
        if not prepared:
            return [], []
        # A worker that slept since it journaled these may have been overtaken, and they may have been sent meanwhile.
        journal.fence_now(self._settler.run, self._settler.epoch)
        work = _Work(target, prepared)
        failure: KoblingError | None = None
        try:
            for outcomes in self._outcomes(target, prepared):
                checkpoints.reach(checkpoints.ANSWERED)
                self._record(work, outcomes)
        except KoblingError as error:
            failure = error
        journal.note_lost(self._chunk, work.unknown, self._clock.now())
        self._read_later(target, work.unread)
        if missing := [key for key in work.by_key if key not in work.ended]:
            raise Misunderstood(
                N_("Something happened that Kobling does not know."),
                detail=f"{self._bench.name}: {len(missing)} writes without an outcome",
                code="no_outcome",
            )
        if failure is not None:
            raise failure
        self._settler.later(work.kept_back)
        if work.unknown:
            raise self._lost([error for _, error in work.unknown])
        return work.stale, work.lighter

    def _outcomes(self, target: Target, prepared: Sequence[Prepared]) -> Iterator[list[Outcome]]:
        writes = [with_files(each, target.source) for each in prepared]

        async def start(report: Report) -> None:
            if target.who_am_i is None:
                await target.resource.write(writes, report)
                return
            with account(target.who_am_i):
                await target.resource.write(writes, report)

        return self._waiting.stream(start, RECORD_EVERY)

    def _record(self, work: _Work, outcomes: Sequence[Outcome]) -> None:
        settled: list[tuple[Prepared, Confirmed | Declined]] = []
        withdrawn: list[int] = []
        for outcome in outcomes:
            each = work.by_key[outcome.key]
            if outcome.key in work.ended:
                continue
            outcome = self._believed(work.target, each, _kept(outcome))
            work.ended.add(outcome.key)
            if isinstance(outcome, Confirmed):
                settled.append((each, outcome))
                if outcome.record is None and each.write.operation is not Operation.DELETE:
                    work.unread.append(outcome.external_id)
            elif isinstance(outcome, Unknown):
                work.unknown.append((each.position, outcome.error))
            elif isinstance(outcome, NotSent) or isinstance(outcome.error, Temporary):
                withdrawn.append(each.position)
                work.kept_back.append((each, outcome.error))
            elif isinstance(outcome.error, StaleVersion) and each.write.external_id:
                work.stale.append((each, outcome))
            elif (lighter := without_what_is_refused(self._bench.mapping, each, outcome.error)) is not None:
                work.lighter.append(lighter)
            else:
                settled.append((each, outcome))
        if settled:
            self._settler.settle(settled)
        journal.withdraw(self._chunk, withdrawn)

    def _believed(self, target: Target, each: Prepared, outcome: Outcome) -> Outcome:
        """“Not there” counts only when the record itself, asked for by itself, is not there.

        While it cannot be asked for, nobody knows what became of the write.
        """
        if not (isinstance(outcome, Declined) and isinstance(outcome.error, NotThere) and each.write.external_id):
            return outcome
        try:
            if self._ask(target, [each.write.external_id]).gone:
                return outcome
        except KoblingError as unsure:
            return Unknown(outcome.key, each.write.external_id, unsure)
        error = Misunderstood(outcome.error.summary, code=outcome.error.code, vendor_text=outcome.error.vendor_text)
        error.params = outcome.error.params
        return replace(outcome, error=error)

    def _read_later(self, target: Target, external_ids: Sequence[str]) -> None:
        """What was carried out and came back without a record is read now, or by the next reading of its feed."""
        for some in groups(external_ids, READ_AT_ONCE):
            try:
                found = self._ask(target, some)
            except KoblingError:
                return
            mirror.put_own(self._bench.feeds[target.side], found.records, self._clock.now())

    def _read_again(self, target: Target, stale: Sequence[tuple[Prepared, Declined]]) -> list[Prepared]:
        """Records that changed since they were read are read again.

        Gives those in which nothing moved that this mapping reads, with their new version: they may be sent once more.
        One that says what was sent by now was moved by us: an earlier sending was carried out late. The others are left
        to the next plan, which sees what moved.
        """
        if not stale:
            return []
        feed = self._bench.feeds[target.side]
        ids = [each.write.external_id or "" for each, _ in stale]
        before = mirror.by_ids(feed, ids)
        asked = [self._ask(target, some) for some in groups(ids, READ_AT_ONCE)]
        now = {each.external_id: each for found in asked for each in found.records}
        mirror.put(feed, list(now.values()), [], self._clock.now())
        again: list[Prepared] = []
        left: list[tuple[Prepared, Declined]] = []
        ours: list[tuple[Prepared, Confirmed]] = []
        for (each, outcome), external_id in zip(stale, ids, strict=True):
            old, new = before.get(external_id), now.get(external_id)
            if new is not None and _is_done(each, new):
                ours.append((each, Confirmed(each.write.key, external_id, new)))
            elif old is not None and new is not None and self._reads_the_same(target.side, from_json(old.fields), new):
                again.append(replace(each, write=replace(each.write, expected=new.version)))
            else:
                left.append((each, outcome))
        self._settler.settle(ours)
        self._settler.overtaken(target.side, left, {each for found in asked for each in found.gone})
        return again

    def _reads_the_same(self, side: Side, old: Mapping[str, Any], new: Record) -> bool:
        mapping, resolver = self._bench.mapping, self._bench.resolver
        return read(mapping, side, old, resolver).values == read(mapping, side, new.fields, resolver).values

    def _ask(self, target: Target, external_ids: Sequence[str]) -> Found:
        return self._waiting.run(found_of(target.resource, external_ids))

    def _lost(self, unknown: Sequence[KoblingError]) -> Temporary:
        """The next attempt looks first and then decides; it waits until a slow vendor has surely finished."""
        slow = any(error.code == "timeout" for error in unknown)
        pause = timedelta(seconds=SETTLE_AFTER_TIMEOUT if slow else SETTLE_AFTER_DROP)
        return Temporary(N_("Some answers were lost."), retry_at=self._clock.now() + pause, code="lost_answers")


def _is_done(each: Prepared, record: Record) -> bool:
    return each.write.operation is Operation.UPDATE and already_written(each.write.fields, record)


def _kept(outcome: Outcome) -> Outcome:
    """A record that cannot be kept is read later, like one that did not come back; an id that cannot, is not known."""
    if not isinstance(outcome, Confirmed):
        return outcome
    error = None if outcome.record is None else misfit(outcome.record)
    if not fits(outcome.external_id):
        told = Misunderstood(N_("The vendor answered with an id that cannot be kept."), code="misfit")
        return Unknown(outcome.key, None, told)
    return outcome if error is None else replace(outcome, record=None)


class _Work:
    """What came of one sending so far."""

    def __init__(self, target: Target, prepared: Sequence[Prepared]) -> None:
        self.target = target
        self.by_key = {each.write.key: each for each in prepared}
        self.ended: set[str] = set()
        self.unread: list[str] = []
        self.unknown: list[tuple[int, KoblingError]] = []
        self.stale: list[tuple[Prepared, Declined]] = []
        self.lighter: list[Prepared] = []
        self.kept_back: list[tuple[Prepared, KoblingError]] = []


def with_files(each: Prepared, source: Resource) -> Write:
    """The write with a way to load the files of the record that it comes from."""
    if not isinstance(source, FileSource) or isinstance(each.action, Delete):
        return each.write
    external_id = each.source_id

    async def load(file: Mapping[str, Any]) -> bytes:
        return await source.file(external_id, file)

    return replace(each.write, load=load)


def _stale(each: Prepared, outcome: Declined) -> Declined:
    """The version moves again and again while nothing that we read does: counted like any refusal."""
    return replace(outcome, external_id=each.write.external_id)
