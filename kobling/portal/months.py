"""How far the last months are exported: of one client kept, of many added up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import F, Q, QuerySet, Sum

from kobling.access.models import Client
from kobling.hub.store.moved import day_of
from kobling.portal.models import ClientMonth
from kobling.sdk.figures import EXPORTED, SUBMITTED, Figure, months_until

Counted = Mapping[date, tuple[int, int]]
"""First day of a month → how many entries it has, and how many of them were exported."""


@dataclass(frozen=True, slots=True)
class Month:
    """A month of several clients together. ``month``: its first day."""

    month: date
    submitted: int
    exported: int

    @property
    def is_done(self) -> bool:
        """Whether everything of it was exported."""
        return self.exported >= self.submitted


def counted(figures: Iterable[Figure]) -> Counted:
    """The months that systems told; two systems of a client add up."""
    found: dict[date, list[int]] = {}
    for each in figures:
        kind, _, month = each.name.partition(":")
        if kind in (SUBMITTED, EXPORTED) and (day := _first_day(month)) and each.number is not None:
            found.setdefault(day, [0, 0])[kind == EXPORTED] += each.number
    return {day: (submitted, exported) for day, (submitted, exported) in found.items() if submitted}


def _first_day(month: str) -> date | None:
    try:
        return date.fromisoformat(f"{month}-01")
    except ValueError:
        return None


def keep(told: Mapping[int, Counted]) -> None:
    """In the caller's transaction: these clients have these months and no others."""
    there = {(row.client_id, row.month): row for row in ClientMonth.objects.filter(client__in=told)}
    wanted = {(client, month): each for client, months in told.items() for month, each in months.items()}
    gone = [row.pk for place, row in there.items() if place not in wanted]
    if gone:
        ClientMonth.objects.filter(pk__in=gone).delete()
    changed = [
        ClientMonth(client_id=client, month=month, submitted=each[0], exported=each[1])
        for (client, month), each in wanted.items()
        if (row := there.get((client, month))) is None or (row.submitted, row.exported) != each
    ]
    ClientMonth.objects.bulk_create(
        changed, update_conflicts=True, update_fields=["submitted", "exported"], unique_fields=["client", "month"]
    )


def shown_months(now: datetime) -> tuple[date, ...]:
    """The months that are shown, oldest first; by the calendar of the books' days."""
    return tuple(date.fromisoformat(f"{each}-01") for each in months_until(day_of(now)))


def months_of(clients: QuerySet[Client], now: datetime) -> tuple[Month, ...]:
    """The shown months of clients that somebody may see; none where no system told any. One query."""
    rows = ClientMonth.objects.filter(client__in=clients.order_by().values("pk"), month__in=shown_months(now))
    sums = rows.order_by().values("month").annotate(submitted=Sum("submitted"), exported=Sum("exported"))
    found = {each["month"]: each for each in sums}
    if not found:
        return ()
    nothing = {"submitted": 0, "exported": 0}
    return tuple(
        Month(each, (told := found.get(each, nothing))["submitted"], told["exported"]) for each in shown_months(now)
    )


def not_done(month: date) -> Q:
    """Clients that have something of a month that was not exported."""
    return Q(pk__in=ClientMonth.objects.filter(month=month, exported__lt=F("submitted")).values("client"))
