"""Rows of one table, with indexes made when first asked for and kept from then on."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

from kobling_simulators.sortedkeys import SortedKeys

_ORDER_BITS = 40
_ORDER_MASK = (1 << _ORDER_BITS) - 1
Undo = Callable[[], None]


class Row:
    """One row: sparse values by column, a version that every write moves, and its place in the table.

    Instants are held as text (2026-11-22T21:30:00Z), lookups as the id they point at, the table of a polymorphic
    lookup under `column@type`. A column without a value is absent.
    """

    __slots__ = ("id", "order", "values", "version")

    def __init__(self, row_id: str, order: int, version: int, values: dict[str, Any]) -> None:
        self.id = row_id
        self.order = order
        self.version = version
        self.values = values

    @property
    def etag(self) -> str:
        """The weak ETag."""
        return f'W/"{self.version}"'


def sort_key(value: object) -> tuple[int, Any]:
    """A key by which any two values of one column can be ordered: nothing first, text without regard to case."""
    if value is None:
        return (0, 0)
    if isinstance(value, str):
        return (1, value.casefold())
    return (1, value if isinstance(value, Decimal | datetime) else int(value))  # type: ignore[call-overload]


def equal_key(value: object) -> object:
    """A key that is the same for values the database takes for equal."""
    return value.casefold() if isinstance(value, str) else value


class Shelf:
    """The rows of a table and what was deleted from it."""

    def __init__(self, key: str) -> None:
        self._key = key
        self.rows: dict[str, Row] = {}
        self.orders: SortedKeys[int] = SortedKeys()
        self.deleted: list[tuple[int, str]] = []
        self._by_order: dict[int, Row] = {}
        self._versions: SortedKeys[int] = SortedKeys()
        self._sorted: dict[str, SortedKeys[tuple[Any, int]]] = {}
        self._equal: dict[str, dict[object, dict[int, None]]] = {}
        self._next = 0

    def __len__(self) -> int:
        return len(self.rows)

    def at(self, order: int) -> Row:
        """The row at a place."""
        return self._by_order[order]

    def add(self, row_id: str, version: int, values: dict[str, Any]) -> Row:
        """A new row at the end."""
        self._next += 1
        values[self._key], values["versionnumber"] = row_id, version
        row = Row(row_id, self._next, version, values)
        self._insert(row)
        return row

    def _insert(self, row: Row) -> None:
        self.rows[row.id] = self._by_order[row.order] = row
        self.orders.add(row.order)
        self._versions.add(row.version << _ORDER_BITS | row.order)
        for column in self._sorted:
            self._index(row, column)
        for column in self._equal:
            self._index_equal(row, column)

    def change(self, row: Row, changes: dict[str, Any], version: int) -> None:
        """New values (None takes one away) and a new version."""
        changes = {**changes, "versionnumber": version}
        touched = [column for column in changes if column in self._sorted]
        touched_equal = [column for column in changes if column in self._equal]
        for column in touched:
            self._sorted[column].remove((sort_key(row.values.get(column)), row.order))
        for column in touched_equal:
            self._unindex_equal(row, column)
        for column, value in changes.items():
            if value is None:
                row.values.pop(column, None)
            else:
                row.values[column] = value
        for column in touched:
            self._index(row, column)
        for column in touched_equal:
            self._index_equal(row, column)
        self._versions.remove(row.version << _ORDER_BITS | row.order)
        row.version = version
        self._versions.add(version << _ORDER_BITS | row.order)

    def remove(self, row: Row, version: int) -> None:
        """Take a row away and remember that it was there."""
        self._take_out(row)
        self.deleted.append((version, row.id))

    def _take_out(self, row: Row) -> None:
        del self.rows[row.id], self._by_order[row.order]
        self.orders.remove(row.order)
        self._versions.remove(row.version << _ORDER_BITS | row.order)
        for column, keys in self._sorted.items():
            keys.remove((sort_key(row.values.get(column)), row.order))
        for column in self._equal:
            self._unindex_equal(row, column)

    def undo_add(self, row: Row) -> None:
        """As if the row had never been."""
        self._take_out(row)

    def undo_change(self, row: Row, values: dict[str, Any], version: int) -> None:
        """Back to the values and version before."""
        self.change(row, {column: values.get(column) for column in {*row.values, *values}}, version)

    def undo_remove(self, row: Row) -> None:
        """As if the row had never gone."""
        self.deleted.pop()
        self._insert(row)

    def since(self, version: int, until: int, after: int = 0) -> Iterator[Row]:
        """Rows whose version is above one and not above another, in order of version; `after` continues."""
        start = max(version, after)
        keys = self._versions.keys
        for at in range(self._versions.position((start + 1) << _ORDER_BITS), len(keys)):
            if keys[at] >> _ORDER_BITS > until:
                return
            yield self._by_order[keys[at] & _ORDER_MASK]

    def deleted_since(self, version: int, until: int | None = None) -> Iterator[str]:
        """Ids of rows deleted after a version and not after another, in order."""
        start = bisect_right(self.deleted, version, key=lambda one: one[0])
        for at in range(start, len(self.deleted)):
            gone, row_id = self.deleted[at]
            if until is not None and gone > until:
                return
            yield row_id

    def equal(self, column: str, value: object) -> list[int]:
        """Places of the rows with a value in a column, whatever the case."""
        return sorted(self._equal_index(column).get(equal_key(value), ()))

    def count_equal(self, column: str, value: object) -> int:
        """How many rows have a value in a column."""
        return len(self._equal_index(column).get(equal_key(value), ()))

    def _equal_index(self, column: str) -> dict[object, dict[int, None]]:
        if column not in self._equal:
            self._equal[column] = {}
            for row in self.rows.values():
                self._index_equal(row, column)
        return self._equal[column]

    def ordered(self, column: str) -> SortedKeys[tuple[Any, int]]:
        """All rows as (key, place) in order of a column."""
        if column not in self._sorted:
            self._sorted[column] = SortedKeys(
                (sort_key(row.values.get(column)), row.order) for row in self.rows.values()
            )
        return self._sorted[column]

    def _index(self, row: Row, column: str) -> None:
        self._sorted[column].add((sort_key(row.values.get(column)), row.order))

    def _index_equal(self, row: Row, column: str) -> None:
        value = row.values.get(column)
        if value is not None:
            self._equal[column].setdefault(equal_key(value), {})[row.order] = None

    def _unindex_equal(self, row: Row, column: str) -> None:
        key = equal_key(row.values.get(column))
        places = self._equal[column].get(key)
        if places is not None:
            places.pop(row.order, None)
            if not places:
                del self._equal[column][key]
