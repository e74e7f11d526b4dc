"""What the books say, as it is told: what customers have paid and owe, and what is in stock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from kobling.hub.services.overview import Customer, Document
from kobling.hub.services.stock import Level


@dataclass(frozen=True, slots=True)
class PayerTold:
    """A customer's booked invoices; ``sums``: currency → paid, open and overdue."""

    name: str
    contact: str
    sums: Mapping[str, Mapping[str, Decimal]]
    documents: Sequence[Document]

    @classmethod
    def of(cls, customer: Customer) -> PayerTold:
        """As last read."""
        return cls(customer.name, customer.contact, customer.sums(), tuple(customer.documents))


@dataclass(frozen=True, slots=True)
class StockTold:
    """What was in stock of an item; ``in_stock`` None: the system does not know the item."""

    item: str
    in_stock: Decimal | None
    unit: str
    at: datetime

    @classmethod
    def of(cls, level: Level) -> StockTold:
        """As it was answered."""
        return cls(level.number, level.amount, level.unit, level.asked_at)
