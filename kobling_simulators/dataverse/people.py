"""What a person does in the CRM's own screens, and the state as plain rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kobling_simulators.dataverse.context import Context
from kobling_simulators.dataverse.errors import ApiError
from kobling_simulators.dataverse.facts import Table
from kobling_simulators.dataverse.shelf import Row
from kobling_simulators.dataverse.values import taken
from kobling_simulators.dataverse.writing import Writer
from kobling_simulators.vendor import PersonRefused

_BY_ADMINS = frozenset({"systemuser", "businessunit", "team"})


class People:
    """Edits by hand, in the names of the Web API (lookups by @odata.bind).

    Fidelity: assumed dataverse §6 – the screens refuse what the API refuses; admins also edit users
    """

    def __init__(self, writer: Writer, user: str) -> None:
        self._writer = writer
        self._context = Context(user)

    def create(self, entity: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """A new row of an entity set. Raises KeyError, PersonRefused."""
        table = self._writer.store.schema.sets[entity]
        try:
            return plain(table, self._writer.create(table, dict(values), self._context))
        except ApiError as error:
            raise PersonRefused(f"{error.code}: {error.message}") from error

    def edit(self, entity: str, key: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """Change a row. Raises KeyError, PersonRefused."""
        table, row = self._find(entity, key)
        try:
            if table.logical in _BY_ADMINS:
                changes = {name: taken(table, table.columns[name], value) for name, value in values.items()}
                self._writer.store.change(table.logical, row, {**changes, "modifiedon": self._writer.store.now()})
            else:
                self._writer.update(table, row, dict(values), self._context)
        except ApiError as error:
            raise PersonRefused(f"{error.code}: {error.message}") from error
        return plain(table, row)

    def delete(self, entity: str, key: str) -> None:
        """Delete a row. Raises KeyError, PersonRefused."""
        table, row = self._find(entity, key)
        try:
            self._writer.delete(table, row, self._context)
        except ApiError as error:
            raise PersonRefused(f"{error.code}: {error.message}") from error

    def _find(self, entity: str, key: str) -> tuple[Table, Row]:
        table = self._writer.store.schema.sets[entity]
        return table, self._writer.store.shelves[table.logical].rows[key.lower()]


def plain(table: Table, row: Row) -> dict[str, Any]:
    """A row with the columns that have a value, in the names a read shows."""
    found = {
        column.read_name: row.values[name] for name, column in table.columns.items() if row.values.get(name) is not None
    }
    return {"@odata.etag": row.etag, **found}


def dumped(writer: Writer, entity: str) -> list[dict[str, Any]]:
    """All rows of an entity set, the deleted ones as their ids. Raises KeyError."""
    table = writer.store.schema.sets[entity]
    shelf = writer.store.shelves[table.logical]
    gone = [{table.key: row_id, "deleted": True} for _, row_id in shelf.deleted]
    return [plain(table, row) for row in shelf.rows.values()] + gone
