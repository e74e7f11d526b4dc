"""Rows as answers show them: chosen columns, expanded rows, annotations on request."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from kobling_simulators.dataverse.context import Context
from kobling_simulators.dataverse.errors import bad_request, no_property
from kobling_simulators.dataverse.facts import CHOICES, LOOKUPS, Column, Table
from kobling_simulators.dataverse.filters import Filter, compile_filter
from kobling_simulators.dataverse.shelf import Row, sort_key
from kobling_simulators.dataverse.store import Store
from kobling_simulators.odata.options import Expand, Options, Order

_FORMATTED = "@OData.Community.Display.V1.FormattedValue"
_LOGICAL = "Microsoft.Dynamics.CRM.lookuplogicalname"
_NAVIGATION = "Microsoft.Dynamics.CRM.associatednavigationproperty"
_DEEPEST = 4
Emit = Callable[[Row, dict[str, Any]], None]


def check_order(table: Table, orders: tuple[Order, ...]) -> list[tuple[str, bool]]:
    """$orderby by column names. Raises ApiError."""
    found = []
    for one in orders:
        if one.field not in table.by_read_name:
            raise no_property(one.field, table.logical)
        found.append((table.by_read_name[one.field].name, one.descending))
    return found


@dataclass(frozen=True, slots=True)
class _Inner:
    """What an $expand of a collection filters and orders by."""

    found: Filter | None
    order: list[tuple[str, bool]]
    top: int | None


class View:
    """How rows of a table are shown to one request; made once, used for every row.

    Fidelity: known dataverse §3 – formatted values and lookup types come only on request
    Fidelity: assumed dataverse §4 – the primary key is always shown, chosen or not; so is @odata.etag
    """

    def __init__(self, store: Store, table: Table, options: Options, context: Context, depth: int = 0) -> None:
        if depth > _DEEPEST:
            raise bad_request("$expand is nested too deeply.")
        self._store = store
        self._table = table
        self._context = context
        self.columns = self._chosen(options.select)
        self._names = [(column.read_name, column.name) for column in self.columns]
        self._extras = self._annotations()
        self._expands = [self._expand(one, depth) for one in options.expand]

    def _chosen(self, select: tuple[str, ...] | None) -> list[Column]:
        table = self._table
        if select is None or select == ("*",):
            return list(table.columns.values())
        chosen = {table.key: table.columns[table.key]}
        for name in select:
            if name not in table.by_read_name:
                raise no_property(name, table.logical)
            chosen[name] = table.by_read_name[name]
        return list(chosen.values())

    def shown(self, row: Row) -> dict[str, Any]:
        """The row as JSON."""
        values = row.values
        found: dict[str, Any] = {"@odata.etag": row.etag}
        for read_name, name in self._names:
            found[read_name] = values.get(name)
        for extra in self._extras:
            extra(row, found)
        for expand in self._expands:
            expand(row, found)
        return found

    def _annotations(self) -> list[Emit]:
        wanted: list[Emit] = []
        for column in self.columns:
            lookup = column.type in LOOKUPS
            if self._context.formatted and (lookup or column.type in _LABELS or column.type in CHOICES):
                wanted.append(self._label(column))
            if lookup and self._context.annotates(_LOGICAL):
                wanted.append(_lookup_annotation(column, _LOGICAL, lambda target, column: target))
            if lookup and self._context.annotates(_NAVIGATION):
                wanted.append(_lookup_annotation(column, _NAVIGATION, _navigation_of))
        return wanted

    def _label(self, column: Column) -> Emit:
        key, name = column.read_name + _FORMATTED, column.name

        def emit(row: Row, found: dict[str, Any]) -> None:
            value = row.values.get(name)
            if value is not None:
                text = self._label_of(column, value, row)
                if text is not None:
                    found[key] = text

        return emit

    def _label_of(self, column: Column, value: Any, row: Row) -> str | None:
        if column.type in LOOKUPS:
            logical = target_of(column, row)
            other = self._store.find(logical, value)
            if other is None:
                return None
            name = self._store.table(logical).primary_name
            return str(other.values.get(name, ""))
        if column.type in CHOICES:
            return (column.options or {}).get(value, str(value))
        if column.type == "Money":
            currency = self._store.find("transactioncurrency", row.values.get("transactioncurrencyid", ""))
            sign = currency.values.get("currencysymbol", "") if currency else ""
            return f"{sign}{value:,.2f}"
        return _LABELS[column.type](value)

    def _expand(self, wanted: Expand, depth: int) -> Emit:
        name, table = wanted.name, self._table
        if name in table.singles:
            return self._expand_single(wanted, depth)
        if name not in table.collections:
            raise no_property(name, table.logical)
        logical, column = table.collections[name]
        child = self._store.table(logical)
        view = View(self._store, child, wanted.options, self._context, depth + 1)
        found = wanted.options.filter
        inner = _Inner(
            None if found is None else compile_filter(self._store, child, found, self._context.user),
            check_order(child, wanted.options.orderby),
            wanted.options.top,
        )

        def emit(row: Row, shown: dict[str, Any]) -> None:
            rows = self._store.where(logical, column, row.id)
            shown[name] = [view.shown(one) for one in _picked(rows, inner)]

        return emit

    def _expand_single(self, wanted: Expand, depth: int) -> Emit:
        navigation = self._table.singles[wanted.name]
        if wanted.options.filter or wanted.options.orderby or wanted.options.top is not None:
            raise bad_request(f"'{wanted.name}' is single-valued: only $select and $expand apply to it.")
        column = self._table.columns[navigation.column]
        views = {
            target: View(self._store, self._store.table(target), wanted.options, self._context, depth + 1)
            for target in navigation.targets[:1]
            if target in self._store.schema.tables
        }

        def emit(row: Row, shown: dict[str, Any]) -> None:
            key = row.values.get(navigation.column)
            target = target_of(column, row)
            other = self._store.find(target, key) if key and target in views else None
            shown[wanted.name] = None if other is None else views[target].shown(other)

        return emit


def target_of(column: Column, row: Row) -> str:
    """The table that a lookup of a row points into."""
    return str(row.values.get(f"{column.name}@type", column.targets[0]))


def _picked(rows: list[Row], inner: _Inner) -> list[Row]:
    if inner.found is not None:
        rows = [row for row in rows if inner.found.test(row)]
    for column, descending in reversed(inner.order):
        rows.sort(key=lambda row, name=column: sort_key(row.values.get(name)), reverse=descending)  # type: ignore[misc]
    return rows if inner.top is None else rows[: inner.top]


def _lookup_annotation(column: Column, annotation: str, text_of: Callable[[str, Column], str]) -> Emit:
    key, name = f"{column.read_name}@{annotation}", column.name

    def emit(row: Row, found: dict[str, Any]) -> None:
        if row.values.get(name) is not None:
            found[key] = text_of(target_of(column, row), column)

    return emit


def _navigation_of(target: str, column: Column) -> str:
    many = len(column.targets) > 1 and column.type != "Owner"
    return f"{column.name}_{target}" if many else column.name


def _moment_label(value: str) -> str:
    if len(value) == 10:
        day = datetime.fromisoformat(value)
        return f"{day.month}/{day.day}/{day.year}"
    at = datetime.fromisoformat(value)
    return f"{at.month}/{at.day}/{at.year} {at.hour % 12 or 12}:{at.minute:02d} {'AM' if at.hour < 12 else 'PM'}"


def _decimal_label(value: Decimal) -> str:
    return f"{value:,.2f}"


_LABELS: dict[str, Callable[[Any], str]] = {
    "Boolean": lambda value: "Yes" if value else "No",
    "DateTime": _moment_label,
    "Decimal": _decimal_label,
    "Double": _decimal_label,
    "Integer": lambda value: f"{value:,}",
    "BigInt": lambda value: f"{value:,}",
    "Money": _decimal_label,
}
