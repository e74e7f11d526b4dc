"""A request as every view gets it: with who asks, and when."""

from __future__ import annotations

from datetime import datetime

from django.apps import apps
from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from kobling.access.models import Person
from kobling.access.policy import Actor


class Asking(HttpRequest):
    """A signed-in person's request. ``actor`` is who asks, ``now`` the instant (UTC) that all of the page is of.

    ``seen_clients``: how many clients the person sees, where the view has counted them.
    """

    user: Person
    htmx: HtmxDetails
    actor: Actor
    now: datetime
    seen_clients: int


def clock_now() -> datetime:
    """What time it is for pages."""
    now: datetime = apps.get_app_config("web").clock.now()  # type: ignore[attr-defined]
    return now
