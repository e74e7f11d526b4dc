"""Rows of one table, with indexes for paging, changes and lookups, and an undo log shared by a whole environment."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from kobling_simulators.sortedkeys import SortedKeys

_ORDER_BITS = 40
_ORDER_MASK = (1 << _ORDER_BITS) - 1
Undo = Callable[[], None]


class Row:
    """One row: values by property (a property at its empty value is absent), and the instant of its last change.

    `hidden` holds what no property shows, such as the content of an attachment.
    """

    __slots__ = ("hidden", "id", "modified", "order", "values", "version")

    def __init__(self, row_id: str, order: int, values: dict[str, Any], modified: int) -> None:
        self.id = row_id
        self.order = order
        self.values = values
        self.modified = modified
        self.version = 1
        self.hidden: dict[str, Any] | None = None

    @property
    def etag(self) -> str:
        """The weak ETag; opaque, other after every change."""
        text = f"{len(self.id)};{self.id};{self.version};"
        return f'W/"{b64encode(text.encode()).decode()}"'

    def secret(self, name: str, default: Any = None) -> Any:
        """A hidden value."""
        return default if self.hidden is None else self.hidden.get(name, default)


class Journal:
    """What was done since the last commit, so that it can be undone; and what to tell listeners at a commit."""

    def __init__(self) -> None:
        self._undo: list[Undo] = []
        self._events: list[tuple[Any, ...]] = []
        self.listener: Callable[[list[tuple[Any, ...]]], None] | None = None

    def did(self, undo: Undo, *event: Any) -> None:
        """Remember a step and, when given, what it was."""
        self._undo.append(undo)
        if event and self.listener is not None:
            self._events.append(event)

    def commit(self) -> None:
        """What was done stays done."""
        self._undo.clear()
        if self._events:
            events, self._events = self._events, []
            if self.listener is not None:
                self.listener(events)

    def roll_back(self) -> None:
        """As if nothing had been done since the last commit."""
        while self._undo:
            self._undo.pop()()
        self._events.clear()


def sort_key(value: object) -> Any:
    """A key by which any two values of one property can be ordered, and which JSON can carry."""
    if isinstance(value, str):
        return value.casefold()
    return int(value) if isinstance(value, bool) else value


class Shelf:
    """The live rows of one table in order of their key."""

    def __init__(
        self, name: str, key: str, journal: Journal, empty: Mapping[str, Any] | None = None, owner: str = ""
    ) -> None:
        self.name = name
        self.owner = owner
        self.key = key
        self._empty = empty or {}
        self.rows: dict[str, Row] = {}
        self.keys: SortedKeys[tuple[Any, int]] = SortedKeys()
        self.modified: SortedKeys[int] = SortedKeys()
        self._journal = journal
        self._by_order: dict[int, Row] = {}
        self._sorted: dict[str, SortedKeys[tuple[Any, int]]] = {}
        self._equal: dict[str, dict[object, dict[int, None]]] = {}
        self._next = 0

    def __len__(self) -> int:
        return len(self.rows)

    def at(self, order: int) -> Row:
        """The row at a place."""
        return self._by_order[order]

    def changed_at(self, packed: int) -> Row:
        """The row behind an entry of `modified`."""
        return self._by_order[packed & _ORDER_MASK]

    @staticmethod
    def packed(modified: int, order: int = 0) -> int:
        """The entry of `modified` for an instant and a place."""
        return modified << _ORDER_BITS | order

    def add(self, row_id: str, values: dict[str, Any], modified: int) -> Row:
        """A new row."""
        self._next += 1
        row = Row(row_id, self._next, values, modified)
        self._insert(row)
        self._journal.did(lambda: self._take_out(row), self.owner, self.name, "created", row)
        return row

    def change(self, row: Row, changes: dict[str, Any], modified: int) -> None:
        """Other values (None takes one away) and a later instant; equal values count as a change too."""
        before, version, when = dict(row.values), row.version, row.modified
        merged = {name: value for name, value in {**before, **changes}.items() if value is not None}
        self._put(row, merged, row.version + 1, modified)
        self._journal.did(lambda: self._put(row, before, version, when), self.owner, self.name, "updated", row)

    def hide(self, row: Row, name: str, value: Any) -> None:
        """Set a hidden value; the row does not count as changed."""
        before = row.hidden
        row.hidden = {**(before or {}), name: value}

        def undo() -> None:
            row.hidden = before

        self._journal.did(undo)

    def remove(self, row: Row) -> None:
        """Take a row away; nothing is left that a reader could find."""
        self._take_out(row)
        self._journal.did(lambda: self._insert(row), self.owner, self.name, "deleted", row)

    def equal(self, name: str, value: object) -> list[Row]:
        """Rows with exactly this value of a property, oldest first."""
        if name not in self._equal:
            self._equal[name] = {}
            for row in self.rows.values():
                self._index_equal(row, name)
        places = self._equal[name].get(value)
        return [self._by_order[place] for place in places] if places else []

    def ordered(self, name: str) -> SortedKeys[tuple[Any, int]]:
        """All rows as (sort key, place) in order of a property that is stored."""
        if name == self.key:
            return self.keys
        if name not in self._sorted:
            self._sorted[name] = SortedKeys((self.sorted_by(row, name), row.order) for row in self.rows.values())
        return self._sorted[name]

    def in_order(self) -> Iterator[Row]:
        """All rows in order of their key."""
        return (self._by_order[place] for _, place in self.keys.ascending())

    def _insert(self, row: Row) -> None:
        self.rows[row.id] = self._by_order[row.order] = row
        self._index(row)

    def _take_out(self, row: Row) -> None:
        self._unindex(row)
        del self.rows[row.id], self._by_order[row.order]

    def _put(self, row: Row, values: dict[str, Any], version: int, modified: int) -> None:
        self._unindex(row)
        row.values, row.version, row.modified = values, version, modified
        self._index(row)

    def _index(self, row: Row) -> None:
        self.keys.add((self.sorted_by(row, self.key), row.order))
        self.modified.add(row.modified << _ORDER_BITS | row.order)
        for name, keys in self._sorted.items():
            keys.add((self.sorted_by(row, name), row.order))
        for name in self._equal:
            self._index_equal(row, name)

    def _unindex(self, row: Row) -> None:
        self.keys.remove((self.sorted_by(row, self.key), row.order))
        self.modified.remove(row.modified << _ORDER_BITS | row.order)
        for name, keys in self._sorted.items():
            keys.remove((self.sorted_by(row, name), row.order))
        for name in self._equal:
            self._unindex_equal(row, name)

    def sorted_by(self, row: Row, name: str) -> Any:
        """The sort key of a row by a stored property; rows without a value come first."""
        return row.id if name == "id" else sort_key(row.values.get(name, self._empty.get(name, "")))

    def _index_equal(self, row: Row, name: str) -> None:
        value = row.values.get(name)
        if value is not None:
            self._equal[name].setdefault(value, {})[row.order] = None

    def _unindex_equal(self, row: Row, name: str) -> None:
        places = self._equal[name].get(row.values.get(name))
        if places is not None:
            places.pop(row.order, None)
            if not places:
                del self._equal[name][row.values.get(name)]


def plain(value: Decimal) -> Decimal:
    """A number without needless zeros or exponent, as the vendor writes it."""
    if not value:
        return Decimal(0)
    short = value.normalize()
    return short.quantize(Decimal(1)) if short == short.to_integral_value() else short
