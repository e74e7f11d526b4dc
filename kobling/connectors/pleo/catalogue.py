"""What Pleo's users choose from: accounts (categories), tax codes, tag groups and tags, vendors.

Fidelity: known pleo §2 – no modified-since anywhere, so everything is read each time
Fidelity: known pleo §2 – what is in use is archived, never deleted; PUT replaces the whole row
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from kobling.connectors.pleo.service import Row, Service
from kobling.records import N_, AlreadyThere, Misunderstood, NotThere, Record, Unreachable, is_empty, parse_instant
from kobling.sdk.looking_up import the_one
from kobling.sdk.outcomes import Confirmed, Outcome, current
from kobling.sdk.paging import pages
from kobling.sdk.protocols import (
    Bookmark,
    Capabilities,
    Deletions,
    FieldSchema,
    IdPage,
    Operation,
    Page,
    Report,
    Write,
)
from kobling.sdk.reading import ids_on, records_of
from kobling.sdk.writing import send_all

_CAN = Capabilities(create=True, update=True, delete=True, deletions=Deletions.SWEEP)


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of row. ``fields`` may be written, ``natural`` names one uniquely, ``fixed`` ones are given once.

    ``matched``: making one that is there already gives it back (§2).
    """

    name: str
    path: str
    fields: tuple[str, ...]
    natural: tuple[str, ...]
    fixed: tuple[str, ...] = ()
    searched: bool = True
    matched: bool = False
    more: tuple[str, ...] = ()
    not_compared: frozenset[str] = frozenset()


KINDS = (
    Kind(
        "accounts",
        "/v1/chart-of-accounts",
        ("externalId", "code", "name", "archived", "taxCodeExternalId"),
        ("externalId",),
        ("externalId",),
        matched=True,
    ),
    Kind("taxCodes", "/v0/tax-codes", ("code", "name", "rate", "type", "archived"), ("code",)),
    Kind("tagGroups", "/v0/tag-groups", ("code", "name", "archived"), ("code",), searched=False),
)
TAGS = Kind("tags", "/v0/tags", ("groupId", "code", "name", "archived"), ("groupId", "code"), ("groupId",))
VENDORS = Kind(
    "vendors",
    "/v1/vendors",
    ("name", "defaultCurrency", "country", "code", "externalId", "registrationNumber", "taxRegistrationNumber"),
    ("externalId",),
    more=("state",),
)


