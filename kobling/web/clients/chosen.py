"""The clients that somebody has ticked in a list, or all that the list's filters leave."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from django.http import QueryDict

from kobling.access.models import Client
from kobling.access.policy import clients_of
from kobling.portal.mine import with_mine
from kobling.portal.tabs import Tab, clients_in
from kobling.web.clients.listing import listing_of
from kobling.web.ground.asking import Asking
from kobling.web.ground.numbers import numbers_of
from kobling.web.lists.asked import Asked
from kobling.web.lists.showing import narrowed


def chosen(request: Asking, most: int) -> list[Client]:
    """At most ``most`` and one more, by name, so that too many can be told; nobody's but those that they may see."""
    # A form that is sent to the address it was drawn at leaves the ticks there.
    given = request.POST if {"client", "all"} & set(request.POST) else request.GET
    if given.get("all") == "1":
        rows = with_mine(clients_in(request.actor, _tab(given)), request.actor.person, request.now)
        found = narrowed(Asked.of(listing_of(request.now), QueryDict(urlsplit(given.get("from", "")).query)), rows)
    else:
        found = clients_of(request.actor).filter(pk__in=numbers_of(given.getlist("client")))
    return list(found.order_by("danish", "pk")[: most + 1])


def _tab(given: Mapping[str, str]) -> Tab:
    name = urlsplit(given.get("from", "")).path.rstrip("/").rpartition("/")[2]
    return Tab(name) if name in set(Tab) else Tab.ALL
