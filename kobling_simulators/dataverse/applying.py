"""$apply: totals of a set, by groups, as OData asks for them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from kobling_simulators.dataverse.context import Context
from kobling_simulators.dataverse.errors import bad_request, no_property
from kobling_simulators.dataverse.facts import Table
from kobling_simulators.dataverse.filters import compile_filter
from kobling_simulators.dataverse.reading import answer
from kobling_simulators.dataverse.shelf import Row
from kobling_simulators.dataverse.writing import Writer
from kobling_simulators.odata.expressions import FilterProblem, parse
from kobling_simulators.odata.options import OptionProblem, split
from kobling_simulators.wire import Reply

_STEP = re.compile(r"^(filter|groupby|aggregate)\((.*)\)$", re.DOTALL)
_TOTAL = re.compile(r"^(?:([\w]+)\s+with\s+(sum|average|min|max|countdistinct)|(\$count))\s+as\s+(\w+)$")
_GROUPS = re.compile(r"^\(([^()]*)\)\s*(?:,\s*(aggregate\(.*\)))?$", re.DOTALL)
_WITH: Mapping[str, Callable[[Sequence[Any]], Any]] = {
    "sum": lambda values: sum(values, Decimal()),
    "average": lambda values: sum(values, Decimal()) / len(values) if values else None,
    "min": lambda values: min(values, default=None),
    "max": lambda values: max(values, default=None),
    "countdistinct": lambda values: len(set(values)),
}


class Applying:
    """Answers $apply.

    Fidelity: known dataverse §4 – $apply is supported
    Fidelity: assumed dataverse §4 – filter, groupby and aggregate with sum, average, min, max, countdistinct, $count
    """

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._store = writer.store

    def answer(self, table: Table, query: Mapping[str, str], context: Context) -> Reply:
        """The rows that a chain of transformations leaves. Raises ApiError."""
        shelf = self._store.shelves[table.logical]
        rows = [row for row in shelf.rows.values() if self._writer.may(row, "read", context.user)]
        told: list[dict[str, Any]] | None = None
        try:
            steps = list(split(query["$apply"], "/"))
        except OptionProblem as problem:
            raise bad_request(str(problem)) from None
        for step in steps:
            match = _STEP.match(step.strip())
            if match is None or told is not None:
                raise bad_request(f"The $apply transformation '{step}' is not supported.")
            if match[1] == "filter":
                rows = self._filtered(table, rows, match[2], context)
            elif match[1] == "aggregate":
                told = [_totals(table, rows, match[2])]
            else:
                told = _grouped(table, rows, match[2])
        if told is None:
            raise bad_request("$apply needs a groupby or an aggregate.")
        return answer({"@odata.context": f"{context.root}/$metadata#{table.set_name}", "value": told}, context)

    def _filtered(self, table: Table, rows: list[Row], text: str, context: Context) -> list[Row]:
        try:
            found = compile_filter(self._store, table, parse(text), context.user)
        except FilterProblem as problem:
            raise bad_request(str(problem)) from None
        return [row for row in rows if found.test(row)]


def _name(table: Table, name: str) -> str:
    """The column behind a property. Raises ApiError."""
    if name not in table.by_read_name:
        raise no_property(name, table.logical)
    return table.by_read_name[name].name


def _grouped(table: Table, rows: list[Row], text: str) -> list[dict[str, Any]]:
    match = _GROUPS.match(text.strip())
    if match is None:
        raise bad_request(f"The groupby '{text}' is not supported.")
    names = [name.strip() for name in match[1].split(",")]
    columns = [_name(table, name) for name in names]
    groups: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for row in rows:
        groups[tuple(row.values.get(column) for column in columns)].append(row)
    inner = match[2][len("aggregate(") : -1] if match[2] else ""
    return [
        {**dict(zip(names, key, strict=True)), **(_totals(table, members, inner) if inner else {})}
        for key, members in groups.items()
    ]


def _totals(table: Table, rows: list[Row], text: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for part in split(text, ","):
        match = _TOTAL.match(part.strip())
        if match is None:
            raise bad_request(f"The aggregate '{part}' is not supported.")
        if match[3]:
            found[match[4]] = len(rows)
            continue
        column = _name(table, match[1])
        values = [value for row in rows if (value := row.values.get(column)) is not None]
        found[match[4]] = _WITH[match[2]](values)
    return found