class Catalogue:
    """One kind of row of one company; implements ``Resource``. Deleting a row that is in use archives it."""

    def __init__(self, service: Service, kind: Kind, *, concurrency: int) -> None:
        self.name = kind.name
        self.kind = kind
        self.capabilities = replace(_CAN, idempotent_create=kind.matched)
        self.service = service
        self._concurrency = concurrency

    async def describe(self) -> Mapping[str, FieldSchema]:
        """The fields; texts take 255 characters."""
        given = {name: FieldSchema(name, name, max_length=255) for name in self.kind.fields}
        return given | {name: FieldSchema(name, name, read_only=True) for name in self.kind.more}

    async def read(self, bookmark: Bookmark | None) -> Page:
        """A page of everything."""
        mark = dict(bookmark or {})
        after = str(mark["after"]) if mark.get("after") else None
        search: Row | None = {} if self.kind.searched else None
        path = f"{self.kind.path}:search" if self.kind.searched else self.kind.path
        told = await self.service.page(path, after, search=search, company_id=self.service.company)
        records, unread = records_of(told.rows, self.record, lambda row: row["id"])
        following: Bookmark = {"after": told.after} if told.after else {}
        return Page(records, following, more=told.after is not None, total=told.total, unread=unread)

    async def rows(self) -> AsyncIterator[Row]:
        """Every row. Raises for one that cannot be read: what is looked for may be that one."""
        async for page in pages(self):
            for odd in page.unread:
                raise odd.error
            for each in page.records:
                yield {"id": each.external_id, **each.fields}

    async def read_ids(self, position: str | None) -> IdPage:
        """Every id."""
        return IdPage([each async for page in pages(self) for each in ids_on(page)], None)

    async def get(self, external_id: str) -> Record:
        """One row. Raises NotThere."""
        row = await self.service.one(f"{self.kind.path}/{external_id}")
        if not row:
            raise NotThere(N_("%(vendor)s has no such record."), vendor=self.service.api.vendor)
        return self.record(row)

    async def get_many(self, external_ids: Sequence[str]) -> Sequence[Record]:
        """Rows by id, one by one; those not there are left out."""
        found = []
        for each in external_ids:
            try:
                found.append(await self.get(each))
            except NotThere:
                continue
        return found

    def record(self, row: Row) -> Record:
        """A row as a record. Raises Misunderstood."""
        try:
            fields = {name: row.get(name) for name in (*self.kind.fields, *self.kind.more)}
            changed = row.get("updatedAt")
            return Record(self.name, str(row["id"]), fields, None, parse_instant(changed) if changed else None)
        except (KeyError, TypeError, ValueError, AttributeError):
            vendor = self.service.api.vendor
            raise Misunderstood(
                N_("%(vendor)s sent a record without an id or a time of change."), vendor=vendor, detail=self.name
            ) from None

    async def write(self, writes: Sequence[Write], report: Report) -> None:
        """One by one, several at a time."""
        await send_all(writes, self._write_one, report, concurrency=self._concurrency)

    async def find_created(self, write: Write) -> Record | None:
        """By what names it uniquely, and all else that was sent; without a name nothing can have been made by us."""
        wanted = {name: write.fields.get(name) for name in self.kind.natural}
        if any(is_empty(value) for value in wanted.values()):
            return None
        near = [
            str(row["id"]) async for row in self.rows() if all(row.get(name) == value for name, value in wanted.items())
        ]
        found = [await self.get(each) for each in near]
        return the_one(write, found, vendor=self.service.api.vendor, unique=True, ignored=self.kind.not_compared)

    async def _write_one(self, write: Write) -> Outcome:
        if write.operation is Operation.CREATE:
            row = await self.create(write.fields)
        elif write.operation is Operation.UPDATE:
            row = await self.change(str(write.external_id), write.fields)
        else:
            await self.remove(str(write.external_id))
            return Confirmed(write.key, str(write.external_id))
        current().complete(str(row["id"]))
        record = self.record(row)
        return Confirmed(write.key, record.external_id, record)

    async def create(self, fields: Mapping[str, Any]) -> Row:
        """A new row."""
        body = {name: value for name, value in fields.items() if not is_empty(value)}
        return await self._sent("POST", self.place(fields), {**self.defaults(), **body})

    def place(self, fields: Mapping[str, Any]) -> str:
        """Where new rows are posted to."""
        return self.kind.path

    def defaults(self) -> Row:
        """What every new row says."""
        return {"companyId": self.service.company, "archived": False}

    async def change(self, external_id: str, fields: Mapping[str, Any]) -> Row:
        """Say something else; the rest stays as it stands there now."""
        now = await self.service.one(f"{self.kind.path}/{external_id}")
        kept = {name: now.get(name) for name in self.kind.fields if name not in self.kind.fixed and now.get(name)}
        kept |= {"archived": bool(now.get("archived"))} if "archived" in self.kind.fields else {}
        told = {name: value for name, value in fields.items() if name not in self.kind.fixed}
        return await self._sent("PUT", f"{self.kind.path}/{external_id}", {**self.fixed(now), **kept, **told})

    def fixed(self, now: Row) -> Row:
        """What a replaced row must repeat."""
        return {name: now[name] for name in ("companyId", *self.kind.fixed) if now.get(name) is not None}

    async def remove(self, external_id: str) -> None:
        """Delete what nothing uses, archive what is in use."""
        try:
            await self.service.send("DELETE", f"{self.kind.path}/{external_id}", None)
        except AlreadyThere:
            await self.change(external_id, {"archived": True})

    async def _sent(self, method: str, path: str, body: object) -> Row:
        told = await self.service.send(method, path, body)
        row = told.get("data")
        if not isinstance(row, dict) or "id" not in row:
            current().said_nothing()
            raise Unreachable(N_("%(vendor)s answered without the row."), vendor=self.service.api.vendor, code="no_row")
        return dict(row)


