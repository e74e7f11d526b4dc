"""Many clients at once: who looks after them, and who does when somebody leaves."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from kobling.access.collating import LANGUAGES, search_key
from kobling.access.models import Assignment, Client, FirmMember, Stage
from kobling.access.policy import Actor, InFirm, NotFound, firms_of
from kobling.hub.services import clients, people
from kobling.hub.services.people import Colleague, colleague
from kobling.hub.store import sql
from kobling.records import N_, SettingsError

MOST = 500
"""Clients shown at once; a search narrows them."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A client that can be ticked for a colleague. ``others``: who looks after it besides."""

    pk: int
    name: str
    number: str
    assigned: bool
    others: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Choices:
    """The clients of a firm for one colleague. ``total`` counts those that the search leaves, shown or not."""

    colleague: Colleague
    shown: tuple[Choice, ...]
    total: int
    assigned: int


def choices(actor: Actor, member: int, q: str = "", language: str = "en", *, own: bool = False) -> Choices:
    """The firm's clients with those that a colleague looks after; ``own``: these alone. Raises NotFound."""
    who = colleague(actor, member)
    mine = Assignment.objects.filter(member=who.pk, client=OuterRef("pk"))
    rows = _of_the_firm(who.firm).annotate(mine=Exists(mine))
    number = rows.filter(mine=True).count()
    if own:
        rows = rows.filter(mine=True)
    if q:
        rows = rows.filter(looked_for__contains=search_key(q))
    found = list(rows.order_by(LANGUAGES.get(language, "english"), "pk")[:MOST])
    others = _others(found, who)
    shown = tuple(
        Choice(each.pk, each.name, each.number, bool(getattr(each, "mine", False)), tuple(others.get(each.pk, ())))
        for each in found
    )
    return Choices(who, shown, rows.count(), number)


def successors(actor: Actor, member: int) -> tuple[Colleague, ...]:
    """Those of the same firm who can take over from a colleague. Raises NotFound."""
    who = colleague(actor, member)
    rows = FirmMember.objects.filter(firm=who.firm, person__is_active=True).exclude(pk=who.pk)
    return tuple(Colleague.of(each) for each in rows.select_related("person").order_by("person__english", "pk"))


def bookkeepers(actor: Actor) -> tuple[tuple[Colleague, int], ...]:
    """Everybody in the actor's firms who can look after a client, with how many they do; nobody for who may not."""
    rows = FirmMember.objects.filter(firm__in=firms_of(actor, InFirm.ASSIGN), person__is_active=True)
    counted = Q(assignments__client__stage=Stage.ACTIVE)
    rows = (
        rows.select_related("person")
        .annotate(number=Count("assignments", filter=counted))
        .order_by("person__english", "pk")
    )
    return tuple((Colleague.of(each), each.number) for each in rows)


@dataclass(frozen=True, slots=True)
class Changed:
    """Clients that a colleague looks after anew, and those that they do no longer."""

    new: tuple[int, ...]
    ended: tuple[int, ...]


def assign_chosen(actor: Actor, member: int, chosen: Collection[int], offered: Collection[int]) -> Changed:
    """Of the clients that were offered, a colleague looks after the chosen ones and no others.

    Raises NotFound, also where one of them is not the firm's.
    """
    who = colleague(actor, member)
    row = FirmMember.objects.get(pk=who.pk)
    wanted = set(chosen)
    with sql.together():
        known = {each.pk: each for each in _of_the_firm(who.firm).filter(pk__in={*wanted, *offered})}
        if wanted - known.keys():
            raise NotFound(N_("There is no such client, or it is not yours."), code="not_found")
        have = set(Assignment.objects.filter(member=row, client__in=known).values_list("client", flat=True))
        done = Changed(tuple(sorted(wanted - have)), tuple(sorted((have & set(offered)) - wanted)))
        for pk in done.new:
            clients.assign(actor, known[pk], row)
        for pk in done.ended:
            clients.unassign(actor, known[pk], row)
    return done


def hand_over(actor: Actor, member: int, wanted: Mapping[int, int], *, remove: bool = False) -> int:
    """Each of these clients of a colleague goes to the colleague named beside it; ``remove``: who then works in the
    firm no longer. All of it or nothing. Returns how many.

    Raises NotFound for people of other firms, SettingsError where the colleague does not look after one of them.
    """
    who = colleague(actor, member)
    leaving = FirmMember.objects.get(pk=who.pk)
    able = {each.pk for each in successors(actor, member)}
    if set(wanted.values()) - able:
        raise NotFound(N_("There is no such colleague in the client's firm."), code="not_found")
    with sql.together():
        taking = {each.pk: each for each in FirmMember.objects.filter(pk__in=set(wanted.values()))}
        own = {each.client_id: each.client for each in leaving.assignments.select_related("client")}
        if set(wanted) - own.keys():
            raise SettingsError(
                N_("%(name)s no longer looks after one of these clients. Look at the list again."),
                code="changed",
                name=who.name,
            )
        for pk, successor in sorted(wanted.items()):
            clients.assign(actor, own[pk], taking[successor])
            clients.unassign(actor, own[pk], leaving)
        if remove:
            people.remove(actor, member)
    return len(wanted)


def _of_the_firm(firm: int) -> QuerySet[Client]:
    return Client.objects.filter(firm=firm).exclude(stage=Stage.ARCHIVED)


def _others(found: Collection[Client], who: Colleague) -> dict[int, list[str]]:
    """Who looks after these clients besides; administrators who merely may see them are not meant."""
    told: dict[int, list[str]] = {}
    rows = Assignment.objects.filter(client__in=found, member__firm=who.firm, member__person__is_active=True)
    for each in rows.exclude(member=who.pk).select_related("member__person").order_by("pk"):
        told.setdefault(each.client_id, []).append(each.member.person.called)
    return told
