"""The panel beside the list: one client, a part at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from kobling.access.models import Client
from kobling.access.policy import NotFound
from kobling.arriving import permitting
from kobling.hub.services import clients, onboarding
from kobling.hub.services.activity import Done, Subscription, activity, subscriptions
from kobling.mail.digests.preferences import preferences_of
from kobling.portal.details import Allowed, Bookkeeper, allowed, bookkeepers
from kobling.records import N_
from kobling.web.ground.asking import Asking
from kobling.web.ground.numbers import number_of
from kobling.web.letters.showing import PreferencesPage, preferences_page

PARTS = {
    "notifications": N_("Notifications"),
    "permissions": N_("Permissions"),
    "subscription": N_("Subscription"),
    "history": N_("History"),
}


@dataclass(frozen=True, slots=True)
class Panel:
    """An open client. ``parts``: key, word and whether it is shown; ``content``: what the shown part tells."""

    client: int
    name: str
    number: str
    may: Allowed
    parts: tuple[tuple[str, str, bool], ...]
    part: str
    bookkeepers: tuple[Bookkeeper, ...]
    content: Any

    @property
    def template(self) -> str:
        """What draws the part that is shown."""
        return f"clients/panel_{self.part}.html"


def panel_of(request: Asking, here: str) -> Panel | None:
    """The client that the address opens beside the list ``here``; None where it opens none, or one not theirs."""
    given, part = number_of(request.GET.get("open")), request.GET.get("part", "")
    if given is None:
        return None
    try:
        client = clients.get(request.actor, given)
    except NotFound:
        return None
    shown = part if part in PARTS else next(iter(PARTS))
    return Panel(
        client.pk,
        client.name,
        client.number,
        allowed(request.actor, client, request.now),
        tuple((key, word, key == shown) for key, word in PARTS.items()),
        shown,
        bookkeepers(request.actor, client),
        _READ[shown](request, client, f"{here}&open={client.pk}&part={shown}"),
    )


def _notifications(request: Asking, client: Client, here: str) -> PreferencesPage:
    return preferences_page(preferences_of(request.actor, client, request.now), None, here)


def _permissions(request: Asking, client: Client, _here: str) -> dict[str, Any] | None:
    """None for those of the company who do not answer for it."""
    try:
        told = onboarding.told(request.actor, client.pk)
        return {"told": told, "permissions": permitting.permissions(request.actor, client.pk)}
    except NotFound:
        return None


def _subscriptions(request: Asking, client: Client, _here: str) -> tuple[Subscription, ...]:
    return subscriptions(request.actor, client)


def _history(request: Asking, client: Client, _here: str) -> tuple[Done, ...]:
    return activity(request.actor, client)


_READ: Mapping[str, Callable[[Asking, Client, str], Any]] = {
    "notifications": _notifications,
    "permissions": _permissions,
    "subscription": _subscriptions,
    "history": _history,
}
