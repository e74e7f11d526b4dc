"""The state of an organization: its shelves, one row version for all, and undoing."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from kobling_simulators.clock import Clock
from kobling_simulators.dataverse.errors import duplicate, no_row
from kobling_simulators.dataverse.facts import Schema, Table
from kobling_simulators.dataverse.shelf import Row, Shelf


class Store:
    """All rows; every write inside `atomic` is undone when the block raises."""

    def __init__(self, schema: Schema, clock: Clock, seed: int) -> None:
        self.schema = schema
        self.clock = clock
        self.shelves = {logical: Shelf(table.key) for logical, table in schema.tables.items()}
        self.version = 1_000_000
        self._random = random.Random(f"dataverse ids {seed}")
        self._undo: list[Callable[[], None]] | None = None

    def use(self, schema: Schema) -> None:
        """Another schema over the same rows: a solution was installed or removed."""
        self.schema = schema
        for logical, table in schema.tables.items():
            self.shelves.setdefault(logical, Shelf(table.key))

    def now(self) -> str:
        """This second as rows hold it.

        Fidelity: known dataverse §4 – instants are UTC with Z
        Fidelity: assumed dataverse §4 – createdon and modifiedon are kept to the second
        """
        return self.clock.moment().strftime("%Y-%m-%dT%H:%M:%SZ")

    def new_id(self) -> str:
        """A new GUID."""
        return str(UUID(int=self._random.getrandbits(128), version=4))

    def _next_version(self) -> int:
        self.version += 1
        return self.version

    def table(self, logical: str) -> Table:
        """The facts of a table."""
        return self.schema.tables[logical]

    def find(self, logical: str, row_id: str) -> Row | None:
        """A row by its id, or None; ids of tables that are not simulated find nothing."""
        shelf = self.shelves.get(logical)
        return None if shelf is None else shelf.rows.get(row_id)

    def row(self, logical: str, row_id: str) -> Row:
        """A row by its id. Raises ApiError."""
        found = self.find(logical, row_id)
        if found is None:
            raise no_row(logical, row_id)
        return found

    def where(self, logical: str, column: str, value: object) -> list[Row]:
        """Rows with a value in a column, oldest first."""
        shelf = self.shelves[logical]
        return [shelf.at(place) for place in shelf.equal(column, value)]

    def add(self, logical: str, row_id: str, values: dict[str, Any]) -> Row:
        """A new row; the id's own column is filled. Raises ApiError when the id is taken."""
        shelf = self.shelves[logical]
        if row_id in shelf.rows:
            raise duplicate()
        row = shelf.add(row_id, self._next_version(), values)
        if self._undo is not None:
            self._undo.append(lambda: shelf.undo_add(row))
        return row

    def change(self, logical: str, row: Row, changes: dict[str, Any]) -> None:
        """New values of a row."""
        shelf = self.shelves[logical]
        if self._undo is not None:
            before, version = dict(row.values), row.version
            self._undo.append(lambda: shelf.undo_change(row, before, version))
        shelf.change(row, changes, self._next_version())

    def remove(self, logical: str, row: Row) -> None:
        """Delete a row."""
        shelf = self.shelves[logical]
        shelf.remove(row, self._next_version())
        if self._undo is not None:
            self._undo.append(lambda: shelf.undo_remove(row))

    @contextmanager
    def atomic(self) -> Iterator[None]:
        """All writes inside, or none; may be nested, the outermost block decides last."""
        outer = self._undo
        self._undo = []
        try:
            yield
        except BaseException:
            for undo in reversed(self._undo):
                undo()
            self._undo = outer
            raise
        if outer is not None:
            outer.extend(self._undo)
        self._undo = outer
