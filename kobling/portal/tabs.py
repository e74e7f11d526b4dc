"""The tabs of the list of clients, and which clients stand in each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.db.models import Count, Min, Q, QuerySet

from kobling.access.models import Assignment, Client
from kobling.access.policy import Actor, InFirm, clients_of, firms_of


class Tab(StrEnum):
    """A tab. mine: who I look after. all: everybody I may see."""

    MINE = "mine"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class TabOf:
    """A tab with how many clients stand in it."""

    tab: Tab
    number: int


def tabs_of(actor: Actor) -> tuple[TabOf, ...]:
    """The tabs that somebody has: whoever sees more than their own has them all, the last one is where they begin."""
    more = _sees_more(actor)
    shown = tuple(Tab) if more else (Tab.MINE,)
    return tuple(TabOf(each, _clients_in(actor, each, more).count()) for each in shown)


def clients_in(actor: Actor, tab: Tab) -> QuerySet[Client]:
    """The clients of a tab that the actor may see. A bookkeeper's own are all that they see."""
    return _clients_in(actor, tab, tab is Tab.MINE and _sees_more(actor))


def _clients_in(actor: Actor, tab: Tab, more: bool) -> QuerySet[Client]:
    seen = clients_of(actor)
    if tab is Tab.MINE and more:
        mine = Assignment.objects.filter(member__person=actor.person).values("client")
        return seen.filter(pk__in=mine)
    return seen


@dataclass(frozen=True, slots=True)
class Summary:
    """What stands over a list beside its number: how many have open issues, and how old the figures are."""

    with_issues: int
    figures_at: datetime | None


def summary_of(clients: QuerySet[Client]) -> Summary:
    """Of clients that somebody may see; ``figures_at`` is the oldest answer of a vendor among them."""
    told = clients.order_by().aggregate(
        with_issues=Count("pk", filter=Q(figures__open_issues__gt=0)),
        figures_at=Min("figures__figures_at"),
    )
    return Summary(**told)


def _sees_more(actor: Actor) -> bool:
    return actor.is_operator or firms_of(actor, InFirm.ASSIGN).exists()
