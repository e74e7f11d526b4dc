"""Vendors that know a record by another id after they have done something with it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol, runtime_checkable

from kobling.records import Record


@runtime_checkable
class Renaming(Protocol):
    """A resource whose vendor may give a record another id and keep the record (a number series at posting)."""

    async def became(self, known: Record, taken: Collection[str]) -> Record | None:
        """What a record that is not there under its id any more is there as. ``known``: as it was read last; ``taken``:
        ids that are others' for certain. Raises Unsafe when several could be it."""
        ...
