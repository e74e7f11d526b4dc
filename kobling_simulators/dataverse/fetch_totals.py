"""Totals of a FetchXML query: <fetch aggregate="true">."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any
from xml.etree.ElementTree import Element

from kobling_simulators.dataverse.errors import bad_request
from kobling_simulators.dataverse.facts import Table
from kobling_simulators.dataverse.fetch_conditions import column_of
from kobling_simulators.dataverse.fetched import Found

_CENT = Decimal("0.01")
_TOTALS: dict[str, Callable[[Sequence[Any]], Any]] = {
    "sum": lambda values: sum(values, Decimal()),
    "avg": lambda values: (sum(values, Decimal()) / len(values)).quantize(_CENT) if values else None,
    "min": lambda values: min(values, default=None),
    "max": lambda values: max(values, default=None),
    "countcolumn": len,
}


def aggregated(table: Table, entity: Element, found: Sequence[Found]) -> list[dict[str, Any]]:
    """One row for each group, of its totals and what it is grouped by. Raises ApiError.

    Fidelity: assumed dataverse §4 – count, countcolumn, sum, avg, min, max and groupby on columns of the table itself
    """
    told = entity.findall("attribute")
    keys = [one for one in told if one.get("groupby") in ("true", "1")]
    groups: dict[tuple[Any, ...], list[Found]] = defaultdict(list)
    for one in found:
        groups[tuple(one.row.values.get(column_of(table, key.get("name")).name) for key in keys)].append(one)
    if not keys:
        groups.setdefault((), [])
    return [_totals(table, told, members) for members in groups.values()]


def _totals(table: Table, told: Sequence[Element], members: Sequence[Found]) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for one in told:
        alias, kind, column = one.get("alias"), one.get("aggregate", ""), column_of(table, one.get("name"))
        if not alias:
            raise bad_request("An attribute of an aggregate query needs an alias.")
        values = [value for each in members if (value := each.row.values.get(column.name)) is not None]
        if one.get("groupby") in ("true", "1"):
            row[alias] = values[0] if values else None
        elif kind == "count":
            row[alias] = len(members)
        elif kind in _TOTALS:
            distinct = one.get("distinct") in ("true", "1")
            row[alias] = _TOTALS[kind](list(dict.fromkeys(values)) if distinct else values)
        else:
            raise bad_request(f"The aggregate '{kind}' is not valid.")
    return row
