"""Keys kept in order: appends at the end are free, which is how time stamps and record numbers grow."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator
from typing import Any, Generic, TypeVar

K = TypeVar("K", bound=Any)


class SortedKeys(Generic[K]):
    """A sorted list of unique keys; removal and insertion move pointers only (fast to some 100,000)."""

    def __init__(self, keys: Iterable[K] = ()) -> None:
        self.keys: list[K] = sorted(keys)

    def __len__(self) -> int:
        return len(self.keys)

    def add(self, key: K) -> None:
        """Insert a key not yet there."""
        if not self.keys or key > self.keys[-1]:
            self.keys.append(key)
        else:
            insort(self.keys, key)

    def remove(self, key: K) -> None:
        """Take a key out; an absent key is ignored."""
        at = bisect_left(self.keys, key)
        if at < len(self.keys) and self.keys[at] == key:
            del self.keys[at]

    def position(self, key: K) -> int:
        """Where the first key not smaller than this one stands."""
        return bisect_left(self.keys, key)

    def ascending(self, start: int = 0) -> Iterator[K]:
        """Keys from a position upwards."""
        keys = self.keys
        return (keys[at] for at in range(start, len(keys)))

    def descending(self, start: int = 0) -> Iterator[K]:
        """Keys from the end down to a position."""
        keys = self.keys
        return (keys[at] for at in range(len(keys) - 1, start - 1, -1))