class Tags(Catalogue):
    """Tags of every group, group by group; ``groupId`` is the group's id."""

    async def read(self, bookmark: Bookmark | None) -> Page:
        """A page of one group's tags."""
        mark = dict(bookmark or {})
        groups = str(mark["groups"]).split() if mark.get("groups") else await self._groups()
        if not groups:
            return Page([], {}, more=False)
        after = str(mark["after"]) if mark.get("after") else None
        told = await self.service.page(f"/v0/tag-groups/{groups[0]}/tags", after)
        left = groups if told.after else groups[1:]
        following: Bookmark = {"groups": " ".join(left), "after": told.after or ""} if left else {}
        records, unread = records_of(told.rows, self.record, lambda row: row["id"])
        return Page(records, following, more=bool(left), unread=unread)

    async def _groups(self) -> list[str]:
        rows = self.service.all("/v0/tag-groups", company_id=self.service.company)
        return [str(row["id"]) async for row in rows]

    def place(self, fields: Mapping[str, Any]) -> str:
        """Tags are made in their group."""
        return f"/v0/tag-groups/{fields['groupId']}/tags"

    def defaults(self) -> Row:
        """A new tag is in use."""
        return {"archived": False}

    async def create(self, fields: Mapping[str, Any]) -> Row:
        """A new tag; its group stands in the address."""
        body = {name: value for name, value in fields.items() if name != "groupId" and not is_empty(value)}
        return await self._sent("POST", self.place(fields), {**self.defaults(), **body})

    def fixed(self, now: Row) -> Row:
        """A tag's group is not repeated."""
        return {}


class Vendors(Catalogue):
    """Vendors; a draft that a person made in Pleo becomes active when it is told its number in the books.

    Fidelity: known pleo §4 – :activate {externalId, code} is how the accounting system says that it knows it
    Fidelity: known pleo §3 – activating and archiving answer 204 with nothing, so the row is read again
    """

    def defaults(self) -> Row:
        """A vendor has no *archived*, but a state."""
        return {"companyId": self.service.company}

    async def create(self, fields: Mapping[str, Any]) -> Row:
        """A vendor that the books have is active at once."""
        row = await super().create(fields)
        return await self._activated(row, fields) if fields.get("externalId") else row

    async def change(self, external_id: str, fields: Mapping[str, Any]) -> Row:
        """The number activates; everything else is replaced."""
        row = await super().change(external_id, fields)
        return await self._activated(row, fields) if fields.get("externalId") else row

    async def find_created(self, write: Write) -> Record | None:
        """By its number in the books; one whose making broke off before it was told the number is told it now."""
        found = await super().find_created(write)
        if found is None:
            return None
        return self.record(await self._activated({"id": found.external_id, **found.fields}, write.fields))

    async def _activated(self, row: Row, fields: Mapping[str, Any]) -> Row:
        if row.get("state") == "ACTIVE":
            return row
        body = {name: fields[name] for name in ("externalId", "code") if fields.get(name)}
        path = f"{self.kind.path}/{row['id']}"
        await self.service.send("POST", f"{path}:activate", body)
        current().complete(str(row["id"]))
        return await self.service.one(path)

    async def remove(self, external_id: str) -> None:
        """Out of use; a vendor is never deleted."""
        await self.service.send("POST", f"{self.kind.path}/{external_id}:archive", {})
