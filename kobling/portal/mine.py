"""What a person keeps for themselves about clients: favourites, what is put off until later, where they were last."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Any

from django.db.models import BooleanField, Case, F, Q, QuerySet, Value, When

from kobling.access.collating import LANGUAGES, search_key
from kobling.access.models import Client
from kobling.access.policy import Actor, Doing, NotFound, clients_of, require
from kobling.portal.models import ClientFigures, Mine
from kobling.portal.states import URGENCY, State
from kobling.records import N_

MORNING = 8
"""Until when something is put off: tomorrow at this hour, where the person lives."""
SHOWN = 5


@dataclass(frozen=True, slots=True)
class Known:
    """A client as a list of places to go shows it."""

    pk: int
    name: str
    number: str
    state: State
    open_issues: int


@dataclass(frozen=True, slots=True)
class Places:
    """Where a person may want to go: their favourites and where they were last, or what their words found."""

    favourites: tuple[Known, ...]
    last: tuple[Known, ...]
    found: tuple[Known, ...]


def favour(actor: Actor, client: Client, *, on: bool) -> None:
    """Keep a client at hand, or no longer."""
    _said(actor, client, favourite=on)


def snooze(actor: Actor, client: Client, now: datetime, zone: tzinfo) -> datetime:
    """Put a client off until tomorrow morning; sooner if it becomes more pressing. Returns until when."""
    until = tomorrow(now, zone)
    urgency = ClientFigures.objects.filter(pk=client.pk).values_list("urgency", flat=True).first()
    _said(actor, client, snoozed_until=until, snoozed_at_urgency=URGENCY[State.NEVER] if urgency is None else urgency)
    return until


def wake(actor: Actor, client: Client) -> None:
    """A client is no longer put off."""
    _said(actor, client, snoozed_until=None)


def note_opened(actor: Actor, client: Client, now: datetime) -> None:
    """Note that somebody has looked at a client, for the places they go back to. Who looks again writes nothing."""
    require(actor, Doing.SEE, client)
    last = Mine.objects.filter(person=actor.person, opened_at__isnull=False).order_by("-opened_at")
    if last.values_list("client", flat=True).first() != client.pk:
        _said(actor, client, opened_at=now)


def tomorrow(now: datetime, zone: tzinfo) -> datetime:
    """The next morning of working hours, in somebody's zone."""
    local = now.astimezone(zone) + timedelta(days=1)
    return local.replace(hour=MORNING, minute=0, second=0, microsecond=0)


def with_mine(clients: QuerySet[Client], person: int | None, now: datetime) -> QuerySet[Any]:
    """The same clients, each with ``favourite`` and ``snoozed`` as the person has said.

    By lists of the person's own few: asked for each client anew, ten thousand of them took longer than all else.
    """
    mine = Mine.objects.filter(person=person)
    asleep = mine.filter(snoozed_until__gt=now)
    less_pressing = Q(client__figures=None) | Q(snoozed_at_urgency__lte=F("client__figures__urgency"))
    return clients.annotate(favourite=_among(mine.filter(favourite=True)), snoozed=_among(asleep.filter(less_pressing)))


def _among(mine: QuerySet[Mine]) -> Case:
    return Case(When(pk__in=mine.values("client"), then=Value(True)), default=Value(False), output_field=BooleanField())


@dataclass(frozen=True, slots=True)
class Said:
    """What somebody has said of one client."""

    favourite: bool
    snoozed_until: datetime | None


def said_of(actor: Actor, client: Client, now: datetime) -> Said:
    """What the person who asks has said of a client; nothing for who is no person."""
    require(actor, Doing.SEE, client)
    row = Mine.objects.filter(person=actor.person, client=client).first() if actor.person else None
    asleep = row is not None and row.snoozed_until is not None and row.snoozed_until > now
    return Said(bool(row and row.favourite), row.snoozed_until if row and asleep else None)


def places(actor: Actor, language: str, words: str = "", most: int = SHOWN) -> Places:
    """Favourites and the last places; with words, the clients whose name or number has them, best first."""
    seen, alphabet = clients_of(actor).select_related("figures"), LANGUAGES.get(language, "english")
    if words.strip():
        return Places((), (), _found(seen, search_key(words), alphabet, most))
    mine = Mine.objects.filter(person=actor.person, favourite=True) if actor.person else Mine.objects.none()
    favourite = Q(pk__in=mine.values("client"))
    order = {pk: number for number, pk in enumerate(_last(actor, most))}
    last = sorted(seen.filter(pk__in=order).exclude(favourite), key=lambda each: order[each.pk])[:most]
    return Places(
        tuple(map(_known, seen.filter(favourite).order_by(alphabet, "pk")[:most])), tuple(map(_known, last)), ()
    )


def _last(actor: Actor, most: int) -> list[int]:
    rows = Mine.objects.filter(person=actor.person, opened_at__isnull=False).order_by("-opened_at")
    return list(rows.values_list("client", flat=True)[: 2 * most])


def _found(seen: QuerySet[Client], words: str, alphabet: str, most: int) -> tuple[Known, ...]:
    """Those that begin so first: who types two letters means the beginning."""
    begins = Case(When(looked_for__startswith=words, then=Value(0)), default=Value(1))
    rows = seen.filter(looked_for__contains=words).order_by(begins, alphabet, "pk")[:most]
    return tuple(map(_known, rows))


def _known(client: Client) -> Known:
    figures: ClientFigures | None = getattr(client, "figures", None)
    state = State(figures.state) if figures else State.NEVER
    return Known(client.pk, client.name, client.number, state, figures.open_issues if figures else 0)


def _said(actor: Actor, client: Client, **what: Any) -> None:
    require(actor, Doing.SEE, client)
    if actor.person is None:
        raise NotFound(N_("There is no such thing, or it is not yours."), code="not_found")
    Mine.objects.update_or_create(person_id=actor.person, client=client, defaults=what)
