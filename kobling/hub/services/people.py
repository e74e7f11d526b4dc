"""The people of a firm: who they are, what they are there, who leaves, and whether they need a second factor."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import Case, Count, OuterRef, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce

from kobling.access.models import Assignment, Client, Firm, FirmMember, FirmRole, Stage
from kobling.access.policy import Actor, InFirm, NotFound, firms_of, require_in_firm
from kobling.hub.happened import What
from kobling.hub.services.log import record
from kobling.hub.store import sql
from kobling.records import N_, SettingsError


@dataclass(frozen=True, slots=True)
class FirmTold:
    """A firm, as its administrators are told of it."""

    pk: int
    name: str
    demands_second_factor: bool


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody who works in a firm. ``person`` is their own number, ``pk`` that of their place in the firm."""

    pk: int
    firm: int
    person: int
    name: str
    email: str
    role: FirmRole

    @classmethod
    def of(cls, row: FirmMember) -> Colleague:
        """As the row says; its person is asked for where it was not."""
        return cls(row.pk, row.firm_id, row.person_id, row.person.called, row.person.email, FirmRole(row.role))


def administered(actor: Actor) -> FirmTold:
    """The firm whose people the actor sees to; the first of several. Raises NotFound where there is none."""
    firm = firms_of(actor, InFirm.PEOPLE).order_by("pk").first()
    if firm is None:
        raise NotFound(N_("There is no such firm, or it is not yours."), code="not_found")
    return FirmTold(firm.pk, firm.name, firm.demands_second_factor)


def colleagues(actor: Actor, firm: int) -> QuerySet[FirmMember]:
    """Who works in a firm, each with ``clients``: how many they see. Nobody, for who does not administer it."""
    rows = FirmMember.objects.filter(firm__in=firms_of(actor, InFirm.PEOPLE).filter(pk=firm))
    every = Value(Client.objects.filter(firm=firm, stage=Stage.ACTIVE).count())
    theirs = Assignment.objects.filter(member=OuterRef("pk"), client__firm=OuterRef("firm"))
    own = theirs.filter(client__stage=Stage.ACTIVE).order_by().values("member").annotate(number=Count("pk"))
    counted = Case(When(role=FirmRole.ADMIN, then=every), default=Coalesce(Subquery(own.values("number")), 0))
    return rows.select_related("person").defer("person__password").annotate(clients=counted)


def colleague(actor: Actor, member: int) -> Colleague:
    """One of those whom the actor sees to. Raises NotFound, also for people of other firms."""
    return Colleague.of(_member(actor, member))


def set_role(actor: Actor, member: int, role: str) -> FirmRole:
    """Make somebody an administrator or a bookkeeper; returns what they were. Raises SettingsError for the last one."""
    if role not in FirmRole.values:
        raise SettingsError(N_("There is no role “%(role)s”."), field="role", role=role, code="no_role")
    with sql.together():
        row = _locked(actor, member)
        before = FirmRole(row.role)
        if before == role:
            return before
        if before is FirmRole.ADMIN:
            _refuse_for_the_last(row)
        row.role = role
        row.save(update_fields=["role"])
        record(actor, None, What.ROLE_CHANGED, row.person.called, before=before.value, after=role)
    return before


def remove(actor: Actor, member: int) -> Colleague:
    """Somebody works in the firm no longer: they see none of its clients from now on. Raises SettingsError."""
    with sql.together():
        row = _locked(actor, member)
        gone = Colleague.of(row)
        if gone.role is FirmRole.ADMIN:
            _refuse_for_the_last(row)
        looked_after = list(row.assignments.order_by("client").values_list("client", flat=True))
        row.delete()
        what_was = {"role": gone.role.value, "person": gone.person, "clients": looked_after}
        record(actor, None, What.COLLEAGUE_REMOVED, gone.name, before=what_was)
    return gone


def demand_second_factor(actor: Actor, firm: int, demanded: bool, protected: Collection[int]) -> None:
    """Everybody of the firm needs a second factor from now on, or no longer. ``protected``: people who have one.

    Raises SettingsError where whoever asks has none: they would lock themselves out.
    """
    require_in_firm(actor, InFirm.PEOPLE, firm)
    if demanded and actor.person is not None and actor.person not in protected:
        raise SettingsError(
            N_("You have no second factor yourself. Add a passkey or one-time codes under My access first."),
            code="unprotected",
        )
    with sql.together():
        row = Firm.objects.select_for_update().get(pk=firm)
        if row.demands_second_factor != demanded:
            row.demands_second_factor = demanded
            row.save(update_fields=["demands_second_factor"])
            what = What.SECOND_FACTOR_DEMANDED if demanded else What.SECOND_FACTOR_LEFT_FREE
            record(actor, None, what, row.name)


def _member(actor: Actor, member: int) -> FirmMember:
    seen_to = firms_of(actor, InFirm.PEOPLE)
    row = FirmMember.objects.filter(pk=member, firm__in=seen_to).select_related("person").first()
    if row is None:
        raise NotFound(N_("There is no such colleague, or the firm is not yours."), code="not_found")
    return row


def _locked(actor: Actor, member: int) -> FirmMember:
    """As it stands once nobody else changes the firm's people: two administrators may demote each other."""
    Firm.objects.select_for_update().get(pk=_member(actor, member).firm_id)
    return _member(actor, member)


def _refuse_for_the_last(row: FirmMember) -> None:
    others = FirmMember.objects.filter(firm=row.firm_id, role=FirmRole.ADMIN, person__is_active=True)
    if not others.exclude(pk=row.pk).exists():
        raise SettingsError(
            N_("%(name)s is the only administrator. Make somebody else an administrator first."),
            code="last_admin",
            name=row.person.called,
        )
