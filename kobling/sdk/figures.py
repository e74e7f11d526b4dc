"""Figures that a system tells about a company."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Protocol, runtime_checkable

MISSING_RECEIPTS, TO_EXPORT, WALLET = "missing_receipts", "to_export", "wallet"
"""Names of figures that every list of clients has a column for."""
SUBMITTED, EXPORTED = "submitted", "exported"
"""Beginnings of names of figures of one month: how many entries it has, and how many of them were exported."""
MONTHS = 3
"""Months that are told: the one that goes on and those before it."""


def of_month(kind: str, month: str) -> str:
    """The name of a month's figure; ``month`` as 2026-11."""
    return f"{kind}:{month}"


def months_until(today: date) -> tuple[str, ...]:
    """The months that are told on a day, oldest first, as 2026-11."""
    number = today.year * 12 + today.month - 1
    return tuple(f"{each // 12:04}-{each % 12 + 1:02}" for each in range(number - MONTHS + 1, number + 1))


@dataclass(frozen=True, slots=True)
class Figure:
    """How many of something there are (None: it is no number of things), and amounts by currency in major units."""

    name: str
    number: int | None
    amounts: Mapping[str, Decimal]


@runtime_checkable
class Figured(Protocol):
    """A connector that tells how a company stands right now."""

    async def figures(self) -> Sequence[Figure]:
        """The figures. Raises as every request does."""
        ...
