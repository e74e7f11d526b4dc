"""Reporting queries: columns and sums over rows, deleted ones among them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from kobling_simulators.unimicro.books import Books
from kobling_simulators.unimicro.errors import ApiError
from kobling_simulators.unimicro.facts import Entity, entities, entity_named
from kobling_simulators.unimicro.filters import read_filter, resolve
from kobling_simulators.unimicro.finding import Finder, Reader, page_of, reader, tester
from kobling_simulators.unimicro.table import Row

_KNOWN = frozenset({"model", "select", "filter", "expand", "orderby", "top", "skip"})
_COLUMN = re.compile(r"\s*(.+?)(?:\s+as\s+(\w+))?\s*", re.IGNORECASE | re.DOTALL)
_CALL = re.compile(r"(\w+)\s*\((.*)\)", re.DOTALL)
_SEPARATOR = re.compile(r"(?<!\\),")
_PATH = re.compile(r"[\w.]+")
_SUMS = frozenset({"sum", "count", "max", "min"})
_DEEPEST = 8


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name, how it is read from a row, and how the rows of a group are summed up ("" for not)."""

    name: str
    read: Reader
    sum: str


def statistics(books: Books, query: Mapping[str, str]) -> dict[str, Any]:
    """GET /api/statistics. Raises ApiError.

    Fidelity: known unimicro §3 – model, select, filter, expand, orderby, top; the answer is {Data: [...]}; sum(),
        casewhen(), isnull() and getdate(), with commas inside them escaped
    Fidelity: known unimicro §4 – deleted rows are shown
    Fidelity: assumed unimicro §3 – a column without `as` is called by its path without dots, a function needs `as`
        unless it is the sum of a path; beside sums the plain columns group, and there is no order; skip goes as well;
        what is selected of another entity must be expanded; another parameter is refused
    """
    for name in query:
        if name not in _KNOWN:
            raise ApiError(f"Unknown parameter '{name}'")
    entity = entity_named(query.get("model", ""))
    if entity is None:
        raise ApiError(f"Unknown model '{query.get('model', '')}'")
    columns = _Columns(books, entity, query.get("expand", "")).read(query.get("select", ""))
    finder = Finder(books, entity, deleted=True)
    if not any(column.sum for column in columns):
        rows = finder.page(query)
        return {"Data": [{column.name: _plain(column.read(row)) for column in columns} for row in rows]}
    if query.get("orderby"):
        raise ApiError("Sums have no order here")
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in finder.every(query.get("filter", "")):
        groups.setdefault(tuple(column.read(row) for column in columns if not column.sum), []).append(row)
    if not groups and all(column.sum for column in columns):
        groups[()] = []
    skip, top = page_of(query, books.settings)
    return {"Data": [_summed(columns, rows) for rows in [*groups.values()][skip : skip + top]]}


def _summed(columns: list[Column], rows: list[Row]) -> Row:
    told: Row = {}
    for column in columns:
        values = (
            [value for value in map(column.read, rows) if value is not None] if column.sum else [column.read(rows[0])]
        )
        told[column.name] = _plain(_sum(column.sum, values))
    return told


def _sum(way: str, values: list[Any]) -> Any:
    if way == "count":
        return len(values)
    if way == "sum":
        if any(isinstance(value, bool) or not isinstance(value, int | Decimal) for value in values):
            raise ApiError("Only numbers can be summed")
        return sum(values, Decimal(0))
    if not values:
        return None
    try:
        return {"max": max, "min": min}.get(way, lambda each: each[0])(values)
    except TypeError:
        raise ApiError("The values cannot be compared") from None


