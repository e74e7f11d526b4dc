"""Payments on invoices: made here, read with their invoice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kobling.connectors.dinero.books import Books, made_id, no_id
from kobling.connectors.dinero.schema import PAYMENT
from kobling.records import N_, NotThere, Record, Refused, is_empty
from kobling.sdk.looking_up import the_one
from kobling.sdk.outcomes import Confirmed, Outcome
from kobling.sdk.protocols import Bookmark, Capabilities, FieldSchema, IdPage, Operation, Page, Report, Write
from kobling.sdk.writing import send_all


class Payments:
    """Payments; an id is ``invoice/payment``. Amount is DKK, major units, never 0.

    Our key is the ExternalReference unless that is mapped, so that a lost answer can be looked up.

    Fidelity: known dinero §4 – a payment needs the timestamp of its booked invoice
    Fidelity: known dinero §6 – a payment whose answer was lost is looked up, never sent again blindly
    """

    name = "payments"
    capabilities = Capabilities(create=True)

    def __init__(self, books: Books) -> None:
        self._books = books

    async def describe(self) -> Mapping[str, FieldSchema]:
        """Dinero's fields and the invoice they belong to."""
        return PAYMENT

    async def read(self, bookmark: Bookmark | None) -> Page:
        """Nothing: there is no list; invoices carry their payments."""
        return Page([], {}, more=False)

    async def read_ids(self, position: str | None) -> IdPage:
        """Nothing, as for ``read``."""
        return IdPage([], None)

    async def get(self, external_id: str) -> Record:
        """One payment. Raises NotThere."""
        invoice, _, guid = external_id.partition("/")
        for each in await self._of(invoice):
            if each["Guid"] == guid:
                return self._record(invoice, each)
        raise NotThere(N_("There is no such payment in Dinero."))

    async def get_many(self, external_ids: Sequence[str]) -> Sequence[Record]:
        """One request for each invoice."""
        invoices = dict.fromkeys(each.partition("/")[0] for each in external_ids)
        found = [self._record(invoice, each) for invoice in invoices for each in await self._of(invoice)]
        return [each for each in found if each.external_id in set(external_ids)]

    async def write(self, writes: Sequence[Write], report: Report) -> None:
        """One after the other, since each moves its invoice's timestamp."""
        await send_all(writes, self._write_one, report, concurrency=1)

    async def find_created(self, write: Write) -> Record | None:
        """By the reference it was given, and the amount and day that it says."""
        invoice = str(write.fields.get("InvoiceGuid"))
        reference = self._body(write)["ExternalReference"]
        near = [each for each in await self._of(invoice) if each.get("ExternalReference") == reference]
        return the_one(write, [self._record(invoice, each) for each in near], vendor="Dinero", unique=True)

    async def _write_one(self, write: Write) -> Outcome:
        if write.operation is not Operation.CREATE:
            raise Refused(N_("Payments in Dinero are corrected by new payments, not changed."))
        invoice = write.fields.get("InvoiceGuid")
        if is_empty(invoice):
            raise Refused(N_("A payment needs its invoice."), field="InvoiceGuid")
        stamp = (await self._books.get(f"invoices/{invoice}")).get("TimeStamp")
        made = await self._books.send("POST", f"invoices/{invoice}/payments", {**self._body(write), "Timestamp": stamp})
        return Confirmed(write.key, f"{invoice}/{made_id(made, 'Guid') or no_id()}")

    def _body(self, write: Write) -> dict[str, Any]:
        usual = {"RemainderIsFee": False, "Description": "Kobling"}
        body = {**usual, **{name: value for name, value in write.fields.items() if not is_empty(value)}}
        body.setdefault("ExternalReference", self._books.chosen_id(write))
        body.pop("InvoiceGuid", None)
        return body

    async def _of(self, invoice: str) -> list[dict[str, Any]]:
        told = await self._books.get(f"invoices/{invoice}/payments", "v2")
        return list(told.get("Payments") or ())

    def _record(self, invoice: str, row: dict[str, Any]) -> Record:
        return Record(self.name, f"{invoice}/{row['Guid']}", {**row, "InvoiceGuid": invoice})
