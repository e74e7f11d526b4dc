"""What a pair wrote, day by day: counted where a chunk ends, in its transaction, so that nothing counts twice."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from kobling.hub.models import Moved, Table

ZONE = ZoneInfo("Europe/Copenhagen")
"""Where a day of the books ends, and of deadlines; Norway and Sweden keep the same time."""


def day_of(instant: datetime) -> date:
    """The day that an instant belongs to."""
    return instant.astimezone(ZONE).date()


def count(table: int, now: datetime, records: int, worth: Mapping[str, Decimal]) -> None:
    """A chunk of a table wrote so many records, and documents worth so much by currency (major units)."""
    if not records:
        return
    pair, day = Table.objects.values_list("pair", flat=True).get(pk=table), day_of(now)
    for currency, amount in {"": Decimal(0), **worth}.items():
        row, _ = Moved.objects.select_for_update().get_or_create(pair_id=pair, day=day, currency=currency)
        row.records += 0 if currency else records
        row.amount += amount
        row.save(update_fields=["records", "amount"])
