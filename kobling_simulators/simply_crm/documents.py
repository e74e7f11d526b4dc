"""Invoices, sales orders and quotes as the vendor answers them right after a save and on retrieve."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from kobling_simulators.simply_crm.inventory import line_discount, line_net, totals
from kobling_simulators.simply_crm.modules import Module, Tax
from kobling_simulators.simply_crm.rendering import as_number, full_row, line_columns, line_row
from kobling_simulators.simply_crm.store import Line, Row, Store
from kobling_simulators.simply_crm.values import html_label, to_decimal

_SUMS = ("hdnSubTotal", "hdnGrandTotal", "pre_tax_total")


def retrieved(store: Store, module: Module, row: Row, taxes: list[Tax]) -> dict[str, Any]:
    """The document as retrieve shows it: sums as strings, full final details.

    Fidelity: known simply_crm §4 – retrieve's LineItems carry the broken parent_id "7xArray"
    """
    shown = _with_lines(store, module, row, taxes)
    shown["productid"] = line_columns(store, row.lines[0])["productid"] if row.lines else None
    shown["LineItems_FinalDetails"] = _details(store, module, row, taxes)
    return shown


def created(store: Store, module: Module, row: Row, taxes: list[Tax]) -> dict[str, Any]:
    """The document as create shows it: sums as numbers, balance still zero, final details not yet computed.

    Fidelity: known simply_crm §2 – totals are numbers right after create and strings on retrieve
    """
    shown = after_lines(store, module, row, taxes)
    if "balance" in shown:
        shown["balance"] = "0.00000000"
    return {**shown, "new": True}


def after_lines(store: Store, module: Module, row: Row, taxes: list[Tax]) -> dict[str, Any]:
    """The document as a revise or update with LineItems shows it."""
    shown = _with_lines(store, module, row, taxes)
    shown.update({name: as_number(shown[name]) for name in _SUMS})
    shown["productid"] = None
    shown["LineItems_FinalDetails"] = {"1": {"final_details": _final(None, taxes)}}
    return shown


def after_header(store: Store, module: Module, row: Row) -> dict[str, Any]:
    """The document as a revise or update without LineItems shows it: first line's columns, no final details."""
    shown = full_row(store, module, row)
    if row.lines:
        first = row.lines[0]
        discounts = line_row(store, first, 1, "")
        shown.update(line_columns(store, first))
        shown.update({name: discounts[name] for name in ("discount_amount", "discount_percent")})
    shown.update(image="", purchase_cost="", margin="")
    shown["LineItems"] = _lines(store, module, row)
    return shown


def _with_lines(store: Store, module: Module, row: Row, taxes: list[Tax]) -> dict[str, Any]:
    shown = full_row(store, module, row)
    shown["shipping_&_handling"] = None
    shown.update({f"shipping_&_handling_shtax{at}": 0 for at in range(1, len(taxes) + 1)})
    shown["LineItems"] = _lines(store, module, row)
    return shown


def _lines(store: Store, module: Module, row: Row) -> list[dict[str, Any]]:
    lines = []
    for at, line in enumerate(row.lines, 1):
        parts, product = store.split(line.product), store.find(line.product)
        lines.append(
            {
                **line_row(store, line, at, f"{module.prefix}xArray"),
                "product_name": html_label(product.label) if product else "",
                "entity_type": parts[0] if parts and product else "",
                "deleted": "0" if product else "1",
            }
        )
    return lines


def _money(amount: Decimal) -> str:
    return str(amount.quantize(Decimal("0.01"), ROUND_HALF_UP))


def _plain(number: Decimal) -> str:
    return str(as_number(str(number)))


def _details(store: Store, module: Module, row: Row, taxes: list[Tax]) -> dict[str, Any]:
    details: dict[str, Any] = {str(at): _detail(store, line, at) for at, line in enumerate(row.lines, 1)}
    details.setdefault("1", {})["final_details"] = _final(row, taxes)
    return details


