"""Writing invoices, sales orders and quotes by web service, in the order in which the vendor does it.

A write with lines first saves the header and drops the old lines, then reads the document back, then stores the new
lines one by one, then the sums. Where PHP 8 dies on the way, what is done by then stays done.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kobling_simulators.simply_crm import stock
from kobling_simulators.simply_crm.charges import Charges, read_charges
from kobling_simulators.simply_crm.documents import (
    Shown,
    check_readable,
    header_with_line,
    retrieved,
    shown_lines,
    with_totals,
)
from kobling_simulators.simply_crm.errors import ServiceError
from kobling_simulators.simply_crm.fields import Fields
from kobling_simulators.simply_crm.installation import Installation
from kobling_simulators.simply_crm.modules import Module
from kobling_simulators.simply_crm.newlines import Element, new_line, sent_lines
from kobling_simulators.simply_crm.numbers import cast, column, kept
from kobling_simulators.simply_crm.sessions import User
from kobling_simulators.simply_crm.store import Line, Row
from kobling_simulators.simply_crm.totals import Totals, web_service_totals
from kobling_simulators.simply_crm.values import as_text

_DISCOUNTS = ("hdnDiscountPercent", "hdnDiscountAmount")


@dataclass(frozen=True, slots=True)
class Emptied:
    """What a document had before a write with lines."""

    lines: list[Line]
    status: str


class Documents:
    """The documents of one installation."""

    def __init__(self, place: Installation, fields: Fields) -> None:
        self._place = place
        self._fields = fields

    def create(self, user: User, module: Module, element: Element, source: str) -> Shown:
        """A new document, which needs lines. Raises ServiceError, Crash.

        Fidelity: known simply_crm §10.4 – the balance follows the total on create
        Fidelity: known simply_crm §10.5 – without status, currency and tax type they stay "" and the rate is 1
        """
        lines = sent_lines(element)
        charges = self._charges(element)
        if not lines:
            raise ServiceError("MANDATORY_FIELDS_MISSING", "Mandatory Fields Missing..")
        row = self._fields.new_row(user, module, _without_discounts(element), source)
        row.values.update(_header(module, element, charges))
        row.charges = charges.stored
        self._place.store.tables[module.name].add(row)
        emptied, totals = self._write_lines(module, row, lines)
        self._follow_balance(module, row)
        return {**with_totals(emptied, totals), "LineItems": self._lines(module, row), "new": True}

    def revise(self, user: User, module: Module, row: Row, element: Element) -> Shown:
        """Change a document; what is sent comes back with the answer. Raises ServiceError, Crash.

        Fidelity: known simply_crm §10.4 – revise leaves the balance or stores what is sent
        """
        charges = self._charges(element)
        lines = sent_lines(element)
        if not lines:
            return self._revise_header(user, module, row, element, charges)
        old = self._empty(user, module, row, element, charges)
        emptied, totals = self._write_lines(module, row, lines, old)
        answer = {**with_totals(emptied, totals), "LineItems": self._lines(module, row)}
        return {**_echo(element), **answer}

    def update(self, user: User, module: Module, row: Row, element: Element) -> Shown:
        """Change a document sent whole; without lines this is revise. Raises ServiceError, Crash.

        Fidelity: known simply_crm §10.4 – the balance follows the total on update with lines
        Fidelity: known simply_crm §10.2 – recording 60: the answer has no lines
        """
        lines = sent_lines(element)
        if not lines:
            return self.revise(user, module, row, element)
        charges = self._charges(element)
        before = dict(row.values)
        old = self._empty(user, module, row, element, charges)
        header = header_with_line(self._place.store, module, row)
        emptied, totals = self._write_lines(module, row, lines, old)
        follow_currency(row, before)
        self._follow_balance(module, row)
        return {**header, **with_totals(emptied, totals)}

    def delete(self, module: Module, row: Row) -> None:
        """Put a document into the bin without its lines. Raises Crash.

        Fidelity: known simply_crm §10.5 – delete by web service removes the lines
        Fidelity: known simply_crm §10.6 – on PHP 8 an individual document cannot be deleted, and stays
        """
        stock.give_back(self._place.store, self._place.store.drop_lines(row))
        check_readable(self._place, row)
        self._place.store.tables[module.name].remove(row, self._place.time_text())

    def _revise_header(self, user: User, module: Module, row: Row, element: Element, charges: Charges) -> Shown:
        """Fidelity: known simply_crm §10.4 – without lines sums are stored as sent, hdnDiscount* is ignored."""
        status = row.values.get("invoicestatus", "")
        header = _without_discounts(element)
        if charges.amount is not None:
            header["hdnS_H_Amount"] = charges.amount
        self._fields.change(user, module, row, header, _rate(element))
        stock.status_changed(self._place.store, row, status)
        check_readable(self._place, row)
        shown = header_with_line(self._place.store, module, row)
        return {**_echo(element), **shown, "LineItems": self._lines(module, row)}

    def _empty(self, user: User, module: Module, row: Row, element: Element, charges: Charges) -> Emptied:
        """Save the header and drop the lines, which are returned; what is not sent is lost.

        Fidelity: known simply_crm §10.5 – tax type "", adjustment 0, charges dropped, header discount kept
        """
        status = row.values.get("invoicestatus", "")
        self._fields.change(user, module, row, _without_discounts(element), _header(module, element, charges))
        row.charges = charges.stored
        return Emptied(self._place.store.drop_lines(row), status)

    def _write_lines(
        self, module: Module, row: Row, lines: list[Element], old: Emptied | None = None
    ) -> tuple[Shown, Totals]:
        """Store the lines and the sums; returns the document as it stood before them. Raises ServiceError, Crash."""
        place, store = self._place, self._place.store
        emptied = retrieved(place, module, row)
        tax_type = row.values.get("hdnTaxType", "")
        for sequence, given in enumerate(lines, 1):
            number = store.next_line_number()
            store.add_line(module.name, row, new_line(place, self._fields, given, number, sequence, tax_type))
        if old is None:
            stock.take(store, row)
        else:
            stock.replaced(store, row, old.lines, old.status)
        totals = web_service_totals(store, row, lines[0], place.local.taxes, place.arithmetic)
        row.values.update(totals.columns())
        return emptied, totals

    def _follow_balance(self, module: Module, row: Row) -> None:
        if "balance" in module.columns:
            row.values["balance"] = balance_of(row)

    def _charges(self, element: Element) -> Charges:
        return read_charges(element, self._place.local.shipping_taxes, self._place.arithmetic)

    def _lines(self, module: Module, row: Row) -> list[Shown]:
        return shown_lines(self._place.store, module, row)


def balance_of(row: Row) -> str:
    """The total less what was received."""
    return column(cast(row.values.get("hdnGrandTotal")) - cast(row.values.get("received")))


def follow_currency(row: Row, before: Mapping[str, str]) -> None:
    """Convert what was received when the currency changed.

    Fidelity: inferred simply_crm §10.5 – code of InvoiceHandler, which runs on update and on the screens
    """
    old, rate = before.get("currency_id", ""), cast(before.get("conversion_rate"))
    if "received" in row.values and old and rate and old != row.values.get("currency_id"):
        row.values["received"] = column(cast(row.values["received"]) / rate * cast(row.values.get("conversion_rate")))


def header_discount_fields(element: Element) -> dict[str, str]:
    """The header discount as it is stored: the amount replaces the percentage; nothing when neither is above 0.

    Fidelity: known simply_crm §10.5 – "" and "0" keep the discount that is there
    """
    amount, percent = element.get("hdnDiscountAmount"), element.get("hdnDiscountPercent")
    if cast(amount):
        return {"hdnDiscountAmount": kept(amount, 8), "hdnDiscountPercent": ""}
    if cast(percent):
        return {"hdnDiscountAmount": "", "hdnDiscountPercent": kept(percent, 3)}
    return {}


def _header(module: Module, element: Element, charges: Charges) -> dict[str, str]:
    """The header fields that a write with lines sets whether they are sent or not."""
    tax_type = as_text(element.get("hdnTaxType"))
    values = {
        **_rate(element),
        **header_discount_fields(element),
        "hdnTaxType": "" if tax_type == "0" else tax_type,
        "hdnSubTotal": kept(element.get("hdnSubTotal"), 8),
        "hdnGrandTotal": kept(element.get("hdnGrandTotal"), 8),
        "pre_tax_total": kept("", 8),
        "txtAdjustment": kept(element.get("txtAdjustment"), 8),
        "hdnS_H_Amount": kept(charges.amount, 8),
        "hdnS_H_Percent": kept(charges.percent, 8),
    }
    return {name: value for name, value in values.items() if name in module.columns}


def _rate(element: Element) -> dict[str, str]:
    """Fidelity: known simply_crm §10.5 – conversion_rate becomes 1 on any write that does not send it."""
    rate = as_text(element.get("conversion_rate"))
    return {"conversion_rate": kept("1" if rate in ("", "0") else rate, 3)}


def _without_discounts(element: Element) -> dict[str, Any]:
    return {name: value for name, value in element.items() if name not in _DISCOUNTS}


def _echo(element: Element) -> dict[str, Any]:
    return {name: value for name, value in element.items() if name != "LineItems"}
