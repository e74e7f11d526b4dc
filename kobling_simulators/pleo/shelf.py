"""Rows in an order that pages and searches walk from any place, whatever came or went in between."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

from kobling_simulators.sortedkeys import SortedKeys

Row = dict[str, Any]
Place = list[Any]


class Walk(Protocol):
    """Rows in one order; a place is what a cursor holds: where one row stands in it."""

    def total(self) -> int | None:
        """How many rows, when that is known without looking at each."""

    def rows(self, after: Place | None, back: bool) -> Iterator[tuple[Place, Row]]:
        """Rows behind a place (or all), in this order or backwards. Raises ValueError for a place of another order."""


class Shelf(dict[str, Row]):
    """Rows by id, in the order they were made; a walk of them costs what it shows."""

    def __init__(self) -> None:
        super().__init__()
        self._serial = 0
        self._serials: SortedKeys[int] = SortedKeys()
        self._ids: dict[int, str] = {}
        self._of: dict[str, int] = {}

    def __setitem__(self, key: str, row: Row) -> None:
        if key not in self:
            self._serial += 1
            self._serials.add(self._serial)
            self._ids[self._serial] = key
            self._of[key] = self._serial
        super().__setitem__(key, row)

    def __delitem__(self, key: str) -> None:
        super().__delitem__(key)
        serial = self._of.pop(key)
        self._serials.remove(serial)
        del self._ids[serial]

    def total(self) -> int | None:
        """How many rows there are."""
        return len(self)

    def rows(self, after: Place | None, back: bool) -> Iterator[tuple[Place, Row]]:
        """Rows behind a place. Raises ValueError."""
        for serial in walked(self._serials.keys, None if after is None else _whole(after), back):
            yield [serial], self[self._ids[serial]]


class Listed:
    """A walk over rows that were looked together already; `shown` makes those of a page only."""

    def __init__(self, keys: Sequence[Any], shown: Callable[[Any], Row] | None = None) -> None:
        self._keys = keys
        self._shown = shown

    def total(self) -> int | None:
        """How many rows there are."""
        return len(self._keys)

    def rows(self, after: Place | None, back: bool) -> Iterator[tuple[Place, Row]]:
        """Rows behind a place. Raises ValueError."""
        for at in walked(range(len(self._keys)), None if after is None else _whole(after), back):
            yield [at], self._keys[at] if self._shown is None else self._shown(self._keys[at])


class Kept:
    """A walk that leaves rows out."""

    def __init__(self, walk: Walk, keep: Callable[[Row], bool]) -> None:
        self._walk = walk
        self._keep = keep

    def total(self) -> int | None:
        """Not known without looking at every row."""
        return None

    def rows(self, after: Place | None, back: bool) -> Iterator[tuple[Place, Row]]:
        """Rows behind a place that are kept. Raises ValueError."""
        return (each for each in self._walk.rows(after, back) if self._keep(each[1]))


def walked(keys: Sequence[Any], after: Any, back: bool, low: int = 0, high: int | None = None) -> Iterator[Any]:
    """Sorted keys of a stretch behind one that need no longer be there, in order or backwards."""
    end = len(keys) if high is None else high
    if back:
        start = end if after is None else bisect_left(keys, after, low, end)
        return (keys[at] for at in range(start - 1, low - 1, -1))
    start = low if after is None else bisect_right(keys, after, low, end)
    return (keys[at] for at in range(start, end))


def _whole(place: Place) -> int:
    if len(place) != 1 or not isinstance(place[0], int) or isinstance(place[0], bool):
        raise ValueError("no place of this list")
    return place[0]
