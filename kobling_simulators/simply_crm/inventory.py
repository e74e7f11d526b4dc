"""Lines and totals of invoices, sales orders and quotes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from kobling_simulators.simply_crm.errors import missing
from kobling_simulators.simply_crm.store import Line, Store
from kobling_simulators.simply_crm.values import as_text, fixed, to_decimal, utf8mb3_text

_HUNDRED = Decimal(100)


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums of a document; amounts in its own currency, not rounded to cents."""

    sub_total: Decimal
    discount: Decimal
    pre_tax: Decimal
    tax: Decimal
    grand: Decimal


def read_lines(store: Store, given: Any, old: list[Line], taxes: int, *, utf8mb3: bool) -> list[Line]:
    """Lines from what a client sent; ids of the lines they replace are used again. Raises ServiceError.

    Fidelity: known simply_crm §5 – a line whose product does not exist is accepted
    Fidelity: known simply_crm §5 – line ids are re-used when lines are replaced
    """
    lines = []
    for position, one in enumerate(given):
        if not isinstance(one, Mapping):
            continue
        for name in ("productid", "quantity"):
            if as_text(one.get(name)) == "":
                raise missing(name)
        comment = as_text(one.get("comment"))
        number = old[position].number if position < len(old) else store.next_line_number()
        lines.append(
            Line(
                number=number,
                product=as_text(one.get("productid")),
                quantity=_rounded(one.get("quantity"), 3),
                price=_rounded(one.get("listprice"), 8),
                discount_percent=_rounded(one.get("discount_percent"), 3),
                discount_amount=_rounded(one.get("discount_amount"), 8),
                comment=utf8mb3_text(comment) if utf8mb3 else comment,
                taxes=[_rounded(one.get(f"tax{at + 1}"), 3) for at in range(taxes)],
            )
        )
    return lines


def _rounded(value: Any, decimals: int) -> Decimal:
    return Decimal(fixed(to_decimal(value), decimals))


def line_discount(line: Line) -> Decimal:
    """What a line's own discount takes off; an amount counts only when there is no percentage."""
    if line.discount_percent:
        return line.quantity * line.price * line.discount_percent / _HUNDRED
    return line.discount_amount


def line_net(line: Line) -> Decimal:
    """Quantity times price less the line's discount."""
    return line.quantity * line.price - line_discount(line)


def totals(lines: list[Line], values: Mapping[str, str]) -> Totals:
    """Sums of a document from its lines and header.

    Fidelity: known simply_crm §5 – totals are recomputed by the server from the lines
    Fidelity: assumed simply_crm §5 – group tax: first line's rates on the discounted sum; individual: each line's
    """
    sub_total = sum((line_net(line) for line in lines), Decimal(0))
    percent = to_decimal(values.get("hdnDiscountPercent"))
    discount = sub_total * percent / _HUNDRED if percent else to_decimal(values.get("hdnDiscountAmount"))
    charges = to_decimal(values.get("hdnS_H_Amount"))
    pre_tax = sub_total - discount + charges
    if values.get("hdnTaxType") == "individual":
        tax = sum((line_net(line) * sum(line.taxes, Decimal(0)) / _HUNDRED for line in lines), Decimal(0))
    else:
        rates = sum(lines[0].taxes, Decimal(0)) if lines else Decimal(0)
        tax = (sub_total - discount) * rates / _HUNDRED
    grand = pre_tax + tax + to_decimal(values.get("txtAdjustment"))
    return Totals(sub_total, discount, pre_tax, tax, grand)


def total_columns(sums: Totals) -> dict[str, str]:
    """The header columns that hold the sums."""
    return {
        "hdnSubTotal": fixed(sums.sub_total, 8),
        "hdnGrandTotal": fixed(sums.grand, 8),
        "pre_tax_total": fixed(sums.pre_tax, 8),
    }


def move_stock(store: Store, lines: list[Line], sign: int) -> None:
    """Take the quantities of product lines from stock (sign -1) or put them back (+1); no save, no new modifiedtime.

    Fidelity: inferred simply_crm §5 – stock, recordings a2/a5: a save puts old quantities back, sent lines are taken
    """
    for line in lines:
        parts = store.split(line.product)
        if parts is None or parts[0] != "Products":
            continue
        row = store.tables["Products"].rows.get(parts[1])
        if row is not None:
            stock = to_decimal(row.values.get("qtyinstock")) + sign * line.quantity
            row.values["qtyinstock"] = fixed(stock, 3)
