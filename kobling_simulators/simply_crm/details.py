"""LineItems_FinalDetails: what the edit screen knows of a document, which retrieve tells as well."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kobling_simulators.simply_crm.charges import charge_tax
from kobling_simulators.simply_crm.goods import taxes_of
from kobling_simulators.simply_crm.installation import Installation
from kobling_simulators.simply_crm.numbers import Arithmetic, cast, half_down, money, trimmed
from kobling_simulators.simply_crm.store import Line, Row, Store
from kobling_simulators.simply_crm.taxes import NumberedTax
from kobling_simulators.simply_crm.values import html_label, html_text

_SIMPLE = {"type": "Fixed", "method": "Simple", "regions": [], "compoundon": []}
_LENIENT = Arithmetic(False)
Shown = dict[str, Any]


def final_details(place: Installation, row: Row) -> Shown:
    """One entry for each line and, in the first, the sums as screens show them, rounded to two decimals."""
    individual = row.values.get("hdnTaxType") == "individual"
    details: dict[str, Shown] = {}
    for at, line in enumerate(row.lines, 1):
        details[str(at)] = _line(place, line, at, individual=individual)
    first = details.setdefault("1", {})
    if individual and not row.lines:
        first["netPrice1"] = "0.00"
    first["final_details"] = _sums(place, row, individual=individual)
    return details


def _line(place: Installation, line: Line, at: int, *, individual: bool) -> Shown:
    """One line; every key carries its position."""
    shown = _line_facts(place.store, line)
    taxes = _line_taxes(place, line, individual=individual)
    if individual:
        after = cast(shown["totalAfterDiscount"])
        tax = sum((cast(one["percentage"]) * after / 100 for one in taxes), 0.0)
        for one in taxes:
            one["amount"] = after * cast(one["percentage"]) / 100
        if taxes:
            shown["taxTotal"] = money(tax)
        shown["netPrice"] = money(after + tax)
    if at > 1:
        shown["delRow"] = "Del"
    numbered: Shown = {f"{name}{at}": value for name, value in shown.items()}
    if taxes:
        numbered["taxes"] = taxes
    return numbered


def _line_facts(store: Store, line: Line) -> Shown:
    parts, product = store.split(line.product), store.find_any(line.product)
    kind = parts[0] if parts is not None and product is not None else "Services"
    values: Mapping[str, str] = product.values if product else {}
    gross = cast(line.quantity) * cast(line.price)
    discount, how = _discount(line, gross)
    after = money(gross - discount)
    shown: Shown = {
        "purchaseCost": "0.00",
        "margin": "0.00",
        "productDeleted": product is None or product.deleted,
        "entityType": kind,
        "hdnProductId": line.product.rpartition("x")[2],
        "productName": html_label(product.label) if product else "",
        "hdnProductcode": values.get(store.modules[kind].number_field, ""),
        "productDescription": values.get("description", ""),
        "comment": html_text(line.comment),
        "qtyInStock": "NA" if kind == "Services" else trimmed(values.get("qtyinstock", "0")),
        "qty": trimmed(line.quantity),
        "listPrice": money(cast(line.price)),
        "unitPrice": money(cast(values.get("unit_price"))),
        "productTotal": money(gross),
        "subproduct_ids": "",
        **how,
        "discountTotal": money(discount),
        "totalAfterDiscount": after,
        "taxTotal": "0.00",
        "netPrice": after,
    }
    if kind == "Products":
        shown |= {"subprod_qty_list": [], "subprod_names": ""}
    return shown


def _discount(line: Line, gross: float) -> tuple[float, Shown]:
    """A line's discount; unlike in the totals, the percentage wins here."""
    none: Shown = {"discount_percent": 0, "discount_amount": 0}
    amount = trimmed(money(cast(line.discount_amount)))
    if cast(line.discount_percent):
        percent = trimmed(line.discount_percent)
        return gross * cast(percent) / 100, {**none, "discount_percent": percent, **_ticked("percentage", "percent")}
    if amount != "0":
        return cast(amount), {**none, "discount_amount": amount, **_ticked("amount", "amount")}
    return 0.0, {**none, "checked_discount_zero": " checked"}


def _ticked(kind: str, name: str) -> Shown:
    other = "amount" if name == "percent" else "percent"
    return {
        "discount_type": kind,
        f"checked_discount_{name}": " checked",
        f"style_discount_{name}": ' style="visibility:visible"',
        f"style_discount_{other}": ' style="visibility:hidden"',
    }


