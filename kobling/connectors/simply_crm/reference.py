"""Reference data that is only read: currencies, users, taxes."""

from __future__ import annotations

from collections.abc import Sequence

from kobling.connectors.simply_crm.service import Service
from kobling.connectors.simply_crm.vtql import PAGE, select
from kobling.records import Record
from kobling.sdk.readonly import ReadOnlyList


class Reference(ReadOnlyList):
    """A small list, only the columns named, so that no user's access key comes along.

    Fidelity: known simply_crm §1 – a query of Users shows an admin other users' access keys: they are never asked for
    """

    def __init__(self, service: Service, name: str, columns: Sequence[str]) -> None:
        super().__init__(name, ("id", *columns), vendor="Simply CRM")
        self._service = service

    async def all(self) -> list[Record]:
        """Every row, a hundred at a time."""
        records: list[Record] = []
        while True:
            limit = f"{len(records)},{PAGE}"
            rows = await self._service.query(select(",".join(self._columns), self.name, limit=limit))
            for row in rows:
                fields = {name: row.get(name, "") for name in self._columns}
                records.append(Record(self.name, row["id"], fields))
            if len(rows) < PAGE:
                return records
