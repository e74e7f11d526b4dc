"""What the fictional firms sell, and to whom: products and invoices that both systems partly share."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from kobling_simulators.world.parties import sides, words


@dataclass(frozen=True, slots=True)
class Good:
    """One product; closed means that its sales account is hidden or gone in the accounting system."""

    number: int
    name: str
    code: str
    unit: str
    price: Decimal
    closed: bool


@dataclass(frozen=True, slots=True)
class SoldLine:
    """One line of an invoice: which good (by position in the side's list), how much, at what price and discount."""

    good: int
    quantity: Decimal
    price: Decimal
    discount: Decimal
    text: str


@dataclass(frozen=True, slots=True)
class Sale:
    """One invoice to a customer (by position in the side's list)."""

    number: int
    customer: int
    day: date
    lines: tuple[SoldLine, ...]
    paid: Decimal
    booked: bool


def goods(seed: int, side: str) -> Iterator[Good]:
    """The products of one side: 60 % on both, 20 % on each only."""
    source = random.Random(f"goods {seed}")
    for number, (name, unit, code) in enumerate(words()["products"] * 2):
        price = Decimal(source.randrange(500, 200_000)) / 100
        again = number >= len(words()["products"])
        left, right = sides(number)
        if left if side == "left" else right:
            yield Good(
                number=number,
                name=f"{name}, stor" if again else name,
                code=f"{code}-XL" if again else code,
                unit=unit,
                price=price,
                closed=number % 17 == 4,
            )


def sales(seed: int, customers: int, goods_count: int, today: date, side: str) -> Iterator[Sale]:
    """Invoices of the last months: one for every second customer, at most 1,000."""
    source = random.Random(f"sales {seed} {side}")
    for number in range(min(customers // 2, 1_000)):
        lines = tuple(_line(source, goods_count) for _ in range(source.randrange(1, 4)))
        yield Sale(
            number=number,
            customer=number * 2,
            day=today - timedelta(days=source.randrange(1, 120)),
            lines=lines,
            paid=Decimal((0, 0, 1, Decimal("0.5"))[number % 4]),
            booked=number % 5 != 0,
        )


def _line(source: random.Random, goods_count: int) -> SoldLine:
    return SoldLine(
        good=source.randrange(goods_count),
        quantity=Decimal(source.randrange(1, 60)) / 4,
        price=Decimal(source.randrange(1_000, 90_000)) / 100,
        discount=Decimal(source.choice((0, 0, 0, 5, 10, Decimal("12.5")))),
        text=source.choice(("", "efter aftale", "levering på pladsen", "inkl. æske 😀")),
    )
