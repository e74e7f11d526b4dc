"""UpsertMultiple: many new records in one message, all or none, where a table offers it.

It costs a user less of the execution time that Dataverse allows than as many parts of a batch; but it answers with
nothing, so that the records are read back, and one wrong record sends all of them to the batch after all.

Fidelity: known dataverse §6 – Targets with @odata.type and @odata.id, 204, all or nothing; support differs by table
Fidelity: assumed dataverse §6 – @odata.id may name a row by its primary key, as by an alternate key
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from kobling.connectors.dataverse.tables import DataTable
from kobling.records import KoblingError, Record, Refused
from kobling.sdk.odata.query import quoted
from kobling.sdk.odata.service import Service
from kobling.sdk.outcomes import Confirmed, Unknown, sending
from kobling.sdk.protocols import Report, Write

FEWEST = 20
"""Fewer records than this are not worth reading back."""
_MESSAGE = "UpsertMultiple"
_FILTER = "sdkmessageid/name eq @message and primaryobjecttypecode eq @table"


class Bulk:
    """New records of one table in one message."""

    def __init__(
        self,
        service: Service,
        table: DataTable,
        body: Callable[[Mapping[str, Any]], dict[str, Any]],
        read_back: Callable[[Sequence[str]], Awaitable[Sequence[Record]]],
    ) -> None:
        self._service, self._table, self._body, self._read_back = service, table, body, read_back
        self._offered: bool | None = None

    async def offered(self) -> bool:
        """Whether this organisation's table takes the message; asked once."""
        if self._offered is None:
            names = f"&@message={quoted(_MESSAGE)}&@table={quoted(self._table.logical)}"
            path = f"/sdkmessagefilters?$select=sdkmessagefilterid&$filter={_FILTER.replace(' ', '%20')}{names}"
            told = await self._service.rows(path)
            self._offered = bool(told.rows)
        return self._offered

    async def create(self, writes: Sequence[Write], ids: Sequence[str], report: Report) -> bool:
        """Make all of them under the ids given, or none. False: nothing was done, send them another way.

        An answer that was lost leaves all of them open, and is reported so.
        """
        targets = [
            {
                **self._body(write.fields),
                "@odata.type": f"Microsoft.Dynamics.CRM.{self._table.logical}",
                "@odata.id": f"{self._table.path.lstrip('/')}({chosen})",
            }
            for write, chosen in zip(writes, ids, strict=True)
        ]
        path = f"{self._table.path}/Microsoft.Dynamics.CRM.{_MESSAGE}"
        with sending() as sent:
            try:
                await self._service.send("POST", path, {"Targets": targets})
            except Refused:
                return False
            except KoblingError as error:
                if not sent.touched:
                    return False
                for write in writes:
                    report(Unknown(write.key, None, error))
                return True
        found = await self._found(ids)
        for write, chosen in zip(writes, ids, strict=True):
            report(Confirmed(write.key, chosen, found.get(chosen)))
        return True

    async def _found(self, ids: Sequence[str]) -> dict[str, Record]:
        """They are made all the same where they cannot be read now; the next reading brings them."""
        try:
            return {each.external_id: each for each in await self._read_back(ids)}
        except KoblingError:
            return {}
