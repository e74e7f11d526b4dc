"""One client beside the list: who looks after it, and what somebody may do with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import F

from kobling.access.models import Assignment, Client
from kobling.access.policy import Actor, Doing, InFirm, firms_of, may, require
from kobling.hub.happened import What
from kobling.hub.models import Event
from kobling.hub.services.looking_after import looks_after
from kobling.portal.mine import Said, said_of
from kobling.records import from_json


@dataclass(frozen=True, slots=True)
class Bookkeeper:
    """Somebody who looks after a client; ``since`` None: longer than is noted."""

    member: int
    name: str
    since: datetime | None


@dataclass(frozen=True, slots=True)
class Allowed:
    """What the person who asks may do with a client, and what they have said of it."""

    assign: bool
    work: bool
    set_up: bool
    mine: bool
    said: Said


def bookkeepers(actor: Actor, client: Client) -> tuple[Bookkeeper, ...]:
    """Who looks after a client, those first who have done so longest."""
    require(actor, Doing.SEE, client)
    rows = Assignment.objects.filter(client=client, member__firm=F("client__firm"), member__person__is_active=True)
    since: dict[str, datetime] = {}
    for event in Event.objects.filter(client=client, what=What.ASSIGNED.value).order_by("pk"):
        since[from_json(event.after) if event.after else ""] = event.at
    return tuple(
        Bookkeeper(each.member_id, each.member.person.called, since.get(Actor.of(each.member.person).key))
        for each in rows.select_related("member__person").order_by("pk")
    )


def allowed(actor: Actor, client: Client, now: datetime) -> Allowed:
    """What can be offered for a client to whoever asks. Raises NotFound for a client that is not theirs."""
    require(actor, Doing.SEE, client)
    return Allowed(
        assign=client.firm_id is not None and firms_of(actor, InFirm.ASSIGN).filter(pk=client.firm_id).exists(),
        work=may(actor, Doing.WORK, client),
        set_up=may(actor, Doing.SET_UP, client),
        mine=looks_after(actor, client),
        said=said_of(actor, client, now),
    )
