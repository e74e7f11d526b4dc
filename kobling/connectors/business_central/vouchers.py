"""Vouchers: the lines of a general journal that share a document number, with their files, as drafts or posted.

Fidelity: known business_central §6.1 – attachments hang on lines; a posted voucher is found in generalLedgerEntries by
its document number
Fidelity: known business_central Corrections – a posting number series gives a voucher another number when it is posted
Fidelity: inferred business_central §6.1 – (hurts) its entries keep the description of its lines, VAT entries as well
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from typing import Any

from kobling.connectors.business_central import attachments, values
from kobling.connectors.business_central.bulk_drafts import BulkDrafts, is_draft
from kobling.connectors.business_central.drafts import DRAFT, POSTED, RESOURCE, Drafts, code_of
from kobling.connectors.business_central.journals import Journals
from kobling.records import N_, AlreadyThere, NotThere, Record, Refused, Unsafe, exact
from kobling.sdk.looking_up import differences
from kobling.sdk.odata.change_sets import carried_out
from kobling.sdk.odata.query import equals
from kobling.sdk.odata.service import Row, SendBatch, Service
from kobling.sdk.outcomes import Confirmed, Outcome, current
from kobling.sdk.protocols import Bookmark, Capabilities, FieldSchema, IdPage, Operation, Page, Report, Write
from kobling.sdk.writing import all_told, send_all

_FIELDS = (
    *("documentNumber", "externalDocumentNumber", "postingDate", "lines", "files", "status", "total", "balanced"),
    *("entries", "own_journal"),
)
_LEDGER = "/generalLedgerEntries"
_ENTRY = "id,entryNumber,postingDate,documentNumber,accountNumber,description,debitAmount,creditAmount"
_NOT_COMPARED = frozenset({"status", "total", "balanced", "entries", "own_journal", "files"})
"""What the system works out, and files, which are added where they are missing."""


class Vouchers:
    """One voucher is one record; its id is its document number: its own, or the one that it got when it was posted.

    ``lines``: dicts of accountNumber, amount (of the company's own currency, VAT included, + debit), description,
    comment, taxCode, balancingAccountNumber and ``dimensions`` (code → value code). ``files``: dicts of name and size.
    ``total`` is the sum of the debits, ``balanced`` how much of it stands against a balancing account. ``entries``
    (dicts of accountNumber and amount, + debit, VAT apart) is what the ledger holds of a posted one. ``status`` is
    draft or posted; setting it to posted posts this voucher alone. Implements ``Resource``.
    """

    name = RESOURCE
    capabilities = Capabilities(create=True, update=True)

    def __init__(self, service: Service, each: SendBatch, together: SendBatch, journals: Journals) -> None:
        self._service = service
        self._together = together
        self._drafts = Drafts(service, journals)
        self._bulk = BulkDrafts(self._drafts, each, together)
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
        records = await self._drafts.all() if self.journals.batch else []
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
        with all_told(writes, report) as tell:
            singly = [each for each in writes if not is_draft(each)]
            singly += await self._bulk.write([each for each in writes if is_draft(each)], tell)
            await send_all(singly, self._write_one, tell, concurrency=1)

    async def find_created(self, write: Write) -> Record | None:
        """By its document number and everything else that was sent; missing files of a draft are added.

        Raises Unsafe when a voucher of that number says something else.
        """
        found = await self._find(str(write.fields["documentNumber"]))
        if found is None:
            return None
        if differences(write.fields, found.fields, _NOT_COMPARED) or self._other_total(write, found):
            raise Unsafe(
                N_("The document number %(number)s is in Business Central with other lines. Is it the same voucher?"),
                number=found.external_id,
                code="somebody_elses",
            )
        if found.fields["status"] == DRAFT and write.fields.get("files"):
            await self._drafts.attach_missing(await self._drafts.rows_of(found.external_id), write)
            return await self.get(found.external_id)
        return found

    def _other_total(self, write: Write, found: Record) -> bool:
        """What the ledger holds has no lines of ours any more, but it cannot add up to less than was sent."""
        if found.fields["status"] != POSTED:
            return False
        sent = sum((abs(exact(each["amount"])) for each in write.fields.get("lines") or ()), Decimal())
        return bool(found.fields["total"] < sent / 2)

    async def _write_one(self, write: Write) -> Outcome:
        if write.operation is Operation.CREATE:
            number = await self._create(write)
        else:
            number = await self._update(write)
        current().complete(number)
        return Confirmed(write.key, number, await self.get(number))

    async def _create(self, write: Write) -> str:
        number = str(write.fields["documentNumber"])
        if await self._find(number) is not None:
            raise AlreadyThere(
                N_("The document number %(number)s is taken in Business Central."),
                field="documentNumber",
                code="document_number",
                number=number,
            )
        own = bool(write.fields.get("own_journal"))
        journal = await self.journals.own(code_of(number), make=True) if own else await self.journals.chosen()
        assert journal is not None
        parts = [self._drafts.part(journal, write.fields, line) for line in write.fields["lines"]]
        answers = carried_out(self._service, parts, await self._together(parts), "")
        try:
            await self._drafts.attach_missing([self._service.decoded(each) for each in answers], write)
        except Refused:
            # A voucher without its files must not stay: it could be posted by anyone.
            await self._drafts.take_back(journal, number, own=own)
            current().taken_back()
            raise
        return number

    async def _update(self, write: Write) -> str:
        """Posting, or making a draft in a batch of its own anew: any other voucher is never changed."""
        number = str(write.external_id)
        if write.fields.get("lines"):
            return await self._make_anew(number, write)
        if set(write.fields) != {"status"} or write.fields["status"] != POSTED:
            raise Refused(N_("A voucher is not changed; a correction is a new entry."), code="voucher_fixed")
        found = await self.get(number)
        if found.fields["status"] == POSTED:
            return number
        journal = await self.journals.own(code_of(number), make=False)
        if journal is None:
            raise Refused(
                N_("The voucher %(number)s is a draft among others and is posted in Business Central by hand."),
                code="draft_among_others",
                number=number,
            )
        last = await self._last_entry()
        await self.journals.post(journal)
        current().complete(number)
        await self.journals.drop(journal)
        if await self._entries(number):
            return number
        return next(iter(await self._posted_as(found, (), after=last)), number)

    async def _last_entry(self) -> int:
        """The number of the newest entry, by which what is posted from now on is told from equal ones before it."""
        told = await self._service.rows(_LEDGER, orderby="entryNumber desc", select="entryNumber", top=1)
        return int(told.rows[0]["entryNumber"]) if told.rows else 0

    async def became(self, known: Record, taken: Collection[str]) -> Record | None:
        """A draft that was posted under another number, found by its day, text, accounts and amounts."""
        numbers = await self._posted_as(known, taken)
        if len(numbers) > 1:
            raise Unsafe(
                N_("Several vouchers in the ledger could be the draft %(number)s: %(found)s."),
                number=known.external_id,
                found=", ".join(numbers),
                code="several_posted",
            )
        return await self.get(numbers[0]) if numbers else None

    async def _posted_as(self, known: Record, taken: Collection[str], *, after: int = 0) -> list[str]:
        """Document numbers in the ledger that say what a draft said, of entries after a number."""
        text, day = next(iter(_texts(known)), None), known.fields.get("postingDate")
        if not text or not day:
            return []
        where = f"postingDate eq {day} and entryNumber gt {after} and {equals('description', text)}"
        told = await self._service.rows(_LEDGER, filter=where, select=_ENTRY)
        numbers = dict.fromkeys(str(row["documentNumber"]) for row in told.rows)
        free = [number for number in numbers if number not in taken and number != known.external_id]
        return [number for number in free if _says_the_same(known, await self._entries(number))]

    async def _make_anew(self, number: str, write: Write) -> str:
        """The new lines stand before the old ones go, so that none is ever without any."""
        journal = await self.journals.own(code_of(number), make=False)
        old = await self._drafts.own_rows(number)
        if journal is None or not old:
            raise Refused(N_("A voucher is not changed; a correction is a new entry."), code="voucher_fixed")
        header = {**write.fields, "documentNumber": number}
        parts = [self._drafts.part(journal, header, line) for line in write.fields["lines"]]
        answers = carried_out(self._service, parts, await self._together(parts), "")
        await self._drafts.attach_missing([self._service.decoded(each) for each in answers], write)
        for row in old:
            await self._service.send("DELETE", f"/journals({journal['id']})/journalLines({row['id']})", If_Match="*")
        return number

    async def _find(self, number: str) -> Record | None:
        if (draft := await self._drafts.find(number)) is not None:
            return draft
        rows = await self._entries(number)
        return _posted(number, rows) if rows else None

    async def _entries(self, number: str) -> Sequence[Row]:
        told = await self._service.rows(
            _LEDGER,
            filter=equals("documentNumber", number),
            select=_ENTRY,
            expand="attachments($select=id,fileName,byteSize)",
        )
        return told.rows


def _texts(known: Record) -> list[str]:
    return [str(each["description"]) for each in known.fields.get("lines") or () if each.get("description")]


def _says_the_same(known: Record, rows: Sequence[Row]) -> bool:
    """Whether entries stand on every account of a draft, and what stands against it comes to the same."""
    lines = known.fields.get("lines") or ()
    against: dict[str, Decimal] = {}
    for each in lines:
        if each.get("balancingAccountNumber"):
            account = str(each["balancingAccountNumber"])
            against[account] = against.get(account, Decimal()) - exact(each["amount"])
    sums: dict[str, Decimal] = {}
    for each in map(_entry, rows):
        account = str(each["accountNumber"])
        sums[account] = sums.get(account, Decimal()) + each["amount"]
    there = {row.get("description") for row in rows}
    return (
        bool(against)
        and all(sums.get(account) == amount for account, amount in against.items())
        and all(str(each["accountNumber"]) in sums for each in lines)
        and there >= set(_texts(known))
    )


def _posted(number: str, rows: Sequence[Row]) -> Record:
    """What the ledger says: debits are the total, and they balance."""
    debits = sum((exact(row.get("debitAmount") or 0) for row in rows), Decimal())
    credits = sum((exact(row.get("creditAmount") or 0) for row in rows), Decimal())
    files = {each["name"]: each for row in rows for each in attachments.listed(row.get("attachments") or ())}
    fields = {
        "documentNumber": number,
        "postingDate": values.read(rows[0]).get("postingDate"),
        "files": list(files.values()),
        "status": POSTED,
        "total": debits,
        "balanced": credits,
        "entries": [_entry(row) for row in rows],
    }
    return Record(RESOURCE, number, fields)


def _entry(row: Row) -> dict[str, Any]:
    amount = exact(row.get("debitAmount") or 0) - exact(row.get("creditAmount") or 0)
    return {"accountNumber": row["accountNumber"], "amount": amount}
