"""One company in Pleo: everything that is kept about it."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from kobling_simulators.clock import Clock
from kobling_simulators.pleo.entries import Entries
from kobling_simulators.pleo.envelope import instant
from kobling_simulators.pleo.errors import not_found
from kobling_simulators.pleo.shelf import Shelf

Row = dict[str, Any]
ZERO_UUID = "00000000-0000-0000-0000-000000000000"
ZERO_DECIMAL = frozenset({"ISK", "JPY", "KRW"})


@dataclass(slots=True)
class Company:
    """Rows by id, in the order they were made; `unique` finds what may exist once, `active` counts tags by group."""

    row: Row
    currency: str
    accounts: Shelf = field(default_factory=Shelf)
    tax_codes: Shelf = field(default_factory=Shelf)
    tag_groups: Shelf = field(default_factory=Shelf)
    dimensions: Shelf = field(default_factory=Shelf)
    tags: Shelf = field(default_factory=Shelf)
    vendors: Shelf = field(default_factory=Shelf)
    employees: Shelf = field(default_factory=Shelf)
    teams: Shelf = field(default_factory=Shelf)
    entries: Entries = field(default_factory=Entries)
    receipts: dict[str, Row] = field(default_factory=dict)
    jobs: Shelf = field(default_factory=Shelf)
    items: dict[str, dict[str, Row]] = field(default_factory=dict)
    open_jobs: set[str] = field(default_factory=set)
    group_tags: dict[str, Shelf] = field(default_factory=dict)
    active: Counter[str] = field(default_factory=Counter)
    unique: dict[tuple[str, ...], str] = field(default_factory=dict)
    balance: int = 0

    @property
    def id(self) -> str:
        """The company's id."""
        return str(self.row["id"])


class State:
    """All companies of one organisation, ids and times."""

    def __init__(self, clock: Clock, seed: int) -> None:
        self.clock = clock
        self.companies: dict[str, Company] = {}
        self.subscriptions: dict[str, Row] = {}
        self.activities: list[Row] = []
        self.installations: dict[tuple[str, str], Row] = {}
        self.source = random.Random(f"pleo {seed}")

    def new_id(self) -> str:
        """A new UUID."""
        return str(UUID(int=self.source.getrandbits(128), version=4))

    def now(self) -> str:
        """This instant, with milliseconds, in UTC."""
        return instant(self.clock.moment())

    def company(self, company_id: str) -> Company:
        """A company by id. Raises ApiError."""
        if company_id not in self.companies:
            raise not_found("Company")
        return self.companies[company_id]

    def stamped(self, row: Row) -> Row:
        """A new row with id and times."""
        now = self.now()
        return {"id": self.new_id(), **row, "createdAt": now, "updatedAt": now}
