"""Actions of documents: post, send, cancel, correct, convert."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from kobling_simulators.business_central.dimensions import dimensions_of
from kobling_simulators.business_central.documents import Documents
from kobling_simulators.business_central.errors import rule
from kobling_simulators.business_central.kinds import KINDS
from kobling_simulators.business_central.ledger import Debt, Entry, Ledger, Voucher, rate_of, reverse_charge
from kobling_simulators.business_central.lines import DocumentLines
from kobling_simulators.business_central.shelf import Row, plain
from kobling_simulators.business_central.table import Values
from kobling_simulators.business_central.values import money

_HEADER_ONLY = ("number", "status", "_posted", "sentDate", "validUntilDate", "acceptedDate", "requestedDeliveryDate")
_DATES = {"salesQuotes": "documentDate", "salesOrders": "orderDate", "purchaseOrders": "orderDate"}


class Posting:
    """The actions of one kind of document.

    Fidelity: known business_central §6.1 – actions answer 204; posting keeps the id and changes the number
    Fidelity: known business_central §6 – posting commits, also inside a snapshot batch
    """

    def __init__(self, documents: Documents) -> None:
        self._documents = documents
        self._company = documents.company
        self._kind = documents.kind
        self._ledger = Ledger(documents.company)
        lines = documents.company.table(documents.kind.lines)
        assert isinstance(lines, DocumentLines)
        self._lines = lines

    def run(self, row: Row, action: str) -> None:
        """One action on one document. Raises ApiError."""
        actions: dict[str, Callable[[Row], Any]] = {
            "post": self.post,
            "postAndSend": self._post_and_send,
            "send": self._send,
            "cancel": self._cancel,
            "cancelAndSend": self._cancel_and_send,
            "makeCorrectiveCreditMemo": self._correct,
            "shipAndInvoice": self._ship_and_invoice,
            "receiveAndInvoice": self._ship_and_invoice,
            "makeInvoice": lambda quote: self._convert(quote, "salesInvoices"),
            "makeOrder": lambda quote: self._convert(quote, "salesOrders"),
        }
        actions[action](row)
        self._company.journal.commit()

    def post(self, row: Row) -> None:
        """Make a draft final. Raises ApiError."""
        kind = self._kind
        if row.values.get("_posted"):
            raise rule("The document is posted already.")
        lines = [line for line in self._documents.lines_of(row) if line.values.get("quantity")]
        if not lines:
            raise rule("There is nothing to post.")
        self._check(row)
        number = self._company.next_number(kind.posted_series)
        external = row.values.get("externalDocumentNumber") or row.values.get("vendorInvoiceNumber", "")
        voucher = Voucher(row.values["postingDate"], number, kind.type, external)
        rate = rate_of(self._company, row.values.get("currencyId"))
        entries, debt = self._entries(row, lines, rate)
        self._ledger.post(voucher, entries)
        owed = self._ledger.owe(kind.ledger, voucher, debt)
        self._move_goods(lines)
        status = "Open" if owed.values["remaining"] else "Paid"
        self._documents.put(row, number=number, status=status, _posted=True)

    def _check(self, row: Row) -> None:
        kind, values = self._kind, row.values
        self._ledger.check_day(values.get("postingDate", ""))
        party = self._company.find(kind.parties, values[f"{kind.party}Id"])
        assert party is not None
        self._documents.need_open_party(party)
        if kind.is_sale:
            return
        if self._company.settings.digital_voucher and not self._has_attachment(row):
            raise rule("Not possible to post without attaching the digital voucher.")
        given = "vendorInvoiceNumber" if kind.name == "purchaseInvoices" else "vendorCreditMemoNumber"
        if kind.name != "purchaseOrders" and not values.get(given):
            raise rule(
                "You need to enter the document number of the document from the vendor in the Vendor Invoice No."
            )
        same = [one for one in self._documents.shelf.equal(given, values.get(given)) if one.values.get("_posted")]
        if any(one.values["vendorId"] == party.id for one in same):
            raise rule(f"Purchase {kind.type} {values.get(given)} already exists for this vendor.")

    def _has_attachment(self, row: Row) -> bool:
        return any(self._company.table(name).shelf.equal("parentId", row.id) for name in _ATTACHED)

    def _entries(self, row: Row, lines: list[Row], rate: Decimal) -> tuple[list[Entry], Debt]:
        """One entry per account, dimension set and VAT, and one for the debt; cents that rounding leaves go apart."""
        kind, company = self._kind, self._company
        posting = company.setup["posting"]
        text = f"{kind.type.replace('_x0020_', ' ')} {row.values['number']}"
        party = company.find(kind.parties, row.values[f"{kind.party}Id"])
        assert party is not None
        entries: list[Entry] = []
        net = tax = Decimal()
        for line in lines:
            amount = line.values.get("netAmount", Decimal())
            net += amount
            tax += line.values.get("netTaxAmount", Decimal())
            dimensions = dimensions_of(self._lines, row.id, line.id)
            by_hand = line.values.get("lineType") == "Account"
            local = money(-amount * rate * kind.sign)
            entries.append(Entry(self._account(row, line), local, text, dimensions, by_hand=by_hand))
            if not kind.is_sale and self._lines.is_reversed(party, line.values.get("taxCode", "")):
                entries += reverse_charge(company, local, text)
        vat = posting["sales_vat" if kind.is_sale else "purchase_vat"]
        entries.append(Entry(vat, money(-tax * rate * kind.sign), text, by_hand=False))
        owed = money((net + tax) * rate) * kind.sign
        common = posting["receivables" if kind.is_sale else "payables"]
        entries.append(Entry(common, owed, text, dimensions_of(self._lines, row.id), by_hand=False))
        rest = sum((one.amount for one in entries), Decimal())
        entries.append(Entry(posting["rounding"], plain(-rest), "Afrunding", by_hand=False))
        due = row.values.get("dueDate", row.values["postingDate"])
        total = plain((net + tax) * kind.sign)
        return entries, Debt(party, owed, total, due, row.id, money(net * rate) * kind.sign)

    def _account(self, row: Row, line: Row) -> str:
        if line.values.get("lineType") == "Account":
            return str(line.values["lineObjectNumber"])
        posting = self._company.setup["posting"]
        if not self._kind.is_sale:
            return str(posting["purchases"])
        party = self._company.find(self._kind.parties, row.values[f"{self._kind.party}Id"])
        return str(posting["sales"].get("INDENL" if party is None else self._lines.area(party), "1070"))

    def _move_goods(self, lines: list[Row]) -> None:
        items = self._company.table("items")
        raises = (not self._kind.is_sale) == (self._kind.type != "Credit_x0020_Memo")
        for line in lines:
            item = items.shelf.rows.get(line.values.get("itemId", ""))
            if item is not None and item.values.get("type", "Inventory") == "Inventory":
                moved = line.values["quantity"] if raises else -line.values["quantity"]
                items.put(item, inventory=plain(item.values.get("inventory", Decimal()) + moved))

    def _send(self, row: Row) -> None:
        """Fidelity: known business_central §6.1 – sending needs an e-mail address of the customer."""
        party = self._company.find("customers", row.values["customerId"])
        if not row.values.get("email") and (party is None or not party.values.get("email")):
            raise rule("The customer does not have an email address.")
        if self._kind.name == "salesQuotes":
            self._documents.put(row, status="Sent")

    def _post_and_send(self, row: Row) -> None:
        self._send(row)
        self.post(row)

    def _cancel_and_send(self, row: Row) -> None:
        self._send(row)
        self._cancel(row)

    def _cancel(self, row: Row) -> None:
        """A posted invoice gets a posted credit memo that pays it, or the other way round. Raises ApiError."""
        kind = self._kind
        entries = self._ledger.entries_of(kind.ledger, row.id)
        if not row.values.get("_posted") or row.values.get("status") not in ("Open", "Paid"):
            raise rule("Only a posted document that is not cancelled can be cancelled.")
        if any(one.values["remaining"] != one.values["amount"] for one in entries):
            raise rule("You cannot cancel this posted document because it is fully or partially paid.")
        target = _OPPOSITE[kind.name]
        made = self._copy(row, target, {"invoiceId": row.id, "invoiceNumber": row.values["number"]})
        opposite = _documents(self._documents, target)
        if "vendorCreditMemoNumber" in opposite.entity.properties:
            opposite.put(made, vendorCreditMemoNumber=f"ANNUL {row.values['number']}")
        Posting(opposite).post(made)
        for one, other in zip(entries, self._ledger.entries_of(kind.ledger, made.id), strict=True):
            self._ledger.settle(kind.ledger, one, other)
        opposite.put(made, status="Corrective")
        self._documents.put(row, status="Canceled")

    def _correct(self, row: Row) -> None:
        """A draft credit memo with the lines of a posted invoice. Raises ApiError."""
        if not row.values.get("_posted") or row.values.get("status") == "Canceled":
            raise rule("A corrective credit memo needs a posted invoice that is not cancelled.")
        self._copy(row, "salesCreditMemos", {"invoiceId": row.id, "invoiceNumber": row.values["number"]})

    def _convert(self, row: Row, target: str) -> Row:
        """Fidelity: assumed business_central §6.1 – the quote or order disappears when it becomes something else."""
        more: Values = {}
        if target in ("salesInvoices", "purchaseInvoices") and self._kind.type == "Order":
            more = {"orderId": row.id, "orderNumber": row.values["number"]}
        made = self._copy(row, target, more)
        self._documents.remove_parts(row)
        self._documents.shelf.remove(row)
        return made

    def _ship_and_invoice(self, row: Row) -> None:
        """Fidelity: known business_central §6.1 – a posted order becomes an invoice with orderId and orderNumber."""
        if not any(line.values.get("quantity") for line in self._documents.lines_of(row)):
            raise rule("There is nothing to post.")
        target = "salesInvoices" if self._kind.is_sale else "purchaseInvoices"
        self._ledger.check_day(row.values.get("postingDate", ""))
        if self._kind.is_sale:
            party = self._company.find("customers", row.values["customerId"])
            if party is not None and party.values.get("blocked") in ("Ship", "All"):
                raise rule(f"You cannot ship because customer {party.values['number']} is blocked.")
            self._ship(row)
        order = row.values["number"]
        made = self._convert(row, target)
        invoices = _documents(self._documents, target)
        if not self._kind.is_sale:
            invoices.put(made, vendorInvoiceNumber=order)
        Posting(invoices).post(made)

    def _ship(self, row: Row) -> None:
        shipments = self._company.table("salesShipments")
        copied = {name: value for name, value in row.values.items() if name in shipments.entity.properties}
        number = self._company.next_number("salesShipments")
        made = shipments.insert({**copied, "number": number, "orderNumber": row.values["number"]})
        lines = self._company.table("salesShipmentLines")
        for line in self._documents.lines_of(row):
            values = {name: value for name, value in line.values.items() if name in lines.entity.properties}
            kind = {"Account": "G_x002F_L_x0020_Account", "Comment": "_x0020_"}.get(values.get("lineType", ""))
            values |= {"documentId": made.id, "documentNo": number}
            lines.insert(values if kind is None else {**values, "lineType": kind})

    def _copy(self, row: Row, target: str, more: Values) -> Row:
        """A draft of another kind with the same lines and dimensions."""
        documents = _documents(self._documents, target)
        day = documents.kind.day
        told = documents.entity.properties
        values = {name: value for name, value in row.values.items() if name in told and name not in _HEADER_ONLY}
        values[day] = row.values.get(self._kind.day, self._company.today().isoformat())
        values |= {
            "number": self._company.next_number(target),
            "postingDate": row.values.get("postingDate", values[day]),
            **{name: value for name, value in more.items() if name in told},
        }
        if "status" in told:
            values["status"] = "Draft"
        values.pop("dueDate", None)
        documents.fall_due(values, None)
        made = documents.insert(values)
        lines = documents.company.table(documents.kind.lines)
        for line in self._documents.lines_of(row):
            kept = {
                name: value for name, value in line.values.items() if name in lines.entity.properties or name[0] == "_"
            }
            if documents.kind.price != self._kind.price:
                kept[documents.kind.price] = line.values.get(self._kind.price, Decimal())
            copy = lines.insert({**kept, "documentId": made.id})
            self._copy_dimensions(line, copy)
        self._copy_dimensions(row, made)
        documents.total(made)
        return made

    def _copy_dimensions(self, row: Row, made: Row) -> None:
        lines = self._company.table("dimensionSetLines")
        for one in lines.shelf.equal("parentId", row.id):
            lines.insert({**one.values, "parentId": made.id})


_ATTACHED = ("attachments", "documentAttachments")
_OPPOSITE = {
    "salesInvoices": "salesCreditMemos",
    "salesCreditMemos": "salesInvoices",
    "purchaseInvoices": "purchaseCreditMemos",
    "purchaseCreditMemos": "purchaseInvoices",
}


class PostedDocuments(Documents):
    """Documents with their actions."""

    def act(self, row: Row, action: str) -> None:
        """Post, send, cancel, convert. Raises ApiError."""
        Posting(self).run(row, action)


def _documents(beside: Documents, name: str) -> Documents:
    found = beside.company.table(name)
    assert isinstance(found, Documents) and name in KINDS
    return found
