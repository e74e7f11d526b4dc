"""Drafts of vouchers: lines of a general journal that share a document number.

Fidelity: known business_central §6.1 – lines in a journal's context, no currency, VAT by taxCode alone, the amount
includes VAT
Fidelity: inferred business_central §6.1 – a line's own balancing account balances it; older versions ignored it, so it
is read back
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from kobling.connectors.business_central import attachments, values
from kobling.connectors.business_central.journals import Journals
from kobling.records import Record, exact
from kobling.sdk.odata.batch import Part
from kobling.sdk.odata.query import one_of
from kobling.sdk.odata.service import Row, Service
from kobling.sdk.protocols import Write

RESOURCE = "vouchers"
DRAFT, POSTED = "draft", "posted"
_GL = values.encoded("G/L Account")
_HEADER = ("documentNumber", "externalDocumentNumber", "postingDate")
_LINE = (
    "id,journalId,lineNumber,accountType,accountNumber,postingDate,documentNumber,externalDocumentNumber,amount,"
    "description,comment,taxCode,balanceAccountType,balancingAccountNumber"
)
_WITH = "dimensionSetLines($select=code,valueCode),attachments($select=id,fileName,byteSize)"


def code_of(number: str) -> str:
    """The code of a voucher's own batch: ten characters at most, the same for every attempt."""
    return f"KB{hashlib.sha256(number.encode()).hexdigest()[:8].upper()}"


class Drafts:
    """The lines of drafts in the chosen batch, and in batches that vouchers have for themselves."""

    def __init__(self, service: Service, journals: Journals) -> None:
        self.service = service
        self.journals = journals

    def part(self, journal: Row, header: Mapping[str, Any], line: Mapping[str, Any]) -> Part:
        """The request that makes one line of a voucher."""
        body = {name: header[name] for name in _HEADER if header.get(name)}
        body |= {"accountType": _GL, "accountNumber": line["accountNumber"], "amount": line["amount"]}
        for name in ("description", "comment", "taxCode"):
            if line.get(name):
                body[name] = line[name]
        if line.get("balancingAccountNumber"):
            body |= {"balanceAccountType": _GL, "balancingAccountNumber": line["balancingAccountNumber"]}
        dimensions = line.get("dimensions") or {}
        if dimensions:
            body["dimensionSetLines"] = [{"code": code, "valueCode": value} for code, value in dimensions.items()]
        return Part("POST", f"/journals({journal['id']})/journalLines", body)

    async def all(self) -> list[Record]:
        """Every draft in the chosen batch."""
        return list(self._records(await self.lines((await self.journals.chosen())["id"])).values())

    async def lines(self, journal: str, *numbers: str) -> list[Row]:
        """Lines of a batch, all or those of some vouchers."""
        where = one_of("documentNumber", numbers) if numbers else ""
        path = f"/journals({journal})/journalLines"
        told = await self.service.rows(path, filter=where, select=_LINE, expand=_WITH)
        rows = list(told.rows)
        while told.next:
            told = await self.service.follow(told.next)
            rows += told.rows
        return sorted(rows, key=lambda row: int(row.get("lineNumber") or 0))

    async def lines_of(self, numbers: Sequence[str]) -> list[Row]:
        """Lines of these vouchers among the drafts of the chosen batch."""
        return await self.lines((await self.journals.chosen())["id"], *numbers) if numbers else []

    async def rows_of(self, number: str) -> list[Row]:
        """A draft's lines, from its own batch or the chosen one."""
        return await self.own_rows(number) or await self.lines((await self.journals.chosen())["id"], number)

    async def own_rows(self, number: str) -> list[Row]:
        """A draft's lines in a batch of its own; none where it has none."""
        journal = await self.journals.own(code_of(number), make=False)
        return await self.lines(journal["id"], number) if journal else []

    async def find(self, number: str) -> Record | None:
        """A draft wherever it stands."""
        if own := await self.own_rows(number):
            return record(number, own, own=True)
        rows = await self.lines((await self.journals.chosen())["id"], number)
        return record(number, rows) if rows else None

    async def of(self, numbers: Sequence[str]) -> dict[str, Record]:
        """These vouchers among the drafts of the chosen batch, by number."""
        return self._records(await self.lines_of(numbers))

    def _records(self, lines: Sequence[Row]) -> dict[str, Record]:
        rows: dict[str, list[Row]] = {}
        for row in lines:
            rows.setdefault(str(row["documentNumber"]), []).append(row)
        return {number: record(number, found) for number, found in rows.items()}

    async def in_own_batches(self, numbers: Sequence[str]) -> set[str]:
        """Which of these have a batch of their own, from a run that posted or was to post them."""
        codes = {code_of(number): number for number in numbers}
        there = await self.journals.own_codes(sorted(codes))
        return {codes[code] for code in there}

    async def attach_missing(self, rows: Sequence[Row], write: Write) -> None:
        """Each file on each line, so that every entry that a line becomes has its papers; what is there stays."""
        for file in write.fields.get("files") or ():
            name = str(file["name"])
            there = [attachments.held(row, name) for row in rows]
            if all(each is not None and each["byteSize"] for each in there):
                continue
            assert write.load is not None, "a write with files comes with a way to load them"
            content = await write.load(file)
            for row, known in zip(rows, there, strict=True):
                if known is None:
                    await attachments.attach(self.service, str(row["id"]), "Journal", name, content)
                elif not known["byteSize"]:
                    await attachments.fill(self.service, known, content)

    async def take_back(self, journal: Row, number: str, *, own: bool) -> None:
        """Delete a draft: its own batch, or its lines among others."""
        if own:
            await self.journals.drop(journal)
            return
        for row in await self.lines(journal["id"], number):
            await self.service.send("DELETE", f"/journals({journal['id']})/journalLines({row['id']})", If_Match="*")


def record(number: str, rows: Sequence[Row], *, own: bool = False) -> Record:
    """A draft as a record. ``own``: it has a batch for itself."""
    first = values.read(rows[0])
    lines = [_line(row) for row in rows]
    against = [each for each in lines if each["balancingAccountNumber"]]
    fields = {
        "documentNumber": number,
        "externalDocumentNumber": first.get("externalDocumentNumber"),
        "postingDate": first.get("postingDate"),
        "lines": lines,
        "files": attachments.listed(rows[0].get("attachments") or ()),
        "status": DRAFT,
        "total": sum((abs(each["amount"]) for each in lines), Decimal()),
        "balanced": sum((abs(each["amount"]) for each in against), Decimal()),
        "entries": None,
        "own_journal": own,
    }
    return Record(RESOURCE, number, fields)


def _line(row: Row) -> dict[str, Any]:
    told = values.read(row)
    found = {name: told.get(name) or None for name in ("accountNumber", "description", "comment", "taxCode")}
    dimensions = {each["code"]: each["valueCode"] for each in row.get("dimensionSetLines") or ()}
    return {
        **found,
        "amount": exact(row["amount"]),
        "balancingAccountNumber": told.get("balancingAccountNumber") or None,
        "dimensions": dimensions,
    }
