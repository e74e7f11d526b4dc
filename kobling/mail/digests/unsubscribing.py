"""Ending a subscription from within a mail: whoever has the mail may, and needs not sign in (RFC 8058)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache

from django.core.signing import BadSignature, Signer

from kobling.access.models import Client, Person
from kobling.access.policy import NotFound
from kobling.hub.store import sql
from kobling.mail.digests.countries import country_of
from kobling.mail.digests.times import Frequency, next_at
from kobling.mail.models import Subscription
from kobling.records import N_


@cache
def _signer() -> Signer:
    """Made when it is first needed: the key belongs to a data folder that is open by then."""
    return Signer(salt="kobling.mail.unsubscribe", sep=".")


_OF_ALL = 0


@dataclass(frozen=True, slots=True)
class Ending:
    """The subscription behind a link, with its person's language. ``client`` empty: of all. ``on``: mails come."""

    client: str
    on: bool
    language: str
    frequency: str


def token_of(person: int, client: int | None) -> str:
    """What only a mail of Kobling's holds; the same for good, since mails are old when they are read."""
    return _signer().sign_object([person, client or _OF_ALL])


def ending_of(token: str) -> Ending:
    """The subscription behind a link. Raises NotFound for a link that is none of ours, or whose client is gone."""
    row, person = _behind(token)
    name = "" if row.client_id is None else Client.objects.values_list("name", flat=True).get(pk=row.client_id)
    return Ending(name, row.on, person.language, row.frequency)


def switch(token: str, on: bool, now: datetime) -> Ending:
    """Switch exactly that subscription off, or on again; once more changes nothing. Raises NotFound."""
    with sql.together():
        row, _ = _behind(token)
        locked = Subscription.objects.select_for_update().get(pk=row.pk)
        if locked.on != on:
            locked.on = on
            locked.due_at = _due(locked, now) if on else None
            locked.epoch += 1
            locked.claimed_until = None
            locked.save()
    return ending_of(token)


def _due(row: Subscription, now: datetime) -> datetime | None:
    in_its_place = row.client_id is not None and Subscription.objects.filter(person=row.person_id, client=None).exists()
    if in_its_place:
        return None
    return next_at(Frequency(row.frequency), now, country_of(row.person_id, row.client))


def _behind(token: str) -> tuple[Subscription, Person]:
    try:
        person, client = _signer().unsign_object(token)
    except (BadSignature, ValueError, TypeError):
        raise _no_longer() from None
    row = Subscription.objects.filter(person=person, client=client or None).first()
    found = Person.objects.filter(pk=person).first()
    if row is None or found is None:
        raise _no_longer()
    return row, found


def _no_longer() -> NotFound:
    return NotFound(
        N_("This link ends no mail of ours. Say what you want under the client’s notifications."), code="link"
    )
