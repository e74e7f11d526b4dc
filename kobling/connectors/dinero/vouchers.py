"""Invoices and credit notes: drafts are written, booking is asked for by ``Status: Booked`` and never undone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kobling.connectors.dinero.books import MOST, Books, instant, made_id, no_id
from kobling.connectors.dinero.listing import Listing
from kobling.connectors.dinero.schema import CREDIT_NOTE, INVOICE, LINE, LIST_ITEM, writable
from kobling.records import N_, Fields, Misunderstood, NotThere, Record, Refused, StaleVersion
from kobling.sdk.looking_up import CLOCKS_APART, several
from kobling.sdk.outcomes import Confirmed, Outcome, current
from kobling.sdk.protocols import Capabilities, Deletions, FieldSchema, Operation, Report, Unread, Write
from kobling.sdk.reading import each_read, told_apart
from kobling.sdk.writing import send_all

_PAGE = 100
_BOOKED = "Booked"
_NOT_IN_A_BODY = frozenset({"Status", "Number", "CreditNoteFor"})


class Vouchers(Listing):
    """Invoices or credit notes with their lines and payments.

    The list tells which changed, each is then read whole: version is TimeStamp; booked ones carry ``Payments``,
    ``PaidAmount`` and ``RemainingAmount`` (DKK, major units). Line amounts are excl. VAT unless ShowLinesInclVat.
    A write whose fields hold ``Status: Booked`` books the draft last; a ``Number`` beside it asks for that number.
    When booking a new draft is refused, the draft is deleted again, so that a refused create leaves nothing behind.

    Fidelity: known dinero §3 – Timestamp in requests, TimeStamp in answers; stale is code 58
    Fidelity: known dinero §4 – booking is irreversible, and booked vouchers are not written any more
    Fidelity: assumed dinero §4 – (hurts) a payment moves UpdatedAt of its invoice; if not, payments come back late
    """

    def __init__(
        self, books: Books, name: str, *, path: str, schema: Mapping[str, FieldSchema], payments: str, concurrency: int
    ) -> None:
        capabilities = Capabilities(
            create=True,
            update=True,
            delete=True,
            changed_since=True,
            deletions=Deletions.FEED,
            version_token=True,
            idempotent_create=True,
            batch_size=_PAGE,
        )
        super().__init__(
            books,
            name,
            path=path,
            key="Guid",
            schema=schema,
            columns=LIST_ITEM,
            capabilities=capabilities,
            page_size=_PAGE,
        )
        self._payments = payments
        self._concurrency = concurrency
        self._body = writable(schema) - _NOT_IN_A_BODY

    async def whole(self, rows: Sequence[dict[str, Any]]) -> tuple[list[Record], list[Unread]]:
        """Each row read whole; one deleted meanwhile is left out, its deletion comes by itself."""
        listed, nameless = told_apart(rows, "Guid")
        records, unread = await each_read(list(listed), self.get)
        return records, unread + nameless

    async def get(self, external_id: str) -> Record:
        """One voucher with lines and, once booked, payments. Raises NotThere."""
        row = await self._books.get(f"{self._path}/{external_id}")
        if row.get("DeletedAt"):
            raise NotThere(N_("The record was deleted in Dinero."))
        if row.get("Status") == _BOOKED:
            row.update(await self._paid(external_id))
        return self.record(row)

    def record(self, row: dict[str, Any]) -> Record:
        """A voucher as a record. Raises Misunderstood."""
        try:
            return Record(self.name, row["Guid"], row, row.get("TimeStamp"), instant(row, "UpdatedAt"))
        except (KeyError, TypeError, ValueError, AttributeError):
            raise Misunderstood(
                N_("Dinero sent a record without an id or a time of change."), detail=self.name
            ) from None

    async def write(self, writes: Sequence[Write], report: Report) -> None:
        """One at a time each, read back whole."""
        await send_all(writes, self._write_one, report, concurrency=self._concurrency)

    async def find_created(self, write: Write) -> Record | None:
        """By the id we chose."""
        return await self._get_or_none(self._books.chosen_id(write))

    async def _write_one(self, write: Write) -> Outcome:
        if write.operation is Operation.CREATE:
            guid, stamp = await self.create(write)
            if write.fields.get("Status") == _BOOKED:
                await self._book_new(write, guid, stamp)
        else:
            guid = str(write.external_id)
            if await self._change(write, guid) is None:
                return Confirmed(write.key, guid)
        current().complete(guid)
        return Confirmed(write.key, guid, await self.get(guid))

    async def create(self, write: Write) -> tuple[str, str]:
        """Make the draft with the id we choose; its id and timestamp."""
        body = {**self._sent(write.fields), "Guid": self._books.chosen_id(write)}
        answer = await self._books.send("POST", self._path, body)
        return made_id(answer, "Guid") or body["Guid"], made_id(answer, "TimeStamp")

    async def update(self, guid: str, now: Record, changes: Fields) -> str:
        """Write the whole draft with some fields changed; the new timestamp."""
        kept = {name: value for name, value in now.fields.items() if name in self._body}
        kept["ProductLines"] = [_line(each) for each in now.fields.get("ProductLines") or ()]
        body = {**kept, **changes, "Timestamp": now.version}
        answer = await self._books.send("PUT", f"{self._path}/{guid}", body, "v1.2")
        return answer.get("TimeStamp") or (await self.get(guid)).version or ""

    async def _change(self, write: Write, guid: str) -> str | None:
        now = await self.get(guid)
        if write.expected not in (None, now.version):
            raise StaleVersion(N_("The record was changed in Dinero since it was read."))
        stamp, booked = now.version or "", now.fields.get("Status") == _BOOKED
        if write.operation is Operation.DELETE:
            if booked:
                raise Refused(N_("A booked voucher cannot be deleted; make a credit note instead."), code="booked")
            await self._books.send("DELETE", f"{self._path}/{guid}", {"Timestamp": stamp})
            return None
        changes = self._sent(write.fields)
        moved = {name: value for name, value in changes.items() if now.fields.get(name) != value}
        if booked:
            if moved or write.fields.get("Status", _BOOKED) != _BOOKED:
                summary = N_("The voucher is booked; %(fields)s can no longer be changed. Make a credit note instead.")
                fields = sorted(moved) or ["Status"]
                raise Refused(summary, code="booked", field=fields[0], fields=", ".join(fields))
            return stamp
        if moved:
            stamp = await self.update(guid, now, changes)
        if write.fields.get("Status") == _BOOKED:
            await self._book(write, guid, stamp)
        return stamp

    async def _book(self, write: Write, guid: str, stamp: str) -> None:
        number = write.fields.get("Number")
        body = {"Timestamp": stamp, **({"Number": int(number)} if number else {})}
        await self._books.send("POST", f"{self._path}/{guid}/book", body)

    async def _book_new(self, write: Write, guid: str, stamp: str) -> None:
        """A draft that cannot be booked is taken back; whatever else stops the booking leaves it to be looked up."""
        try:
            await self._book(write, guid, stamp)
        except Refused:
            await self._books.send("DELETE", f"{self._path}/{guid}", {"Timestamp": stamp})
            current().taken_back()
            raise

    async def _paid(self, guid: str) -> dict[str, Any]:
        told = await self._books.get(f"{self._path}/{guid}/payments", self._payments)
        if isinstance(told, list):
            return {"Payments": told}
        return {name: told.get(name) for name in ("Payments", "PaidAmount", "RemainingAmount")}

    def _sent(self, fields: Fields) -> dict[str, Any]:
        return {name: value if value != "" else None for name, value in fields.items() if name not in _NOT_IN_A_BODY}


class Invoices(Vouchers):
    """Sales invoices."""

    def __init__(self, books: Books, concurrency: int) -> None:
        super().__init__(books, "invoices", path="invoices", schema=INVOICE, payments="v2", concurrency=concurrency)


class CreditNotes(Vouchers):
    """Sales credit notes; a create with ``CreditNoteFor`` (an invoice's id) lets Dinero make it from that invoice.

    Fidelity: known dinero §4 – generate-creditnote makes a draft and takes no id of ours
    Fidelity: assumed dinero §4 – payments of a credit note are read at v1, in the shape of an invoice's
    """

    def __init__(self, books: Books, concurrency: int) -> None:
        super().__init__(
            books,
            "creditnotes",
            path="sales/creditnotes",
            schema=CREDIT_NOTE,
            payments="v1",
            concurrency=concurrency,
        )

    async def create(self, write: Write) -> tuple[str, str]:
        """From the invoice where one is named, then with the other fields written over it."""
        invoice = write.fields.get("CreditNoteFor")
        if not invoice:
            return await super().create(write)
        source = await self._books.get(f"invoices/{invoice}")
        made = await self._books.send(
            "POST", f"invoices/{invoice}/generate-creditnote", {"Timestamp": source["TimeStamp"]}
        )
        guid, changes = made_id(made, "Guid") or no_id(), self._sent(write.fields)
        if not changes:
            return guid, made_id(made, "TimeStamp")
        return guid, await self.update(guid, await self.get(guid), changes)

    async def find_created(self, write: Write) -> Record | None:
        """By the id we chose, or among the invoice's customer's credit notes made since. Raises Unsafe for several."""
        invoice = write.fields.get("CreditNoteFor")
        if not invoice:
            return await super().find_created(write)
        source = await self._books.get(f"invoices/{invoice}")
        rows, _ = await self._books.page(
            self._path,
            fields="Guid,CreatedAt,DeletedAt,TotalInclVat",
            queryFilter=f"ContactGuid eq '{source.get('ContactGuid')}'",
            pageSize=str(MOST),
        )
        found = [row["Guid"] for row in rows if _may_be(row, write, source)]
        if len(found) > 1:
            raise several("Dinero", len(found))
        return await self._get_or_none(found[0]) if found else None


def _may_be(row: Mapping[str, Any], write: Write, source: Mapping[str, Any]) -> bool:
    made = instant(row, "CreatedAt")
    late = write.started_at is None or made is None or made >= write.started_at - CLOCKS_APART
    return late and not row.get("DeletedAt") and abs(row["TotalInclVat"]) == abs(source["TotalInclVat"])


def _line(line: Mapping[str, Any]) -> dict[str, Any]:
    """Fidelity: known dinero §4 – with a ProductGuid the description is the product's and is sent as null."""
    sent = {name: line.get(name) for name in LINE}
    return {**sent, "Description": None} if line.get("ProductGuid") else sent
