"""Rows as clients see them."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from kobling_simulators.simply_crm.modules import Module
from kobling_simulators.simply_crm.store import Line, Row, Store
from kobling_simulators.simply_crm.values import fixed, html_label

_QUERY_NAMES = {"hdnDiscountPercent": "discount_percent", "hdnDiscountAmount": "discount_amount"}
_EMPTY_LINE = {
    "productid": "",
    "quantity": "0.000",
    "listprice": "0.00000000",
    "comment": "",
    "tax1": "0.000",
    "tax2": "0.000",
    "tax3": "0.000",
}


def plain_row(store: Store, module: Module, row: Row) -> dict[str, Any]:
    """The columns of a record and its id, all strings.

    Fidelity: known simply_crm §2 – every value is a string, "" for none, money with eight decimals
    Fidelity: known simply_crm §5 – a reference to a record that is gone reads null
    """
    shown: dict[str, Any] = {**module.blank, **row.values}
    for column in module.references:
        target = shown.get(column.name)
        if target and not exists(store, target):
            shown[column.name] = None
    shown["id"] = f"{module.prefix}x{row.number}"
    return shown


def exists(store: Store, full_id: str) -> bool:
    """Whether a referenced record is there; modules that are not modelled are taken on trust."""
    parts = store.split(full_id)
    if parts is None:
        return True
    return parts[1] in store.tables[parts[0]].rows


def full_row(store: Store, module: Module, row: Row) -> dict[str, Any]:
    """A record as retrieve gives it, without what inventory modules add."""
    shown = plain_row(store, module, row)
    if module.is_inventory:
        for name in _QUERY_NAMES:
            shown[name] = shown[name] if Decimal(shown[name] or 0) else ""
    if module.is_entity:
        shown["label"] = html_label(row.label)
    if module.name in ("Products", "Services"):
        price = shown["unit_price"]
        shown["currency1"] = as_number(price)
        shown["currency_id"] = "21x1"
    return shown


def query_row(store: Store, module: Module, row: Row) -> dict[str, Any]:
    """A record as query gives it: no label, no lines.

    Fidelity: known simply_crm §4 – Invoice rows carry no lines and call the header discounts discount_percent/_amount
    """
    shown = plain_row(store, module, row)
    if not module.is_inventory:
        return shown
    for name, other in _QUERY_NAMES.items():
        shown[other] = shown.pop(name)
    shown.update(line_columns(store, row.lines[0]) if row.lines else _EMPTY_LINE)
    shown.update(image="", purchase_cost="0.00000000", margin="0.00000000")
    return shown


def line_columns(store: Store, line: Line) -> dict[str, Any]:
    """The columns that the first line lends to its header."""
    taxes = {f"tax{at}": fixed(rate, 3) for at, rate in enumerate(line.taxes, 1)}
    return {
        "productid": line.product if exists(store, line.product) else None,
        "quantity": fixed(line.quantity, 3),
        "listprice": fixed(line.price, 8),
        "comment": line.comment,
        **taxes,
    }


def line_row(store: Store, line: Line, position: int, parent: str) -> dict[str, Any]:
    """A line as the LineItem module shows it."""
    return {
        "parent_id": parent,
        "productid": line.product if exists(store, line.product) else None,
        "sequence_no": str(position),
        "quantity": fixed(line.quantity, 3),
        "listprice": fixed(line.price, 8),
        "discount_percent": fixed(line.discount_percent, 3),
        "discount_amount": fixed(line.discount_amount, 8),
        "comment": line.comment,
        "description": "",
        "incrementondel": "1",
        "id": f"33x{line.number}",
        **{f"tax{at}": fixed(rate, 3) for at, rate in enumerate(line.taxes, 1)},
        "image": "",
        "purchase_cost": "0.00000000",
        "margin": "0.00000000",
    }


def as_number(text: str) -> Any:
    """The JSON number of a decimal text, without trailing zeros."""
    number = Decimal(text)
    return int(number) if number == number.to_integral_value() else number.normalize()


def label_of(module: Module, values: Mapping[str, Any]) -> str:
    """The entity's name made of its label fields."""
    return " ".join(str(values[name]) for name in module.label_fields if values.get(name))
