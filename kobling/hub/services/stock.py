"""What is in stock right now, asked of the accounting system on demand and kept for a minute."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from kobling.access.policy import Actor, Doing, require
from kobling.hub.connections.opening import Opener
from kobling.hub.models import Pair, StockLevel
from kobling.records import N_, SettingsError
from kobling.sdk.protocols import Stocked

KEPT = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Level:
    """What was in stock of an item at ``asked_at`` (UTC); ``amount`` None: the system does not know the item."""

    number: str
    amount: Decimal | None
    unit: str
    asked_at: datetime


def availability(actor: Actor, pair: Pair, numbers: Sequence[str], opener: Opener, now: datetime) -> list[Level]:
    """What is in stock of each item number, in the order asked. An answer may be a minute old; it says so.

    Raises SettingsError where the pair's accounting system shows no stock, or nobody set it up.
    """
    require(actor, Doing.SPEND, pair.client)
    connector = opener.connector(pair.right)
    if not isinstance(connector, Stocked):
        raise SettingsError(N_("%(system)s shows no stock."), system=pair.right.connector, code="no_stock")
    known = {
        each.number: each
        for each in StockLevel.objects.filter(connection=pair.right, number__in=numbers, asked_at__gt=now - KEPT)
    }
    missing = [number for number in dict.fromkeys(numbers) if number not in known]
    if missing:
        found = opener.waiting.run(connector.in_stock(missing))
        for number in missing:
            told = found.get(number)
            known[number], _ = StockLevel.objects.update_or_create(
                connection=pair.right,
                number=number,
                defaults={
                    "amount": None if told is None else told.amount,
                    "unit": "" if told is None else told.unit,
                    "asked_at": now,
                },
            )
    return [Level(number, known[number].amount, known[number].unit, known[number].asked_at) for number in numbers]
