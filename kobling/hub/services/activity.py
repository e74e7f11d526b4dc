"""What people and the machine did with a client lately, and what it has switched on: for pages that only look."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from kobling.access.actors import Kind
from kobling.access.models import Client
from kobling.access.naming import called_all
from kobling.access.policy import Actor, Doing, require
from kobling.hub.happened import SENTENCES, What
from kobling.hub.models import Event
from kobling.hub.models.market import Activation
from kobling.hub.told.said import Said
from kobling.pairs.registry import pairs
from kobling.records import from_json


@dataclass(frozen=True, slots=True)
class Done:
    """One thing that somebody did: when, who, what in words, and with what."""

    pk: int
    at: datetime
    who: str
    kind: Kind
    what: str
    said: Said
    subject: str
    why: str
    whom: str
    """Whom it was done to, where that is a person."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """An integration that is switched on: its name, in which way, at which price, by whom and since when."""

    title: str
    mode: str
    price: str
    by: str
    since: datetime


def activity(actor: Actor, client: Client, most: int = 20, before: int | None = None) -> tuple[Done, ...]:
    """What was done with a client, newest first; ``before``: older than the one of that number."""
    require(actor, Doing.SEE, client)
    rows = Event.objects.filter(client=client).order_by("-pk")
    found = list((rows.filter(pk__lt=before) if before else rows)[:most])
    whom = {each.pk: _whom(each) for each in found}
    people = called_all({_key(each) for each in found} | {key for key in whom.values() if key})
    return tuple(_done(each, people[_key(each)], people.get(whom[each.pk], "")) for each in found)


def _whom(event: Event) -> str:
    """The key of a person that somebody assigned, or did so no longer."""
    told = {What.ASSIGNED: event.after, What.UNASSIGNED: event.before}.get(event.what, "")  # type: ignore[call-overload]
    return str(from_json(told)) if told else ""


def _key(event: Event) -> str:
    alone = event.who_kind in (Kind.SCHEDULE, Kind.KOBLING)
    return event.who_kind if alone else f"{event.who_kind}:{event.who_id or event.who}"


def _done(event: Event, who: str, whom: str) -> Done:
    known = event.what in What.__members__.values()
    sentence = SENTENCES[What(event.what)] if known else event.what
    said = Said(sentence, event.params)
    return Done(event.pk, event.at, who, Kind(event.who_kind), event.what, said, event.subject, event.why, whom)


def subscriptions(actor: Actor, client: Client) -> tuple[Subscription, ...]:
    """What a client has switched on, oldest first."""
    require(actor, Doing.SEE, client)
    rows = list(Activation.objects.filter(client=client, ended_at=None).order_by("activated_at", "pk"))
    people = called_all({each.activated_by for each in rows})
    titles = {name: kind.title for name, kind in pairs().found.items()}
    return tuple(
        Subscription(
            titles.get(each.pair_type, each.pair_type),
            each.mode,
            each.price,
            people[each.activated_by],
            each.activated_at,
        )
        for each in rows
    )
