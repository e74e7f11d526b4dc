"""The tabs of the list of clients, and which clients stand in each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.db.models import Aggregate, Count, F, Min, Q, QuerySet

from kobling.access.models import Assignment, Client
from kobling.access.policy import Actor, InFirm, Way, clients_of, counted_on_the_way, firms_of, on_the_way


class Tab(StrEnum):
    """A tab. invites: one side has asked. onboarding: on their way in. mine: who I look after. all: whom I may see.

    archived: over, and kept.
    """

    INVITES = "invites"
    ONBOARDING = "onboarding"
    MINE = "mine"
    ALL = "all"
    ARCHIVED = "archived"


_WAYS = {Tab.INVITES: Way.INVITES, Tab.ONBOARDING: Way.ONBOARDING, Tab.ARCHIVED: Way.ARCHIVED}
"""Tabs of clients that are not active; empty ones are not shown, and their addresses answer all the same."""


@dataclass(frozen=True, slots=True)
class TabOf:
    """A tab with how many clients stand in it; of active ones also how many have open issues, and the oldest answer of
    a vendor among them (``figures_at``)."""

    tab: Tab
    number: int
    with_issues: int = 0
    figures_at: datetime | None = None


def tabs_of(actor: Actor) -> tuple[TabOf, ...]:
    """The tabs that somebody has: whoever sees more than their own has all, but for empty ones of who is not active."""
    more = _sees_more(actor)
    ways = counted_on_the_way(actor)
    told = [TabOf(tab, ways[way]) for tab, way in _WAYS.items()] + _active(actor, more)
    found = sorted(told, key=lambda each: list(Tab).index(each.tab))
    return tuple(each for each in found if each.number or each.tab not in _WAYS)


def _active(actor: Actor, more: bool) -> list[TabOf]:
    """Counted in one walk over the clients."""
    parts = {Tab.ALL: Q(), Tab.MINE: _assigned_to(actor)} if more else {Tab.MINE: Q()}
    asked: dict[str, Aggregate] = {}
    for tab, these in parts.items():
        asked[f"{tab}_number"] = Count("pk", filter=these)
        asked[f"{tab}_with_issues"] = Count("pk", filter=these & Q(figures__open_issues__gt=0))
        asked[f"{tab}_figures_at"] = Min("figures__figures_at", filter=these)
    told = clients_of(actor).order_by().aggregate(**asked)
    return [TabOf(tab, told[f"{tab}_number"], told[f"{tab}_with_issues"], told[f"{tab}_figures_at"]) for tab in parts]


def _assigned_to(actor: Actor) -> Q:
    """An assignment of a firm that the client has left counts no longer."""
    mine = Assignment.objects.filter(member__person=actor.person, member__firm=F("client__firm"))
    return Q(pk__in=mine.values("client"))


def begins_in(tabs: tuple[TabOf, ...]) -> Tab:
    """The tab that somebody sees first: all clients, or their own where these are all."""
    return Tab.ALL if any(each.tab is Tab.ALL for each in tabs) else Tab.MINE


def clients_in(actor: Actor, tab: Tab) -> QuerySet[Client]:
    """The clients of a tab that the actor may see. A bookkeeper's own are all that they see."""
    return _clients_in(actor, tab, tab is Tab.MINE and _sees_more(actor))


def _clients_in(actor: Actor, tab: Tab, more: bool) -> QuerySet[Client]:
    if tab in _WAYS:
        return on_the_way(actor, _WAYS[tab])
    seen = clients_of(actor)
    return seen.filter(_assigned_to(actor)) if tab is Tab.MINE and more else seen


def _sees_more(actor: Actor) -> bool:
    return actor.is_operator or firms_of(actor, InFirm.ASSIGN).exists()
