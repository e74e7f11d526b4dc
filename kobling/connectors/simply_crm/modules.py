"""A CRM module as a resource: read by id and by time of change, written one record a request."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from kobling.connectors.simply_crm import faults
from kobling.connectors.simply_crm.finding import Finder
from kobling.connectors.simply_crm.invoice_sums import is_tax
from kobling.connectors.simply_crm.service import Service
from kobling.connectors.simply_crm.vtql import PAGE, any_of, literal, moved, select
from kobling.records import N_, Fields, KoblingError, Misunderstood, NotThere, Record, StaleVersion, to_json
from kobling.sdk.outcomes import Confirmed, Declined, Outcome, aside, current
from kobling.sdk.paging import groups
from kobling.sdk.protocols import (
    Bookmark,
    Capabilities,
    Deletions,
    FieldSchema,
    IdPage,
    Operation,
    Page,
    Report,
    Unread,
    Write,
)
from kobling.sdk.reading import last_with, records_of
from kobling.sdk.writing import all_told, send_all

_OVERLAP = timedelta(seconds=2)
_DST = ZoneInfo("Europe/Copenhagen")
_NOT_SENT = frozenset({"label", "createdtime", "modifiedtime", "modifiedby", "LineItems_FinalDetails"})


class Module:
    """One module, e.g. Accounts; implements ``Resource``.

    Fields have vTiger's own names and are text: ``"1250.50000000"`` (major units), ``"1"``/``"0"``, ``YYYY-MM-DD``,
    ``""`` for empty. The version is ``modifiedtime``, whole seconds in the server's unzoned local time, so two changes
    in one second share it. Deletions show only in a sweep. Raises as ``Service.call`` does.

    Fidelity: known simply_crm §4 – keyset paging by id, and by modifiedtime and id, works
    Fidelity: known simply_crm §5 – there is no concurrency control: modifiedtime is compared just before the write
    """

    def __init__(self, service: Service, name: str, *, concurrency: int, now: Callable[[], datetime]) -> None:
        self.name = name
        self.capabilities = Capabilities(
            create=True,
            update=True,
            delete=True,
            changed_since=True,
            deletions=Deletions.SWEEP,
            version_token=True,
            batch_size=PAGE,
        )
        self._service = service
        self._concurrency = concurrency
        self._now = now
        self._revises: bool | None = None
        self._asking = asyncio.Lock()

    async def describe(self) -> Mapping[str, FieldSchema]:
        """Fields of this installation, custom ones included. The owner is not required: it defaults to our user."""
        told = await self._service.call("GET", "describe", elementType=self.name)
        return {each["name"]: _schema(each) for each in told["fields"]}

    async def read(self, bookmark: Bookmark | None) -> Page:
        """At most 100 records: all by id first, then by time of change.

        All arithmetic is done on the server's own time stamps, so neither its zone nor its clock's error matters. A
        reading that crosses the autumn's hour put back, or the server's clock set back, overlaps that much more.
        """
        await self._service.sign_in()
        mark = dict(bookmark) if bookmark and bookmark.get("phase") else await self._start()
        if not mark:
            return Page([], {}, more=False)
        if mark.get("offset") is not None and self._service.offset is None:
            self._service.offset = timedelta(seconds=int(mark["offset"] or 0))
        return await (self._read_all(mark) if mark["phase"] == "all" else self._read_changes(mark))

    async def read_ids(self, position: str | None) -> IdPage:
        """At most 100 ids above the last."""
        rows = await self._service.query(select("id", self.name, *_above(position), order="id"))
        ids = [row["id"] for row in rows]
        return IdPage(ids, ids[-1] if len(ids) == PAGE else None)

    async def count(self) -> int:
        """How many records our user sees, in one request."""
        rows = await self._service.query(f"select count(*) from {self.name};")  # noqa: S608 - a module's name
        return int(rows[0]["count"])

    async def get(self, external_id: str) -> Record:
        """One record. Raises NotThere, which may also mean that our user may not see it."""
        return self.record(await self._service.call("GET", "retrieve", id=external_id))

    async def get_many(self, external_ids: Sequence[str]) -> Sequence[Record]:
        """Up to 100 records a request."""
        found: list[Record] = []
        for group in groups(external_ids, PAGE):
            records, _ = await self.records(
                await self._service.query(select(await self.columns(), self.name, any_of("id", group)))
            )
            found += records
        return found

    async def write(self, writes: Sequence[Write], report: Report) -> None:
        """One request each; versions are compared by one query for each hundred."""
        with all_told(writes, report) as tell:
            for group in groups(writes, PAGE):
                stale = await self._stale(group)
                for each in group:
                    if each.key in stale:
                        tell(Declined(each.key, each.external_id, stale[each.key]))
                todo = [each for each in group if each.key not in stale]
                await send_all(todo, self._write_one, tell, concurrency=self._concurrency)

    async def find_created(self, write: Write) -> Record | None:
        """By equal texts among what was created since the write began. Raises Unsafe for several."""
        return await Finder(self._service, self.name, self.columns, self.records).find(write)

    async def records(self, rows: Sequence[dict[str, Any]]) -> tuple[list[Record], list[Unread]]:
        """Rows of a query as records, and those that cannot be read."""
        return records_of(rows, self.record, lambda row: row["id"])

    def record(self, row: dict[str, Any]) -> Record:
        """One row or answer as a record, its HTML-encoded label left out."""
        try:
            row.pop("label", None)
            changed = row.get("modifiedtime")
            return Record(self.name, row["id"], row, changed, self._service.instant(changed))
        except (KeyError, TypeError, ValueError, AttributeError):
            raise Misunderstood(
                N_("Simply CRM sent a record without an id or a time of change."), detail=self.name
            ) from None

    def element(self, fields: Fields, *, new: bool) -> dict[str, Any]:
        """Fields as the server wants them, text throughout; a new record is our user's unless it says otherwise."""
        texts = {name: text(value) for name, value in fields.items()}
        if new:
            texts.setdefault("assigned_user_id", self._service.user_id)
        return texts

    async def _start(self) -> dict[str, Any]:
        """Where a first reading begins; nothing while the module is empty, since there is no time to go on from."""
        newest = await self._service.query(select("modifiedtime", self.name, order="modifiedtime desc", limit="5"))
        at = next((row["modifiedtime"] for row in newest if row.get("modifiedtime")), None)
        return {"phase": "all", "after": None, "at": at} if at else {}

    async def columns(self) -> str:
        """What a query asks for, so that it answers one row for each record."""
        return "*"

    async def _read_all(self, mark: dict[str, Any]) -> Page:
        rows = await self._service.query(select(await self.columns(), self.name, *_above(mark["after"]), order="id"))
        records, unread = await self.records(rows)
        if len(rows) == PAGE:
            return Page(records, {**mark, "after": last_with(rows, "id")["id"]}, more=True, unread=unread)
        return Page(records, self._resume(mark["at"]), more=False, unread=unread)

    async def _read_changes(self, mark: dict[str, Any]) -> Page:
        """In the order of time of change and id: first those of the last page's second, then those after it."""
        at, after = str(mark["at"]), mark.get("after")
        if "run" not in mark:
            where: tuple[str, ...] = (f"modifiedtime >= {literal(moved(at, -self._overlap(mark)))}",)
        elif after:
            where = (f"modifiedtime = {literal(at)}", f"id > {literal(str(after))}")
        else:
            where = (f"modifiedtime > {literal(at)}",)
        rows = await self._service.query(select(await self.columns(), self.name, *where, order="modifiedtime, id"))
        records, unread = await self.records(rows)
        last = last_with(rows, "id", "modifiedtime", otherwise=None if len(rows) == PAGE else {"modifiedtime": at})
        if len(rows) == PAGE:
            following = {"at": last["modifiedtime"], "run": "=", "after": last["id"]}
        elif after:
            following = {"at": at, "run": ">", "after": None}
        else:
            return Page(records, self._resume(max(last["modifiedtime"], at)), more=False, unread=unread)
        return Page(records, {**mark, **following}, more=True, unread=unread)

    def _resume(self, at: str) -> Bookmark:
        offset = self._service.offset
        if offset is not None:
            # A record from a time when the server's clock was ahead must not pull the cursor into the future.
            at = min(at, self._service.stamp(self._now()))
        return {
            "phase": "changes",
            "at": at,
            "taken": int(self._service.server_now().timestamp()),
            "ours": int(self._now().timestamp()),
            "offset": None if offset is None else int(offset.total_seconds()),
        }

    def _overlap(self, mark: dict[str, Any]) -> timedelta:
        taken, now = int(mark["taken"]), self._service.server_now()
        then = datetime.fromtimestamp(taken, now.tzinfo)
        put_back = _utc_offset(then - timedelta(hours=1)) - _utc_offset(now)
        set_back = timedelta(seconds=taken - int(mark["ours"])) - (now - self._now())
        return _OVERLAP + max(put_back, timedelta()) + max(set_back, timedelta())

    async def _stale(self, writes: Sequence[Write]) -> dict[str, KoblingError]:
        asked = [each for each in writes if each.expected and each.external_id]
        if not asked:
            return {}
        ids = dict.fromkeys(str(each.external_id) for each in asked)
        rows = await self._service.query(select("id,modifiedtime", self.name, any_of("id", ids)))
        now = {row["id"]: row["modifiedtime"] for row in rows}
        stale: dict[str, KoblingError] = {}
        for each in asked:
            found = now.get(each.external_id)
            if found is None:
                stale[each.key] = NotThere(N_("Simply CRM has no such record, or does not show it to our user."))
            elif found != each.expected:
                stale[each.key] = StaleVersion(N_("The record was changed in Simply CRM since it was read."))
        return stale

    async def _write_one(self, write: Write) -> Outcome:
        if write.operation is Operation.DELETE:
            await self._service.call("POST", "delete", id=str(write.external_id))
            return Confirmed(write.key, str(write.external_id))
        if write.operation is Operation.CREATE:
            await self._service.sign_in()
            answer = await self._save("create", self.element(write.fields, new=True), elementType=self.name)
        elif await self.can_revise():
            changes = await self.revised(str(write.external_id), self.element(write.fields, new=False))
            answer = await self._save("revise", {**changes, "id": write.external_id})
        else:
            answer = await self._update(str(write.external_id), self.element(write.fields, new=False))
        await self.finish(answer["id"], write.fields, new=write.operation is Operation.CREATE)
        current().complete(answer["id"])
        self._service.learn_offset(answer.get("modifiedtime", ""))
        return Confirmed(write.key, answer["id"], await self.written(answer))

    async def finish(self, external_id: str, fields: Fields, *, new: bool) -> None:
        """What is still to be said once a record stands there."""

    async def revised(self, _external_id: str, changes: dict[str, Any]) -> dict[str, Any]:
        """What a revise must say beside its changes, since the server drops what it does not hear."""
        return changes

    async def written(self, answer: dict[str, Any]) -> Record:
        """The record as it is after a write, so that a cut text or a lost emoji shows."""
        return self.record({name: text(value) for name, value in answer.items()})

    async def _save(self, operation: str, element: Mapping[str, Any], **more: str) -> dict[str, Any]:
        sent = to_json(element).decode()
        answer = await self._service.call("POST", operation, element=sent, **more)
        if not isinstance(answer, dict) or not isinstance(answer.get("id"), str) or not answer["id"]:
            current().said_nothing()
            raise Misunderstood(N_("Simply CRM answered a write without the record's id."), detail=operation)
        return answer

    async def _update(self, external_id: str, changes: Mapping[str, Any]) -> dict[str, Any]:
        whole = await self._service.call("GET", "retrieve", id=external_id)
        kept = {name: value for name, value in whole.items() if name not in _NOT_SENT}
        return await self._save("update", {**kept, **changes})

    async def can_revise(self) -> bool:
        """Ask once, with an id that cannot exist, whether the installation knows revise.

        Fidelity: inferred simply_crm §1 – an unknown operation is a 500 without a word, a known one names its complaint
        """
        async with self._asking:
            if self._revises is None:
                with aside():
                    self._revises = await self._ask_revise()
        return self._revises

    async def _ask_revise(self) -> bool:
        try:
            await self._service.call("POST", "revise", element='{"id":"999999x1"}')
        except KoblingError as error:
            if error.code not in ("ACCESS_DENIED", "INVALID_ID_ATTRIBUTE", faults.CRASHED, "RECORD_NOT_FOUND"):
                raise
            return error.code != faults.CRASHED
        return True


