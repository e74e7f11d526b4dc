"""Figures that a system tells about a company."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol, runtime_checkable

MISSING_RECEIPTS, TO_EXPORT, WALLET = "missing_receipts", "to_export", "wallet"
"""Names of figures that every list of clients has a column for."""


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
