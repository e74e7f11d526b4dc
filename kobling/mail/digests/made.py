"""A person's digest, made now: of what they may see now, and none where there is nothing to say."""

from __future__ import annotations

from datetime import datetime

from kobling.access import spoken
from kobling.access.models import Client, Firm, Person
from kobling.access.policy import Actor
from kobling.mail import addresses, kinds
from kobling.mail.digests.gathered import gather
from kobling.mail.digests.scope import clients_for
from kobling.mail.digests.times import Frequency
from kobling.mail.digests.unsubscribing import token_of
from kobling.mail.digests.written import Wanted, letter
from kobling.mail.models import Subscription
from kobling.mail.outbox import Letter


def letter_for(wish: Subscription, now: datetime, *, sample: bool = False) -> Letter | None:
    """The letter; None for who has no address or sees none of the clients any more, and where it would say nothing.

    Of one client, nothing outstanding is nothing to say, and so it is of a daily mail. The weekly and the monthly one
    of all clients come anyhow: who waits for them could not tell silence from a fault.
    """
    person = Person.objects.filter(pk=wish.person_id, is_active=True).exclude(email="").first()
    if person is None:
        return None
    clients = clients_for(Actor.of(person), wish.client_id)
    today = now.astimezone(spoken.zone_of(person.time_zone)).date()
    found = gather(clients, kinds.known(wish.kinds), today, person.language)
    if not found.clients:
        return None
    quiet = wish.client_id is not None or wish.frequency == Frequency.DAILY
    if not found.waiting and quiet and not sample:
        return None
    first = wish.client_id or clients.order_by("pk").values_list("pk", flat=True)[0]
    return letter(_wanted(wish, person, first), found, now)


def _wanted(wish: Subscription, person: Person, first: int) -> Wanted:
    name = Client.objects.values_list("name", flat=True).get(pk=wish.client_id) if wish.client_id else ""
    return Wanted(
        person=person,
        firm=Firm.objects.filter(members__person=person).order_by("pk").values_list("name", flat=True).first() or "",
        client=name,
        about=wish.client_id,
        frequency=Frequency(wish.frequency),
        kinds=kinds.known(wish.kinds),
        change=addresses.notifications(first),
        unsubscribe=addresses.unsubscribe(token_of(person.pk, wish.client_id)),
    )
