"""May this person do that to this client? Asked everywhere, answered here only."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from django.db.models import Q, QuerySet

from kobling.access.models import Client, ClientRole, Firm, FirmRole, Person
from kobling.records import N_, KoblingError


class Doing(StrEnum):
    """What can be done to a client."""

    SEE = "see"
    WORK = "work"
    SET_UP = "set_up"


class NotFound(KoblingError):
    """No such thing, or not for you: the two look the same, so that nobody learns what others have."""

    who_fixes = "company admin"
    advice = N_("Check the name, or ask an administrator for access.")


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks: a person, or the operator of this installation, who owns its data folder and may do everything."""

    name: str
    person: int | None = None

    @property
    def is_operator(self) -> bool:
        return self.person is None

    @staticmethod
    def operator(name: str = "operator") -> Actor:
        """Whoever runs commands on the machine itself."""
        return Actor(name)

    @staticmethod
    def of(person: Person) -> Actor:
        """A signed-in person."""
        return Actor(person.get_username(), person.pk)


def clients_of(actor: Actor, doing: Doing = Doing.SEE) -> QuerySet[Client]:
    """Clients the actor may do that to.

    Firm admins: all of the firm's. Bookkeepers: those assigned, to see and work on. Company admins: their own
    company; company users: to see it.
    """
    if actor.is_operator:
        return Client.objects.all()
    firm_admin = Q(firm__members__person=actor.person, firm__members__role=FirmRole.ADMIN)
    company_admin = Q(members__person=actor.person, members__role=ClientRole.ADMIN)
    assigned = Q(assignments__member__person=actor.person)
    company_user = Q(members__person=actor.person)
    allowed = {
        Doing.SET_UP: firm_admin | company_admin,
        Doing.WORK: firm_admin | company_admin | assigned,
        Doing.SEE: firm_admin | company_admin | assigned | company_user,
    }[doing]
    return Client.objects.filter(allowed).distinct()


def may(actor: Actor, doing: Doing, client: Client | int) -> bool:
    """Whether the actor may do that to the client."""
    number = client if isinstance(client, int) else client.pk
    return clients_of(actor, doing).filter(pk=number).exists()


def require(actor: Actor, doing: Doing, client: Client | int) -> None:
    """Raises NotFound unless the actor may do that to the client."""
    if not may(actor, doing, client):
        raise NotFound(N_("There is no such client, or it is not yours."), code="not_found")


def firms_of(actor: Actor) -> QuerySet[Firm]:
    """Firms the actor works in."""
    if actor.is_operator:
        return Firm.objects.all()
    return Firm.objects.filter(members__person=actor.person).distinct()
