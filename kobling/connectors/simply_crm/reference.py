"""Reference data that is only read: currencies, users, taxes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kobling.connectors.simply_crm.service import Service
from kobling.connectors.simply_crm.vtql import PAGE, select
from kobling.records import Record
from kobling.sdk.protocols import Unread
from kobling.sdk.reading import told_apart
from kobling.sdk.readonly import ReadOnlyList


class Reference(ReadOnlyList):
    """A small list, only the columns named, so that no user's access key comes along.

    Fidelity: known simply_crm §1 – a query of Users shows an admin other users' access keys: they are never asked for
    """

    def __init__(self, service: Service, name: str, columns: Sequence[str]) -> None:
        super().__init__(name, ("id", *columns), vendor="Simply CRM")
        self._service = service

    async def all(self) -> tuple[Sequence[Record], Sequence[Unread]]:
        """Every row, a hundred at a time."""
        rows: list[dict[str, Any]] = []
        while len(rows) % PAGE == 0:
            limit = f"{len(rows)},{PAGE}"
            page = await self._service.query(select(",".join(self._columns), self.name, limit=limit))
            if not page:
                break
            rows += page
        found, unread = told_apart(rows, "id")
        fields = {each: {name: row.get(name, "") for name in self._columns} for each, row in found.items()}
        return [Record(self.name, each, row) for each, row in fields.items()], unread
