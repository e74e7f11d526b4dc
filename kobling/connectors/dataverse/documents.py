"""Orders and invoices with their lines: header and lines change in one change set.

Fidelity: known dataverse §6 – a change set is atomic; states are plain columns
Fidelity: known dataverse §9 – a locked or closed document rejects edits, so it is made active first and closed again
Fidelity: inferred dataverse §9 – a change of a line changes its header's time of change, since totals are recomputed
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from kobling.connectors.dataverse.about import About
from kobling.connectors.dataverse.rows import DataRows
from kobling.connectors.dataverse.tables import LINES, DataTable
from kobling.records import Record, is_empty
from kobling.sdk.http import Answer
from kobling.sdk.odata.batch import Part
from kobling.sdk.odata.change_sets import carried_out
from kobling.sdk.odata.query import bare
from kobling.sdk.odata.service import Row, Rows, SendBatch, Service
from kobling.sdk.outcomes import Confirmed, Outcome, current
from kobling.sdk.paging import groups
from kobling.sdk.protocols import Bookmark, FieldSchema, Operation, Page, Report, Write
from kobling.sdk.writing import all_told, send_all

_AT_ONCE = 40
_STATE = ("statecode", "statuscode")
ACTIVE = 0


class DataDocuments(DataRows):
    """``lines`` is a list of plain dicts in order, without ids. A write with ``lines`` makes the lines these."""

    def __init__(
        self,
        service: Service,
        spec: DataTable,
        send: SendBatch,
        together: SendBatch,
        about: About,
        *,
        concurrency: int,
        seed: str,
    ) -> None:
        super().__init__(service, spec, send, about, concurrency=concurrency, seed=seed)
        self._together = together
        self._lines = DataRows(service, LINES[spec.lines], send, about, concurrency=concurrency, seed=seed)

    async def describe(self) -> Mapping[str, FieldSchema]:
        """The header's columns and ``lines``."""
        return {**await super().describe(), "lines": FieldSchema("lines", "Lines", type="lines")}

    async def read(self, bookmark: Bookmark | None) -> Page:
        """As for any table, with the lines of the page's documents fetched in a few requests."""
        page = await super().read(bookmark)
        return replace(page, records=await self._with_lines(page.records))

    async def get(self, external_id: str) -> Record:
        """One document with its lines. Raises NotThere."""
        return (await self._with_lines([await super().get(external_id)]))[0]

    async def get_many(self, external_ids: Sequence[str]) -> Sequence[Record]:
        """Documents by id, with their lines."""
        return await self._with_lines(await super().get_many(external_ids))

    async def _with_lines(self, records: Sequence[Record]) -> list[Record]:
        lines: dict[str, list[Row]] = {each.external_id: [] for each in records}
        for group in groups(list(lines), _AT_ONCE):
            for row in await self._rows_of(group):
                lines[str(row[f"_{self.spec.key}_value"])].append(row)
        return [
            replace(
                each, fields={**each.fields, "lines": [self._plain(row) for row in _ordered(lines[each.external_id])]}
            )
            for each in records
        ]

    async def _rows_of(self, parents: Sequence[str]) -> list[Row]:
        told: Rows = await self._lines.rows(bare(f"_{self.spec.key}_value", parents), select=self._lines.select())
        rows = [*told.rows]
        while told.next:
            told = await self.service.follow(told.next, prefer=self._lines.prefer())
            rows += told.rows
        return rows

    def _plain(self, row: Row) -> dict[str, Any]:
        left_out = {self._lines.spec.key, self.spec.key, "modifiedon", "statecode", "statuscode"}
        return {name: value for name, value in self._lines.fields(row).items() if name not in left_out}

    async def write(self, writes: Sequence[Write], report: Report) -> None:
        """Documents one by one, each in a change set."""
        plain = [each for each in writes if each.operation is Operation.DELETE]
        whole = [each for each in writes if each.operation is not Operation.DELETE]
        with all_told(writes, report) as tell:
            if plain:
                await super().write(plain, tell)
            if whole:
                await send_all(whole, self._write_whole, tell, concurrency=self._concurrency, pausing=self)

    async def _write_whole(self, write: Write) -> Outcome:
        creating = write.operation is Operation.CREATE
        external_id = self.chosen_id(write) if creating else str(write.external_id)
        parts = self._creating(write, external_id) if creating else await self._updating(write, external_id)
        own = self.spec.path if creating else f"{self.spec.path}({external_id})"
        carried_out(self.service, parts, await self._together(parts), own)
        current().complete(external_id)
        return Confirmed(write.key, external_id, await self.get(external_id))

    def _creating(self, write: Write, external_id: str) -> list[Part]:
        header = {name: value for name, value in write.fields.items() if name not in ("lines", *_STATE)}
        state = {name: write.fields[name] for name in _STATE if not is_empty(write.fields.get(name))}
        body = {**self.body(header, new=True), self.spec.key: external_id}
        parts = [Part("POST", self.spec.path, body)]
        parts += self._line_creates(external_id, write.fields.get("lines") or (), write.key)
        return parts + self._closing(external_id, state)

    async def _updating(self, write: Write, external_id: str) -> list[Part]:
        """Open a closed document, change it, close it again."""
        path = f"{self.spec.path}({external_id})"
        now = await self.service.get(path, select=self.select())
        header = {name: value for name, value in write.fields.items() if name not in ("lines", *_STATE)}
        state = {name: write.fields[name] for name in _STATE if name in write.fields}
        closed = int(now.get("statecode") or 0) != ACTIVE
        match = {"If-Match": write.expected or "*"}
        parts: list[Part] = []
        if closed and (header or "lines" in write.fields):
            parts.append(Part("PATCH", path, {"statecode": ACTIVE}, match))
            match = {"If-Match": "*"}
            state = state or {name: now[name] for name in _STATE}
        if header:
            parts.append(Part("PATCH", path, self.body(header, new=False), match))
            match = {"If-Match": "*"}
        if "lines" in write.fields:
            old = await self._rows_of([external_id])
            key = self._lines.spec.key
            parts += [Part("DELETE", f"{self._lines.spec.path}({row[key]})", headers={"If-Match": "*"}) for row in old]
            parts += self._line_creates(external_id, write.fields["lines"] or (), write.key)
        return parts + self._closing(external_id, state, match)

    def _line_creates(self, external_id: str, lines: Sequence[Mapping[str, Any]], key: str) -> list[Part]:
        return [
            Part(
                "POST",
                self._lines.spec.path,
                {
                    **self._lines.body({"lineitemnumber": at, **line, self.spec.key: external_id}, new=True),
                    self._lines.spec.key: str(uuid5(NAMESPACE_URL, f"{external_id}/{key}/{at}")),
                },
            )
            for at, line in enumerate(lines, start=1)
        ]

    def _closing(
        self, external_id: str, state: Mapping[str, Any], match: Mapping[str, str] | None = None
    ) -> list[Part]:
        if not state or (match is None and int(state.get("statecode") or 0) == ACTIVE):
            return []
        return [Part("PATCH", f"{self.spec.path}({external_id})", dict(state), match or {"If-Match": "*"})]

    async def act(self, action: str, **body: Any) -> Answer:
        """Call an action of Dataverse by name. Sent once. Raises Unreachable (maybe applied) for a lost answer."""
        return await self.service.send("POST", f"/{action}", body)


def _ordered(rows: Sequence[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: (int(row.get("lineitemnumber") or 0), str(row.get("createdon") or "")))
