"""Conditions of a FetchXML query as tests of rows."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from fnmatch import fnmatchcase
from typing import Any
from xml.etree.ElementTree import Element

from kobling_simulators.dataverse.errors import bad_request, no_property
from kobling_simulators.dataverse.facts import CHOICES, Column, Table
from kobling_simulators.dataverse.shelf import Row, equal_key

Test = Callable[[Row], bool]
Check = Callable[[Any, Sequence[Any]], bool]
_NUMBERS = CHOICES | {"Integer", "BigInt", "Decimal", "Money", "Double"}
_INSTANT = "%Y-%m-%dT%H:%M:%SZ"


def column_of(table: Table, name: str | None) -> Column:
    """A column by its logical name. Raises ApiError."""
    if name is None or name not in table.columns:
        raise no_property(str(name), table.logical)
    return table.columns[name]


def condition(table: Table, told: Element, now: datetime, user: str) -> Test:
    """The test of one <condition>. Raises ApiError.

    Fidelity: assumed dataverse §4 – the operators are the public ones, from memory; text knows no case
    """
    column = column_of(table, told.get("attribute"))
    operator = told.get("operator", "")
    texts = [one.text or "" for one in told.findall("value")] or [told.get("value", "")]
    check = _CHECKS.get(operator) or _of_moment(operator, now) or _of_user(operator, user)
    if check is None:
        raise bad_request(f"The operator '{operator}' is not valid or not supported.")
    counted = operator.endswith(("-days", "-hours", "-weeks", "-months", "-userid", "null"))
    given = texts if counted else [_value(column, text) for text in texts]
    name = column.name
    return lambda row: check(equal_key(row.values.get(name)), given)


def _value(column: Column, text: str) -> Any:
    """A text of the query as rows hold it, by which they are compared."""
    if column.type in _NUMBERS:
        try:
            return Decimal(text)
        except InvalidOperation:
            raise bad_request(f"'{text}' is no number, as '{column.name}' is.") from None
    if column.type == "Boolean":
        return text.strip().lower() in ("1", "true")
    return text.strip("{}").casefold()


def _order(wanted: Callable[[Any, Any], bool]) -> Check:
    return lambda value, given: value is not None and wanted(value, given[0])


def _like(value: Any, pattern: str) -> bool:
    return fnmatchcase(str(value), pattern.replace("%", "*").replace("_", "?"))


_CHECKS: dict[str, Check] = {
    "eq": lambda value, given: value == given[0],
    "ne": lambda value, given: value != given[0],
    "neq": lambda value, given: value != given[0],
    "gt": _order(lambda value, other: bool(value > other)),
    "ge": _order(lambda value, other: bool(value >= other)),
    "lt": _order(lambda value, other: bool(value < other)),
    "le": _order(lambda value, other: bool(value <= other)),
    "like": _order(_like),
    "not-like": lambda value, given: value is None or not _like(value, given[0]),
    "begins-with": _order(lambda value, other: str(value).startswith(other)),
    "not-begin-with": lambda value, given: value is None or not str(value).startswith(given[0]),
    "ends-with": _order(lambda value, other: str(value).endswith(other)),
    "not-end-with": lambda value, given: value is None or not str(value).endswith(given[0]),
    "in": lambda value, given: value in given,
    "not-in": lambda value, given: value not in given,
    "between": lambda value, given: value is not None and given[0] <= value <= given[-1],
    "not-between": lambda value, given: value is not None and not given[0] <= value <= given[-1],
    "null": lambda value, given: value is None,
    "not-null": lambda value, given: value is not None,
    "on": _order(lambda value, other: str(value)[:10] == other[:10]),
    "not-on": _order(lambda value, other: str(value)[:10] != other[:10]),
    "on-or-after": _order(lambda value, other: str(value)[:10] >= other[:10]),
    "on-or-before": _order(lambda value, other: str(value)[:10] <= other[:10]),
}
_SPANS = {"hours": timedelta(hours=1), "days": timedelta(days=1), "weeks": timedelta(weeks=1)}
_SPANS["months"] = timedelta(days=30)


def _of_moment(operator: str, now: datetime) -> Check | None:
    """Operators that look at the clock: today, last-x-days, next-x-hours, olderthan-x-months."""

    def text(moment: datetime) -> str:
        return moment.strftime(_INSTANT).casefold()

    days = {"today": 0, "yesterday": -1, "tomorrow": 1}
    if operator in days:
        day = text(now + timedelta(days=days[operator]))[:10]
        return lambda value, given: value is not None and str(value)[:10] == day
    found = re.fullmatch(r"(last|next|olderthan)-x-(\w+)", operator)
    if found is None or found[2] not in _SPANS:
        return None
    which, span = found[1], _SPANS[found[2]]

    def check(value: Any, given: Sequence[Any]) -> bool:
        if value is None or not str(given[0]).isdecimal():
            return False
        far = span * int(given[0])
        if which == "olderthan":
            return bool(value < text(now - far))
        low, high = (now - far, now) if which == "last" else (now, now + far)
        return bool(text(low) <= value <= text(high))

    return check


def _of_user(operator: str, user: str) -> Check | None:
    if operator == "eq-userid":
        return lambda value, given: value == user
    if operator == "ne-userid":
        return lambda value, given: value != user
    return None
