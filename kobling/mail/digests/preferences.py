"""What mail a person wants of a client, and of all of theirs together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from kobling.access.models import Client, Person
from kobling.access.policy import Actor, Doing, NotFound, may, require
from kobling.hub.store import sql
from kobling.mail import kinds
from kobling.mail.digests.countries import country_of
from kobling.mail.digests.made import letter_for
from kobling.mail.digests.scope import clients_for
from kobling.mail.digests.times import Frequency, next_at
from kobling.mail.kinds import Kind
from kobling.mail.models import Subscription
from kobling.mail.outbox import put
from kobling.portal.clients import figures_of
from kobling.records import N_, SettingsError

_FIRST_CHOICE = (Kind.WALLET, Kind.RECEIPTS, Kind.READY)
"""What is ticked for who has said nothing yet; it is off until they do."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person says. ``together``: one mail of all their clients in place of one of each."""

    on: bool
    frequency: Frequency
    kinds: frozenset[Kind]
    together: bool = False


@dataclass(frozen=True, slots=True)
class Preferences:
    """What a person wants of a client, with what its form shows beside.

    ``next_at``: when the next mail comes, None where none does. ``coming``: when it would, by frequency.
    ``together_of``: how many clients the mail of all is of, once it is of this one. ``threshold``: from which balance
    on the wallet is low.
    """

    client: int
    name: str
    wish: Wish
    address: str
    next_at: datetime | None
    coming: Mapping[Frequency, datetime]
    together_of: int
    wallet: Decimal | None
    wallet_currency: str
    threshold: Decimal | None
    may_set_threshold: bool


def preferences_of(actor: Actor, client: Client, now: datetime) -> Preferences:
    """What the person who asks wants of a client. Raises NotFound, also for who is no person."""
    person = _person(actor, client)
    own, of_all = _rows(person, client)
    leads = of_all or own
    chosen = own.on if own else of_all is not None and clients_for(actor, None).filter(pk=client.pk).exists()
    country = country_of(person.pk, client)
    figures = figures_of(actor, [client.pk])[client.pk]
    return Preferences(
        client=client.pk,
        name=client.name,
        wish=Wish(
            chosen and (of_all is None or of_all.on),
            Frequency(leads.frequency) if leads else Frequency.WEEKLY,
            kinds.known(leads.kinds) if leads else frozenset(_FIRST_CHOICE),
            of_all is not None,
        ),
        address=person.email,
        next_at=leads.due_at if leads and chosen else None,
        coming={each: next_at(each, now, country) for each in Frequency},
        together_of=clients_for(actor, None).exclude(pk=client.pk).count() + 1,
        wallet=figures.wallet,
        wallet_currency=figures.wallet_currency,
        threshold=figures.wallet_threshold,
        may_set_threshold=may(actor, Doing.WORK, client),
    )


def set_preferences(actor: Actor, client: Client, wish: Wish, now: datetime) -> Preferences:
    """Keep what a person wants, and reckon when their mails come. Raises NotFound, SettingsError."""
    person = _person(actor, client)
    _check(person, wish)
    with sql.together():
        # One after the other: two forms of one person at once must not both make the mail of all.
        Person.objects.select_for_update().get(pk=person.pk)
        _, of_all = _rows(person, client)
        _keep(person, client, wish, wish.on)
        if wish.together:
            _keep(person, None, wish, wish.on or (of_all is not None and of_all.on))
        elif of_all is not None:
            of_all.delete()
        _reckon(person, now)
    return preferences_of(actor, client, now)


def send_sample(actor: Actor, client: Client, wish: Wish, now: datetime) -> bool:
    """Send what would come now to the person who asks. False where they asked within the same minute.

    Raises NotFound, SettingsError.
    """
    person = _person(actor, client)
    _check(person, Wish(True, wish.frequency, wish.kinds, wish.together))
    row = _row(person, None if wish.together else client, wish)
    letter = letter_for(row, now, sample=True)
    once = f"sample:{person.pk}:{client.pk}:{now:%Y%m%d%H%M}"
    return letter is not None and put(letter, now, once=once, client=client)


def _person(actor: Actor, client: Client) -> Person:
    require(actor, Doing.SEE, client)
    person = None if actor.person is None else Person.objects.filter(pk=actor.person, is_active=True).first()
    if person is None:
        raise NotFound(N_("There is no such client, or it is not yours."), code="not_found")
    return person


def _check(person: Person, wish: Wish) -> None:
    if wish.on and not wish.kinds:
        raise SettingsError(N_("Choose at least one thing that the mail is to tell of."), field="kinds", code="nothing")
    if wish.on and not person.email:
        raise SettingsError(N_("You have no e-mail address here. An administrator can add one."), code="no_address")


def _rows(person: Person, client: Client) -> tuple[Subscription | None, Subscription | None]:
    mine = Subscription.objects.filter(person=person)
    return mine.filter(client=client).first(), mine.filter(client=None).first()


def _row(person: Person, client: Client | None, wish: Wish) -> Subscription:
    told = [each.value for each in kinds.in_order(wish.kinds)]
    return Subscription(person=person, client=client, frequency=wish.frequency.value, kinds=told)


def _keep(person: Person, client: Client | None, wish: Wish, on: bool) -> None:
    row = Subscription.objects.filter(person=person, client=client).first() or _row(person, client, wish)
    if not on or row.frequency != wish.frequency:
        row.due_at = None
    row.on, row.frequency = on, wish.frequency.value
    row.kinds = [each.value for each in kinds.in_order(wish.kinds)]
    # A worker that is making it now makes what was wanted before, and puts nothing down.
    row.epoch += 1
    row.claimed_until = None
    row.save()


def _reckon(person: Person, now: datetime) -> None:
    """Each of the person's mails gets its time; those of single clients none while one mail tells of all."""
    mine = Subscription.objects.filter(person=person)
    if mine.filter(client=None).exists():
        mine.exclude(client=None).update(due_at=None)
    waiting = mine.filter(on=True, due_at=None)
    of_all = mine.filter(client=None).exists()
    for row in waiting.filter(client=None) if of_all else waiting.select_related("client"):
        row.due_at = next_at(Frequency(row.frequency), now, country_of(person.pk, row.client))
        row.save(update_fields=["due_at"])
