"""What can be reminded of, how it would read, and the reminder itself: once, however often it is pressed."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import IntegrityError
from django.db.models import Min, Q, QuerySet

from kobling.access.models import Client, Person
from kobling.access.policy import Actor
from kobling.hub.happened import What
from kobling.hub.services.log import record
from kobling.hub.store import sql
from kobling.mail.kinds import Kind, in_order, totals_of
from kobling.mail.models import Mail, Reminder, State
from kobling.mail.outbox import Letter, put
from kobling.mail.reminders import written
from kobling.mail.reminders.whom import Recipient, administered, recipients_of
from kobling.mail.reminders.written import Sender
from kobling.records import N_, SettingsError
from kobling.records.errors import keepable

LONGEST_COMMENT = 2_000
_LONGEST_TOKEN = 64


@dataclass(frozen=True, slots=True)
class Choice:
    """A kind, with how much of it is outstanding. ``number`` 0: it cannot be chosen.

    ``sums``: what waits to be exported, by currency. ``balance`` and ``limit`` are those of the only client.
    """

    kind: Kind
    number: int
    sums: tuple[tuple[str, Decimal], ...] = ()
    oldest_at: datetime | None = None
    balance: Decimal | None = None
    currency: str = ""
    limit: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Outlook:
    """What can be reminded of at some clients. ``unattended``: names of clients that nobody would be reminded of.

    ``bounced``: who did not get the last reminder, as far as mail servers told.
    """

    clients: tuple[Client, ...]
    choices: tuple[Choice, ...]
    recipients: tuple[str, ...]
    unattended: tuple[str, ...]
    reply_to: str
    last_at: datetime | None
    bounced: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wish:
    """What a reminder is about, and what the admin writes."""

    kinds: frozenset[Kind]
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Preview:
    """The letter to one of the recipients, exactly as it would go; how many more there are, each with their own."""

    name: str
    letter: Letter
    others: int


@dataclass(frozen=True, slots=True)
class Reminded:
    """How many mails were put down; ``before``: they had been already."""

    mails: int
    before: bool


def outlook(actor: Actor, clients: Collection[int]) -> Outlook:
    """What is outstanding at these clients, and who would hear of it. Raises NotFound, SettingsError."""
    found = administered(actor, clients)
    to = recipients_of(actor, found)
    reached = {each.pk for one in to for each in one.clients}
    rows = tuple(found.select_related("figures", "firm").order_by("danish", "pk"))
    last = Reminder.objects.filter(client__in=found.values("pk")).order_by("-sent_at").first()
    return Outlook(
        rows,
        _choices(found, rows),
        tuple(each.person.called for each in to),
        tuple(each.name for each in rows if each.pk not in reached),
        _sender(actor).address,
        last.sent_at if last else None,
        _bounced(last) if last else (),
    )


def preview(actor: Actor, clients: Collection[int], wish: Wish) -> Preview | None:
    """How it would read; None where nobody would get it. Raises NotFound, SettingsError."""
    found = administered(actor, clients)
    letters = _letters(actor, found, wish)
    return Preview(letters[0][0].person.called, letters[0][1], len(letters) - 1) if letters else None


def remind(actor: Actor, clients: Collection[int], wish: Wish, token: str, now: datetime) -> Reminded:
    """Put a mail down for each bookkeeper, and a line in each client's history. The same ``token`` does it once.

    Raises NotFound, SettingsError for what is not outstanding and where nobody would get it.
    """
    found = administered(actor, clients)
    if not 0 < len(token) <= _LONGEST_TOKEN:
        raise SettingsError(N_("This form is not complete. Open the page again."), code="no_token")
    try:
        with sql.together():
            return _before(found, token) or _remind(actor, found, wish, token, now)
    except IntegrityError:
        # The other press of the same button was quicker.
        return _before(found, token) or Reminded(0, True)


def _remind(actor: Actor, clients: QuerySet[Client], wish: Wish, token: str, now: datetime) -> Reminded:
    _check(clients, wish)
    letters = _letters(actor, clients, wish)
    if not letters:
        raise SettingsError(N_("Nobody would get this: no other bookkeeper is assigned."), code="nobody")
    kinds = [each.value for each in in_order(wish.kinds)]
    reached: dict[int, list[str]] = {}
    names = {}
    for to, letter in letters:
        put(letter, now, once=_once(token, to.person.pk))
        for each in to.clients:
            if written.at(each, wish.kinds):
                names[each.pk] = each
                reached.setdefault(each.pk, []).append(Actor.of(to.person).key)
    Reminder.objects.bulk_create(
        Reminder(client_id=pk, token=token, sent_at=now, by=actor.key, kinds=kinds, recipients=people)
        for pk, people in reached.items()
    )
    for pk, people in reached.items():
        record(actor, names[pk], What.REMINDED, names[pk].name, after={"kinds": kinds, "to": people})
    return Reminded(len(letters), False)


def _before(clients: QuerySet[Client], token: str) -> Reminded | None:
    rows = Reminder.objects.filter(client__in=clients.values("pk"), token=token)
    people = {each for told in rows.values_list("recipients", flat=True) for each in told}
    return Reminded(len(people), True) if people else None


def _letters(actor: Actor, clients: QuerySet[Client], wish: Wish) -> list[tuple[Recipient, Letter]]:
    comment = keepable(wish.comment).strip()
    if len(comment) > LONGEST_COMMENT:
        raise SettingsError(
            N_("A comment has at most %(most)s characters."), field="comment", code="too_long", most=LONGEST_COMMENT
        )
    sender = _sender(actor)
    made = ((each, written.letter(sender, each, wish.kinds, comment)) for each in recipients_of(actor, clients))
    return [(to, letter) for to, letter in made if letter is not None]


def _check(clients: QuerySet[Client], wish: Wish) -> None:
    if not wish.kinds:
        raise SettingsError(N_("Choose what the reminder is about."), field="kinds", code="nothing")
    totals = totals_of(clients)
    for each in in_order(wish.kinds):
        if not totals.number(each):
            raise SettingsError(
                N_("Something that was chosen is no longer outstanding. Look again at what is."),
                field="kinds",
                code="not_outstanding",
            )


def _choices(clients: QuerySet[Client], rows: tuple[Client, ...]) -> tuple[Choice, ...]:
    totals = totals_of(clients)
    oldest = clients.order_by().aggregate(at=Min("figures__oldest_issue_at"))["at"]
    only = getattr(rows[0], "figures", None) if len(rows) == 1 else None
    return (
        Choice(Kind.RECEIPTS, totals.receipts),
        Choice(Kind.READY, totals.ready, totals.sums),
        Choice(
            Kind.WALLET,
            totals.low,
            balance=only.wallet if only else None,
            currency=only.wallet_currency if only else "",
            limit=only.wallet_threshold if only else None,
        ),
        Choice(Kind.ISSUES, totals.issues, oldest_at=oldest),
    )


def _sender(actor: Actor) -> Sender:
    person = Person.objects.filter(pk=actor.person).first() if actor.person else None
    return Sender(person.called, person.email) if person else Sender(actor.name, "")


def _once(token: str, person: int) -> str:
    return f"reminder:{token}:{person}"


def _bounced(last: Reminder) -> tuple[str, ...]:
    people = [int(each.partition(":")[2]) for each in last.recipients]
    onces = {_once(last.token, each): each for each in people}
    gone = Q(state__in=(State.REFUSED, State.FAILED, State.UNKNOWN))
    lost = Mail.objects.filter(gone, once__in=onces).values_list("once", flat=True)
    return tuple(each.called for each in Person.objects.filter(pk__in=[onces[once] for once in lost]).order_by("pk"))
