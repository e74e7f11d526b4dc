"""Which entities are offered, and reading and writing them.

Fidelity: known unimicro §4 – filter, select, expand, top, skip, orderby without $; bare arrays, no total; deleted rows
are hidden; CreatedAt/UpdatedAt tell what changed (UpdatedAt is null until then)
Fidelity: assumed unimicro §4 – instants are UTC; orderby=ID keeps pages stable
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from kobling.connectors.unimicro import graphs
from kobling.connectors.unimicro.service import Row, Service
from kobling.records import N_, Misunderstood, Record, Unreachable, Unsafe, is_empty, parse_instant
from kobling.sdk.looking_up import the_one
from kobling.sdk.outcomes import Confirmed, Outcome, current
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
    Write,
)
from kobling.sdk.reading import records_of
from kobling.sdk.writing import send_all

PAGE = 500
_OVERLAP = timedelta(seconds=120)
_ASKED_AT_ONCE = 30


@dataclass(frozen=True, slots=True)
class Entity:
    """One entity. ``fields`` are dotted paths; ``fixed`` ones are the server's; ``natural`` names a record uniquely;
    ``stamped`` are nested ones with stamps of their own."""

    name: str
    route: str
    fields: tuple[str, ...]
    natural: str
    expand: str = ""
    stamped: tuple[str, ...] = ()
    fixed: frozenset[str] = field(default_factory=frozenset)
    written: bool = True
    deleted: bool = False


_PARTY = "Info,Info.InvoiceAddress,Info.ShippingAddress,Info.DefaultEmail,Info.DefaultPhone"
_PLACE = ("AddressLine1", "AddressLine2", "PostalCode", "City", "Country", "CountryCode")
ENTITIES = (
    Entity(
        "customers",
        "customers",
        (
            *("CustomerNumber", "OrgNumber", "CreditDays", "WebUrl", "StatusCode", "Info.Name"),
            *(f"Info.InvoiceAddress.{each}" for each in _PLACE),
            *(f"Info.ShippingAddress.{each}" for each in _PLACE),
            *("Info.DefaultEmail.EmailAddress", "Info.DefaultPhone.Number"),
        ),
        "CustomerNumber",
        _PARTY,
        tuple(_PARTY.split(",")),
        frozenset({"StatusCode"}),
    ),
    Entity(
        "products",
        "products",
        ("PartName", "Name", "Description", "Unit", "PriceExVat", "VatTypeID", "AccountID", "StatusCode"),
        "PartName",
        fixed=frozenset({"StatusCode"}),
        deleted=True,
    ),
    Entity(
        "projects",
        "projects",
        ("ProjectNumber", "Name", "Description", "ProjectCustomerID", "StartDate", "EndDate", "StatusCode"),
        "ProjectNumber",
        fixed=frozenset({"StatusCode"}),
        deleted=True,
    ),
    Entity("departments", "departments", ("DepartmentNumber", "Name"), "DepartmentNumber", written=False),
    Entity("vatTypes", "vattypes", ("VatCode", "VatPercent", "Name", "OutputVat"), "VatCode", written=False),
    Entity("currencyCodes", "currencycodes", ("Code", "Name"), "Code", written=False),
)


class Entities:
    """One entity of one company; implements ``Resource``. Fields have dotted names; numbers are exact."""

    not_compared: frozenset[str] = frozenset()
    """What says nothing about who made a record."""

    def __init__(self, service: Service, entity: Entity, *, concurrency: int) -> None:
        self.name = entity.name
        self.entity = entity
        self.service = service
        self._concurrency = concurrency
        self.capabilities = Capabilities(
            create=entity.written,
            update=entity.written,
            delete=entity.written and entity.deleted,
            changed_since=True,
            deletions=Deletions.SWEEP,
            idempotent_create=entity.written,
        )

    async def describe(self) -> Mapping[str, FieldSchema]:
        """The fields that are read."""
        fixed = self.entity.fixed if self.entity.written else frozenset(self.entity.fields)
        return {name: FieldSchema(name, name, read_only=name in fixed) for name in self.entity.fields}

    async def read(self, bookmark: Bookmark | None) -> Page:
        """A page: everything first, then what was made or changed since, in the order of ids."""
        mark = dict(bookmark or {})
        since, skip = str(mark.get("since") or ""), int(mark.get("skip") or 0)
        rows = await self.rows(self._changed_since(since), skip=skip)
        stamps = [stamp for row in rows if _is_instant(stamp := self._stamp(row))]
        latest = max([str(mark.get("latest") or since), *stamps])
        records, unread = records_of(rows, self.record, lambda row: row["ID"])
        if len(rows) == PAGE:
            return Page(records, {"since": since, "skip": skip + PAGE, "latest": latest}, more=True, unread=unread)
        return Page(records, {"since": latest} if latest else {}, more=False, unread=unread)

    def _changed_since(self, since: str) -> str:
        """Rows made or changed since, or with something nested in them that was.

        What was never changed has no UpdatedAt. Fidelity: assumed unimicro §4 – a new name, address or number does not
        move the UpdatedAt of the customer that it belongs to
        """
        if not since:
            return ""
        at = (parse_instant(_utc(since)) - _OVERLAP).strftime("%Y-%m-%dT%H:%M:%S")
        stamps = ("CreatedAt", "UpdatedAt")
        places = ("", *(f"{each}." for each in self.entity.stamped))
        return " or ".join(f"{place}{name} ge '{at}'" for place in places for name in stamps)

    def _stamp(self, row: Row) -> str:
        """The latest instant in a row and what is nested in it."""
        parts = [graphs.value_at(row, each) for each in self.entity.stamped]
        return max([_latest(row), *(_latest(each) for each in parts if isinstance(each, dict))])

    async def rows(self, where: str = "", *, skip: int = 0, top: int = PAGE, select: str = "") -> list[Row]:
        """Rows of a query."""
        options = {"filter": where, "expand": "" if select else self.entity.expand, "select": select}
        return await self.service.rows(self.entity.route, **options, orderby="ID", top=str(top), skip=str(skip))

    async def read_ids(self, position: str | None) -> IdPage:
        """A page of ids."""
        skip = int(position or 0)
        rows = await self.rows(skip=skip, select="ID")
        return IdPage([str(row["ID"]) for row in rows], str(skip + PAGE) if len(rows) == PAGE else None)

    async def get(self, external_id: str) -> Record:
        """One record. Raises NotThere."""
        return self.record(await self.graph(external_id))

    async def graph(self, external_id: str) -> Row:
        """A record with everything nested in it. Raises NotThere."""
        return await self.service.one(self.entity.route, external_id, self.entity.expand)

    async def get_many(self, external_ids: Sequence[str]) -> Sequence[Record]:
        """Records by id, many in a request."""
        found: list[Record] = []
        for group in groups(list(external_ids), _ASKED_AT_ONCE):
            rows = await self.rows(" or ".join(f"ID eq {int(each)}" for each in group))
            found += [self.record(row) for row in rows]
        return found

    def record(self, row: Row) -> Record:
        """A row as a record. Raises Misunderstood for one without its id, or with a time of change that is none."""
        if "ID" not in row:
            raise Misunderstood(N_("%(vendor)s sent a record without an id."), vendor="Unimicro", detail=self.name)
        stamp = self._stamp(row)
        try:
            changed = parse_instant(_utc(stamp)) if stamp else None
        except ValueError:
            raise Misunderstood(
                N_("%(vendor)s sent a record without an id or a time of change."), vendor="Unimicro", detail=self.name
            ) from None
        fields = {path: graphs.value_at(row, path) for path in self.entity.fields}
        fields = {path: None if value == "" else value for path, value in fields.items()}
        return Record(self.name, str(row["ID"]), fields, None, changed)

    async def write(self, writes: Sequence[Write], report: Report) -> None:
        """One by one, several at a time."""
        await send_all(writes, self._write_one, report, concurrency=self._concurrency)

    async def find_created(self, write: Write) -> Record | None:
        """By what names it, and all else that was sent. Raises Unsafe without, as nobody can ask for a _createguid."""
        value = write.fields.get(self.entity.natural)
        if is_empty(value):
            raise Unsafe(N_("Nothing tells which record is the one that was being created."))
        rows = await self.rows(f"{self.entity.natural} eq {literal(value)}", top=2)
        made = {str(row["ID"]): _made_at(row) for row in rows if "ID" in row}
        return the_one(
            write,
            [self.record(row) for row in rows],
            vendor="Unimicro",
            unique=True,
            made_at=lambda record: made[record.external_id],
            ignored=self.not_compared,
        )

    async def _write_one(self, write: Write) -> Outcome:
        if write.operation is Operation.DELETE:
            await self.service.send("DELETE", f"{self.entity.route}/{write.external_id}", None)
            return Confirmed(write.key, str(write.external_id))
        external_id = await (self._create(write) if write.operation is Operation.CREATE else self._change(write))
        current().complete(external_id)
        return Confirmed(write.key, external_id, await self.get(external_id))

    async def _create(self, write: Write) -> str:
        """The new record's id."""
        fields = {path: value for path, value in write.fields.items() if not is_empty(value)}
        return await self._made(self.entity.route, graphs.made(fields, self.service.seed, write.key))

    async def _made(self, route: str, body: Row) -> str:
        row = await self.service.send("POST", route, body)
        if "ID" not in row:
            current().said_nothing()
            raise Unreachable(N_("%(vendor)s answered without the record's id."), vendor="Unimicro", code="no_id")
        return str(row["ID"])

    async def _change(self, write: Write) -> str:
        now = await self.graph(str(write.external_id))
        body = graphs.changed(now, write.fields, self.service.seed, write.key)
        await self.service.send("PUT", f"{self.entity.route}/{write.external_id}", body)
        return str(write.external_id)


def _made_at(row: Row) -> datetime | None:
    stamp = str(row.get("CreatedAt") or "")
    return parse_instant(_utc(stamp)) if stamp else None


def _latest(row: Row) -> str:
    return max(str(row.get("CreatedAt") or ""), str(row.get("UpdatedAt") or ""))


def _is_instant(stamp: str) -> bool:
    try:
        parse_instant(_utc(stamp))
    except ValueError:
        return False
    return True


def _utc(stamp: str) -> str:
    """Fidelity: assumed unimicro §4 – a stamp without a zone is UTC."""
    return stamp if stamp.endswith("Z") or "+" in stamp[10:] else f"{stamp}Z"


def literal(value: Any) -> str:
    """A value in a filter."""
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return str(value)
