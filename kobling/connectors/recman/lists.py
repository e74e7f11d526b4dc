"""Scopes as resources: read whole each time, since RecMan says nothing of what changed.

Fidelity: known recman §2 – no modified-since, no webhooks, no deleted feed; deletions are told by absence
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kobling.connectors.recman.service import PAGE, V1, Rows, Service
from kobling.records import N_, Misunderstood, NotOffered, NotThere, Record
from kobling.sdk.paging import pages
from kobling.sdk.protocols import Bookmark, Capabilities, Deletions, FieldSchema, IdPage, Page
from kobling.sdk.reading import ids_on, raise_for, records_of
from kobling.sdk.readonly import NotWritten

_TRIES = 3
"""How often a reading starts again because rows came or went while its numbered pages were turned."""


@dataclass(frozen=True, slots=True)
class Scope:
    """One scope. ``fields`` are asked for by name, the id's (``key``) first."""

    name: str
    key: str
    fields: tuple[str, ...]


_ADDRESS = ("address1", "address2", "postalCode", "city", "country")
SCOPES = (
    Scope(
        "company",
        "companyId",
        (
            *("companyId", "name", "countryRegNumber", "companyNumber", "email", "web", "phone", "invoiceEmail"),
            *("creditTime", "type", "parentCompanyId", "note", "visitAddress", "postAddress", "deliveryAddress"),
            "invoiceAddress",
        ),
    ),
    Scope(
        "project",
        "projectId",
        (
            *("projectId", "companyId", "number", "departmentId", "name", "type", "status", "startDate", "endDate"),
            *("created", "updated", "invoiceNotes", "costCentreId"),
        ),
    ),
    Scope(
        "invoice",
        "invoiceId",
        (
            *("invoiceId", "number", "companyId", "projectId", "departmentId", "type", "date", "dueDate", "kid"),
            *("currency", "created", "updated", "lines"),
        ),
    ),
    Scope("product", "productId", ("productId", "number", "name", "price", "vat")),
    Scope("department", "departmentId", ("departmentId", "name")),
)


class ScopeList(NotWritten):
    """One scope; implements ``Resource``. Values are texts as RecMan sends them; empty ones are None.

    A page is one of RecMan's. When the number of rows changed while pages were turned, the reading begins again, since
    a row may have slipped from one page to another unseen.
    """

    capabilities = Capabilities(deletions=Deletions.SWEEP, many_by_all=True)

    def __init__(self, service: Service, scope: Scope) -> None:
        self.name = scope.name
        self.scope = scope
        self._service = service
        self._fields = scope.fields

    async def describe(self) -> Mapping[str, FieldSchema]:
        """The fields; addresses are told apart by a dot."""
        names = []
        for each in self.scope.fields:
            names += [f"{each}.{part}" for part in _ADDRESS] if each.endswith("Address") else [each]
        return {name: FieldSchema(name, name, read_only=True) for name in names}

    async def read(self, bookmark: Bookmark | None) -> Page:
        """A page."""
        mark = dict(bookmark or {})
        number, tries, seen = (int(mark.get(name) or least) for name, least in (("page", 1), ("tries", 0), ("seen", 0)))
        told = await self._page(number)
        records, unread = records_of(told.rows.items(), self._readable, lambda item: item[0])
        first = mark.get("total") if number > 1 else told.total
        if number > 1 and told.total is not None and first is not None and told.total != first:
            if tries + 1 >= _TRIES:
                raise Misunderstood(
                    N_("RecMan's rows change faster than they can be read; try at a quieter time."), detail=self.name
                )
            return Page(records, {"page": 1, "tries": tries + 1}, more=True, unread=unread)
        seen += len(told.rows)
        if self._is_last(len(told.rows), seen, told.total):
            return Page(records, {}, more=False, total=told.total, unread=unread)
        following: Bookmark = {"page": number + 1, "total": first, "tries": tries, "seen": seen}
        return Page(records, following, more=True, total=told.total, unread=unread)

    async def _page(self, number: int) -> Rows:
        """A page with the fields that are offered: one that is refused by name is left out from then on."""
        while True:
            try:
                return await self._service.page(self.name, self._fields, number)
            except NotOffered as error:
                refused = next((name for name in self._fields[1:] if name in error.vendor_text), None)
                if refused is None:
                    raise
                self._fields = tuple(name for name in self._fields if name != refused)

    def _is_last(self, rows: int, seen: int, total: int | None) -> bool:
        if rows == 0 or self._service.generation == V1:
            return True
        return rows < PAGE if total is None else seen >= total

    async def read_ids(self, position: str | None) -> IdPage:
        """A page of ids."""
        mark: dict[str, Any] = {}
        if position:
            number, total, tries, seen = position.split(":")
            mark = {"page": int(number), "total": int(total) if total else None, "tries": tries, "seen": seen}
        page = await self.read(mark or None)
        ids = ids_on(page)
        if not page.more:
            return IdPage(ids, None)
        told = page.bookmark
        return IdPage(ids, f"{told['page']}:{told.get('total') or ''}:{told.get('tries') or 0}:{told.get('seen') or 0}")

    async def get(self, external_id: str) -> Record:
        """One record, found by reading on until it comes. Raises NotThere."""
        found = await self.get_many([external_id])
        if not found:
            raise NotThere(N_("%(vendor)s has no such record."), vendor="RecMan", detail=self.name)
        return found[0]

    async def get_many(self, external_ids: Sequence[str]) -> Sequence[Record]:
        """Records by id. Raises for one that cannot be read: it may be one of these."""
        wanted, found = set(external_ids), dict[str, Record]()
        async for page in pages(self):
            raise_for(page.unread, wanted)
            found |= {each.external_id: each for each in page.records if each.external_id in wanted}
            if len(found) == len(wanted):
                break
        return list(found.values())

    def _readable(self, item: tuple[str, Mapping[str, Any]]) -> Record:
        try:
            return self.record(*item)
        except (KeyError, TypeError, ValueError, AttributeError):
            raise Misunderstood(N_("%(vendor)s sent a record in a shape of its own."), vendor="RecMan") from None

    def record(self, key: str, row: Mapping[str, Any]) -> Record:
        """A row as a record; an address is spread over dotted fields."""
        fields: dict[str, Any] = {}
        for name in self.scope.fields:
            value = row.get(name)
            if name.endswith("Address"):
                parts = value if isinstance(value, dict) else {}
                fields |= {f"{name}.{part}": parts.get(part) or None for part in _ADDRESS}
            elif name == "lines":
                fields[name] = _lines(value)
            elif name in row:
                fields[name] = value if value != "" else None
        return Record(self.name, str(row.get(self.scope.key) or key), fields)


def _lines(value: Any) -> list[dict[str, Any]]:
    """Lines in the order of their ids, each with its own.

    Fidelity: known recman §3 – lines are a map by id
    """
    if not isinstance(value, dict):
        return []
    ordered = sorted(value.items(), key=lambda each: (len(str(each[0])), str(each[0])))
    return [{"lineId": str(key), **line} for key, line in ordered if isinstance(line, dict)]
