"""Running a parsed query: the index that fits, the conditions, the order, the page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice
from typing import Any

from kobling_simulators.simply_crm.conditions import Pair, Test, column_of, literal, sort_key, test_for
from kobling_simulators.simply_crm.errors import denied
from kobling_simulators.simply_crm.lineitems import query_lines
from kobling_simulators.simply_crm.modules import Module
from kobling_simulators.simply_crm.rendering import QUERY_NAMES, query_row
from kobling_simulators.simply_crm.store import Row, Store, Table
from kobling_simulators.simply_crm.vtql import Condition, Query, parse

Rows = list[dict[str, Any]]
# what the database reads contacts by when nobody asks for an order: its index of accounts
_CONTACT_INDEX = ("account_id", "id")


def run_query(store: Store, text: str) -> Rows:
    """The answer to a query operation. Raises ServiceError.

    Fidelity: known simply_crm §4 – at most 100 rows whatever the limit; deleted records never come
    Fidelity: known simply_crm §4 – count(*) answers one row {"count": "131"}
    Fidelity: known simply_crm §10.2 – recording 90: id comes back with the columns asked for
    """
    query = parse(text)
    if query.columns and "id" not in query.columns:
        query = replace(query, columns=(*query.columns, "id"))
    module = store.modules.get(query.module)
    if module is None:
        raise denied()
    if module.name == "LineItem":
        return query_lines(store, query)
    for name in query.columns:
        column_of(module, name)
    pairs = matching(store, module, query)
    if query.count:
        return [{"count": str(sum(1 for _ in pairs))}]
    page = islice(pairs, query.offset, query.offset + query.limit)
    # the last line of a document on the page stands for all, as PHP writes them into one array by id
    documents = {row.number: (row, line) for row, line in page}
    return [_shown(store, module, query, pair) for pair in documents.values()]


def _shown(store: Store, module: Module, query: Query, pair: Pair) -> dict[str, Any]:
    """One row; asked for by name, the header discounts come under the names of the lines' discounts.

    Fidelity: inferred simply_crm §10.2 – code of sanitizeDataWithColumn: both have the same column names
    """
    row, line = pair
    if query.columns == ("id",):
        return {"id": f"{module.prefix}x{row.number}"}
    shown = query_row(store, module, row, line)
    if not query.columns:
        return shown
    renamed = QUERY_NAMES if module.is_inventory else {}
    header = {renamed[name]: row.values.get(name, "") for name in query.columns if name in renamed}
    return {**header, **{name: shown[name] for name in query.columns if name not in renamed}}


def matching(store: Store, module: Module, query: Query) -> Iterator[Pair]:
    """All rows that fit, in the order asked for; once for each line when a line field is asked about.

    Fidelity: known simply_crm §10.2 – with * or any line field, limit and offset count lines, not documents
    Fidelity: inferred simply_crm §4 – recordings 62 and 93: without ORDER BY contacts come by account, then by id
    """
    table = store.tables[module.name]
    tests = [[test_for(store, module, one) for one in group] for group in query.where]
    order = [(column_of(module, name), descending) for name, descending in query.order]
    by_line = _asks_lines(module, query)
    natural = module.name == "Contacts" and not query.order and not query.count
    if natural:
        order = [(module.columns[name], False) for name in _CONTACT_INDEX]
    rows = _by_equality(table, module, query.where)
    if rows is None:
        rows = _in_order(table, module, query)
        if rows is not None and not natural:
            return _fitting(_pairs(rows, by_line=by_line), tests)
    found = _fitting(_pairs(table.rows.values() if rows is None else rows, by_line=by_line), tests)
    if not order:
        return found
    ordered = list(found)
    for column, descending in reversed(order):
        ordered.sort(key=sort_key(store, module, column), reverse=descending)
    return iter(ordered)


def _asks_lines(module: Module, query: Query) -> bool:
    if not module.is_inventory:
        return False
    named = {*query.columns, *(name for name, _ in query.order)}
    named.update(one.column for group in query.where for one in group)
    return (not query.columns and not query.count) or bool(named & module.line_fields)


def _pairs(rows: Iterable[Row], *, by_line: bool) -> Iterator[Pair]:
    for row in rows:
        if by_line and row.lines:
            yield from ((row, line) for line in row.lines)
        else:
            yield row, None


def _fitting(pairs: Iterator[Pair], tests: list[list[Test]]) -> Iterator[Pair]:
    if not tests:
        yield from pairs
    elif len(tests) == 1:
        only = tests[0]
        yield from (pair for pair in pairs if all(test(pair) for test in only))
    else:
        yield from (pair for pair in pairs if any(all(test(pair) for test in group) for group in tests))


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

    Fidelity: assumed simply_crm §4 – without ORDER BY rows other than contacts come in an order that a save changes
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
