"""The scenarios: a first synchronisation, one without changes, one with one record in a hundred changed.

The CRM holds so many organisations and nothing else, Dinero no contact at all; each of the two programs gets a fresh
world. Kobling keeps the whole pair in step: its other tables are there and empty.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench.measure import Used
from bench.world import Kobling, Vendors, lean

NAMES = ("initial", "unchanged", "changed")
CHANGED_SHARE = 100
Requests = dict[str, dict[str, int]]


@dataclass(frozen=True, slots=True)
class Measured:
    """One run of one program in one scenario."""

    used: Used
    requests: Requests

    def total(self, vendor: str) -> int:
        """How many requests a vendor got."""
        return sum(self.requests[vendor].values())


Results = dict[str, Measured]
"""One program's runs by scenario."""


def measure_kobling(records: int, names: tuple[str, ...], tell: Callable[[str], None], check: bool) -> Results:
    """Kobling's runs, each a process of its own."""
    with Vendors(records) as vendors, tempfile.TemporaryDirectory(prefix="kobling-bench-") as folder:
        kobling = Kobling(vendors, Path(folder))
        kobling.set_up()
        found = _all(vendors, records, names, kobling.sync, tell)
        if check:
            kobling.verify()
            tell("verified: both sides are in step")
    return found


def measure_lean(records: int, names: tuple[str, ...], tell: Callable[[str], None]) -> Results:
    """The lean loop's runs."""
    with Vendors(records) as vendors, tempfile.TemporaryDirectory(prefix="kobling-bench-") as folder:
        order = iter(NAMES)
        return _all(vendors, records, names, lambda: lean(vendors, next(order), Path(folder) / "state"), tell)


def _all(
    vendors: Vendors, records: int, names: tuple[str, ...], run: Callable[[], Used], tell: Callable[[str], None]
) -> Results:
    """Each scenario needs those before it, so that all up to the last one wanted are run."""
    found: Results = {}
    last = max(NAMES.index(name) for name in names)
    for name in NAMES[: last + 1]:
        if name == "changed":
            vendors.edit(max(2, records // CHANGED_SHARE))
        vendors.counted()
        used = run()
        found[name] = Measured(used, vendors.counted())
        tell(f"{name}: {used.cpu:.1f} s CPU, {used.wall:.1f} s, {used.memory:.0f} MB")
    return {name: found[name] for name in names}