def _detail(store: Store, line: Line, at: int) -> dict[str, Any]:
    """What the edit screen knows of one line; every key carries the line's position."""
    parts, product = store.split(line.product), store.find(line.product)
    kind = parts[0] if parts else "Products"
    gross = line.quantity * line.price
    values = product.values if product else {}
    series = store.modules[kind].number_field if kind in store.modules else ""
    shown: dict[str, Any] = {
        "purchaseCost": "0.00",
        "margin": "0.00",
        "productDeleted": product is None,
        "entityType": kind,
        "hdnProductId": str(parts[1]) if parts else "",
        "productName": html_label(product.label) if product else "",
        "hdnProductcode": values.get(series, ""),
        "productDescription": values.get("description", ""),
        "comment": line.comment,
        "qtyInStock": "NA" if kind == "Services" else _plain(to_decimal(values.get("qtyinstock"))),
        "qty": _plain(line.quantity),
        "listPrice": _money(line.price),
        "unitPrice": _money(to_decimal(values.get("unit_price"))),
        "productTotal": _money(gross),
        "subproduct_ids": "",
        **_discount_detail(line),
        "discountTotal": _money(line_discount(line)),
        "totalAfterDiscount": _money(line_net(line)),
        "taxTotal": "0.00",
        "netPrice": _money(line_net(line)),
    }
    if kind == "Products":
        shown |= {"subprod_qty_list": [], "subprod_names": ""}
    if at > 1:
        shown["delRow"] = "Del"
    return {f"{name}{at}": value for name, value in shown.items()}


def _discount_detail(line: Line) -> dict[str, Any]:
    if line.discount_percent:
        return {
            "discount_percent": _plain(line.discount_percent),
            "discount_amount": 0,
            "discount_type": "percentage",
            "checked_discount_percent": " checked",
            "style_discount_percent": ' style="visibility:visible"',
            "style_discount_amount": ' style="visibility:hidden"',
        }
    if line.discount_amount:
        return {
            "discount_percent": 0,
            "discount_amount": _money(line.discount_amount),
            "discount_type": "amount",
            "checked_discount_amount": " checked",
            "style_discount_amount": ' style="visibility:visible"',
            "style_discount_percent": ' style="visibility:hidden"',
        }
    return {"discount_percent": 0, "discount_amount": 0, "checked_discount_zero": " checked"}


def _final(row: Row | None, taxes: list[Tax]) -> dict[str, Any]:
    """Sums of the edit screen; without a row everything is zero, as in the answer to a create."""
    lines, values = (row.lines, row.values) if row else ([], {})
    sums = totals(lines, values)
    group = values.get("hdnTaxType", "group") != "individual"
    percent = to_decimal(values.get("hdnDiscountPercent"))
    kind = "percentage" if percent else "amount" if sums.discount else "zero"
    return {
        "taxtype": "group" if group else "individual",
        "discount_type_final": kind,
        "hdnSubTotal": _money(sums.sub_total),
        "discount_percentage_final": _plain(percent) if percent else 0,
        "discount_amount_final": _money(sums.discount if kind == "amount" else Decimal(0)),
        "discountTotal_final": _money(sums.discount),
        "taxes": {str(at): _tax(at, tax, row, sums.sub_total - sums.discount) for at, tax in enumerate(taxes, 1)},
        "tax_totalamount": _money(sums.tax),
        "shipping_handling_charge": _money(to_decimal(values.get("hdnS_H_Amount"))),
        "sh_taxes": [_tax_facts(at, tax, "shtax") | {"percentage": 0, "amount": 0} for at, tax in enumerate(taxes, 1)],
        "shtax_totalamount": "0.00",
        "adjustment": _money(to_decimal(values.get("txtAdjustment"))),
        "grandTotal": _money(sums.grand),
        "preTaxTotal": _money(sums.pre_tax),
        "totalAfterDiscount": _money(sums.sub_total - sums.discount),
        "chargesAndItsTaxes": {"1": {"value": None, "taxes": {str(at): 0 for at in range(1, len(taxes) + 1)}}},
        "deductTaxes": [],
        "deductTaxesTotalAmount": "0.00",
    }


def _tax(at: int, tax: Tax, row: Row | None, base: Decimal) -> dict[str, Any]:
    if row is None:
        return _tax_facts(at, tax, "tax") | {"percentage": 0, "amount": "0.00"}
    rates = row.lines[0].taxes if row.lines else []
    rate = rates[at - 1] if at <= len(rates) else Decimal(0)
    return _tax_facts(at, tax, "tax") | {"percentage": f"{rate:.3f}", "amount": _money(base * rate / 100)}


def _tax_facts(at: int, tax: Tax, prefix: str) -> dict[str, Any]:
    return {
        "taxname": f"{prefix}{at}",
        "taxlabel": tax.label,
        "taxid": str(at),
        "type": "Fixed",
        "method": "Simple",
        "regions": [],
        "compoundon": [],
    }
