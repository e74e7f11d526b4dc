"""Invoices, sales orders and quotes as the vendor answers them on retrieve and right after a write."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kobling_simulators.simply_crm.charges import charge_fields
from kobling_simulators.simply_crm.details import final_details
from kobling_simulators.simply_crm.errors import Crash
from kobling_simulators.simply_crm.installation import Installation
from kobling_simulators.simply_crm.modules import Module
from kobling_simulators.simply_crm.numbers import as_json
from kobling_simulators.simply_crm.rendering import full_row, line_columns, line_row
from kobling_simulators.simply_crm.store import Row, Store
from kobling_simulators.simply_crm.totals import Totals
from kobling_simulators.simply_crm.values import html_label

Shown = dict[str, Any]


def retrieved(place: Installation, module: Module, row: Row) -> Shown:
    """The document as retrieve shows it. Raises Crash.

    Fidelity: known simply_crm §4 – retrieve's LineItems carry the broken parent_id "7xArray"
    Fidelity: known simply_crm §10.2 – productid is the first line's
    Fidelity: known simply_crm §10.6 – on PHP 8 an individual document without lines cannot be retrieved
    """
    check_readable(place, row)
    lines = shown_lines(place.store, module, row)
    return {
        **full_row(place.store, module, row),
        **charge_fields(row.charges),
        "LineItems": lines,
        "productid": lines[0]["productid"] if lines else None,
        "LineItems_FinalDetails": final_details(place, row),
    }


def check_readable(place: Installation, row: Row) -> None:
    """Raises Crash where PHP 8 cannot read a document: individual tax and no lines."""
    if place.settings.php8 and row.values.get("hdnTaxType") == "individual" and not row.lines:
        raise Crash


def with_totals(emptied: Mapping[str, Any], totals: Totals) -> Shown:
    """The answer to a write with lines: the document as it was between its old and new lines, with the new sums.

    Fidelity: known simply_crm §10.2 – totals are numbers and right, productid null, balance the old one
    """
    return {**emptied, **{name: as_json(amount) for name, amount in totals.named().items()}}


def header_with_line(store: Store, module: Module, row: Row) -> Shown:
    """The header with its first line's columns, which are empty without lines."""
    shown = {**full_row(store, module, row), **line_columns(store, module, row.lines[0] if row.lines else None)}
    return {**shown, "purchase_cost": "", "margin": ""}


def shown_lines(store: Store, module: Module, row: Row) -> list[Shown]:
    """The lines as they stand in a document.

    Fidelity: known simply_crm §10.2 – a deleted product keeps its name on the line and is marked deleted "1"
    """
    lines = []
    for line in row.lines:
        parts, product = store.split(line.product), store.find_any(line.product)
        lines.append(
            {
                **line_row(store, line, f"{module.prefix}xArray"),
                "product_name": html_label(product.label) if product else "",
                "entity_type": parts[0] if parts and product else "",
                "deleted": "" if product is None else "1" if product.deleted else "0",
            }
        )
    return lines
