"""The shipping charge that a client sends with a document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kobling_simulators.simply_crm.numbers import Arithmetic, as_json, cast
from kobling_simulators.simply_crm.taxes import NumberedTax
from kobling_simulators.simply_crm.values import as_text

CHARGE = "shipping_&_handling"
Stored = dict[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Charges:
    """The charges as a JSON column keeps them, and what goes into hdnS_H_Amount and hdnS_H_Percent."""

    stored: Stored
    amount: Any
    percent: Any


def read_charges(element: Mapping[str, Any], shipping: list[NumberedTax], arithmetic: Arithmetic) -> Charges:
    """The charges of a write. Raises Crash.

    Fidelity: known simply_crm §10.4 – a charge "10%" at create is kept as 10% with amount 0
    Fidelity: known simply_crm §10.6 – PHP 8 dies of "" in a charge or in hdnDiscountAmount before anything is
        stored
    """
    after_discount = _after_discount(element, arithmetic)
    charge: dict[str, Any] = {}
    total = 0.0
    if CHARGE in element:
        text = as_text(element[CHARGE])
        value: Any = text.replace("%", "")
        if "%" in text:
            charge["percent"] = value
            value = as_json(after_discount * arithmetic.number(value) / 100)
        total += arithmetic.number(value)
        charge["value"] = value
    taxes = {
        str(tax.number): element[f"{CHARGE}_shtax{tax.number}"]
        for tax in shipping
        if tax.active and f"{CHARGE}_shtax{tax.number}" in element
    }
    if total:
        return Charges({"1": {**charge, **({"taxes": taxes} if taxes else {})}}, as_json(total), as_json(total))
    return _by_amount_field(element, charge, shipping, arithmetic)


def _after_discount(element: Mapping[str, Any], arithmetic: Arithmetic) -> float:
    sub_total = cast(element.get("hdnSubTotal"))
    percent = element.get("hdnDiscountPercent")
    if as_text(percent) not in ("", "0"):
        return sub_total - sub_total * cast(percent) / 100
    return sub_total - arithmetic.number(element.get("hdnDiscountAmount"))


def _by_amount_field(
    element: Mapping[str, Any], charge: dict[str, Any], shipping: list[NumberedTax], arithmetic: Arithmetic
) -> Charges:
    """Without a charge, hdnS_H_Amount and hdnS_H_Percent stand for it.

    Fidelity: known simply_crm §10.4 – recording 18_group_shipping_by_amount_field: the percent lands in a charge
        without a name as well
    """
    amount, percent = element.get("hdnS_H_Amount"), element.get("hdnS_H_Percent")
    stored: Stored = {"1": {**charge, "value": amount}}
    taxes: dict[str, Any] = {}
    share: Any = None
    for tax in shipping:
        if not tax.active:
            continue
        if _counts(percent, arithmetic) and _counts(amount, arithmetic):
            taxes[str(tax.number)] = percent
            share = as_json(arithmetic.number(percent) / arithmetic.number(amount) * 100)
            stored[""] = {"taxes": {str(tax.number): share}}
            break
        taxes[str(tax.number)] = element.get(f"shtax{tax.number}_sh_percent", 0)
    if taxes:
        stored["1"]["taxes"] = taxes
    return Charges(stored, amount, share)


def _counts(value: Any, arithmetic: Arithmetic) -> bool:
    """value != 0, which PHP 8 says of "" too."""
    return value is not None and (cast(value) != 0 or (arithmetic.strict and value == ""))


def charge_fields(stored: Stored | None) -> dict[str, Any]:
    """What retrieve shows of the charges; nothing when a screen saved the document without any."""
    shown: dict[str, Any] = {}
    for key, charge in (stored or {}).items():
        name = CHARGE if key == "1" else ""
        shown[name] = f"{charge['percent']}%" if "percent" in charge else charge.get("value")
        for number, rate in charge.get("taxes", {}).items():
            shown[f"{name}_shtax{number}"] = rate
    return shown


def charge_tax(stored: Stored | None, arithmetic: Arithmetic) -> list[float]:
    """The amount of each tax on each charge. Raises Crash."""
    return [
        arithmetic.number(charge.get("value")) * arithmetic.number(rate) / 100
        for charge in (stored or {}).values()
        for rate in charge.get("taxes", {}).values()
    ]
