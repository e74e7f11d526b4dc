"""What stands around every page: whose portal it is, where one can go, how much waits there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from kobling.access.models import FirmRole, Person
from kobling.access.policy import Actor, InFirm, clients_of, firms_of
from kobling.hub.models import SyncIssue

WAITS = ("open", "parked")


@dataclass(frozen=True, slots=True)
class Frame:
    """The side of the page for one person."""

    name: str
    role: str
    portal: str
    clients: int
    issues: int
    administers: bool
    runs_installation: bool


def frame(request: HttpRequest) -> dict[str, Any]:
    """Context of every template; worked out only where a template asks."""
    return {"frame": SimpleLazyObject(lambda: _frame(request))} if hasattr(request, "actor") else {"frame": None}


def _frame(request: HttpRequest) -> Frame:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    person = request.user
    assert isinstance(person, Person)
    mine = clients_of(actor)
    firm = firms_of(actor).order_by("pk").first()
    administers = firms_of(actor, InFirm.ASSIGN).exists()
    waiting = SyncIssue.objects.filter(table__pair__client__in=mine, state__in=WAITS)
    return Frame(
        name=person.called,
        role=FirmRole.ADMIN if administers else FirmRole.BOOKKEEPER if firm else "",
        portal=firm.name if firm else "",
        clients=mine.count(),
        issues=waiting.count(),
        administers=administers,
        runs_installation=person.is_superuser,
    )
