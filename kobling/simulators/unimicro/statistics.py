"""Reporting queries: plain columns, deleted rows among them, and sums over all of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from kobling.simulators.unimicro.books import Books
from kobling.simulators.unimicro.errors import ApiError
from kobling.simulators.unimicro.facts import Entity, entities, entity_named
from kobling.simulators.unimicro.filters import resolve
from kobling.simulators.unimicro.finding import Finder, reader
from kobling.simulators.unimicro.table import Row

_COLUMN = re.compile(r"\s*(?:(sum|count|max|min)\(\s*([\w.]+)\s*\)|([\w.]+))\s*(?:\bas\s+(\w+))?\s*", re.IGNORECASE)
_KNOWN = frozenset({"model", "select", "filter", "expand", "orderby", "top", "skip", "distinct"})


def statistics(books: Books, query: Mapping[str, str]) -> dict[str, Any]:
    """GET /api/statistics. Raises ApiError.

    Fidelity: known unimicro §3 – model, select, filter, expand, orderby, top; the answer is {Data: [...]}
    Fidelity: known unimicro §4 – deleted rows are shown
    Fidelity: assumed unimicro §3 – a column without `as` is called by its path without dots; of the functions only sum,
        count, min and max are here, over all rows that fit, and not beside plain columns
    """
    for name in query:
        if name not in _KNOWN:
            raise ApiError(f"Unknown parameter '{name}'")
    entity = entity_named(query.get("model", ""))
    if entity is None:
        raise ApiError(f"Unknown model '{query.get('model', '')}'")
    columns = _columns(books, entity, query.get("select", ""))
    finder = Finder(books, entity, deleted=True)
    if not any(function for function, _, _ in columns):
        rows = finder.page(query)
        return {"Data": [{name: _plain(read(row)) for _, read, name in columns} for row in rows]}
    if not all(function for function, _, _ in columns):
        raise ApiError("Sums cannot be mixed with plain columns here")
    found = list(finder.every(query.get("filter", "")))
    return {"Data": [{name: _sum(function, [read(row) for row in found]) for function, read, name in columns}]}


def _columns(books: Books, entity: Entity, text: str) -> list[tuple[str, Any, str]]:
    if not text.strip():
        raise ApiError("select is required")
    found = []
    for part in text.split(","):
        match = _COLUMN.fullmatch(part)
        if match is None:
            raise ApiError(f"Invalid select: '{part}'")
        function, inner, plain, name = match.groups()
        path, _ = resolve(entity, inner or plain)
        found.append(((function or "").lower(), reader(books, entity, path), name or (inner or plain).replace(".", "")))
    return found


def _sum(function: str, values: list[Any]) -> Any:
    there = [value for value in values if value is not None]
    if function == "count":
        return len(there)
    if function == "sum":
        if any(not isinstance(value, int | Decimal) for value in there):
            raise ApiError("Only numbers can be summed")
        return sum(there, Decimal(0))
    return None if not there else _plain(max(there) if function == "max" else min(there))


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
