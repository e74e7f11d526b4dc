"""What describe tells of an installation's own taxes and currencies."""

from __future__ import annotations

import re
from typing import Any

from kobling_simulators.simply_crm.taxes import STOCK_TAXES, LocalSet, NumberedTax

Field = dict[str, Any]
_TAX = re.compile(r"tax\d+")
_CURRENCY = re.compile(r"currency\d+")
_CHARGE = "shipping_&_handling"
_PLAIN: Field = {"type": {"name": "double"}, "nullable": True, "editable": True}


def localised(module: str, fields: list[Field], local: LocalSet) -> list[Field]:
    """The described fields with this installation's taxes, shipping taxes and currencies.

    Fidelity: known simply_crm §10.3 – Products and Services list the taxes that are on, with their rates
    """
    if module in ("Products", "Services"):
        kept = [one for one in fields if not _TAX.fullmatch(one["name"]) and not _CURRENCY.fullmatch(one["name"])]
        return kept + _goods_fields(local)
    if module == "LineItem":
        kept = [_line_tax(one, local.taxes) if _TAX.fullmatch(one["name"]) else one for one in fields]
        added = [{"name": tax.name, "label": _line_label(tax), "mandatory": False, **_PLAIN} for tax in _added(local)]
        return kept + added
    if any(one["name"] == _CHARGE for one in fields):
        return _document_fields(fields, local)
    return fields


def _added(local: LocalSet) -> list[NumberedTax]:
    return local.taxes[STOCK_TAXES:]


def _line_tax(one: Field, taxes: list[NumberedTax]) -> Field:
    tax = next(tax for tax in taxes if tax.name == one["name"])
    return {**one, "label": _line_label(tax)}


def _line_label(tax: NumberedTax) -> str:
    return tax.label if tax.active else tax.name


def _goods_fields(local: LocalSet) -> list[Field]:
    ticked = {"type": {"name": "double"}, "nullable": "1", "editable": "1", "mandatory": ""}
    rates = [
        {"name": tax.name, "label": tax.label, **ticked, "default": tax.percentage} for tax in local.taxes if tax.active
    ]
    prices = [
        {"name": f"currency{at}", "label": f"{one.name} {one.code}", **ticked, "default": ""}
        for at, one in enumerate(local.currencies, 1)
    ]
    return rates + prices


def _document_fields(fields: list[Field], local: LocalSet) -> list[Field]:
    labels = {tax.name: tax.label for tax in local.taxes}
    kept = []
    for one in fields:
        if one["name"] == "id":
            kept += [_document_tax(tax) for tax in _added(local)]
        if not one["name"].startswith(f"{_CHARGE}_"):
            kept.append({**one, "label": labels[one["name"]]} if one["name"] in labels else one)
    label = next(one["label"] for one in fields if one["name"] == _CHARGE)
    for tax in local.shipping_taxes:
        if tax.active:
            name = f"{_CHARGE}_shtax{tax.number}"
            described = {"name": name, "label": f"{label} {tax.label}", "default": tax.percentage, "mandatory": False}
            kept.append({**described, **_PLAIN})
    return kept


def _document_tax(tax: NumberedTax) -> Field:
    facts = {"mandatory": False, "type": {"name": "string"}, "isunique": False, "nullable": True}
    return {"name": tax.name, "label": tax.label, **facts, "editable": True, "default": ""}
