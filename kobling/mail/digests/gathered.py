"""What a digest says, gathered from the kept figures: as little memory for ten thousand clients as for ten."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Count, F, QuerySet, Value
from django.db.models.functions import Coalesce

from kobling.access.collating import LANGUAGES
from kobling.access.models import Client
from kobling.mail.kinds import COUNTED, Kind, Totals, any_of, totals_of
from kobling.portal.clients import Figures
from kobling.portal.states import State

MOST_LINES = 40
"""A mail of more is read by nobody; the rest is a link away."""

MOST_NAMES = 10
SOON = timedelta(days=7)
_URGENT = (State.KEY, State.BAD, State.LATE)


@dataclass(frozen=True, slots=True)
class Line:
    """A client where something is outstanding."""

    client: int
    name: str
    number: str
    figures: Figures


@dataclass(frozen=True, slots=True)
class Deadline:
    """What must be done first, and at how many of the clients."""

    kind: str
    day: date
    clients: int


@dataclass(frozen=True, slots=True)
class Gathered:
    """Everything that a digest says. ``lines``: the worst ``MOST_LINES`` of ``waiting``; ``calm``: names of others."""

    clients: int
    waiting: int
    totals: Totals
    lines: tuple[Line, ...]
    calm: tuple[str, ...]
    deadline: Deadline | None
    urgent: Line | None


def gather(clients: QuerySet[Client], kinds: Collection[Kind], today: date, language: str) -> Gathered:
    """Of these clients, worst first. A bounded number of queries and rows however many clients there are."""
    waiting = clients.filter(any_of(kinds))
    by_name = LANGUAGES.get(language, "english")
    calm = clients.exclude(any_of(kinds)).order_by(by_name, "pk").values_list("name", flat=True)
    urgent = clients.filter(figures__state__in=_URGENT).order_by("figures__urgency", "figures__state_at", "pk")
    number = waiting.count()
    return Gathered(
        clients.count(),
        number,
        totals_of(clients),
        tuple(_line(each) for each in _worst_first(waiting, kinds, by_name)[:MOST_LINES]),
        tuple(calm[:MOST_NAMES]),
        _deadline(clients, today),
        next((_line(each) for each in urgent.select_related("figures")[:1]), None),
    )


def _worst_first(waiting: QuerySet[Client], kinds: Collection[Kind], by_name: str) -> QuerySet[Client]:
    worst = Value(0) + Value(0)
    for each in kinds:
        if each in COUNTED:
            worst = worst + Coalesce(F(COUNTED[each]), Value(0))
    low_first = ["-figures__low_balance"] if Kind.WALLET in kinds else []
    ordered = waiting.annotate(worst=worst).order_by("-worst", *low_first, by_name, "pk")
    return ordered.select_related("figures")


def _line(client: Client) -> Line:
    return Line(client.pk, client.name, client.number, Figures.of(client.figures))


def _deadline(clients: QuerySet[Client], today: date) -> Deadline | None:
    soon = clients.order_by().filter(figures__next_deadline__gte=today, figures__next_deadline__lte=today + SOON)
    found = soon.values_list("figures__next_deadline", "figures__next_deadline_kind").annotate(number=Count("pk"))
    first = found.order_by("figures__next_deadline", "-number", "figures__next_deadline_kind").first()
    return None if first is None else Deadline(first[1], first[0], first[2])
