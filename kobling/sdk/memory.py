"""A system that lives in memory: a full connector for tests of planner, executor and engine, and for demos.

It keeps every promise of the protocols and can be told to misbehave as real vendors do: answers lost after the write
was applied, outages, refusals, duplicate rows, stale versions, deletions by feed or by sweep.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from random import Random
from uuid import NAMESPACE_URL, uuid5

from kobling.records import (
    N_,
    AlreadyThere,
    Fields,
    Gone,
    KoblingError,
    NotThere,
    Record,
    Refused,
    StaleVersion,
    Unreachable,
    is_empty,
)
from kobling.sdk.clock import FakeClock
from kobling.sdk.looking_up import the_one
from kobling.sdk.outcomes import Confirmed, Declined, Outcome, Unknown
from kobling.sdk.protocols import (
    Bookmark,
    Capabilities,
    Clock,
    Deletions,
    FieldSchema,
    Finding,
    Health,
    IdPage,
    Operation,
    Page,
    Report,
    Write,
)
from kobling.sdk.writing import all_told

ALL = Capabilities(
    create=True,
    update=True,
    delete=True,
    changed_since=True,
    deletions=Deletions.FEED,
    version_token=True,
    idempotent_create=True,
    batch_size=20,
)
"""What a memory resource can do unless told otherwise."""

Hook = Callable[[Write], None]


@dataclass
class Mischief:
    """How a memory resource misbehaves; change it at any time.

    ``outage`` is raised by every call. ``flaky`` is the chance (0..1) that a read fails as Unreachable.
    ``lost_answers`` and ``lost_requests`` count down: that many writes are applied (or not) and reported as unknown.
    ``duplicates`` repeats the last record of each page on the next. ``refusals`` maps a write's key or external id to
    the error to report. ``before_apply`` and ``after_apply`` are called around each write, and may raise to kill us.
    """

    outage: KoblingError | None = None
    flaky: float = 0.0
    lost_answers: int = 0
    lost_requests: int = 0
    duplicates: bool = False
    refusals: dict[str, KoblingError] = field(default_factory=dict)
    before_apply: Hook | None = None
    after_apply: Hook | None = None


@dataclass(slots=True)
class _Row:
    record: Record
    at: int
    created_at: datetime
    deleted_at: datetime | None = None


class MemoryResource:
    """A kind of record kept in memory; implements ``Resource`` and has a person's hands beside it.

    ``required`` and ``unique`` name fields; ``answers_record`` says whether an outcome carries the record;
    ``calls`` counts calls by method, ``sent`` keeps every write that reached the vendor in order.
    Without ``idempotent_create`` a create's key is forgotten and only equal fields can find it again.
    """

    def __init__(
        self,
        name: str,
        *,
        clock: Clock | None = None,
        capabilities: Capabilities = ALL,
        schema: Mapping[str, FieldSchema] | None = None,
        required: Iterable[str] = (),
        unique: Iterable[str] = (),
        page_size: int = 100,
        answers_record: bool = True,
        seed: str = "memory",
    ) -> None:
        self.name = name
        self.capabilities = capabilities
        self.mischief = Mischief()
        self.calls: Counter[str] = Counter()
        self.sent: list[Write] = []
        self._clock: Clock = clock or FakeClock()
        self._schema = dict(schema or {})
        self._required = tuple(required)
        self._unique = tuple(unique)
        self._page_size = page_size
        self._answers_record = answers_record
        self._random = Random(seed)  # noqa: S311
        self._rows: dict[str, _Row] = {}
        self._order: list[str] = []
        self._log: list[str] = []

    # What a person does in the vendor's own screens.

    def put(self, fields: Fields, external_id: str | None = None) -> Record:
        """Make a record, as a person would. Raises AlreadyThere, Refused."""
        return self._create(external_id or f"{self.name}-{len(self._order) + 1}", fields)

    def edit(self, external_id: str, fields: Fields) -> Record:
        """Change some fields of a record, as a person would. Raises NotThere, AlreadyThere, Refused."""
        return self._update(external_id, fields)

    def remove(self, external_id: str) -> None:
        """Delete a record, as a person would. Raises NotThere."""
        row = self._row(external_id)
        row.deleted_at = self._clock.now()
        self._touch(external_id, row)

    def all(self) -> list[Record]:
        """Every record that exists now, in the order they were made."""
        return [self._rows[each].record for each in self._order if self._rows[each].deleted_at is None]

    # What the connector promises.

    async def describe(self) -> Mapping[str, FieldSchema]:
        """The schema given, or one guessed from the records."""
        self._enter("describe", read=True)
        names = dict.fromkeys((*self._required, *self._unique))
        for record in self.all()[:100]:
            names.update(dict.fromkeys(record.fields))
        guessed = {
            name: FieldSchema(name, name, required=name in self._required, unique=name in self._unique)
            for name in names
        }
        return {**guessed, **self._schema}

    async def read(self, bookmark: Bookmark | None) -> Page:
        """One page: first every record by order of making, then what the log says changed."""
        self._enter("read", read=True)
        mark = dict(bookmark) if bookmark else {"full": 0, "log": len(self._log)}
        if "full" in mark or not self.capabilities.changed_since:
            return self._read_full(int(mark.get("full") or 0), int(mark.get("log") or 0))
        return self._read_changes(int(mark["log"] or 0))

    async def read_ids(self, position: str | None) -> IdPage:
        """Ids by order of making."""
        self._enter("read_ids", read=True)
        start = int(position or 0)
        end = start + self._page_size
        ids = [each for each in self._order[start:end] if self._rows[each].deleted_at is None]
        return IdPage(ids, str(end) if end < len(self._order) else None)

    async def get(self, external_id: str) -> Record:
        """One record afresh. Raises NotThere."""
        self._enter("get", read=True)
        return self._row(external_id).record

    async def get_many(self, external_ids: Sequence[str]) -> Sequence[Record]:
        """Several records afresh, missing ones left out."""
        self._enter("get_many", read=True)
        return [self._rows[each].record for each in external_ids if self._exists(each)]

    async def write(self, writes: Sequence[Write], report: Report) -> None:
        """Apply writes in order, one outcome each; an outage raises, and what it hits was not sent."""
        with all_told(writes, report) as tell:
            for write in writes:
                await asyncio.sleep(0)
                self._enter("write")
                tell(self._send(write))

    async def find_created(self, write: Write) -> Record | None:
        """By the id derived from the key where creates are idempotent, else among those that begin alike."""
        self._enter("find_created", read=True)
        if self.capabilities.idempotent_create:
            chosen = self._chosen_id(write)
            return self._rows[chosen].record if self._exists(chosen) else None
        first = next((name for name, value in write.fields.items() if not is_empty(value)), None)
        alike = [
            row.record
            for row in self._rows.values()
            if row.deleted_at is None and first and row.record.fields.get(first) == write.fields[first]
            if write.started_at is None or row.created_at >= write.started_at
        ]
        return the_one(write, alike, vendor=self.name, unique=False, made_at=lambda _: write.started_at)

    # How.

    def _enter(self, call: str, *, read: bool = False) -> None:
        self.calls[call] += 1
        if self.mischief.outage is not None:
            raise self.mischief.outage
        if read and self.mischief.flaky and self._random.random() < self.mischief.flaky:
            raise Unreachable(N_("The memory system did not answer."))

    def _read_full(self, start: int, log: int) -> Page:
        end = start + self._page_size
        first = max(0, start - 1) if self.mischief.duplicates else start
        records = [self._rows[each].record for each in self._order[first:end] if self._exists(each)]
        more = end < len(self._order)
        mark: Bookmark = {"full": end, "log": log} if more else {"log": log}
        return Page(records, mark, more, total=len(self._order))

    def _read_changes(self, start: int) -> Page:
        end = min(start + self._page_size, len(self._log))
        first = max(0, start - 1) if self.mischief.duplicates else start
        records: list[Record] = []
        gone: list[Gone] = []
        for at in range(first, end):
            row = self._rows[self._log[at]]
            if row.at != at:
                continue
            if row.deleted_at is None:
                records.append(row.record)
            elif self.capabilities.deletions is Deletions.FEED:
                gone.append(Gone(row.record.external_id, row.deleted_at))
        return Page(records, {"log": end}, end < len(self._log), gone)

    def _send(self, write: Write) -> Outcome:
        wrong = self.mischief
        wanted = wrong.refusals.get(write.key) or wrong.refusals.get(write.external_id or "")
        if wanted is not None:
            kind = Unknown if isinstance(wanted, Unreachable) else Declined
            return kind(write.key, write.external_id, wanted)
        if wrong.before_apply is not None:
            wrong.before_apply(write)
        if wrong.lost_requests > 0:
            wrong.lost_requests -= 1
            return Unknown(write.key, write.external_id, _lost())
        self.sent.append(write)
        try:
            record = self._apply(write)
        except KoblingError as error:
            return Declined(write.key, write.external_id, error)
        if wrong.after_apply is not None:
            wrong.after_apply(write)
        if wrong.lost_answers > 0:
            wrong.lost_answers -= 1
            return Unknown(write.key, write.external_id, _lost())
        shown = record if self._answers_record and write.operation is not Operation.DELETE else None
        return Confirmed(write.key, record.external_id, shown)

    def _apply(self, write: Write) -> Record:
        self._offered(write.operation)
        if write.operation is Operation.CREATE:
            chosen = self._chosen_id(write)
            if self._exists(chosen):
                return self._rows[chosen].record
            return self._create(chosen, write.fields)
        if write.external_id is None:
            raise Refused(N_("The write names no record."), detail=write.key)
        row = self._row(write.external_id)
        if self.capabilities.version_token and write.expected not in (None, row.record.version):
            raise StaleVersion(N_("The record was changed by someone else."), detail=write.external_id)
        if write.operation is Operation.DELETE:
            self.remove(write.external_id)
            return row.record
        return self._update(write.external_id, write.fields)

    def _offered(self, operation: Operation) -> None:
        if not getattr(self.capabilities, operation.value):
            raise Refused(N_("%(resource)s cannot be written that way."), resource=self.name, detail=operation.value)

    def _chosen_id(self, write: Write) -> str:
        if self.capabilities.idempotent_create:
            return str(uuid5(NAMESPACE_URL, f"{self.name}/{write.key}"))
        return f"{self.name}-{len(self._order) + 1}"

    def _create(self, external_id: str, fields: Fields) -> Record:
        self._check(external_id, fields)
        now = self._clock.now()
        version = "1" if self.capabilities.version_token else None
        record = Record(self.name, external_id, dict(fields), version, now)
        if external_id not in self._rows:
            self._order.append(external_id)
        self._touch(external_id, _Row(record, 0, now))
        return record

    def _update(self, external_id: str, fields: Fields) -> Record:
        row = self._row(external_id)
        merged = {**row.record.fields, **fields}
        self._check(external_id, merged)
        version = None if row.record.version is None else str(int(row.record.version) + 1)
        row.record = replace(row.record, fields=merged, version=version, modified_at=self._clock.now())
        self._touch(external_id, row)
        return row.record

    def _check(self, external_id: str, fields: Fields) -> None:
        for name in self._required:
            if is_empty(fields.get(name)):
                raise Refused(N_("%(field)s must be filled in."), field=name, code="required")
        for name in self._unique:
            for row in self._rows.values():
                taken = row.record.external_id != external_id and row.deleted_at is None
                if taken and name in fields and row.record.fields.get(name) == fields[name]:
                    raise AlreadyThere(N_("The value is taken by another record."), field=name, code="unique")

    def _touch(self, external_id: str, row: _Row) -> None:
        row.at = len(self._log)
        self._log.append(external_id)
        self._rows[external_id] = row

    def _exists(self, external_id: str) -> bool:
        return external_id in self._rows and self._rows[external_id].deleted_at is None

    def _row(self, external_id: str) -> _Row:
        if not self._exists(external_id):
            raise NotThere(N_("There is no such record."), detail=f"{self.name} {external_id}")
        return self._rows[external_id]


class MemoryConnector:
    """A connector over memory resources; ``documents`` maps (resource, external id) to the bytes of a PDF."""

    def __init__(self, *resources: MemoryResource, account_name: str = "In memory") -> None:
        self.resources: dict[str, MemoryResource] = {each.name: each for each in resources}
        self.documents: dict[tuple[str, str], bytes] = {}
        self.account_name = account_name

    async def check(self) -> Health:
        """Always healthy, unless a resource has an outage."""
        for each in self.resources.values():
            if each.mischief.outage is not None:
                raise each.mischief.outage
        return Health(self.account_name, version="memory")

    async def probe(self) -> AsyncIterator[Finding]:
        """One finding for each resource: how many records there are."""
        for each in self.resources.values():
            yield Finding(f"{each.name}: records", str(len(each.all())))

    async def document(self, resource: str, external_id: str) -> bytes:
        """The document put into ``documents``. Raises NotThere."""
        try:
            return self.documents[resource, external_id]
        except KeyError:
            raise NotThere(N_("There is no document for this record."), detail=f"{resource} {external_id}") from None


def _lost() -> Unreachable:
    return Unreachable(N_("The answer was lost; the write may have been applied."))
