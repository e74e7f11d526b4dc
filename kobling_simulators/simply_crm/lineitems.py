"""The LineItem module: lines of documents, asked for on their own."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from kobling_simulators.simply_crm.conditions import column_of, literal
from kobling_simulators.simply_crm.modules import INVENTORY, Column
from kobling_simulators.simply_crm.rendering import line_row
from kobling_simulators.simply_crm.store import Row, Store
from kobling_simulators.simply_crm.values import folded, to_decimal
from kobling_simulators.simply_crm.vtql import Condition, Query

Shown = dict[str, Any]


def query_lines(store: Store, query: Query) -> list[Shown]:
    """The answer to a query over LineItem.

    Fidelity: known simply_crm §4 – where parent_id='7x140' is the clean source of a document's lines
    """
    module = store.modules["LineItem"]
    for name in (*query.columns, *(one.column for group in query.where for one in group), *(n for n, _ in query.order)):
        column_of(module, name)
    fitting = [line for line in _candidates(store, query) if _fits(store, line, query)]
    if query.count:
        return [{"count": str(len(fitting))}]
    for name, descending in reversed(query.order):
        column = module.columns[name]
        fitting.sort(key=lambda line, column=column: _key(column, line), reverse=descending)  # type: ignore[misc]
    page = [_orphaned(store, line) for line in fitting[query.offset : query.offset + query.limit]]
    return [{name: line[name] for name in query.columns} if query.columns else line for line in page]


def lines_of(store: Store, module: str, row: Row) -> Iterator[Shown]:
    """The lines of one document with a proper parent_id."""
    parent = store.full_id(module, row.number)
    return (line_row(store, line, parent) for line in row.lines)


def find_line(store: Store, number: int) -> Shown | None:
    """One line by the number behind 33x."""
    owner = store.line_owner(number)
    if owner is None:
        return None
    module, row = owner
    line = next(one for one in row.lines if one.number == number)
    return _orphaned(store, line_row(store, line, store.full_id(module, row.number)))


def _orphaned(store: Store, line: Shown) -> Shown:
    """Fidelity: known simply_crm §10.5 – lines of a document in the bin are found and show parent_id ""."""
    return line if store.find(line["parent_id"]) is not None else {**line, "parent_id": ""}


def _candidates(store: Store, query: Query) -> Iterator[Shown]:
    parents = [value for group in query.where for one in group if _names_parents(one) for value in one.values]
    if len(query.where) == 1 and parents:
        for parent in parents:
            parts, row = store.split(parent), store.find_any(parent)
            if parts is not None and row is not None and parts[0] in INVENTORY:
                yield from lines_of(store, parts[0], row)
        return
    for module in INVENTORY:
        table = store.tables[module]
        for row in (*table.rows.values(), *table.removed.values()):
            yield from lines_of(store, module, row)


def _names_parents(condition: Condition) -> bool:
    return condition.column == "parent_id" and condition.operator in ("=", "in")


def _fits(store: Store, line: Shown, query: Query) -> bool:
    columns = store.modules["LineItem"].columns
    if not query.where:
        return True
    return any(all(_holds(columns[one.column], one, line) for one in group) for group in query.where)


def _key(column: Column, line: Shown) -> Any:
    value = line[column.name] or ""
    if column.name == "id" or column.kind == "reference":
        return literal(column, value)
    return to_decimal(value) if column.decimals is not None else folded(value)


def _holds(column: Column, condition: Condition, line: Shown) -> bool:
    key = _key(column, line)
    wanted: list[Any] = [literal(column, value) for value in condition.values]
    first: Any = wanted[0]
    if condition.operator == "like":
        return isinstance(key, str) and folded(condition.values[0]).strip("%") in key
    if isinstance(key, int | Decimal) != isinstance(first, int | Decimal):
        return False
    outcomes: dict[str, bool] = {
        "=": key == first,
        "!=": key != first,
        "in": key in wanted,
        "<": key < first,
        "<=": key <= first,
        ">": key > first,
        ">=": key >= first,
    }
    return outcomes[condition.operator]
