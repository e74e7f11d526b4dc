"""One company of an environment: its tables, number series and what they share."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any, Generic, Protocol, TypeVar
from uuid import UUID

from kobling_simulators.business_central.facts import EntitySet, Schema, custom_api, standard
from kobling_simulators.business_central.settings import Settings
from kobling_simulators.business_central.shelf import Journal, Row, Shelf
from kobling_simulators.clock import Clock


class Kept(Protocol):
    """What a company needs to know of a table to look things up in it."""

    shelf: Shelf
    entity: EntitySet


T = TypeVar("T", bound=Kept)


class CompanyOf(Generic[T]):
    """Tables by entity set, made when first asked for; equal seeds give equal ids."""

    def __init__(
        self, name: str, clock: Clock, journal: Journal, source: random.Random, make: Callable[[Any, EntitySet], T]
    ) -> None:
        self.name = name
        self.clock = clock
        self.journal = journal
        self.settings = Settings()
        self.shelves: dict[str, Shelf] = {}
        self.setup: dict[str, Any] = {}
        self._random = source
        self.id = self.new_id()
        self._make = make
        self._tables: dict[int, T] = {}
        self._series: dict[str, tuple[str, int, int]] = {}

    def new_id(self) -> str:
        """A fresh GUID."""
        return str(UUID(int=self._random.getrandbits(128), version=4))

    def now(self) -> int:
        """Milliseconds since 1970 by the vendor's clock."""
        return int(self.clock.now() * 1000)

    def today(self) -> date:
        """The work date.

        Fidelity: known business_central §4 – the service time zone online is UTC
        """
        return self.clock.moment().date()

    def table(self, name: str, schema: Schema | None = None) -> T:
        """The table behind an entity set. Raises KeyError."""
        entity = (schema or standard()).sets[name]
        if id(entity) not in self._tables:
            self._tables[id(entity)] = self._make(self, entity)
        return self._tables[id(entity)]

    def related(self, name: str) -> T:
        """The table of an entity set that a navigation property leads to, of the standard API or of our own."""
        return self.table(name, standard() if name in standard().sets else custom_api())

    def shelf(self, name: str, key: str = "id", empty: dict[str, Any] | None = None) -> Shelf:
        """The rows of a table, which several entity sets may share."""
        if name not in self.shelves:
            self.shelves[name] = Shelf(name, key, self.journal, empty, self.id)
        return self.shelves[name]

    def find(self, set_name: str, row_id: str) -> Row | None:
        """A record by its id, or none."""
        return self.table(set_name).shelf.rows.get(row_id)

    def named(self, set_name: str, key: str) -> Row | None:
        """A record by its code or number, or none."""
        table = self.table(set_name)
        found = table.shelf.equal(table.entity.own_key, key)
        return found[0] if found else None

    def code_of(self, set_name: str, row_id: str | None) -> str:
        """The code or number of a record, "" for none."""
        row = self.find(set_name, row_id) if row_id else None
        return "" if row is None else str(row.values.get(self.table(set_name).entity.own_key, ""))

    def start_series(self, name: str, pattern: str, first: int, step: int = 1) -> None:
        """Numbers like pattern.format(n), from a first one on."""
        self._series[name] = (pattern, first, step)

    def next_number(self, name: str) -> str:
        """The next number of a series; a refusal later gives it back.

        Fidelity: assumed business_central §6.1 – series allow no gaps: a failed insert uses no number
        """
        before = self._series[name]
        pattern, at, step = before
        self._series[name] = (pattern, at + step, step)

        def undo() -> None:
            self._series[name] = before

        self.journal.did(undo)
        return pattern.format(at)

    def posting_number(self, code: str, first: str) -> str:
        """The next number of a posting series that begins with a number like BIL0001."""
        name = f"posting {code} {first}"
        if name not in self._series:
            digits = len(first) - len(first.rstrip("0123456789"))
            head = first[: len(first) - digits].replace("{", "{{").replace("}", "}}")
            self.start_series(name, f"{head}{{:0{digits or 1}d}}", int(first[len(first) - digits :] or 1))
        return self.next_number(name)

    def numbers(self, name: str) -> Iterator[str]:
        """Numbers of a series until a free one is found by the caller."""
        while True:
            yield self.next_number(name)
