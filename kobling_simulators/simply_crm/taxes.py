"""What an administrator sets up: taxes for goods and for shipping, and currencies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

STOCK_TAXES = 3


@dataclass(frozen=True, slots=True)
class Tax:
    """One entry of a tax list; it can be switched off but never removed."""

    label: str
    percentage: str
    active: bool = True


@dataclass(frozen=True, slots=True)
class Currency:
    """One currency of the installation; rate is what one unit of the base currency is worth in it."""

    name: str
    code: str
    symbol: str
    rate: str


@dataclass(frozen=True, slots=True)
class NumberedTax:
    """A tax and the number that its fields carry: tax4, shtax4."""

    number: int
    label: str
    percentage: str
    active: bool

    @property
    def name(self) -> str:
        """Its field on products and lines."""
        return f"tax{self.number}"


@dataclass(frozen=True, slots=True)
class LocalSet:
    """All of it; the first currency is the base."""

    taxes: list[NumberedTax]
    shipping_taxes: list[NumberedTax]
    currencies: list[Currency]


def numbered(taxes: Iterable[Tax]) -> list[NumberedTax]:
    """Every tax field that the database has; the first three exist even where nobody uses them."""
    found = [NumberedTax(at, tax.label, f"{float(tax.percentage):.3f}", tax.active) for at, tax in enumerate(taxes, 1)]
    return found + [NumberedTax(at, f"tax{at}", "0.000", False) for at in range(len(found) + 1, STOCK_TAXES + 1)]


def usable(assigned: Mapping[str, str], taxes: Iterable[NumberedTax]) -> dict[str, str]:
    """The rates of a product's assigned taxes that are not switched off, by name."""
    return {tax.name: assigned[tax.name] for tax in taxes if tax.active and tax.name in assigned}
