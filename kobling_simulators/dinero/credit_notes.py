"""Credit notes: drafts made from invoices, and the settlement when they are booked."""

from __future__ import annotations

from typing import Any

from kobling_simulators.dinero.booking import Booking
from kobling_simulators.dinero.payments import Payments
from kobling_simulators.dinero.schema import read_body
from kobling_simulators.dinero.shelf import Item
from kobling_simulators.dinero.voucher_view import VoucherView
from kobling_simulators.dinero.vouchers import Vouchers
from kobling_simulators.wire import Call


class CreditNotes:
    """Where invoices and credit notes meet.

    Fidelity: known dinero §4 – generate-creditnote makes a draft credit note from an invoice
    Fidelity: inferred dinero §4 – booking it settles invoice and credit note as far as both reach
    """

    def __init__(
        self,
        invoices: tuple[Vouchers, VoucherView, Payments],
        notes: tuple[Vouchers, VoucherView, Payments],
        booking: Booking,
    ) -> None:
        self._invoices, self._invoice_view, self._invoice_payments = invoices
        self._notes, self._note_view, self._note_payments = notes
        self._booking = booking
        self._books = self._invoices.books

    def generate(self, call: Call, guid: str) -> Any:
        """POST generate-creditnote: answers the draft's {Guid, TimeStamp}."""
        invoice = self._invoices.booked(guid)
        strict = self._books.settings.strict_bodies
        body = read_body(call.body, "TimestampObject", strict=strict, optional=True)
        if body["Timestamp"] is not None:
            self._invoices.check_version(invoice, body["Timestamp"])
        draft = {
            "ContactGuid": invoice.values["ContactGuid"],
            "ShowLinesInclVat": invoice.values["ShowLinesInclVat"],
            "InvoiceTemplateId": invoice.values["InvoiceTemplateId"],
            "Currency": invoice.values["Currency"],
            "Language": invoice.values["Language"],
            "ExternalReference": None,
            "Description": None,
            "Comment": None,
            "Date": None,
            "ProductLines": [dict(line) for line in invoice.values["ProductLines"]],
            "Address": invoice.values["Address"],
            "CreditNoteFor": invoice.guid,
        }
        note = self._notes.add(self._books.new_guid(), draft)
        return {"Guid": note.guid, "TimeStamp": note.timestamp}

    def book(self, call: Call, guid: str) -> Any:
        """POST book: like an invoice, then settles with the invoice it credits."""
        self._booking.book(call, guid)
        note = self._notes.booked(guid)
        invoice = self._books.vouchers["Invoice"].by_guid.get(note.extra["CreditNoteFor"] or "")
        if invoice is not None and _fit(invoice, note):
            amount = min(self._invoice_view.remaining(invoice), self._note_view.remaining(note))
            if amount > 0:
                self._invoice_payments.settle(invoice, note, amount)
                self._note_payments.settle(note, invoice, amount)
        return self._note_view.shown(note)


def _fit(invoice: Item, note: Item) -> bool:
    booked: bool = invoice.extra["Status"] == "Booked"
    return booked and bool(invoice.values["Currency"] == note.values["Currency"])
