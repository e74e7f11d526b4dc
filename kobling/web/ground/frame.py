"""What stands around every page: whose portal it is, where one can go, how much waits there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from kobling.access.models import FirmRole, Person
from kobling.access.policy import Actor, clients_of, firms_of
from kobling.web.ground.places import Place, here_of, places_of
from kobling.web.ground.undoing import told


@dataclass(frozen=True, slots=True)
class Frame:
    """The side of the page for one person."""

    name: str
    role: str
    portal: str
    clients: int
    places: tuple[Place, ...]
    here: str
    """The key of the place that the page belongs to."""


def frame(request: HttpRequest) -> dict[str, Any]:
    """Context of every template; worked out only where a template asks."""
    if not hasattr(request, "actor"):
        return {"frame": None, "toast": None}
    return {"frame": SimpleLazyObject(lambda: _frame(request)), "toast": SimpleLazyObject(lambda: told(request))}


def _frame(request: HttpRequest) -> Frame:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    person = request.user
    assert isinstance(person, Person)
    # A list of clients has counted them already.
    seen: int | None = getattr(request, "seen_clients", None)
    firm = firms_of(actor).order_by("pk").first()
    places = places_of(actor, person)
    administers = any(each.key == "people" for each in places)
    return Frame(
        name=person.called,
        role=FirmRole.ADMIN if administers else FirmRole.BOOKKEEPER if firm else "",
        portal=firm.name if firm else "",
        clients=clients_of(actor).count() if seen is None else seen,
        places=places,
        here=here_of(places, request.path),
    )
