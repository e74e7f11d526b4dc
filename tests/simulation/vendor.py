"""A vendor in memory that shows what happened late, out of order or as it was before, and loses requests and answers.

A record asked for by its id is there as soon as it is made and gone as soon as it is deleted; lists, searches and
feeds follow a moment later. Within that, ``Weather`` decides what goes wrong.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from kobling.records import Fields, Gone, KoblingError, Misunderstood, NotThere, Record, Unreachable, parse_instant
from kobling.sdk.clock import FakeClock
from kobling.sdk.looking_up import the_one
from kobling.sdk.memory import MemoryResource
from kobling.sdk.outcomes import Confirmed, Declined, Outcome, Unknown
from kobling.sdk.protocols import Bookmark, Capabilities, Deletions, IdPage, Operation, Page, Report, Unread, Write
from kobling.sdk.writing import all_told
from tests.simulation import weather
from tests.simulation.weather import CALM, Weather

OVERLAP = timedelta(seconds=60)
NAMES = ("title", "subject", "what", "Name", "Text", "Title")
"""What its records are found by."""
SHOWN_AFTER = 1.4
"""Seconds after which every list shows what was made."""
DROPPED = 0.5
"""Seconds in which a vendor finishes what it was working on when the connection broke."""
SLOWEST = 40.0
LATEST = 30.0
"""Seconds by which a feed may be late; one that goes by instants must show a change within its overlap."""


class Killed(BaseException):
    """The process ends here."""


class Skewed:
    """A vendor's own clock. It is never set back so far that a feed by instants would lose what its overlap covers."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self.offset = timedelta()
        self.ago = 0.0
        """Seconds that have passed since what is being carried out now was due."""

    def now(self) -> datetime:
        return self._clock.now() + self.offset - timedelta(seconds=self.ago)

    def monotonic(self) -> float:
        return self._clock.monotonic() - self.ago

    async def sleep(self, seconds: float) -> None:
        await self._clock.sleep(seconds)


@dataclass(frozen=True, slots=True)
class Version:
    """What a record said from a moment on; None: it was deleted. ``listed`` is when lists show it."""

    record: Record | None
    stamp: datetime
    listed: float
    by_us: bool


class Watcher:
    """Who looks over a vendor's shoulder. This one does nothing."""

    def leaves(self, vendor: Vendor, write: Write) -> None:
        """A write was handed over to be sent."""

    def applied(self, vendor: Vendor, write: Write, before: Record | None, after: Record | None) -> None:
        """A write of ours was carried out."""

    def fate(self, vendor: Vendor, write: Write, what: str) -> None:
        """Something went wrong with a write."""

    def passing(self, vendor: Vendor, call: str) -> None:
        """A request arrives: others may act before it is answered."""


