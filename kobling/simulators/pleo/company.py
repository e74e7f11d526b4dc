"""One company in Pleo: everything that is kept about it."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from kobling.simulators.clock import Clock
from kobling.simulators.pleo.errors import not_found

Row = dict[str, Any]
ZERO_UUID = "00000000-0000-0000-0000-000000000000"
ZERO_DECIMAL = frozenset({"ISK", "JPY", "KRW"})


@dataclass(slots=True)
class Company:
    """Rows by id, in the order they were made."""

    row: Row
    currency: str
    accounts: dict[str, Row] = field(default_factory=dict)
    tax_codes: dict[str, Row] = field(default_factory=dict)
    tag_groups: dict[str, Row] = field(default_factory=dict)
    group_columns: dict[str, Row] = field(default_factory=dict)
    tags: dict[str, Row] = field(default_factory=dict)
    vendors: dict[str, Row] = field(default_factory=dict)
    employees: dict[str, Row] = field(default_factory=dict)
    teams: dict[str, Row] = field(default_factory=dict)
    entries: dict[str, Row] = field(default_factory=dict)
    receipts: dict[str, Row] = field(default_factory=dict)
    jobs: dict[str, Row] = field(default_factory=dict)
    items: dict[str, dict[str, Row]] = field(default_factory=dict)
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
        return self.clock.moment().isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def company(self, company_id: str) -> Company:
        """A company by id. Raises ApiError."""
        if company_id not in self.companies:
            raise not_found("Company")
        return self.companies[company_id]

    def stamped(self, row: Row) -> Row:
        """A new row with id and times."""
        now = self.now()
        return {"id": self.new_id(), **row, "createdAt": now, "updatedAt": now}
