"""Sales orders and invoices with their lines, and what is done to them: post, send, ship, attach.

Fidelity: known business_central §6 – deep insert on POST, no deep PATCH; Isolation: snapshot rolls everything back
Fidelity: known business_central §6.1 – an invoice keeps its id when it is posted; actions are POST …/Microsoft.NAV.x
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kobling.connectors.business_central import values
from kobling.connectors.business_central.attachments import attach
from kobling.connectors.business_central.records import Records
from kobling.connectors.business_central.sets import BATCH, LINE_FIELDS, LINES, EntitySet
from kobling.records import N_, Refused, Unreachable, is_empty
from kobling.sdk.http import Answer
from kobling.sdk.odata.batch import Part
from kobling.sdk.odata.change_sets import carried_out
from kobling.sdk.odata.metadata import Metadata
from kobling.sdk.odata.service import Row, SendBatch, Service
from kobling.sdk.outcomes import Confirmed, Outcome, current
from kobling.sdk.protocols import FieldSchema, Operation, Report, Write
from kobling.sdk.writing import all_told, send_all

PARENT_TYPES = {"salesOrders": "Sales Order", "salesInvoices": "Sales Invoice"}
_WRITTEN = frozenset(
    {"itemId", "accountId", "lineType", "lineObjectNumber", "description", "unitOfMeasureId", "unitOfMeasureCode"}
    | {"quantity", "unitPrice", "discountAmount", "discountPercent", "taxCode"}
)
_FIXED = frozenset({"lineType", "lineObjectNumber", "itemId", "accountId"})
"""A line that changes one of these becomes another line: they are immutable after insert (§6.1)."""


class Documents(Records):
    """``lines`` is a list of plain dicts in the order of their sequence, without ids: they are found by their place.

    A write with ``lines`` makes the document's lines these; header and lines change together or not at all.
    Amounts are major units of ``currencyCode`` (empty: the company's own).
    """

    def __init__(
        self, service: Service, spec: EntitySet, send: SendBatch, together: SendBatch, metadata: Metadata, **more: Any
    ) -> None:
        super().__init__(service, spec, send, metadata, **more)
        self._together = together
        self._line_set = LINES[spec.name]

    async def describe(self) -> Mapping[str, FieldSchema]:
        """The header's fields, and ``lines`` where this Business Central has them."""
        header = await super().describe()
        there = self._line_set in await self.metadata.sets()
        return {**header, "lines": FieldSchema("lines", "Lines", type="lines")} if header and there else header

    def fields(self, row: Row) -> dict[str, Any]:
        """The header's fields and its lines."""
        lines = sorted(row.get(self._line_set) or (), key=lambda line: int(line.get("sequence") or 0))
        found = super().fields({name: value for name, value in row.items() if name != self._line_set})
        found["lines"] = [
            {name: value for name, value in values.read(line).items() if name not in ("id", "sequence")}
            for line in lines
        ]
        return found

    def body(self, fields: Mapping[str, Any], *, new: bool) -> dict[str, Any]:
        """The header, and the lines of a new document inside it."""
        header = super().body({name: value for name, value in fields.items() if name != "lines"}, new=new)
        if new and fields.get("lines"):
            header[self._line_set] = [_line(each, new=True) for each in fields["lines"]]
        return header

    async def write(self, writes: Sequence[Write], report: Report) -> None:
        """Documents whose lines change one by one, all others in batches."""
        apart = [each for each in writes if each.operation is not Operation.DELETE and "lines" in each.fields]
        keys = {each.key for each in apart}
        together = [each for each in writes if each.key not in keys]
        with all_told(writes, report) as tell:
            if together:
                await super().write(together, tell)
            if apart:
                await send_all(apart, self._write_whole, tell, concurrency=self._concurrency, pausing=self)

    async def _write_whole(self, write: Write) -> Outcome:
        if write.operation is Operation.CREATE:
            answer = await self.service.send("POST", self.spec.path, self.body(write.fields, new=True))
            external_id = self._id_in(write, answer)
        else:
            external_id = str(write.external_id)
            raw = await self.service.get(
                f"{self.spec.path}({external_id})", expand=f"{self._line_set}($select={','.join(LINE_FIELDS)})"
            )
            parts = self._parts_of_update(write, raw)
            if len(parts) > BATCH:
                raise Refused(N_("The document has too many lines to be changed at once."), detail=str(len(parts)))
            if parts:
                carried_out(self.service, parts, await self._together(parts), f"{self.spec.path}({external_id})")
        # What follows only reads: totals are the server's own.
        current().complete(external_id)
        return Confirmed(write.key, external_id, await self.get(external_id))

    def _id_in(self, write: Write, answer: Answer) -> str:
        """The id of a new document. Raises Unreachable where the answer does not tell it."""
        try:
            row = self.service.decoded(answer)
        except ValueError:
            row = {}
        found = row.get(self.spec.key) or self.made_id(write, answer)
        if not found:
            current().said_nothing()
            raise Unreachable(N_("%(vendor)s answered without the record's id."), vendor=self.service.api.vendor)
        return str(found)

    def _parts_of_update(self, write: Write, raw: Row) -> list[Part]:
        header = self.body(write.fields, new=False)
        path = f"{self.spec.path}({write.external_id})"
        now = sorted(raw.get(self._line_set) or (), key=lambda line: int(line.get("sequence") or 0))
        lines = [*_line_parts(f"{path}/{self._line_set}", now, list(write.fields["lines"]))]
        tag = write.expected or "*"
        return ([Part("PATCH", path, header, {"If-Match": tag})] if header else []) + lines

    async def act(self, external_id: str, action: str) -> None:
        """Do what the screen's button does: post, send, postAndSend, cancel, shipAndInvoice, … Sent once, never again.

        Raises Unreachable (maybe applied) when the answer was lost: look at the status before asking again.
        """
        await self.service.send("POST", f"{self.spec.path}({external_id})/Microsoft.NAV.{action}")

    async def attach(self, external_id: str, file_name: str, content: bytes) -> str:
        """Attach a file to a document; returns the attachment's id. Raises as ``act`` does."""
        return await attach(self.service, external_id, PARENT_TYPES[self.name], file_name, content)

    async def pdf(self, external_id: str) -> bytes:
        """The document as a PDF."""
        path = f"{self.service.root}{self.spec.path}({external_id})/pdfDocument/pdfDocumentContent"
        return (await self.service.api.request("GET", path, headers=self.service.headers(Accept="*/*"))).body


def _line(line: Mapping[str, Any], *, new: bool) -> dict[str, Any]:
    return {
        name: values.written(name, value)
        for name, value in line.items()
        if name in _WRITTEN and not (new and is_empty(value))
    }


def _line_parts(path: str, now: Sequence[Row], wanted: Sequence[Mapping[str, Any]]) -> list[Part]:
    """Requests that turn the lines there are into those wanted; lines are told by their place."""
    parts: list[Part] = []
    for at, (line, want) in enumerate(zip(now, wanted, strict=False)):
        have = values.read(line)
        changed = {name: value for name, value in want.items() if name in _WRITTEN and not _same(have.get(name), value)}
        if _FIXED & changed.keys():
            return parts + _replaced(path, now[at:], wanted[at:])
        if changed:
            parts.append(Part("PATCH", f"{path}({line['id']})", _line(changed, new=False), {"If-Match": "*"}))
    return parts + _replaced(path, now[len(wanted) :], wanted[len(now) :])


def _replaced(path: str, old: Sequence[Row], new: Sequence[Mapping[str, Any]]) -> list[Part]:
    gone = [Part("DELETE", f"{path}({line['id']})", headers={"If-Match": "*"}) for line in old]
    return gone + [Part("POST", path, _line(each, new=True)) for each in new]


def _same(have: Any, want: Any) -> bool:
    if is_empty(have) and is_empty(want):
        return True
    return bool(have == want)
