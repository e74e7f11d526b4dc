"""Query options over rows that are told rather than kept: definitions, message filters, publishers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kobling_simulators.dataverse.context import Context
from kobling_simulators.dataverse.errors import bad_request, no_property
from kobling_simulators.dataverse.reading import answer, options_of
from kobling_simulators.odata.expressions import Field, FilterProblem, matches, walk
from kobling_simulators.odata.options import Expand, Options
from kobling_simulators.wire import Call, Reply

Lists = Callable[[dict[str, Any], str], Any]
_ELSEWHERE = frozenset({"MaxLength", "Precision", "MinValue", "MaxValue", "Targets", "Format", "OptionSet"})
# These hang on navigation properties, so that they come only when they are expanded.
_HANGING = frozenset({"OptionSet", "GlobalOptionSet", "sdkmessageid"})


def nothing_more(row: dict[str, Any], name: str) -> Any:
    """Rows that have nothing to expand beside what they carry."""
    raise KeyError(name)


def told_rows(
    call: Call, rows: list[dict[str, Any]], context: Context, what: str, lists: Lists = nothing_more
) -> Reply:
    """The rows that the options of a call leave."""
    options = options_of(call.query)
    body: dict[str, Any] = {"@odata.context": f"{context.root}/$metadata#{what}"}
    kept = picked(rows, options, lists)
    if options.count:
        body["@odata.count"] = len(kept)
    return answer({**body, "value": kept}, context)


def told_row(call: Call, row: dict[str, Any], context: Context, what: str, lists: Lists = nothing_more) -> Reply:
    """One row as the options of a call want it."""
    options = options_of(call.query)
    body = {"@odata.context": f"{context.root}/$metadata#{what}/$entity", **_shown(row, options, lists)}
    return answer(body, context)


def picked(rows: list[dict[str, Any]], options: Options, lists: Lists = nothing_more) -> list[dict[str, Any]]:
    """The rows that a filter leaves, with chosen properties and what was expanded. Raises ApiError."""
    node = options.filter
    if node is not None:
        known = set().union(*rows) if rows else None
        for one in walk(node):
            if isinstance(one, Field) and known is not None and not _is_known(one.path, known):
                raise no_property(one.path, "metadata")
        try:
            rows = [row for row in rows if matches(node, lambda path, row=row: _at(row, path))]  # type: ignore[misc]
        except FilterProblem as problem:
            raise bad_request(str(problem)) from None
    rows = rows if options.top is None else rows[: options.top]
    return [_shown(row, options, lists) for row in rows]


def _is_known(path: str, known: set[str]) -> bool:
    return path in known or path.partition("/")[0] in known


def _at(row: dict[str, Any], path: str) -> Any:
    if path in row:
        return row[path]
    found: Any = row
    for step in path.split("/"):
        found = found.get(step) if isinstance(found, dict) else None
    return found


def _shown(row: dict[str, Any], options: Options, lists: Lists) -> dict[str, Any]:
    """Fidelity: assumed dataverse §4 – labels via PicklistAttributeMetadata and its OptionSet, when it is expanded."""
    found = _projected(row, options.select)
    for expand in options.expand:
        found[expand.name] = _expanded(row, expand, lists)
    return found


def _expanded(row: dict[str, Any], expand: Expand, lists: Lists) -> Any:
    if expand.name in row:
        told = row[expand.name]
    elif expand.name in _HANGING:
        return None
    else:
        try:
            told = lists(row, expand.name)
        except KeyError:
            raise no_property(expand.name, "EntityMetadata") from None
    if isinstance(told, list):
        return picked(told, expand.options)
    return _projected(told, expand.options.select) if isinstance(told, dict) else told


def _projected(row: dict[str, Any], select: tuple[str, ...] | None) -> dict[str, Any]:
    plain = {name: value for name, value in row.items() if "/" not in name and name not in _HANGING}
    if select is None or "*" in select:
        return plain
    for name in select:
        if name not in row and name not in _ELSEWHERE:
            raise no_property(name, "metadata")
    kept = ("@odata.type", "MetadataId", *select)
    return {name: value for name, value in plain.items() if name in kept}
