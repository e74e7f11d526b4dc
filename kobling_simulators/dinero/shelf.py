"""Rows of one kind, ordered by when they last changed, with indexes for the filters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from kobling_simulators.sortedkeys import SortedKeys

Key = tuple[int, int]


@dataclass(slots=True, eq=False)
class Item:
    """One row; values are in the vendor's own names, times in milliseconds since 1970."""

    guid: str
    order: int
    values: dict[str, Any]
    created: int
    updated: int
    deleted: int | None = None
    version: int = 0
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def timestamp(self) -> str:
        """The 16-hex-digit version."""
        return f"{self.version:016X}"


def iso(moment: int | None) -> str | None:
    """Milliseconds as the vendor writes an instant.

    Fidelity: inferred dinero §3 – instants are UTC with milliseconds and no zone: a Go client reads just that, and gave
        up reading RFC 3339
    """
    if moment is None:
        return None
    return datetime.fromtimestamp(moment / 1000, UTC).isoformat(timespec="milliseconds").removesuffix("+00:00")


class Shelf:
    """Live and deleted rows, each in order of UpdatedAt."""

    def __init__(self, indexed: Iterable[str] = ()) -> None:
        self.by_guid: dict[str, Item] = {}
        self._by_order: dict[int, Item] = {}
        self.live: SortedKeys[Key] = SortedKeys()
        self.dead: SortedKeys[Key] = SortedKeys()
        self._equal: dict[str, dict[str, dict[str, Item]]] = {name: {} for name in indexed}
        self._next = 0

    def __len__(self) -> int:
        return len(self.by_guid)

    def __iter__(self) -> Iterator[Item]:
        return iter(self.by_guid.values())

    def add(self, guid: str, values: dict[str, Any], now: int) -> Item:
        """A new row."""
        self._next += 1
        item = Item(guid, self._next, values, now, now)
        self.by_guid[guid] = self._by_order[item.order] = item
        self.live.add((now, item.order))
        self._index(item)
        return item

    def change(self, item: Item, values: dict[str, Any], now: int) -> None:
        """New values; UpdatedAt moves."""
        self._unindex(item)
        item.values.update(values)
        self._index(item)
        self.touch(item, now)

    def touch(self, item: Item, now: int) -> None:
        """Only UpdatedAt moves."""
        keys = self.live if item.deleted is None else self.dead
        keys.remove((item.updated, item.order))
        item.updated = now
        keys.add((now, item.order))

    def delete(self, item: Item, now: int) -> None:
        """Mark as deleted; UpdatedAt moves too."""
        self.live.remove((item.updated, item.order))
        item.deleted = item.updated = now
        self.dead.add((now, item.order))

    def restore(self, item: Item, now: int) -> None:
        """Undo a deletion."""
        self.dead.remove((item.updated, item.order))
        item.deleted, item.updated = None, now
        self.live.add((now, item.order))

    def item(self, key: Key) -> Item:
        """The row behind an ordering key."""
        return self._by_order[key[1]]

    def with_value(self, name: str, value: str) -> list[Item] | None:
        """Rows whose indexed field equals a value whatever the case; None when the field has no index."""
        index = self._equal.get(name)
        return None if index is None else list(index.get(value.lower(), {}).values())

    def _index(self, item: Item) -> None:
        for name, index in self._equal.items():
            value = item.values.get(name)
            if value:
                index.setdefault(value.lower(), {})[item.guid] = item

    def _unindex(self, item: Item) -> None:
        for name, index in self._equal.items():
            value = item.values.get(name)
            if value:
                rows = index.get(value.lower())
                if rows is not None:
                    rows.pop(item.guid, None)
                    if not rows:
                        del index[value.lower()]
