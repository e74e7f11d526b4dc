"""Reference data that is only read: currencies, users, taxes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kobling.connectors.simply_crm.service import Service
from kobling.connectors.simply_crm.vtql import PAGE, any_of, select
from kobling.records import N_, NotThere, Record, Refused
from kobling.sdk.protocols import Bookmark, Capabilities, FieldSchema, IdPage, Page, Report, Write


class Reference:
    """A small list read whole each time, only the columns named, so that no user's access key comes along.

    Fidelity: known simply_crm §1 – a query of Users shows an admin other users' access keys: they are never asked for
    """

    capabilities = Capabilities()

    def __init__(self, service: Service, name: str, columns: Sequence[str]) -> None:
        self.name = name
        self._service = service
        self._columns = columns

    async def describe(self) -> Mapping[str, FieldSchema]:
        """The columns that are read."""
        return {name: FieldSchema(name, name, read_only=True) for name in self._columns}

    async def read(self, bookmark: Bookmark | None) -> Page:
        """A page of at most 100; a finished reading starts over."""
        start = int((bookmark or {}).get("from") or 0)
        rows = await self._rows(limit=f"{start},{PAGE}")
        more = len(rows) == PAGE
        return Page([self._record(row) for row in rows], {"from": start + PAGE} if more else {}, more)

    async def read_ids(self, position: str | None) -> IdPage:
        """A page of ids."""
        start = int(position or 0)
        rows = await self._rows(limit=f"{start},{PAGE}")
        return IdPage([row["id"] for row in rows], str(start + PAGE) if len(rows) == PAGE else None)

    async def get(self, external_id: str) -> Record:
        """One record. Raises NotThere."""
        found = await self.get_many([external_id])
        if not found:
            raise NotThere(N_("Simply CRM has no such record, or does not show it to our user."))
        return found[0]

    async def get_many(self, external_ids: Sequence[str]) -> Sequence[Record]:
        """Records by id."""
        return [self._record(row) for row in await self._rows(any_of("id", external_ids))] if external_ids else []

    async def write(self, writes: Sequence[Write], report: Report) -> None:
        """Raises Refused: this is only read."""
        raise Refused(N_("%(resource)s of Simply CRM can only be read."), resource=self.name)

    async def find_created(self, write: Write) -> Record | None:
        """Nothing is ever created here."""
        return None

    async def _rows(self, *conditions: str, limit: str = str(PAGE)) -> list[dict[str, Any]]:
        columns = ",".join(("id", *self._columns))
        return await self._service.query(select(columns, self.name, *conditions, limit=limit))

    def _record(self, row: dict[str, Any]) -> Record:
        return Record(self.name, row["id"], {name: row.get(name, "") for name in ("id", *self._columns)})
