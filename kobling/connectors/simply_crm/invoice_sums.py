"""What a write of an invoice's lines must say beside them, so that vTiger keeps what it would drop. Pure.

Fidelity: known simply_crm_invoices §4 – formulas checked on 109 recorded writes
Fidelity: known simply_crm_invoices §5 – tax type, adjustment, shipping, rate of exchange fall away where not sent
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from kobling.records import exact, is_empty
from kobling.records.arithmetic import VTIGER_INDIVIDUAL, Line, Whole, totals

GROUP, INDIVIDUAL = "group", "individual"
_TAX = re.compile(r"tax\d+")
_SHIPPING = re.compile(r"hdnS_H_Amount|shipping_&_handling.*|shtax\d+.*")
AMOUNTS = frozenset(
    {"txtAdjustment", "hdnDiscountAmount", "hdnDiscountPercent", "hdnS_H_Amount", "received", "balance"}
    | {"hdnSubTotal", "pre_tax_total", "hdnGrandTotal", "conversion_rate", "shipping_&_handling"}
)
"""Header fields in which an empty text ends the installation on PHP 8."""


def is_tax(name: str) -> bool:
    """Whether a field of a product or a line holds the rate of a tax."""
    return _TAX.fullmatch(name) is not None


def amount(value: Any) -> Decimal:
    """A number of vTiger's, empty read as nothing."""
    return Decimal(0) if is_empty(value) else exact(value)


def filled(element: Mapping[str, Any]) -> dict[str, Any]:
    """Without amounts that are empty, in the header and in the lines."""
    kept = {name: value for name, value in element.items() if name not in AMOUNTS or value not in ("", None)}
    if kept.get("LineItems"):
        kept["LineItems"] = [
            {name: value for name, value in line.items() if value not in ("", None) or name == "comment"}
            for line in kept["LineItems"]
        ]
    return kept


def rate(line: Mapping[str, Any]) -> Decimal:
    """The tax of a line together, in per cent."""
    return sum((amount(value) for name, value in line.items() if is_tax(name)), Decimal(0))


def has_one_rate(lines: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the whole invoice can be taxed as one."""
    taxes = {
        tuple(sorted((name, amount(value)) for name, value in line.items() if is_tax(name) and amount(value)))
        for line in lines
    }
    return len(taxes) <= 1


def beside_lines(current: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """What a revise with lines must repeat of what stands there now."""
    kept = {name: value for name, value in current.items() if _SHIPPING.fullmatch(name) and amount_or_none(value)}
    for name in ("txtAdjustment", "hdnDiscountAmount", "hdnDiscountPercent", "conversion_rate"):
        if amount_or_none(current.get(name)):
            kept[name] = current[name]
    if "hdnDiscountAmount" in kept:
        kept.pop("hdnDiscountPercent", None)
    return {**kept, "hdnTaxType": GROUP, **changes}


def amount_or_none(value: Any) -> Decimal | None:
    """An amount that is something."""
    try:
        return amount(value) or None
    except ValueError:
        return None


def adjusted(current: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """A new adjustment without lines changes no total by itself: the total and the balance that go with it."""
    whole = amount(current.get("hdnGrandTotal")) - amount(current.get("txtAdjustment"))
    whole += amount(changes["txtAdjustment"])
    received = changes.get("received", current.get("received"))
    return {"hdnGrandTotal": _text(whole), "balance": _text(whole - amount(received)), **changes}


def settled(current: Mapping[str, Any], lines: Sequence[Mapping[str, Any]], *, one_rate: bool) -> dict[str, Any]:
    """What is sent once the lines stand: the balance, and the totals of several rates, which vTiger stores as sent."""
    whole = amount(current.get("hdnGrandTotal"))
    told: dict[str, Any] = {}
    if not one_rate:
        found = totals([_line(each) for each in lines], VTIGER_INDIVIDUAL, _whole(current))
        whole = found.gross
        told = {
            "hdnTaxType": INDIVIDUAL,
            "hdnSubTotal": _text(sum((_with_tax(each) for each in lines), Decimal(0))),
            "pre_tax_total": _text(found.net),
            "hdnGrandTotal": _text(whole),
        }
    told["balance"] = _text(whole - amount(current.get("received")))
    return told | {"conversion_rate": current.get("conversion_rate") or "1"}


def _line(each: Mapping[str, Any]) -> Line:
    return Line(
        amount(each.get("quantity")),
        amount(each.get("listprice")),
        rate(each),
        amount(each.get("discount_percent")),
        amount(each.get("discount_amount")),
    )


def _with_tax(each: Mapping[str, Any]) -> Decimal:
    return totals([_line(each)], VTIGER_INDIVIDUAL).gross


def _whole(current: Mapping[str, Any]) -> Whole:
    return Whole(
        discount_percent=amount(current.get("hdnDiscountPercent")),
        discount_amount=amount(current.get("hdnDiscountAmount")),
        charge=amount(current.get("hdnS_H_Amount")),
        adjustment=amount(current.get("txtAdjustment")),
    )


def _text(number: Decimal) -> str:
    return format(number.quantize(Decimal("0.00000001")).normalize(), "f")
