"""Graphs of entities: flat fields with dots to nested ones and back, each new part with its own _createguid.

Fidelity: known unimicro §5 – every new (sub)entity needs a _createguid, which makes a second insert impossible; PUT
takes the whole graph; refer either by …ID or by a nested object, never both
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import NAMESPACE_URL, uuid5

GUID = "_createguid"


def guid(seed: str, key: str, part: str) -> str:
    """The same for every attempt to make this part of this record, different for every tenant."""
    return str(uuid5(NAMESPACE_URL, f"kobling/unimicro/{seed}/{key}/{part}"))


def value_at(graph: Mapping[str, Any], path: str) -> Any:
    """What stands at a dotted path; None where a part is missing."""
    found: Any = graph
    for name in path.split("."):
        if not isinstance(found, Mapping):
            return None
        found = found.get(name)
    return found


def made(fields: Mapping[str, Any], seed: str, key: str) -> dict[str, Any]:
    """A new graph of dotted fields."""
    graph: dict[str, Any] = {GUID: guid(seed, key, "")}
    for path, value in fields.items():
        _put(graph, path, value, seed, key)
    return graph


def changed(now: Mapping[str, Any], fields: Mapping[str, Any], seed: str, key: str) -> dict[str, Any]:
    """The graph as it stands with some fields changed; parts that were missing are new."""
    graph = _copied(now)
    for path, value in fields.items():
        _put(graph, path, value, seed, key)
    return graph


def _copied(now: Mapping[str, Any]) -> dict[str, Any]:
    """A copy without the …ID of what is nested beside it."""
    nested = {name for name, value in now.items() if isinstance(value, Mapping)}
    return {
        name: _copied(value) if isinstance(value, Mapping) else value
        for name, value in now.items()
        if not (name.endswith("ID") and name[:-2] in nested)
    }


def _put(graph: dict[str, Any], path: str, value: Any, seed: str, key: str) -> None:
    *parents, last = path.split(".")
    place = graph
    for depth, name in enumerate(parents, start=1):
        inner = place.get(name)
        if not isinstance(inner, dict):
            if value is None:
                return
            inner = place[name] = {GUID: guid(seed, key, ".".join(parents[:depth]))}
            place.pop(f"{name}ID", None)
        place = inner
    place[last] = value


def items(lines: Sequence[Mapping[str, Any]], seed: str, key: str) -> list[dict[str, Any]]:
    """New lines, in their order."""
    found = []
    for at, line in enumerate(lines, start=1):
        told = {name: value for name, value in line.items() if value is not None}
        found.append({GUID: guid(seed, key, f"item {at}"), "SortIndex": at, **told})
    return found
