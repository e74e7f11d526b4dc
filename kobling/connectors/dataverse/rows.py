"""Tables as resources: read by delta links, written by multipart batches, ids chosen by us.

Fidelity: known dataverse §5 – delta links, their life, deletions in them; tables without change tracking by modifiedon
Fidelity: known dataverse §6 – PATCH is an upsert unless If-Match; the client may supply the primary key
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from kobling.connectors.dataverse.about import About
from kobling.connectors.dataverse.bulk import FEWEST, Bulk
from kobling.connectors.dataverse.tables import CHOICE_COLUMNS, DataTable
from kobling.records import Gone, NotThere, Record, Refused, is_empty
from kobling.sdk.odata.batch import Part
from kobling.sdk.odata.query import instant
from kobling.sdk.odata.service import Row, Rows, SendBatch, Service
from kobling.sdk.odata.writing import WritableTable
from kobling.sdk.paging import groups
from kobling.sdk.protocols import Bookmark, Deletions, FieldSchema, Operation, Page, Report, Write
from kobling.sdk.reading import told_apart
from kobling.sdk.status import http_date
from kobling.sdk.writing import all_told

_ANNOTATION = "@Microsoft.Dynamics.CRM.lookuplogicalname"
_ASK_FOR_IT = 'odata.include-annotations="Microsoft.Dynamics.CRM.lookuplogicalname"'
_DELETED = "$deletedEntity"


class DataRows(WritableTable):
    """One table. A lookup stands under its column's name; one that may point to several tables under
    ``<column>_<table>``, e.g. ``customerid_account``. Times are UTC, money major units of ``transactioncurrencyid``.
    """

    def __init__(
        self, service: Service, spec: DataTable, send: SendBatch, about: About, *, concurrency: int, seed: str
    ) -> None:
        super().__init__(service, spec, send, concurrency=concurrency)
        self.table = spec
        self._about = about
        self._seed = seed
        self.bulk: Bulk | None = None

    def use_bulk(self) -> None:
        """Make new records by UpsertMultiple where this organisation offers it."""
        self.bulk = Bulk(self.service, self.table, lambda fields: self.body(fields, new=True), self.get_many)

    async def write(self, writes: Sequence[Write], report: Report) -> None:
        """In batches; many new records in one message where that was asked for."""
        creates = [each for each in writes if each.operation is Operation.CREATE]
        with all_told(writes, report) as tell:
            if self.bulk is not None and len(creates) >= FEWEST and await self.bulk.offered():
                for group in groups(creates, self.capabilities.batch_size):
                    if not await self.bulk.create(group, [self.chosen_id(each) for each in group], tell):
                        await super().write(group, tell)
                writes = [each for each in writes if each.operation is not Operation.CREATE]
            if writes:
                await super().write(writes, tell)

    async def describe(self) -> Mapping[str, FieldSchema]:
        """The columns we read, as this organisation describes them; those it lacks are left out."""
        there: Mapping[str, FieldSchema] = await self._about.columns(self.table.logical)
        found = {name: there[name] for name in self.table.columns if name in there}
        for name, targets in self.table.customers.items():
            if name in found:
                found |= {f"{name}_{each}": replace(found[name], name=f"{name}_{each}") for each in targets}
        return found

    def chosen_id(self, write: Write) -> str:
        """The id that a create with this key chooses, now and at every repetition."""
        return str(uuid5(NAMESPACE_URL, f"kobling/{self._seed}/{write.key}"))

    async def read(self, bookmark: Bookmark | None) -> Page:
        """A page: everything first, then what changed by the delta link; by modifiedon without change tracking."""
        mark = dict(bookmark or {})
        if mark.get("phase") == "changes":
            self._swept()
            return await super().read(bookmark)
        try:
            told = await self._tracked(mark)
        except Refused:
            if mark.get("phase") != "delta":
                self._swept()
                return await super().read(None)
            # The link is too old: everything is read again, and what vanished meanwhile must be looked for.
            told, mark = await self._tracked({}), {"restarted": True}
        return self._page(told, mark)

    async def _tracked(self, mark: Mapping[str, Any]) -> Rows:
        prefer = f"odata.track-changes,{self.prefer()}"
        if mark.get("next") or mark.get("link"):
            return await self.service.follow(str(mark.get("next") or mark["link"]), prefer=prefer)
        return await self.service.rows(self.spec.path, prefer=prefer, select=self.select())

    def _page(self, told: Rows, mark: Mapping[str, Any]) -> Page:
        records, unread = self.records([row for row in told.rows if not _is_gone(row)])
        vanished, nameless = told_apart([row for row in told.rows if _is_gone(row)], "id")
        gone, unread = [Gone(each) for each in vanished], unread + nameless
        kept = {"at": mark.get("at") or self._from_date(told.date)}
        if mark.get("restarted"):
            kept["restarted"] = True
        if told.next:
            on = {**kept, "phase": "delta" if mark.get("link") else "all", "next": told.next}
            return Page(records, on, True, gone, unread=unread)
        unswept = bool(mark.get("restarted"))
        if told.delta:
            end = {"phase": "delta", "link": told.delta}
            return Page(records, end, False, gone, unswept=unswept, unread=unread)
        self._swept()
        return Page(records, {"phase": "changes", "at": kept["at"]}, False, gone, unread=unread)

    def _from_date(self, date: str) -> str:
        moment = http_date(date) or self.service.api.clock.now()
        return instant(moment - timedelta(seconds=1))

    def _swept(self) -> None:
        """Without change tracking nobody tells of deletions."""
        self.capabilities = replace(self.capabilities, deletions=Deletions.SWEEP)

    def prefer(self) -> str:
        """The page size, and the kind of record that a lookup points to where there are several."""
        size = super().prefer()
        return f"{size},{_ASK_FOR_IT}" if self.table.customers else size

    def select(self) -> str:
        """The columns that are read."""
        return ",".join(dict.fromkeys((self.spec.key, *self.table.asked, self.spec.modified)))

    def fields(self, row: Row) -> dict[str, Any]:
        """The row with lookups under their columns' names."""
        found: dict[str, Any] = {}
        for name, value in row.items():
            if "@" in name:
                continue
            if not (name.startswith("_") and name.endswith("_value")):
                found[name] = value
                continue
            column = name[1:-6]
            if column in self.table.customers:
                kind = row.get(f"{name}{_ANNOTATION}")
                for each in self.table.customers[column]:
                    found[f"{column}_{each}"] = value if each == kind else None
            else:
                found[column] = value
        return found

    def part(self, write: Write) -> Part:
        """A create names its id; every write asks for the record back."""
        part = super().part(write)
        body, headers = part.body, {**part.headers}
        if write.operation is Operation.CREATE:
            body = {**(body or {}), self.spec.key: self.chosen_id(write)}
        if write.operation is not Operation.DELETE:
            headers["Prefer"] = ",".join(["return=representation", *([_ASK_FOR_IT] if self.table.customers else [])])
        path = part.path if write.operation is Operation.DELETE else f"{part.path}?$select={self.select()}"
        return Part(part.method, path, body, headers)

    def body(self, fields: Mapping[str, Any], *, new: bool) -> dict[str, Any]:
        """Lookups are bound by their address; choices are whole numbers; a new record leaves out what is empty."""
        body: dict[str, Any] = {}
        for name, value in fields.items():
            if new and is_empty(value):
                continue
            target = self._target(name)
            if target is not None:
                body[f"{name}@odata.bind"] = None if is_empty(value) else f"/{target}({value})"
            elif name in CHOICE_COLUMNS and isinstance(value, str) and value.isdigit():
                body[name] = int(value)
            else:
                body[name] = None if is_empty(value) else value
        for name in self.table.customers:
            self._bind_one(body, name)
        return body

    def _target(self, name: str) -> str | None:
        if name in self.table.lookups:
            return self.table.lookups[name]
        column, _, kind = name.rpartition("_")
        return self.table.customers.get(column, {}).get(kind)

    def _bind_one(self, body: dict[str, Any], column: str) -> None:
        """Of the tables that a column may point to only the filled one is bound; the owner has one binding for all."""
        bound = {kind: f"{column}_{kind}@odata.bind" for kind in self.table.customers[column]}
        filled = [each for each in bound.values() if body.get(each)]
        for each in bound.values():
            if filled and each in body and each not in filled:
                del body[each]
        if column == "ownerid":
            for each in bound.values():
                value = body.pop(each, None)
                if value:
                    body["ownerid@odata.bind"] = value

    async def find_created(self, write: Write) -> Record | None:
        """By the id we chose."""
        try:
            return await self.get(self.chosen_id(write))
        except NotThere:
            return None


def _is_gone(row: Row) -> bool:
    return str(row.get("@odata.context", "")).endswith(_DELETED) or row.get("reason") == "deleted"
