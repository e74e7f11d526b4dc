"""The books of one company: its tables, numbers, and what must never happen twice."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any
from uuid import UUID

from kobling_simulators.clock import Clock
from kobling_simulators.unimicro.facts import entities
from kobling_simulators.unimicro.settings import Settings
from kobling_simulators.unimicro.table import Row, Table

CUSTOMERS, INVOICES, PROJECTS, PRODUCTS, JOURNAL, ORDERS = (
    "Customer",
    "CustomerInvoice",
    "Project",
    "Product",
    "JournalEntry",
    "CustomerOrder",
)
Heard = Callable[[str, str, Row], None]


class Books:
    """One company. `heard(entity, event, row)` is told of every row made, changed or deleted."""

    def __init__(self, key: str, name: str, org_number: str, clock: Clock, source: random.Random) -> None:
        self.key = key
        self.name = name
        self.org_number = org_number
        self.clock = clock
        self.source = source
        self.settings = Settings()
        self.tables = {each: Table(entity) for each, entity in entities().items()}
        self.guids: set[str] = set()
        self.files: dict[str, bytes] = {}
        self.jobs: dict[str, Row] = {}
        self.custom_fields: dict[str, dict[str, Row]] = {}
        self.heard: Heard = lambda _entity, _event, _row: None
        self.year: int | None = None
        self.user = "00000000-0000-0000-0000-000000000001"

    def new_guid(self) -> str:
        """A new guid."""
        return str(UUID(int=self.source.getrandbits(128), version=4))

    def now(self) -> str:
        """Fidelity: assumed unimicro §4 – time stamps are UTC, ISO 8601, with milliseconds and Z."""
        return self.clock.moment().isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def today(self) -> date:
        """The plain date of now."""
        return self.clock.moment().date()

    def add(self, entity: str, values: Mapping[str, Any]) -> Row:
        """A new row with ID and audit fields of its own where `values` has none; unset values are left out."""
        table = self.tables[entity]
        kept = {name: value for name, value in values.items() if value is not None}
        key = kept.pop("ID", None) or table.new_id()
        stamps = {"CreatedAt": kept.pop("CreatedAt", None) or self.now(), "CreatedBy": self.user}
        row = table.add({"ID": key, **kept, **stamps})
        if guid := kept.get("_createguid"):
            self.guids.add(str(guid).lower())
        self.heard(entity, "Create", row)
        return row

    def change(self, entity: str, row: Row, values: Mapping[str, Any]) -> bool:
        """Change a row where that makes a difference; UpdatedAt moves only then. Tells whether it did."""
        moved = {name: value for name, value in values.items() if row.get(name) != value}
        if not moved:
            return False
        self.tables[entity].change(row, {**moved, "UpdatedAt": self.now(), "UpdatedBy": self.user})
        self.heard(entity, "Delete" if moved.get("Deleted") else "Update", row)
        return True

    def touch(self, entity: str, row: Row) -> None:
        """Move UpdatedAt though nothing of the row itself has changed."""
        self.tables[entity].change(row, {"UpdatedAt": self.now(), "UpdatedBy": self.user})
        self.heard(entity, "Update", row)

    def delete(self, entity: str, row: Row) -> None:
        """Fidelity: known unimicro §4 – rows are marked as deleted, not taken away."""
        self.change(entity, row, {"Deleted": True})

    def get(self, entity: str, key: Any) -> Row | None:
        """A live row by ID."""
        return self.tables[entity].get(key)

    def own(self) -> Row:
        """The company's settings."""
        return self.tables["CompanySettings"].rows[1]

    def next_number(self, series: str, taken: Callable[[int], bool]) -> int:
        """The next free number of a series, which then moves on.

        Fidelity: known unimicro §7 – customer numbers come from a series that starts at 100000
        Fidelity: assumed unimicro §7 – the series passes over numbers that are taken
        """
        row = self.tables["NumberSeries"].first("Name", series)
        if row is None:
            raise KeyError(series)
        number: int = row["NextNumber"]
        while taken(number):
            number += 1
        self.tables["NumberSeries"].change(row, {"NextNumber": number + 1})
        return number

    def closed(self, day: date) -> str:
        """Why nothing may be posted on a day, or nothing.

        Fidelity: assumed unimicro §7 – CompanySettings.AccountingLockedDate and missing or closed years forbid posting
        """
        locked = self.own().get("AccountingLockedDate")
        if locked and day <= date.fromisoformat(locked):
            return f"The accounts are locked until {locked}"
        if day.year in self.settings.closed_years:
            return f"The accounting year {day.year} is closed"
        years = {row["Year"] for row in self.tables["FinancialYear"].rows.values() if not row.get("Deleted")}
        return "" if day.year in years else f"There is no accounting year {day.year}"
