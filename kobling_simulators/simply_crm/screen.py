"""Invoices, sales orders and quotes as the edit screen saves them.

What a person gives has the shape of a web service element: header fields and LineItems. In group mode the taxN of the
first line are the document's rates, and without any the installation's own rates.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kobling_simulators.simply_crm import stock
from kobling_simulators.simply_crm.charges import CHARGE, Stored
from kobling_simulators.simply_crm.documents import header_with_line, shown_lines
from kobling_simulators.simply_crm.fields import Fields
from kobling_simulators.simply_crm.goods import taxes_of
from kobling_simulators.simply_crm.installation import Installation
from kobling_simulators.simply_crm.invoicing import balance_of, follow_currency, header_discount_fields
from kobling_simulators.simply_crm.modules import Module
from kobling_simulators.simply_crm.newlines import sent_lines
from kobling_simulators.simply_crm.numbers import cast, kept
from kobling_simulators.simply_crm.screen_totals import screen_totals
from kobling_simulators.simply_crm.sessions import User
from kobling_simulators.simply_crm.store import Line, Row
from kobling_simulators.simply_crm.values import as_text

Element = Mapping[str, Any]


class Screen:
    """The edit screen of documents, and the fields that can be changed in place on the detail screen."""

    def __init__(self, place: Installation, fields: Fields) -> None:
        self._place = place
        self._fields = fields

    def create(self, user: User, module: Module, element: Element) -> dict[str, Any]:
        """Save a new document. Raises ServiceError."""
        row = self._fields.new_row(user, module, element, "CRM")
        self._place.store.tables[module.name].add(row)
        self._save(module, row, element)
        stock.take(self._place.store, row)
        return self._shown(module, row)

    def edit(self, user: User, module: Module, row: Row, element: Element) -> dict[str, Any]:
        """Save the edit screen, or without LineItems single fields in place: no sum follows. Raises ServiceError.

        Fidelity: known simply_crm §10.7 – recording 77: a line keeps the rates of assigned taxes only
        Fidelity: inferred simply_crm §10.4 – code of InvoiceHandler: every save by a person sets the balance
        """
        before, store = dict(row.values), self._place.store
        lines = sent_lines(element)
        self._fields.change(user, module, row, element)
        if lines:
            old = store.drop_lines(row)
            self._save(module, row, element)
            stock.give_back(store, old)
            stock.take(store, row)
        else:
            stock.status_changed(store, row, before.get("invoicestatus", ""))
        follow_currency(row, before)
        if "balance" in module.columns:
            row.values["balance"] = balance_of(row)
        return self._shown(module, row)

    def bin(self, module: Module, row: Row) -> None:
        """Put a document into the recycle bin; its lines stay.

        Fidelity: known simply_crm §10.5 – binned on the screen an invoice keeps its lines
        """
        stock.binned_on_screen(self._place.store, row)
        self._place.store.tables[module.name].remove(row, self._place.time_text())

    def restore(self, user: User, module: Module, row: Row) -> dict[str, Any]:
        """Take a document out of the recycle bin.

        Fidelity: known simply_crm §10.5 – recordings 67: the lines that are left are whole, and taken from stock
        """
        values = {"modifiedtime": self._place.time_text(), "modifiedby": user.full_id}
        self._place.store.tables[module.name].restore(row, values)
        stock.take(self._place.store, row)
        return self._shown(module, row)

    def _save(self, module: Module, row: Row, element: Element) -> None:
        place, values = self._place, row.values
        tax_type = values.get("hdnTaxType") or "group"
        lines = sent_lines(element)
        for sequence, given in enumerate(lines, 1):
            number = place.store.next_screen_line_number()
            line = _line(self._fields, given, number, sequence)
            line.taxes = self._group(lines[0]) if tax_type == "group" else self._assigned(given)
            place.store.add_line(module.name, row, line)
        row.charges = self._charges(element)
        header = {
            "hdnTaxType": tax_type,
            "hdnDiscountPercent": "",
            "hdnDiscountAmount": "",
            **header_discount_fields(element),
            "hdnS_H_Amount": kept(row.charges["1"]["value"] if row.charges else "", 8),
            "txtAdjustment": kept(element.get("txtAdjustment"), 8),
            **self._currency(values, element),
        }
        header |= screen_totals(row.lines, header, row.charges)
        values.update({name: value for name, value in header.items() if name in module.columns})
        if "balance" in module.columns:
            values["balance"] = balance_of(row)

    def _group(self, first: Element) -> dict[str, str]:
        """The rates of all taxes that are on, as the screen shows them under the lines."""
        active = [tax for tax in self._place.local.taxes if tax.active]
        if any(first.get(tax.name) is not None for tax in active):
            return {tax.name: kept(first.get(tax.name), 3) for tax in active}
        return {tax.name: tax.percentage for tax in active}

    def _assigned(self, given: Element) -> dict[str, str]:
        """The rates of the taxes assigned to the product, as the screen shows them in the line."""
        assigned = taxes_of(self._place.store, as_text(given.get("productid")))
        return {name: kept(given.get(name, rate), 3) for name, rate in assigned.items()}

    def _charges(self, element: Element) -> Stored | None:
        value = cast(element.get(CHARGE))
        if not value:
            return None
        taxes = {
            str(tax.number): _plain(element.get(f"{CHARGE}_shtax{tax.number}", tax.percentage))
            for tax in self._place.local.shipping_taxes
            if tax.active
        }
        return {"1": {"value": _plain(value), "taxes": taxes}}

    def _currency(self, values: Mapping[str, str], element: Element) -> dict[str, str]:
        """The base currency and the rate of the currency, which the screen fills in."""
        full_id = values.get("currency_id") or self._place.store.full_id("Currency", 1)
        row = self._place.store.find(full_id)
        rate = as_text(element.get("conversion_rate")) or (row.values["conversion_rate"] if row else "1")
        return {"currency_id": full_id, "conversion_rate": kept(rate, 3)}

    def _shown(self, module: Module, row: Row) -> dict[str, Any]:
        store = self._place.store
        return {**header_with_line(store, module, row), "LineItems": shown_lines(store, module, row)}


def _line(fields: Fields, given: Element, number: int, sequence: int) -> Line:
    """Fidelity: known simply_crm §10.2 – screen-saved lines have "" where web-service lines have 0 discounts."""
    percent, amount = cast(given.get("discount_percent")), cast(given.get("discount_amount"))
    return Line(
        number=number,
        product=as_text(given.get("productid")),
        sequence=sequence,
        quantity=kept(given.get("quantity"), 3),
        price=kept(given.get("listprice"), 8),
        discount_percent=kept(given.get("discount_percent"), 3) if percent else "",
        discount_amount=kept(given.get("discount_amount"), 8) if amount and not percent else "",
        comment=fields.text(given.get("comment")),
        taxes={},
    )


def _plain(value: Any) -> int | float:
    number = cast(value)
    return int(number) if number == int(number) else number
