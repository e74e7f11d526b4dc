"""Conditions of a query as functions over rows."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from kobling_simulators.simply_crm.errors import denied
from kobling_simulators.simply_crm.modules import Column, Module
from kobling_simulators.simply_crm.rendering import line_columns
from kobling_simulators.simply_crm.store import Row, Store
from kobling_simulators.simply_crm.values import folded, to_decimal
from kobling_simulators.simply_crm.vtql import Condition

Test = Callable[[Row], bool]
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
}


def column_of(module: Module, name: str) -> Column:
    """A column that may be asked for. Raises ServiceError.

    Fidelity: known simply_crm §4 – an unknown field in a query is ACCESS_DENIED
    """
    column = module.columns.get(name)
    if column is None:
        raise denied(f"Permission to access '{name}' attribute denied.")
    return column


def value_of(store: Store, module: Module, row: Row, name: str) -> Any:
    """The text of a column in a row, as stored."""
    value = row.values.get(name)
    if value is not None:
        return value
    if name in module.blank:
        return module.blank[name]
    if module.is_inventory and row.lines:
        return line_columns(store, row.lines[0]).get(name) or ""
    return ""


def record_number(text: str) -> int:
    """The record part of an id; a bare number is taken as one.

    Fidelity: known simply_crm §4 – ids compare and sort by record number, not as text
    """
    digits = text.rpartition("x")[2]
    return int(digits) if digits.isdecimal() else 0


def sort_key(store: Store, module: Module, column: Column) -> Callable[[Row], Any]:
    """What a column sorts and compares by."""
    name = column.name
    if name == "id":
        return lambda row: row.number
    if column.decimals is not None:
        return lambda row: to_decimal(value_of(store, module, row, name))
    if column.kind in ("reference", "owner"):
        return lambda row: record_number(value_of(store, module, row, name) or "")
    if column.kind == "datetime":
        return lambda row: value_of(store, module, row, name)
    return lambda row: folded(value_of(store, module, row, name) or "")


def literal(column: Column, text: str) -> Any:
    """A literal in the terms that the column's sort key uses."""
    if column.name == "id" or column.kind in ("reference", "owner"):
        return record_number(text)
    if column.decimals is not None:
        return to_decimal(text)
    return text if column.kind == "datetime" else folded(text)


def test_for(store: Store, module: Module, condition: Condition) -> Test:
    """The condition as a function over rows."""
    column = column_of(module, condition.column)
    key = sort_key(store, module, column)
    if condition.operator == "like":
        pattern = _like(condition.values[0])
        name = column.name
        if name == "id":
            return lambda row: pattern.fullmatch(f"{module.prefix}x{row.number}") is not None
        return lambda row: pattern.fullmatch(folded(value_of(store, module, row, name) or "")) is not None
    if condition.operator == "in":
        allowed: set[int | str | Decimal] = {literal(column, value) for value in condition.values}
        return lambda row: key(row) in allowed
    compare, wanted = _COMPARE[condition.operator], literal(column, condition.values[0])
    return lambda row: compare(key(row), wanted)


def _like(pattern: str) -> re.Pattern[str]:
    wild = {"%": ".*", "_": "."}
    return re.compile("".join(wild.get(letter, re.escape(letter)) for letter in folded(pattern)), re.DOTALL)
