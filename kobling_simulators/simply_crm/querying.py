"""Running a parsed query: the index that fits, the conditions, the order, the page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from kobling_simulators.simply_crm.conditions import Test, column_of, literal, sort_key, test_for
from kobling_simulators.simply_crm.errors import denied
from kobling_simulators.simply_crm.lineitems import query_lines
from kobling_simulators.simply_crm.modules import Module
from kobling_simulators.simply_crm.rendering import query_row
from kobling_simulators.simply_crm.store import Row, Store, Table
from kobling_simulators.simply_crm.vtql import Condition, Query, parse

Rows = list[dict[str, Any]]
_QUERY_NAMES = {"hdnDiscountPercent": "discount_percent", "hdnDiscountAmount": "discount_amount"}


def run_query(store: Store, text: str) -> Rows:
    """The answer to a query operation. Raises ServiceError.

    Fidelity: known simply_crm §4 – at most 100 rows whatever the limit; deleted records never come
    Fidelity: known simply_crm §4 – count(*) answers one row {"count": "131"}
    Fidelity: assumed simply_crm §4 – only the columns asked for come back, id is not added
    """
    query = parse(text)
    module = store.modules.get(query.module)
    if module is None:
        raise denied()
    if module.name == "LineItem":
        return query_lines(store, query)
    for name in query.columns:
        column_of(module, name)
    rows = matching(store, module, query)
    if query.count:
        return [{"count": str(sum(1 for _ in rows))}]
    page = islice(rows, query.offset, query.offset + query.limit)
    return [_shown(store, module, query, row) for row in page]


def _shown(store: Store, module: Module, query: Query, row: Row) -> dict[str, Any]:
    if query.columns == ("id",):
        return {"id": f"{module.prefix}x{row.number}"}
    shown = query_row(store, module, row)
    if not query.columns:
        return shown
    renamed = _QUERY_NAMES if module.is_inventory else {}
    return {renamed.get(name, name): shown[renamed.get(name, name)] for name in query.columns}


def matching(store: Store, module: Module, query: Query) -> Iterator[Row]:
    """All rows that fit, in the order asked for."""
    table = store.tables[module.name]
    tests = [[test_for(store, module, one) for one in group] for group in query.where]
    order = [(column_of(module, name), descending) for name, descending in query.order]
    rows = _by_equality(table, module, query.where)
    if rows is None:
        rows = _in_order(table, module, query)
        if rows is not None:
            return _fitting(rows, tests)
        rows = table.rows.values()
    found: Iterable[Row] = _fitting(rows, tests)
    if not order:
        return iter(found)
    ordered = list(found)
    for column, descending in reversed(order):
        ordered.sort(key=sort_key(store, module, column), reverse=descending)
    return iter(ordered)


def _fitting(rows: Iterable[Row], tests: list[list[Test]]) -> Iterator[Row]:
    if not tests:
        yield from rows
    elif len(tests) == 1:
        only = tests[0]
        yield from (row for row in rows if all(test(row) for test in only))
    else:
        yield from (row for row in rows if any(all(test(row) for test in group) for group in tests))


def _by_equality(table: Table, module: Module, where: tuple[tuple[Condition, ...], ...]) -> Iterable[Row] | None:
    """The few rows that an equality on an indexed column leaves; None when there is no such condition."""
    if len(where) != 1:
        return None
    for condition in where[0]:
        if condition.operator not in ("=", "in"):
            continue
        if condition.column == "id":
            numbers = dict.fromkeys(literal(module.columns["id"], value) for value in condition.values)
            return [table.rows[number] for number in numbers if number in table.rows]
        if condition.column in table.equal:
            found = {row.number: row for value in condition.values for row in table.with_value(condition.column, value)}
            return list(found.values())
    return None


def _in_order(table: Table, module: Module, query: Query) -> Iterable[Row] | None:
    """Rows from an index that already has the order asked for; None when no index has it.

    Fidelity: assumed simply_crm §4 – without ORDER BY rows come in storage order, which a save changes
    """
    names = [name for name, _ in query.order]
    descending = {down for _, down in query.order}
    if not names and not _bounded(query.where, "modifiedtime"):
        return table.rows.values()
    if len(descending) > 1:
        return None
    down = descending == {True}
    if names == ["id"]:
        numbers = table.numbers
        start = 0 if down else numbers.position(_lowest(module, query.where, "id") or 0)
        picked = numbers.descending() if down else numbers.ascending(start)
        return (table.rows[number] for number in picked)
    if names in ([], ["modifiedtime"], ["modifiedtime", "id"]):
        changes = table.modified
        start = changes.position((_lowest(module, query.where, "modifiedtime") or "", 0))
        keys = changes.descending(start) if down else changes.ascending(start)
        return (table.rows[number] for _, number in keys if number in table.rows)
    return None


def _bounded(where: tuple[tuple[Condition, ...], ...], name: str) -> bool:
    return bool(where) and all(any(_bounds_below(one, name) for one in group) for group in where)


def _bounds_below(condition: Condition, name: str) -> bool:
    return condition.column == name and condition.operator in ("=", ">", ">=")


def _lowest(module: Module, where: tuple[tuple[Condition, ...], ...], name: str) -> Any:
    """A value below which no row can fit, or None."""
    if not _bounded(where, name):
        return None
    column = module.columns[name]
    return min(max(literal(column, one.values[0]) for one in group if _bounds_below(one, name)) for group in where)
