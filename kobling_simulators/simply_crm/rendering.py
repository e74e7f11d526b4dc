"""Rows as clients see them."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from kobling_simulators.simply_crm.modules import Module
from kobling_simulators.simply_crm.store import Line, Row, Store
from kobling_simulators.simply_crm.values import html_label

_ID_FIRST = ("Currency", "Tax", "CompanyDetails", "Groups")
QUERY_NAMES = {"hdnDiscountPercent": "discount_percent", "hdnDiscountAmount": "discount_amount"}


def plain_row(store: Store, module: Module, row: Row) -> dict[str, Any]:
    """The columns of a record and its id, all strings.

    Fidelity: known simply_crm §2 – every value is a string, "" for none, money with eight decimals
    Fidelity: known simply_crm §5 – a reference to a record that is gone reads null
    Fidelity: known simply_crm §10.1 – id comes first in Currency, Tax, CompanyDetails and Groups, else last
    """
    first = {"id": ""} if module.name in _ID_FIRST else {}
    shown: dict[str, Any] = {**first, **module.blank, **row.values}
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
    """A record as retrieve gives it, without what inventory modules and goods add."""
    shown = plain_row(store, module, row)
    if module.is_entity:
        shown["label"] = html_label(row.label)
    return shown


def query_row(store: Store, module: Module, row: Row, line: Line | None) -> dict[str, Any]:
    """A record as query gives it: no label, no lines.

    Fidelity: known simply_crm §10.2 – a document's row shows one line, discounts included; never the header's
    """
    shown = plain_row(store, module, row)
    if module.is_inventory:
        for name in QUERY_NAMES:
            del shown[name]
        shown.update(line_columns(store, module, line))
    return shown


def line_columns(store: Store, module: Module, line: Line | None) -> dict[str, Any]:
    """The columns that a line lends to its header; all empty without a line."""
    money = "" if line is None else "0.00000000"
    return {
        **{name: line_value(store, line, name) for name in module.line_fields},
        "image": "",
        "purchase_cost": money,
        "margin": money,
    }


def line_value(store: Store, line: Line | None, name: str) -> str:
    """One column of a line; "" stands for NULL and for a product that is gone.

    Fidelity: known simply_crm §10.2 – a line on a deleted product has productid "" and keeps its amounts
    """
    if line is None:
        return ""
    if name == "productid":
        return line.product if exists(store, line.product) else ""
    known = {
        "quantity": line.quantity,
        "listprice": line.price,
        "comment": line.comment,
        "discount_percent": line.discount_percent,
        "discount_amount": line.discount_amount,
    }
    return known.get(name, line.taxes.get(name, ""))


def line_row(store: Store, line: Line, parent: str) -> dict[str, Any]:
    """A line as the LineItem module shows it."""
    names = ("productid", "quantity", "listprice", "discount_percent", "discount_amount", "comment")
    taxes = [name for name in store.modules["LineItem"].columns if name.startswith("tax")]
    return {
        "parent_id": parent,
        **{name: line_value(store, line, name) for name in (*names, *taxes)},
        "sequence_no": str(line.sequence),
        "description": "",
        "incrementondel": "1" if line.on_stock else "0",
        "id": f"{store.modules['LineItem'].prefix}x{line.number}",
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
