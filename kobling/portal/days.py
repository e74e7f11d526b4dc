"""What a client's pairs moved day by day, for the last two weeks: kept where it was written, added up here."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from kobling.access.models import Client
from kobling.access.policy import Actor, Doing, require
from kobling.hub.models import Moved
from kobling.hub.store.moved import day_of

DAYS = 14


@dataclass(frozen=True, slots=True)
class Day:
    """One day: records written, and the worth of documents that were made, in the currency of ``Days``."""

    day: date
    records: int
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Days:
    """The last two weeks, oldest first. ``currency``: the one that most was moved in; ``others``: there are more."""

    days: tuple[Day, ...]
    currency: str
    others: bool

    @property
    def is_empty(self) -> bool:
        """Whether nothing was moved at all."""
        return not any(each.records for each in self.days)


def days_of(actor: Actor, client: Client, now: datetime) -> Days:
    """Of one client, today last. One query over as many rows as pairs, days and currencies."""
    require(actor, Doing.SEE, client)
    today = day_of(now)
    first = today - timedelta(days=DAYS - 1)
    rows = Moved.objects.filter(pair__client=client, day__gte=first, day__lte=today)
    records: dict[date, int] = defaultdict(int)
    amounts: dict[str, dict[date, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for row in rows:
        records[row.day] += row.records
        if row.currency:
            amounts[row.currency][row.day] += row.amount
    currency = max(sorted(amounts), key=lambda each: sum(amounts[each].values()), default="")
    every = [first + timedelta(days=number) for number in range(DAYS)]
    chosen = amounts.get(currency, {})
    return Days(
        tuple(Day(each, records.get(each, 0), chosen.get(each, Decimal(0))) for each in every),
        currency,
        len(amounts) > 1,
    )
