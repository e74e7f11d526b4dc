"""Of which clients somebody may remind, and whom: each bookkeeper of those clients alone that they are assigned to."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import F, QuerySet

from kobling.access.collating import LANGUAGES
from kobling.access.models import Assignment, Client, Person
from kobling.access.policy import Actor, InFirm, NotFound, clients_of, firms_of
from kobling.records import N_, SettingsError

MOST_CLIENTS = 1_000


@dataclass(frozen=True, slots=True)
class Recipient:
    """A bookkeeper, with those of the clients that they look after, in the order of their names."""

    person: Person
    clients: tuple[Client, ...]


def administered(actor: Actor, clients: Collection[int]) -> QuerySet[Client]:
    """These clients, whose firm the actor must administer; one that is not theirs is as if it were not there.

    Raises NotFound, SettingsError for too many at once.
    """
    wanted = set(clients)
    if len(wanted) > MOST_CLIENTS:
        raise SettingsError(N_("At most %(most)s clients can be chosen at once."), code="too_many", most=MOST_CLIENTS)
    found = clients_of(actor).filter(pk__in=wanted, firm__in=firms_of(actor, InFirm.ASSIGN).values("pk"))
    if not wanted or found.count() != len(wanted):
        raise NotFound(N_("There is no such client, or it is not yours."), code="not_found")
    return found


def recipients_of(actor: Actor, clients: QuerySet[Client]) -> list[Recipient]:
    """Everybody assigned within the client's firm who is active and has an address, but for who asks."""
    rows = Assignment.objects.filter(
        client__in=clients.values("pk"), member__firm=F("client__firm"), member__person__is_active=True
    )
    reached = rows.exclude(member__person__email="").exclude(member__person=actor.person)
    found: dict[int, tuple[Person, list[Client]]] = {}
    for each in reached.select_related("member__person", "client", "client__figures").order_by("pk"):
        person = each.member.person
        found.setdefault(person.pk, (person, []))[1].append(each.client)
    return [Recipient(person, _by_name(theirs, person.language)) for person, theirs in found.values()]


def _by_name(clients: list[Client], language: str) -> tuple[Client, ...]:
    return tuple(sorted(clients, key=lambda each: (getattr(each, LANGUAGES.get(language, "english")), each.pk)))
