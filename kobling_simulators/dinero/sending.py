"""Sending booked vouchers: e-mail, reminders, e-invoices, and the PDF."""

from __future__ import annotations

from typing import Any

from kobling_simulators.dinero.errors import NO_EAN, NO_RECEIVER_EMAIL, bad_request, invalid
from kobling_simulators.dinero.listing import changes_since
from kobling_simulators.dinero.schema import read_body
from kobling_simulators.dinero.shelf import Item, iso
from kobling_simulators.dinero.voucher_view import VoucherView
from kobling_simulators.dinero.vouchers import Vouchers
from kobling_simulators.wire import Call, Reply


class Sending:
    """The mail-out endpoints of one kind of voucher."""

    def __init__(self, vouchers: Vouchers, view: VoucherView) -> None:
        self._vouchers = vouchers
        self._view = view
        self._books = vouchers.books

    def email(self, call: Call, guid: str) -> Any:
        """POST email: answers the recipients.

        Fidelity: known dinero §4 – booked only; Message must hold [link-to-pdf]; default receiver is the contact
        """
        item = self._vouchers.booked(guid)
        body = self._read(call, "Mailout")
        if body["Timestamp"] is not None:
            self._vouchers.check_version(item, body["Timestamp"])
        if body["Message"] is not None and "[link-to-pdf]" not in body["Message"]:
            raise invalid(Message="Must hold [link-to-pdf]")
        contact = self._books.contacts.by_guid[item.values["ContactGuid"]]
        receiver = body["Receiver"] or contact.values["Email"]
        if not receiver:
            raise bad_request("There is no e-mail address to send to", NO_RECEIVER_EMAIL)
        recipients = [one.strip() for one in receiver.split(",") if one.strip()]
        self._sent(item, "Email", ",".join(recipients))
        return {"Recipients": [{"Email": one} for one in recipients]}

    def reminder(self, call: Call, guid: str) -> Any:
        """POST email/pre-reminder: overdue invoices only."""
        item = self._vouchers.booked(guid)
        if self._view.payment_status(item) != "Overdue":
            raise bad_request("The invoice is not overdue")
        return self.email(call, guid)

    def e_invoice(self, call: Call, guid: str) -> Any:
        """POST e-invoice: needs the contact's EAN number."""
        item = self._vouchers.booked(guid)
        body = self._read(call, "EInvoiceSend")
        if body["Timestamp"] is not None:
            self._vouchers.check_version(item, body["Timestamp"])
        contact = self._books.contacts.by_guid[item.values["ContactGuid"]]
        if not contact.values["EanNumber"]:
            raise bad_request("The contact has no EAN number", NO_EAN)
        self._sent(item, "EInvoice", contact.values["EanNumber"])
        return None

    def template(self, call: Call, guid: str) -> Any:
        """GET email/template.

        Fidelity: assumed dinero §4 – shape of the e-mail template
        """
        item = self._vouchers.live(guid)
        contact = self._books.contacts.by_guid.get(item.values["ContactGuid"] or "")
        return {
            "Receiver": contact.values["Email"] if contact else None,
            "Subject": f"{item.values['Description']} {item.extra['Number']}",
            "Message": "Se den her: [link-to-pdf]",
            "AddVoucherAsPdfAttachment": True,
        }

    def mail_outs(self, call: Call, guid: str) -> Any:
        """GET mailouts, those since changesSince."""
        item = self._vouchers.live(guid)
        since = changes_since(call.query)
        sent = [one for one in item.extra["MailOuts"] if since is None or one["at"] >= since]
        return [{"Type": one["type"], "Receiver": one["receiver"], "SentAt": iso(one["at"])} for one in sent]

    def pdf(self, call: Call, guid: str) -> Reply:
        """The voucher as PDF, once booked."""
        item = self._vouchers.booked(guid)
        return Reply(200, _pdf(f"{self._vouchers.kind} {item.extra['Number']}"), "application/octet-stream")

    def _read(self, call: Call, name: str) -> dict[str, Any]:
        return read_body(call.body, name, strict=self._books.settings.strict_bodies)

    def _sent(self, item: Item, kind: str, receiver: str) -> None:
        now = self._books.now()
        item.extra["MailOuts"].append({"type": kind, "receiver": receiver, "at": now})
        item.extra.update(MailOutStatus="Sent", LatestMailOutType=kind)
        self._books.bump(item)
        self._vouchers.shelf.touch(item, now)


def _pdf(title: str) -> bytes:
    return f"%PDF-1.4\n1 0 obj<</Title({title})>>endobj\ntrailer<</Info 1 0 R>>\n%%EOF\n".encode()