def _line_taxes(place: Installation, line: Line, *, individual: bool) -> list[Shown]:
    assigned = taxes_of(place.store, line.product)
    shown = []
    for tax in place.local.taxes:
        if tax.name in assigned:
            rate: Any = (line.taxes.get(tax.name) or 0) if individual else assigned[tax.name]
            facts = {"deleted": "0" if tax.active else "1", "regionsList": {"default": rate}}
            shown.append({**_tax_facts(tax, "tax"), "percentage": rate, **facts})
    return shown


def _tax_facts(tax: NumberedTax, prefix: str) -> Shown:
    return {"taxname": f"{prefix}{tax.number}", "taxlabel": tax.label, "taxid": str(tax.number), **_SIMPLE}


def _sums(place: Installation, row: Row, *, individual: bool) -> Shown:
    values = row.values
    sub_total = cast(money(cast(values.get("hdnSubTotal"))))
    discount, how = _header_discount(values, sub_total)
    shipping = cast(money(cast(values.get("hdnS_H_Amount"))))
    taxes = _header_taxes(place, row, sub_total - discount)
    pre_tax = sub_total + shipping - discount
    if individual:
        pre_tax = sum((cast(_line_facts(place.store, line)["totalAfterDiscount"]) for line in row.lines), 0.0)
    return {
        "taxtype": values.get("hdnTaxType") or None,
        **how,
        "hdnSubTotal": money(sub_total),
        "discountTotal_final": money(discount),
        "taxes": taxes,
        "tax_totalamount": money(sum((cast(one["amount"]) for one in taxes.values()), 0.0)),
        "shipping_handling_charge": money(shipping),
        "sh_taxes": [
            _tax_facts(tax, "shtax") | {"percentage": 0, "amount": 0}
            for tax in place.local.shipping_taxes
            if tax.active
        ],
        "shtax_totalamount": money(sum(charge_tax(row.charges, _LENIENT), 0.0)),
        "adjustment": money(cast(values.get("txtAdjustment"))),
        "grandTotal": money(cast(values.get("hdnGrandTotal"))),
        "preTaxTotal": money(pre_tax),
        "totalAfterDiscount": money(sub_total - discount),
        "chargesAndItsTaxes": row.charges or [],
        "deductTaxes": [],
        "deductTaxesTotalAmount": "0.00",
    }


def _header_discount(values: Mapping[str, str], sub_total: float) -> tuple[float, Shown]:
    percent, amount = values.get("hdnDiscountPercent", ""), values.get("hdnDiscountAmount", "")
    none: Shown = {"discount_percentage_final": 0, "discount_amount_final": "0.00"}
    if cast(percent):
        how = {**none, "discount_percentage_final": percent, **_ticked_final("percentage")}
        return cast(money(sub_total * cast(percent) / 100)), how
    if cast(amount):
        return cast(money(cast(amount))), {
            **none,
            "discount_amount_final": money(cast(amount)),
            **_ticked_final("amount"),
        }
    return 0.0, {**none, "discount_type_final": "zero"}


def _ticked_final(name: str) -> Shown:
    other = "amount" if name == "percentage" else "percentage"
    return {
        "discount_type_final": name,
        f"checked_discount_{name}_final": " checked",
        f"style_discount_{name}_final": ' style="visibility:visible"',
        f"style_discount_{other}_final": ' style="visibility:hidden"',
    }


def _header_taxes(place: Installation, row: Row, base: float) -> dict[str, Shown]:
    """The taxes that are on and those that the first line has: with its rates in group mode, else with their own."""
    first = row.lines[0].taxes if row.lines else {}
    group = row.values.get("hdnTaxType") == "group"
    taxes = {}
    for tax in place.local.taxes:
        if tax.active or first.get(tax.name):
            rate: Any = (first.get(tax.name) or 0) if group else tax.percentage
            amount = _tax_amount(base * cast(rate) / 100)
            taxes[str(tax.number)] = {**_tax_facts(tax, "tax"), "percentage": rate, "amount": amount}
    return taxes


def _tax_amount(amount: float) -> Any:
    """Two decimals; a 5 in the third place is rounded down, and then the amount is a number.

    Fidelity: known simply_crm §10.4 – recording 66_product_deleted_after: 15.625 shows as the number 15.62
    """
    digits = format(amount, ".14g").partition(".")[2]
    return half_down(amount) if digits[2:3] == "5" else money(amount)
