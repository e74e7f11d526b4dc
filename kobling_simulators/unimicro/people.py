"""What people do in Unimicro's own screens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kobling_simulators.unimicro.actions import act, find
from kobling_simulators.unimicro.books import Books
from kobling_simulators.unimicro.errors import ApiError
from kobling_simulators.unimicro.facts import Entity, entity_named
from kobling_simulators.unimicro.graphs import Batch
from kobling_simulators.unimicro.routes import delete
from kobling_simulators.unimicro.rules import RULES
from kobling_simulators.unimicro.table import Row
from kobling_simulators.vendor import PersonRefused

_METHODS = ("POST", "PUT")


def named(entity: str) -> Entity:
    """An entity by name or route. Raises KeyError."""
    found = entity_named(entity)
    if found is None:
        raise KeyError(entity)
    return found


def nested(values: Mapping[str, Any]) -> Row:
    """Dotted names as objects in objects: people fill in one screen."""
    graph: Row = {}
    for path, value in values.items():
        *above, name = path.split(".")
        here = graph
        for part in above:
            here = here.setdefault(part, {})
        here[name] = value
    return graph


class People:
    """Edits by hand: a graph without _createguid, of which what is left out stays.

    An invoice that a person writes is a draft until `{"action": "invoice"}` is done to it.
    """

    def __init__(self, books: Books) -> None:
        self._books = books

    def create(self, entity: str, values: Mapping[str, Any]) -> Row:
        """A new row. Raises KeyError, PersonRefused."""
        kind, graph = named(entity), nested(values)
        if kind.name == "CustomerInvoice":
            graph.setdefault("StatusCode", 10001)
        return self._write(kind, graph, None)

    def edit(self, entity: str, key: str, values: Mapping[str, Any]) -> Row:
        """Change a row, or do an action to it. Raises KeyError, PersonRefused."""
        kind, graph = named(entity), nested(values)
        row = self._row(kind, key)
        if action := graph.pop("action", None):
            return self._act(kind, row, str(action), graph or None)
        return self._write(kind, graph, row)

    def delete(self, entity: str, key: str) -> None:
        """Delete a row. Raises KeyError, PersonRefused.

        Fidelity: assumed unimicro §4 – a customer that nothing hangs on can be deleted here, though not over the API
        """
        kind = named(entity)
        try:
            delete(self._books, kind, self._row(kind, key), person=True)
        except ApiError as error:
            raise PersonRefused(error.message) from error

    def _act(self, kind: Entity, row: Row, action: str, body: Any) -> Row:
        refused: ApiError | None = None
        for method in _METHODS:
            try:
                act(self._books, kind, find(kind, method, action), row["ID"], body)
            except ApiError as error:
                unknown = error.message.startswith("Unknown action")
                refused = error if refused is None or not unknown else refused
                continue
            return dict(row)
        raise PersonRefused(refused.message if refused else action)

    def _write(self, kind: Entity, graph: Row, row: Row | None) -> Row:
        try:
            return dict(Batch(self._books, person=True).write(kind, graph, row, RULES))
        except ApiError as error:
            raise PersonRefused(error.message) from error

    def _row(self, kind: Entity, key: str) -> Row:
        row = self._books.get(kind.name, int(key)) if key.isascii() and key.isdigit() else None
        if row is None:
            raise KeyError(f"{kind.name} {key}")
        return row
