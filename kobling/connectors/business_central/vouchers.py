"""Vouchers: the lines of a general journal that share a document number, with their files, as drafts or posted.

Fidelity: known business_central §6.1 – lines in a journal's context, no currency, VAT by taxCode alone, the amount
includes VAT; attachments hang on lines; a posted voucher is found in generalLedgerEntries by its document number
Fidelity: inferred business_central §6.1 – a line's own balancing account balances it; older versions ignored it, so it
is read back
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from kobling.connectors.business_central import values
from kobling.connectors.business_central.bulk_drafts import BulkDrafts, is_draft
from kobling.connectors.business_central.journals import Journals
from kobling.records import N_, AlreadyThere, NotThere, Record, Refused
from kobling.sdk.http import Answer
from kobling.sdk.odata.batch import Part
from kobling.sdk.odata.query import equals, one_of
from kobling.sdk.odata.service import Row, SendBatch, Service
from kobling.sdk.protocols import (
    Bookmark,
    Capabilities,
    FieldSchema,
    IdPage,
    Operation,
    Outcome,
    Page,
    Report,
    Write,
)
from kobling.sdk.writing import send_all, unknown

DRAFT, POSTED = "draft", "posted"
_GL = values.encoded("G/L Account")
_HEADER = ("documentNumber", "externalDocumentNumber", "postingDate")
_LINE = (
    "id,journalId,lineNumber,accountType,accountNumber,postingDate,documentNumber,externalDocumentNumber,amount,"
    "description,comment,taxCode,balanceAccountType,balancingAccountNumber"
)
_WITH = "dimensionSetLines($select=code,valueCode),attachments($select=id,fileName,byteSize)"
_FIELDS = (*_HEADER, "lines", "files", "status", "total", "balanced", "entries", "own_journal")


class Vouchers:
    """One voucher is one record; its id is its document number, which it keeps when it is posted.

    ``lines``: dicts of accountNumber, amount (of the company's own currency, VAT included, + debit), description,
    comment, taxCode, balancingAccountNumber and ``dimensions`` (code → value code). ``files``: dicts of name and size.
    ``total`` is the sum of the debits, ``balanced`` how much of it stands against a balancing account. ``entries``
    (dicts of accountNumber and amount, + debit, VAT apart) is what the ledger holds of a posted one. ``status`` is
    draft or posted; setting it to posted posts this voucher alone. Implements ``Resource``.
    """

    name = "vouchers"
    capabilities = Capabilities(create=True, update=True)

    def __init__(self, service: Service, each: SendBatch, together: SendBatch, journals: Journals) -> None:
        self._service = self.service = service
        self._together = together
        self._bulk = BulkDrafts(self, each, together)
        self.journals = journals

    async def describe(self) -> Mapping[str, FieldSchema]:
        """What a voucher holds."""
        longest = {"documentNumber": 20, "externalDocumentNumber": 35}
        read_only = {"total", "balanced", "entries"}
        return {
            name: FieldSchema(name, name, max_length=longest.get(name), read_only=name in read_only) for name in _FIELDS
        }

    async def read(self, bookmark: Bookmark | None) -> Page:
        """The drafts in the chosen batch; nothing where no batch was chosen."""
        if not self.journals.batch:
            return Page([], {}, more=False)
        rows = await self._lines((await self.journals.chosen())["id"])
        numbers = list(dict.fromkeys(str(row["documentNumber"]) for row in rows))
        records = [self._draft(each, [row for row in rows if row["documentNumber"] == each]) for each in numbers]
        return Page(records, {}, more=False, total=len(records))

    async def read_ids(self, position: str | None) -> IdPage:
        """Ids of the drafts."""
        return IdPage([each.external_id for each in (await self.read(None)).records], None)

    async def get(self, external_id: str) -> Record:
        """A voucher wherever it is: in its own batch, in the chosen one, or in the ledger. Raises NotThere."""
        found = await self._find(external_id)
        if found is None:
            raise NotThere(N_("There is no voucher %(number)s in Business Central."), number=external_id)
        return found

    async def get_many(self, external_ids: Sequence[str]) -> Sequence[Record]:
        """Vouchers by number; those not there are left out."""
        found = [await self._find(each) for each in external_ids]
        return [each for each in found if each is not None]

    async def write(self, writes: Sequence[Write], report: Report) -> None:
        """Drafts many at once; what is posted goes one by one, each in a batch of its own."""
        singly = [each for each in writes if not is_draft(each)]
        singly += await self._bulk.write([each for each in writes if is_draft(each)], report)
        await send_all(singly, self._write_one, report, concurrency=1)

    async def find_created(self, write: Write) -> Record | None:
        """By its document number; a draft whose files did not all arrive gets those that are missing."""
        found = await self._find(str(write.fields["documentNumber"]))
        if found is None or found.fields["externalDocumentNumber"] not in (
            None,
            write.fields.get("externalDocumentNumber"),
        ):
            return None
        if found.fields["status"] == DRAFT and write.fields.get("files"):
            await self._attach(await self._rows_of(found.external_id), write)
            return await self.get(found.external_id)
        return found

    async def _write_one(self, write: Write) -> Outcome:
        if write.operation is Operation.CREATE:
            record = await self._create(write)
        else:
            record = await self._update(write)
        return Outcome(write.key, record.external_id, record)

    async def _create(self, write: Write) -> Record:
        number = str(write.fields["documentNumber"])
        if await self._find(number) is not None:
            raise AlreadyThere(
                N_("The document number %(number)s is taken in Business Central."),
                field="documentNumber",
                code="document_number",
                number=number,
            )
        own = bool(write.fields.get("own_journal"))
        journal = await self.journals.own(_code(number), make=True) if own else await self.journals.chosen()
        assert journal is not None
        parts = [self.part(journal, write.fields, line) for line in write.fields["lines"]]
        answers = await self._together(parts)
        self._raise_first(parts, answers)
        try:
            await self._attach([self._service.decoded(each) for each in answers if each], write)
        except Refused:
            # A voucher without its files must not stay: it could be posted by anyone.
            await self.take_back(journal, number, own=own)
            raise
        return await self._read_back(number)

    def part(self, journal: Row, header: Mapping[str, Any], line: Mapping[str, Any]) -> Part:
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

    def _raise_first(self, parts: Sequence[Part], answers: Sequence[Answer | None]) -> None:
        for part, answer in zip(parts, answers, strict=True):
            if answer is not None and answer.status >= 300 and answer.status != 424:
                raise self._service.error(part, answer)
        if any(answer is None for answer in answers):
            raise unknown(Refused(N_("%(vendor)s did not answer to the end."), vendor=self._service.api.vendor))

    async def _attach(self, rows: Sequence[Row], write: Write) -> None:
        """Each file on each line, so that every entry that a line becomes has its papers; what is there stays."""
        for file in write.fields.get("files") or ():
            name = str(file["name"])
            held = [_held(row, name) for row in rows]
            if all(each is not None and each["byteSize"] for each in held):
                continue
            assert write.load is not None, "a write with files comes with a way to load them"
            content = await write.load(file)
            for row, there in zip(rows, held, strict=True):
                if there is None:
                    await attach(self._service, str(row["id"]), "Journal", name, content)
                elif not there["byteSize"]:
                    await fill(self._service, there, content)

    async def take_back(self, journal: Row, number: str, *, own: bool) -> None:
        if own:
            await self.journals.drop(journal)
            return
        for row in await self._lines(journal["id"], number):
            await self._service.send("DELETE", f"/journals({journal['id']})/journalLines({row['id']})", If_Match="*")

    async def _update(self, write: Write) -> Record:
        """Only posting is an update: what a voucher says is never changed."""
        number = str(write.external_id)
        if set(write.fields) != {"status"} or write.fields["status"] != POSTED:
            raise Refused(N_("A voucher is not changed; a correction is a new entry."), code="voucher_fixed")
        found = await self.get(number)
        if found.fields["status"] == POSTED:
            return found
        journal = await self.journals.own(_code(number), make=False)
        if journal is None:
            raise Refused(
                N_("The voucher %(number)s is a draft among others and is posted in Business Central by hand."),
                code="draft_among_others",
                number=number,
            )
        await self.journals.post(journal)
        record = await self._read_back(number)
        await self.journals.drop(journal)
        return record

    async def _read_back(self, number: str) -> Record:
        try:
            return await self.get(number)
        except Refused as lost:
            raise unknown(lost) from None

    async def _find(self, number: str) -> Record | None:
        rows = await self._rows_of(number)
        if rows:
            return self._draft(number, rows)
        where = equals("documentNumber", number)
        told = await self._service.rows(
            "/generalLedgerEntries",
            filter=where,
            select="id,entryNumber,postingDate,documentNumber,accountNumber,description,debitAmount,creditAmount",
            expand="attachments($select=id,fileName,byteSize)",
        )
        return self._posted(number, told.rows) if told.rows else None

    async def _rows_of(self, number: str) -> list[Row]:
        """A draft's lines, from its own batch or the chosen one."""
        journal = await self.journals.own(_code(number), make=False)
        rows = await self._lines(journal["id"], number) if journal else []
        return rows or await self._lines((await self.journals.chosen())["id"], number)

    async def lines_of(self, numbers: Sequence[str]) -> list[Row]:
        """Lines of these vouchers among the drafts of the chosen batch."""
        return await self._lines((await self.journals.chosen())["id"], *numbers) if numbers else []

    async def drafts_of(self, numbers: Sequence[str]) -> dict[str, Record]:
        """These vouchers among the drafts of the chosen batch, by number."""
        rows: dict[str, list[Row]] = {}
        for row in await self.lines_of(numbers):
            rows.setdefault(str(row["documentNumber"]), []).append(row)
        return {number: self._draft(number, found) for number, found in rows.items()}

    async def in_own_batches(self, numbers: Sequence[str]) -> set[str]:
        """Which of these have a batch of their own, from a run that posted or was to post them."""
        codes = {_code(number): number for number in numbers}
        there = await self.journals.own_codes(sorted(codes))
        return {codes[code] for code in there}

    async def fill(self, row: Row, content: bytes) -> None:
        """Give an attachment its content."""
        await fill(self._service, row, content)

    async def _lines(self, journal: str, *numbers: str) -> list[Row]:
        where = one_of("documentNumber", numbers) if numbers else ""
        path = f"/journals({journal})/journalLines"
        told = await self._service.rows(path, filter=where, select=_LINE, expand=_WITH)
        rows = list(told.rows)
        while told.next:
            told = await self._service.follow(told.next)
            rows += told.rows
        return sorted(rows, key=lambda row: int(row.get("lineNumber") or 0))

    def _draft(self, number: str, rows: Sequence[Row]) -> Record:
        first = values.read(rows[0])
        lines = [_line(row) for row in rows]
        against = [each for each in lines if each["balancingAccountNumber"]]
        fields = {
            "documentNumber": number,
            "externalDocumentNumber": first.get("externalDocumentNumber"),
            "postingDate": first.get("postingDate"),
            "lines": lines,
            "files": _files(rows[0].get("attachments") or ()),
            "status": DRAFT,
            "total": sum((abs(each["amount"]) for each in lines), Decimal()),
            "balanced": sum((abs(each["amount"]) for each in against), Decimal()),
            "entries": None,
        }
        return Record(self.name, number, fields)

    def _posted(self, number: str, rows: Sequence[Row]) -> Record:
        """What the ledger says: debits are the total, and they balance."""
        debits = sum((Decimal(row.get("debitAmount") or 0) for row in rows), Decimal())
        credits = sum((Decimal(row.get("creditAmount") or 0) for row in rows), Decimal())
        held = {each["name"]: each for row in rows for each in _files(row.get("attachments") or ())}
        fields = {
            "documentNumber": number,
            "externalDocumentNumber": None,
            "postingDate": values.read(rows[0]).get("postingDate"),
            "files": list(held.values()),
            "status": POSTED,
            "total": debits,
            "balanced": credits,
            "entries": [_entry(row) for row in rows],
        }
        return Record(self.name, number, fields)


def _code(number: str) -> str:
    """The code of a voucher's own batch: ten characters at most, the same for every attempt."""
    return f"KB{hashlib.sha256(number.encode()).hexdigest()[:8].upper()}"


def _line(row: Row) -> dict[str, Any]:
    told = values.read(row)
    found = {name: told.get(name) or None for name in ("accountNumber", "description", "comment", "taxCode")}
    dimensions = {each["code"]: each["valueCode"] for each in row.get("dimensionSetLines") or ()}
    return {
        **found,
        "amount": Decimal(row["amount"]),
        "balancingAccountNumber": told.get("balancingAccountNumber") or None,
        "dimensions": dimensions,
    }


def _entry(row: Row) -> dict[str, Any]:
    amount = Decimal(row.get("debitAmount") or 0) - Decimal(row.get("creditAmount") or 0)
    return {"accountNumber": row["accountNumber"], "amount": amount}


def _held(row: Row, name: str) -> Row | None:
    """A line's attachment of that name; one without content was cut off before it got any."""
    return next((each for each in row.get("attachments") or () if each["fileName"] == name), None)


def _files(rows: Sequence[Row]) -> list[dict[str, Any]]:
    return [{"name": row["fileName"], "size": row["byteSize"]} for row in rows]


async def attach(service: Service, parent: str, kind: str, name: str, content: bytes) -> str:
    """Attach a file to something; returns the attachment's id. Raises as ``Service.send`` does.

    Two requests: a name without content is made first, as the API wants it, and taken away if the content fails.

    Fidelity: known business_central §6.1 – POST attachments (parent, type, file name), then PATCH its content
    """
    body = {"parentId": parent, "parentType": values.encoded(kind), "fileName": name}
    made = service.decoded(await service.send("POST", "/attachments", body))
    await fill(service, made, content)
    return str(made["id"])


async def fill(service: Service, made: Row, content: bytes) -> None:
    """Give an attachment its content; one that cannot take it is taken away."""
    path = f"/attachments({made['id']})"
    tag = str(made.get("@odata.etag") or "*")
    try:
        await service.send(
            "PATCH", f"{path}/attachmentContent", raw=content, If_Match=tag, Content_Type="application/octet-stream"
        )
    except Refused:
        await service.send("DELETE", path, If_Match="*")
        raise