class _Columns:
    """Reads the columns of a select."""

    def __init__(self, books: Books, entity: Entity, expand: str) -> None:
        self._books = books
        self._entity = entity
        self._expanded = {each.strip().lower() for each in expand.split(",")}

    def read(self, text: str) -> list[Column]:
        """All columns. Raises ApiError."""
        if not text.strip():
            raise ApiError("select is required")
        return [self._column(part.replace("\\,", ",")) for part in _SEPARATOR.split(text)]

    def _column(self, text: str) -> Column:
        match = _COLUMN.fullmatch(text)
        if match is None:
            raise ApiError(f"Invalid select: '{text}'")
        told, name = match.groups()
        call = _CALL.fullmatch(told)
        way = call.group(1).lower() if call else ""
        inner = call.group(2).strip() if call and way in _SUMS else told
        if name is None and not _PATH.fullmatch(inner):
            raise ApiError(f"A column needs a name: '{text}'")
        read = self._expression(inner, 0)
        return Column(name or inner.replace(".", ""), read, way if way in _SUMS else "")

    def _expression(self, text: str, depth: int) -> Reader:
        text = text.strip()
        call = _CALL.fullmatch(text)
        if depth > _DEEPEST:
            raise ApiError("select goes too deep")
        if call:
            return self._function(call.group(1).lower(), _arguments(call.group(2)), depth)
        if text.startswith("'") and text.endswith("'") and len(text) > 1:
            constant = text[1:-1].replace("''", "'")
            return lambda _row: constant
        try:
            number = Decimal(text) if text[:1].isdigit() or text[:1] == "-" else None
        except InvalidOperation:
            raise ApiError(f"Invalid select: '{text}'") from None
        if number is not None:
            return lambda _row: number
        path, _ = resolve(self._entity, text)
        above = path.rpartition(".")[0]
        if above and above.lower() not in self._expanded and above != "CustomFields":
            raise ApiError(f"'{text}' needs expand={above}")
        return reader(self._books, self._entity, path)

    def _function(self, name: str, given: list[str], depth: int) -> Reader:
        if name == "casewhen" and len(given) == 3:
            node = read_filter(given[0], self._entity, guid=self._books.settings.createguid_readable)
            test = tester(self._books, self._entity, node)
            then, other = self._expression(given[1], depth + 1), self._expression(given[2], depth + 1)
            return lambda row: then(row) if test(row) else other(row)
        if name == "isnull" and len(given) == 2:
            first, instead = self._expression(given[0], depth + 1), self._expression(given[1], depth + 1)
            return lambda row: instead(row) if first(row) is None else first(row)
        if name == "getdate" and not given:
            now: Callable[[], Any] = self._books.clock.moment
            return lambda _row: now()
        raise ApiError(f"The function {name} with {len(given)} arguments is not known here")


def _arguments(text: str) -> list[str]:
    """Split at commas that stand in no brackets and no quotes."""
    found, depth, quoted = [""], 0, False
    for sign in text:
        quoted ^= sign == "'"
        depth += 0 if quoted else (sign == "(") - (sign == ")")
        if sign == "," and not quoted and depth == 0:
            found.append("")
        else:
            found[-1] += sign
    return found if text.strip() else []


def _plain(value: Any) -> Any:
    if hasattr(value, "isoformat"):
        return value.isoformat().replace("+00:00", "Z")
    return value


def new_entity(books: Books, name: str) -> Row:
    """GET /api/metadata/{entity}/new. Raises ApiError.

    Fidelity: known unimicro §3 – a new entity with its defaults
    Fidelity: assumed unimicro §3 – it has all fields, ID 0 and a fresh _createguid
    """
    entity = entity_named(name)
    if entity is None or entity.name not in entities():
        raise ApiError(f"Unknown entity '{name}'", 404)
    row: Row = dict.fromkeys(entity.fields)
    row.update(dict.fromkeys(entity.relations))
    usual: dict[str, Row] = {
        "CustomerInvoice": {"InvoiceDate": books.today().isoformat(), "InvoiceType": 0, "StatusCode": 10001},
        "Product": {"Type": 3, "StatusCode": 35001},
    }
    return {
        **row,
        "ID": 0,
        "Deleted": False,
        "CustomFields": None,
        "_createguid": books.new_guid(),
        **usual.get(entity.name, {}),
    }
