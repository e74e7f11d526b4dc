"""Why records are left out of a table, told by the vendor's own field: counted, so that nothing is silent."""

from __future__ import annotations

from collections.abc import Mapping

from kobling.hub.planning.workbench import Workbench
from kobling.mapping import Condition, Side, TableMapping, failing, holds
from kobling.records import Fields

BY_CHOICE = "by choice"
"""The reason of records that a person left out."""
DONE_BEFORE = "done there before"
"""The reason of documents that were done on the other side before they were known here."""


def why_left_out(bench: Workbench, side: Side, fields: Fields) -> str | None:
    """The first condition that leaves a record out (``status: Cancel``); None for one that the table takes, or that
    another table of the pair takes which shares the resource."""
    left_by = failing(bench.mapping.filter(side), fields)
    if not left_by or _is_elsewhere(bench.resolver.mappings, bench.mapping, side, fields):
        return None
    return reason_of(left_by[0], fields)


def reason_of(condition: Condition, fields: Fields) -> str:
    """What a record says that a condition does not take."""
    if condition.operator == "at_least":
        return f"{condition.path} < {condition.value}"
    value = fields.get(condition.path)
    return f"{condition.path}: {'–' if value in (None, '') else value}"


def _is_elsewhere(tables: Mapping[str, TableMapping], own: TableMapping, side: Side, fields: Fields) -> bool:
    return any(
        each.name != own.name and each.resource(side) == own.resource(side) and holds(each.filter(side), fields)
        for each in tables.values()
    )
