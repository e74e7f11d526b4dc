"""Sums of a document as the web service computes them when lines are written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kobling_simulators.simply_crm.charges import charge_tax
from kobling_simulators.simply_crm.goods import taxes_of
from kobling_simulators.simply_crm.numbers import Arithmetic, cast, column
from kobling_simulators.simply_crm.store import Line, Row, Store
from kobling_simulators.simply_crm.taxes import NumberedTax, usable


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums in the document's own currency, not rounded."""

    sub_total: float
    pre_tax: float
    grand: float

    def named(self) -> dict[str, float]:
        """By their header fields."""
        return {"hdnSubTotal": self.sub_total, "hdnGrandTotal": self.grand, "pre_tax_total": self.pre_tax}

    def columns(self) -> dict[str, str]:
        """As the header keeps them."""
        return {name: column(amount) for name, amount in self.named().items()}


def is_individual(tax_type: str) -> bool:
    """Whether each line has its own tax; "" counts as group."""
    return tax_type.lower() == "individual"


def line_net(line: Line) -> float:
    """Quantity times price less the discount; the amount, once per line, wins over the percentage.

    Fidelity: known simply_crm §10.4 – computed from the stored decimals, in floating point
    """
    gross = cast(line.price) * cast(line.quantity)
    amount = cast(line.discount_amount)
    return gross - (amount if amount else cast(line.discount_percent) / 100 * gross)


def line_rates(line: Line, assigned: Mapping[str, str]) -> list[float]:
    """Rates of individual tax: those of the line, but only for assigned taxes; the product's when the line has none."""
    if line.taxes:
        return [cast(rate) for name, rate in line.taxes.items() if name in assigned]
    return [cast(rate) for rate in assigned.values()]


def group_rates(first: Mapping[str, Any], taxes: list[NumberedTax], arithmetic: Arithmetic) -> list[float]:
    """Rates of group tax: those that were sent with the first line. Raises Crash."""
    return [arithmetic.number(first[tax.name]) for tax in taxes if first.get(tax.name) is not None]


def web_service_totals(
    store: Store, row: Row, first: Mapping[str, Any], taxes: list[NumberedTax], arithmetic: Arithmetic
) -> Totals:
    """Sums of a document whose lines have just been written; first is the first line as it was sent. Raises Crash.

    Fidelity: known simply_crm §10.4 – group: the first line's rates on the discounted sum; individual:
        hdnSubTotal includes tax, the header discount is taken of the sum with tax and lowers pre_tax_total
    """
    values = row.values
    individual = is_individual(values.get("hdnTaxType", ""))
    sub_total = nets = 0.0
    for line in row.lines:
        net = line_net(line)
        sub_total += net
        nets += net
        if individual:
            for rate in line_rates(line, usable(taxes_of(store, line.product), taxes)):
                sub_total += net * rate / 100
    discount = header_discount(values, sub_total)
    shipping = cast(values.get("hdnS_H_Amount"))
    total = sub_total - discount + shipping
    pre_tax = nets - discount + shipping if values.get("hdnTaxType") == "individual" else total
    tax = 0.0
    if not individual:
        for rate in group_rates(first, taxes, arithmetic):
            tax += (sub_total - discount) * rate / 100
    for amount in charge_tax(row.charges, arithmetic):
        tax += amount
    return Totals(sub_total, pre_tax, total + tax + cast(values.get("txtAdjustment")))


def header_discount(values: Mapping[str, str], sub_total: float) -> float:
    """hdnDiscountAmount when it is above 0, else hdnDiscountPercent of hdnSubTotal."""
    amount = cast(values.get("hdnDiscountAmount"))
    if amount > 0:
        return amount
    return cast(values.get("hdnDiscountPercent")) / 100 * sub_total