class Goods(Module):
    """Products and services: a revise that does not name their taxes takes them away.

    Fidelity: known simply_crm_invoices §3 – a revise without the taxN fields removes the assigned taxes silently
    """

    async def revised(self, external_id: str, changes: dict[str, Any]) -> dict[str, Any]:
        """With the taxes that are assigned now."""
        whole = await self._service.call("GET", "retrieve", id=external_id)
        kept = {name: value for name, value in whole.items() if is_tax(name) and value not in (None, "")}
        return kept | changes


def text(value: Any) -> Any:
    """A value as vTiger holds it. Lists (lines) pass through, their values turned to text as well."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, list):
        return [{name: text(each) for name, each in line.items()} for line in value]
    return str(value) if isinstance(value, int) else value


def _above(last: str | None) -> tuple[str, ...]:
    return (f"id > {literal(last)}",) if last else ()


def _utc_offset(moment: datetime) -> timedelta:
    return moment.astimezone(_DST).utcoffset() or timedelta()


def _schema(told: dict[str, Any]) -> FieldSchema:
    kind = told.get("type") or {}
    field = FieldSchema(
        told["name"],
        label=told.get("label", ""),
        type=kind.get("name", "string"),
        required=bool(told.get("mandatory")),
        read_only=not told.get("editable", True),
        unique=bool(told.get("isunique")),
        choices=tuple(each["value"] for each in kind.get("picklistValues", ())),
        refers_to=tuple(kind.get("refersTo", ())),
    )
    return replace(field, required=False) if field.name == "assigned_user_id" else field
