"""Conditions of a query as functions over rows."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from kobling_simulators.simply_crm.errors import denied
from kobling_simulators.simply_crm.modules import Column, Module
from kobling_simulators.simply_crm.rendering import line_value
from kobling_simulators.simply_crm.store import Line, Row, Store
from kobling_simulators.simply_crm.values import folded, to_decimal
from kobling_simulators.simply_crm.vtql import Condition

# a row, and one of its lines when lines are asked about
Pair = tuple[Row, Line | None]
Test = Callable[[Pair], bool]
_FRACTION = re.compile(r"^(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d:\d\d)(\.\d+)?)?")
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


def value_of(store: Store, module: Module, pair: Pair, name: str) -> Any:
    """The text of a column in a row or in its line, as stored."""
    row, line = pair
    if name in module.line_fields:
        return line_value(store, line, name)
    value = row.values.get(name)
    return module.blank.get(name, "") if value is None else value


def record_number(text: str) -> int:
    """The record part of an id; a bare number is taken as one.

    Fidelity: known simply_crm §4 – ids compare and sort by record number, not as text
    """
    digits = text.rpartition("x")[2]
    return int(digits) if digits.isdecimal() else 0


def sort_key(store: Store, module: Module, column: Column) -> Callable[[Pair], Any]:
    """What a column sorts and compares by."""
    name = column.name
    if name == "id":
        return lambda pair: pair[0].number
    if column.decimals is not None:
        return lambda pair: to_decimal(value_of(store, module, pair, name))
    if column.kind in ("reference", "owner"):
        return lambda pair: record_number(value_of(store, module, pair, name) or "")
    if column.kind == "datetime":
        return lambda pair: value_of(store, module, pair, name)
    return lambda pair: folded(value_of(store, module, pair, name) or "")


def literal(column: Column, text: str) -> Any:
    """A literal in the terms that the column's sort key uses."""
    if column.name == "id" or column.kind in ("reference", "owner"):
        return record_number(text)
    if column.decimals is not None:
        return to_decimal(text)
    return stamp(text) if column.kind == "datetime" else folded(text)


def stamp(text: str) -> str:
    """A moment as it compares with stored stamps.

    Fidelity: known simply_crm §10.2 – T, Z and +02:00 are accepted and ignored; a fraction is later than its
        second
    """
    found = _FRACTION.match(text)
    if found is None:
        return text
    day, time, fraction = found.groups()
    return f"{day} {time or '00:00:00'}{(fraction or '').rstrip('0').rstrip('.')}"


def test_for(store: Store, module: Module, condition: Condition) -> Test:
    """The condition as a function over rows and their lines."""
    column = column_of(module, condition.column)
    key = sort_key(store, module, column)
    if condition.operator == "like":
        pattern = _like(condition.values[0])
        name = column.name
        if name == "id":
            return lambda pair: pattern.fullmatch(f"{module.prefix}x{pair[0].number}") is not None
        return lambda pair: pattern.fullmatch(folded(value_of(store, module, pair, name) or "")) is not None
    if condition.operator == "in":
        allowed: set[int | str | Decimal] = {literal(column, value) for value in condition.values}
        return lambda pair: key(pair) in allowed
    compare, wanted = _COMPARE[condition.operator], literal(column, condition.values[0])
    return lambda pair: compare(key(pair), wanted)


def _like(pattern: str) -> re.Pattern[str]:
    wild = {"%": ".*", "_": "."}
    return re.compile("".join(wild.get(letter, re.escape(letter)) for letter in folded(pattern)), re.DOTALL)
