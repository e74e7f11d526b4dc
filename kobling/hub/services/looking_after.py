"""Who looks after which clients, for many clients at once; and leaving one of one's own."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import Count, F, QuerySet

from kobling.access.models import Assignment, Client, FirmMember
from kobling.access.policy import Actor, Doing, InFirm, NotFound, clients_of, firms_of, require, require_in_firm
from kobling.hub.happened import What
from kobling.hub.services.log import record
from kobling.hub.store import sql
from kobling.records import N_, SettingsError

MOST = 1000
"""Clients given away in one go."""


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody who can look after clients. ``clients``: how many they do; ``of_these``: how many of those asked of."""

    member: int
    name: str
    clients: int
    of_these: int


def colleagues_for(actor: Actor, clients: Collection[int]) -> tuple[Colleague, ...]:
    """Those whom the actor may give all of these clients to, by name; none where the clients are of several firms."""
    firms = set(_assignable(actor, clients).values_list("firm", flat=True))
    if len(firms) != 1:
        return ()
    members = FirmMember.objects.filter(firm__in=firms, person__is_active=True).select_related("person")
    mine = members.annotate(number=Count("assignments", distinct=True))
    these = dict(
        Assignment.objects.filter(client__in=clients, member__firm__in=firms)
        .values_list("member")
        .annotate(number=Count("pk"))
    )
    found = [Colleague(each.pk, each.person.called, each.number, these.get(each.pk, 0)) for each in mine]
    return tuple(sorted(found, key=lambda each: (each.name.casefold(), each.member)))


def assign_many(actor: Actor, clients: Collection[int], member: int) -> tuple[int, ...]:
    """Let a colleague look after clients of their own firm. Returns those that they did not look after before.

    Raises NotFound where one of the clients is not the actor's to give away, or the colleague is of another firm.
    """
    with sql.together():
        rows, colleague = _both(actor, clients, member)
        has = set(Assignment.objects.filter(member=colleague, client__in=rows).values_list("client", flat=True))
        new = [each for each in rows if each.pk not in has]
        Assignment.objects.bulk_create([Assignment(client=each, member=colleague) for each in new], sql.BATCH)
        for each in new:
            record(actor, each, What.ASSIGNED, each.name, after=Actor.of(colleague.person).key)
    return tuple(each.pk for each in new)


def unassign_many(actor: Actor, clients: Collection[int], member: int) -> tuple[int, ...]:
    """A colleague looks after these clients no longer. Returns those that they did. Raises NotFound as above."""
    with sql.together():
        rows, colleague = _both(actor, clients, member)
        theirs = Assignment.objects.filter(member=colleague, client__in=rows)
        had = set(theirs.values_list("client", flat=True))
        theirs.delete()
        for each in rows:
            if each.pk in had:
                record(actor, each, What.UNASSIGNED, each.name, before=Actor.of(colleague.person).key)
    return tuple(sorted(had))


def leave(actor: Actor, client: Client) -> None:
    """Look after a client no longer oneself. Raises SettingsError for who does not."""
    require(actor, Doing.SEE, client)
    with sql.together():
        mine = Assignment.objects.filter(client=client, member__person=actor.person, member__firm=F("client__firm"))
        if actor.person is None or not mine.delete()[0]:
            raise SettingsError(N_("You do not look after %(name)s."), name=client.name, code="not_assigned")
        record(actor, client, What.UNASSIGNED, client.name, before=actor.key)


def looks_after(actor: Actor, client: Client) -> bool:
    """Whether the client is assigned to whoever asks."""
    seen = clients_of(actor).filter(pk=client.pk)
    mine = Assignment.objects.filter(client__in=seen, member__person=actor.person, member__firm=F("client__firm"))
    return actor.person is not None and mine.exists()


def _assignable(actor: Actor, clients: Collection[int]) -> QuerySet[Client]:
    return clients_of(actor).filter(pk__in=clients, firm__in=firms_of(actor, InFirm.ASSIGN))


def _both(actor: Actor, clients: Collection[int], member: int) -> tuple[list[Client], FirmMember]:
    """Locked, and as they stand now: a client may have moved to another firm since the page was drawn."""
    if len(clients) > MOST:
        raise SettingsError(N_("At most %(most)s clients at once. Choose fewer."), code="too_many", most=MOST)
    colleague = FirmMember.objects.filter(pk=member, person__is_active=True).select_related("person").first()
    if colleague is None:
        raise NotFound(N_("There is no such colleague in the client's firm."), code="not_found")
    require_in_firm(actor, InFirm.ASSIGN, colleague.firm_id)
    wanted = set(clients)
    rows = list(Client.objects.select_for_update().filter(pk__in=wanted, firm=colleague.firm_id).order_by("pk"))
    seen = set(clients_of(actor).filter(pk__in=wanted).values_list("pk", flat=True))
    if {each.pk for each in rows} != wanted or seen != wanted:
        raise NotFound(N_("One of these clients is not in the colleague's firm, or is not yours."), code="not_found")
    return rows, colleague