class Vendor(MemoryResource):
    """One kind of record of one system. ``style``: how its feed goes on (by a log, by instants, or it has none)."""

    def __init__(self, name: str, clock: FakeClock, style: str, capabilities: Capabilities, page_size: int) -> None:
        self.skewed = Skewed(clock)
        super().__init__(name, clock=self.skewed, capabilities=capabilities, page_size=page_size, seed=name)
        self.style = style
        self.weather: Weather = CALM
        self.watcher: Watcher = Watcher()
        self.versions: dict[str, list[Version]] = {}
        self.shown: dict[str, int] = {}
        self.misled: set[str] = set()
        """Records that were shown as they were before, when they were asked for by themselves."""
        self._late: list[tuple[float, str]] = []
        self._working: list[tuple[float, Write]] = []
        self._down = 0
        self._ours = False
        self._newest: datetime | None = None

    # Time.

    def settle(self) -> None:
        """Finish what is due: writes that were being worked on, changes that the feed was late with."""
        now = self.skewed.monotonic()
        for due, write in list(self._working):
            if due <= now:
                self._working.remove((due, write))
                self.skewed.ago = now - due
                self._carry_out(write)
                self.skewed.ago = 0.0
        due_now = [each for each in self._late if each[0] <= now]
        self._late = [each for each in self._late if each[0] > now]
        if self.weather.happens("shuffled"):
            self.weather.rng.shuffle(due_now)
        self._log += [external_id for _, external_id in due_now]

    def hang_up(self, is_known: Callable[[Write], bool]) -> None:
        """Our connections break: what it was working on for them is done now or soon, as if it had been dropped."""
        soon = self.skewed.monotonic() + DROPPED
        self._working = [(due if is_known(write) else min(due, soon), write) for due, write in self._working]

    def set_clock(self, offset: timedelta) -> None:
        """Set the vendor's clock; back by less than the overlap of what it stamped already, and with nothing late."""
        now = self.skewed.monotonic()
        for external_id, versions in self.versions.items():
            self.versions[external_id] = [replace(each, listed=min(each.listed, now)) for each in versions]
        self._late = [(min(at, now), external_id) for at, external_id in self._late]
        self.skewed.offset = offset
        if self._newest is not None:
            behind = self._newest - self.skewed.now() - (OVERLAP - timedelta(seconds=LATEST + 10))
            if behind > timedelta():
                self.skewed.offset += behind

    def _touch(self, external_id: str, row: Any) -> None:
        self._rows[external_id] = row
        rng, now = self.weather.rng, self.skewed.monotonic()
        listed = now + (rng.uniform(0, SHOWN_AFTER) if self.weather.chances else 0.0)
        if self.weather.happens("late"):
            listed = now + rng.uniform(0, LATEST) if not self._ours else listed
        record = None if row.deleted_at is not None else row.record
        stamp = self.skewed.now()
        self._newest = stamp if self._newest is None else max(stamp, self._newest)
        self.versions.setdefault(external_id, []).append(Version(record, stamp, listed, self._ours))
        self._late.append((listed, external_id))

    def _listed(self, external_id: str) -> Version | None:
        """The newest version that lists show by now."""
        now = self.skewed.monotonic()
        return next((each for each in reversed(self.versions[external_id]) if each.listed <= now), None)

    def _show(self, record: Record) -> Record:
        """Remember how much of a record was shown: what was typed later was typed unseen."""
        for n, each in enumerate(self.versions[record.external_id]):
            if each.record is record:
                self.shown[record.external_id] = max(n, self.shown.get(record.external_id, -1))
        return record

    def _before(self, external_id: str) -> Record | None:
        """The record as it was before its last change, where it was there before and after."""
        known = self.versions.get(external_id, [])
        return known[-2].record if len(known) > 1 and known[-1].record is not None else None

    # Reading.

    def _enter(self, call: str, *, read: bool = False) -> None:
        self.watcher.passing(self, call)
        self.settle()
        if self._down > 0 or self.weather.happens("out"):
            self._down = self._down - 1 if self._down > 0 else self.weather.rng.randint(1, 12)
            raise Unreachable("It is down.", code="503")
        if read and self.weather.happens("unreachable"):
            raise Unreachable("No answer.", code="502")
        super()._enter(call, read=read)

    async def read(self, bookmark: Bookmark | None) -> Page:
        self._enter("read", read=True)
        mark: dict[str, Any] | None = dict(bookmark) if bookmark else None
        broke = mark is not None and self.style != "none" and self.weather.happens("broke_off")
        if broke:
            mark = None
        if self.style == "instants":
            page = self._by_instant(mark)
        elif mark is None or "full" in mark or self.style == "none":
            page = self._from_start(mark or {"log": len(self._log)})
        else:
            page = self._by_log(int(mark["log"]))
        return self._muddled(replace(page, unswept=True) if broke else page)

    def _from_start(self, mark: dict[str, Any]) -> Page:
        start = int(mark.get("full") or 0)
        end = start + self._page_size
        versions = [self._listed(each) for each in self._order[start:end]]
        records = [each.record for each in versions if each is not None and each.record is not None]
        more = end < len(self._order)
        return Page(records, {"full": end, "log": mark.get("log", 0)} if more else {"log": mark.get("log", 0)}, more)

    def _by_log(self, start: int) -> Page:
        end = min(start + self._page_size, len(self._log))
        records, gone = self._split([(each, self._listed(each)) for each in dict.fromkeys(self._log[start:end])])
        return Page(records, {"log": end}, end < len(self._log), gone)

    def _by_instant(self, mark: dict[str, Any] | None) -> Page:
        """What was stamped since, some at a time in the order of the stamps; the overlap is read again."""
        since = str((mark or {}).get("since") or "")
        after = (str((mark or {}).get("at") or ""), str((mark or {}).get("id") or ""))
        floor = (parse_instant(since) - OVERLAP).isoformat() if since else ""
        versions = [(each, found) for each in self._order if (found := self._listed(each)) is not None]
        due = sorted((found.stamp.isoformat(), each) for each, found in versions if found.stamp.isoformat() >= floor)
        due = [each for each in due if each > after]
        known = dict(versions)
        some = due[: self._page_size]
        records, gone = self._split([(each, known[each]) for _, each in some])
        newest = max([since, *[stamp for stamp, _ in some]])
        top = max(newest, str((mark or {}).get("top") or ""))
        if len(due) > len(some):
            return Page(records, {"since": since, "at": some[-1][0], "id": some[-1][1], "top": top}, True, gone)
        return Page(records, {"since": top}, False, gone)

    def _split(self, versions: Sequence[tuple[str, Version | None]]) -> tuple[list[Record], list[Gone]]:
        records = [each.record for _, each in versions if each is not None and each.record is not None]
        told = self.capabilities.deletions is Deletions.FEED
        gone = [Gone(name, each.stamp) for name, each in versions if told and each is not None and each.record is None]
        return records, gone

    def _muddled(self, page: Page) -> Page:
        """A page as the weather lets it through."""
        rng, records, unread = self.weather.rng, list(page.records), list[Unread]()
        if records and self.weather.happens("shuffled"):
            rng.shuffle(records)
        if records and self.weather.happens("doubled"):
            records.append(rng.choice(records))
        if records and self.weather.happens("earlier"):
            at = rng.randrange(len(records))
            earlier = self._before(records[at].external_id)
            if earlier is not None and self._is_shown_again(earlier.external_id):
                records[at] = earlier
        if records and self.weather.happens("unread"):
            left_out = records.pop(rng.randrange(len(records)))
            records = [each for each in records if each.external_id != left_out.external_id]
            unread.append(Unread(left_out.external_id, Misunderstood("It cannot be read.", code="row")))
        return replace(page, records=[self._show(each) for each in records], unread=unread)

    def _is_shown_again(self, external_id: str) -> bool:
        """Whether the feed will show the record once more; where it can be told to, it is."""
        now = self.skewed.monotonic()
        if self.style == "log":
            self._late.append((now + SHOWN_AFTER, external_id))
            return True
        recent = self.skewed.now() - self.versions[external_id][-1].stamp < OVERLAP / 3
        return self.style == "none" or (recent and self.versions[external_id][-1].stamp == self._newest)

    async def read_ids(self, position: str | None) -> IdPage:
        self._enter("read_ids", read=True)
        start = int(position or 0)
        end = start + self._page_size
        versions = [(each, self._listed(each)) for each in self._order[start:end]]
        ids = [each for each, found in versions if found is not None and found.record is not None]
        if ids and self.weather.happens("one_signal"):
            ids.pop(self.weather.rng.randrange(len(ids)))
        return IdPage(ids, str(end) if end < len(self._order) else None)

    async def get(self, external_id: str) -> Record:
        self._enter("get", read=True)
        return self._got(self._row(external_id).record)

    async def get_many(self, external_ids: Sequence[str]) -> Sequence[Record]:
        self._enter("get_many", read=True)
        return [self._got(self._rows[each].record) for each in external_ids if self._exists(each)]

    def _got(self, record: Record) -> Record:
        earlier = self._before(record.external_id)
        if earlier is not None and self.weather.happens("got_earlier") and self._is_shown_again(record.external_id):
            self.misled.add(record.external_id)
            return self._show(earlier)
        return self._show(record)

    async def find_created(self, write: Write) -> Record | None:
        self._enter("find_created", read=True)
        if self.capabilities.idempotent_create:
            chosen = self._chosen_id(write)
            return self._show(self._rows[chosen].record) if self._exists(chosen) else None
        listed = [(each, found.record) for each in self._order if (found := self._listed(each)) is not None]
        name = next((each for each in NAMES if each in write.fields), "")
        candidates = [
            self._rows[each].record
            for each, record in listed
            if record is not None and self._exists(each) and record.fields.get(name) == write.fields.get(name)
        ]
        found = the_one(write, candidates, vendor=self.name, unique=False, made_at=self._made_at)
        return None if found is None else self._show(found)

    def _made_at(self, record: Record) -> datetime | None:
        return self._rows[record.external_id].created_at

    # Writing.

    async def write(self, writes: Sequence[Write], report: Report) -> None:
        with all_told(writes, report) as tell:
            for each in writes:
                await asyncio.sleep(0)
                self._enter("write")
                outcome = self._send(each)
                tell(outcome)
                if self.weather.happens("doubled_answer"):
                    tell(outcome)

    def _send(self, write: Write) -> Outcome:
        self.watcher.leaves(self, write)
        rng, now = self.weather.rng, self.skewed.monotonic()
        what = self.weather.fate()
        if what is not None:
            self.watcher.fate(self, write, what)
        if what in ("slow", "dropped", "killed"):
            self._working.append((now + rng.uniform(0, SLOWEST if what == "slow" else DROPPED), write))
        if what == "killed":
            raise Killed
        if what is not None and weather.is_lost(what):
            if what == "answer_lost":
                self._carry_out(write)
            return Unknown(write.key, write.external_id, weather.lost(what))
        if what is not None:
            return Declined(write.key, write.external_id, weather.said(what, rng))
        return self._carry_out(write)

    def _carry_out(self, write: Write) -> Outcome:
        """Do it as a write of ours."""
        before = None if write.operation is Operation.CREATE else self._current(write.external_id or "")
        with self._by_us():
            try:
                record = self._apply(write)
            except KoblingError as error:
                return Declined(write.key, write.external_id, error)
        deleted = write.operation is Operation.DELETE
        self.watcher.applied(self, write, before, None if deleted else record)
        if deleted or self.weather.happens("bare"):
            return Confirmed(write.key, record.external_id)
        if before is not None and self.weather.happens("read_back_late") and self._is_shown_again(record.external_id):
            return Confirmed(write.key, record.external_id, self._show(before))
        return Confirmed(write.key, record.external_id, self._show(record))

    @contextmanager
    def _by_us(self) -> Iterator[None]:
        self._ours = True
        try:
            yield
        finally:
            self._ours = False

    def _current(self, external_id: str) -> Record | None:
        return self._rows[external_id].record if self._exists(external_id) else None

    # What people see and do there.

    def living(self) -> list[Record]:
        """What exists now."""
        return self.all()

    def typed(self, do: Callable[[], Any]) -> Any:
        """A person's act: what the vendor was working on is done first."""
        self.settle()
        return do()

    def now_says(self, external_id: str) -> Fields | None:
        """A record's fields now, None when it is gone."""
        found = self._current(external_id)
        return None if found is None else found.fields

    def quiet(self) -> None:
        """All mischief ends; what was late is shown and what was being worked on is done."""
        self.weather, self._down = CALM, 0


class Counting(Vendor):
    """A vendor that says how many records there are."""

    async def count(self) -> int:
        """How many records exist."""
        self._enter("count", read=True)
        return len(self.all())


__all__ = ["Counting", "Killed", "NotThere", "Skewed", "Vendor", "Version", "Watcher"]
