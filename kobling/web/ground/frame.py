"""What stands around every page: whose portal it is, where one can go, how much waits there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from kobling.access.models import FirmRole, Person
from kobling.access.policy import Actor, InFirm, clients_of, firms_of


@dataclass(frozen=True, slots=True)
class Frame:
    """The side of the page for one person."""

    name: str
    role: str
    portal: str
    clients: int


def frame(request: HttpRequest) -> dict[str, Any]:
    """Context of every template; worked out only where a template asks."""
    return {"frame": SimpleLazyObject(lambda: _frame(request))} if hasattr(request, "actor") else {"frame": None}


def _frame(request: HttpRequest) -> Frame:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    person = request.user
    assert isinstance(person, Person)
    firm = firms_of(actor).order_by("pk").first()
    administers = firms_of(actor, InFirm.ASSIGN).exists()
    return Frame(
        name=person.called,
        role=FirmRole.ADMIN if administers else FirmRole.BOOKKEEPER if firm else "",
        portal=firm.name if firm else "",
        clients=clients_of(actor).count(),
    )
