"""May this person do that to this client? Asked everywhere, answered here only.

To a client (``Doing``):

| who                                      | see | plan | spend | work | set_up |
|------------------------------------------|-----|------|-------|------|--------|
| the operator                             | ✓   | ✓    | ✓     | ✓    | ✓      |
| an admin of the client's firm            | ✓   | ✓    | ✓     | ✓    | ✓      |
| a bookkeeper of that firm, assigned      | ✓   | ✓    | ✓     | ✓    |        |
| an admin of the company itself           | ✓   | ✓    | ✓     | ✓    | ✓      |
| a user of the company itself             | ✓   |      |       |      |        |
| anybody else, and who is not active      |     |      |       |      |        |

To a firm (``InFirm``):

| who                                      | see | add_client | assign |
|------------------------------------------|-----|------------|--------|
| the operator                             | ✓   | ✓          | ✓      |
| an admin of the firm                     | ✓   | ✓          | ✓      |
| a bookkeeper of the firm                 | ✓   |            |        |
| anybody else, and who is not active      |     |            |        |

The operator alone adds clients without a firm, moves clients between firms and says what things cost.
``docs/access.md`` explains the same to people.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from django.db.models import Exists, F, Q, QuerySet

from kobling.access.actors import Actor, Kind
from kobling.access.models import Assignment, Client, ClientMember, ClientRole, Firm, FirmMember, FirmRole, Person
from kobling.records import N_, KoblingError

__all__ = [
    "FIRM_MAY",
    "MAY",
    "Actor",
    "Doing",
    "InFirm",
    "Kind",
    "NotFound",
    "Role",
    "clients_of",
    "firms_of",
    "may",
    "require",
    "require_in_firm",
    "require_operator",
]


class Doing(StrEnum):
    """What can be done to a client.

    see: look at what Kobling knows. plan: have a dry run made. spend: have a vendor asked right now, which uses up its
    budget. work: run, settle, couple. set_up: connect, configure, switch on.
    """

    SEE = "see"
    PLAN = "plan"
    SPEND = "spend"
    WORK = "work"
    SET_UP = "set_up"


class InFirm(StrEnum):
    """What can be done to a firm."""

    SEE = "see"
    ADD_CLIENT = "add_client"
    ASSIGN = "assign"


class Role(StrEnum):
    """What a person can be to a client."""

    FIRM_ADMIN = "firm_admin"
    ASSIGNED = "assigned"
    COMPANY_ADMIN = "company_admin"
    COMPANY_USER = "company_user"


MAY: Mapping[Role, frozenset[Doing]] = {
    Role.FIRM_ADMIN: frozenset(Doing),
    Role.ASSIGNED: frozenset(Doing) - {Doing.SET_UP},
    Role.COMPANY_ADMIN: frozenset(Doing),
    Role.COMPANY_USER: frozenset({Doing.SEE}),
}
FIRM_MAY: Mapping[FirmRole, frozenset[InFirm]] = {
    FirmRole.ADMIN: frozenset(InFirm),
    FirmRole.BOOKKEEPER: frozenset({InFirm.SEE}),
}


class NotFound(KoblingError):
    """No such thing, or not for you: the two look the same, so that nobody learns what others have."""

    who_fixes = "company admin"
    advice = N_("Check the name, or ask an administrator for access.")


def clients_of(actor: Actor, doing: Doing = Doing.SEE) -> QuerySet[Client]:
    """Clients the actor may do that to."""
    every = Client.objects.all() if actor.only is None else Client.objects.filter(pk=actor.only)
    if actor.is_operator:
        return every
    if actor.kind is not Kind.PERSON or actor.person is None:
        return Client.objects.none()
    allowed = Q()
    for role, clients in _clients_by_role(actor.person).items():
        if doing in MAY[role]:
            allowed |= clients
    return every.filter(_active(actor.person), allowed)


def _clients_by_role(person: int) -> dict[Role, Q]:
    """The person's clients, by subqueries: joins would multiply every client by its firm's people."""
    companies = ClientMember.objects.filter(person=person)
    # An assignment of a firm that the client has left counts no longer.
    assigned = Assignment.objects.filter(member__person=person, member__firm=F("client__firm"))
    administered = FirmMember.objects.filter(person=person, role=FirmRole.ADMIN)
    return {
        Role.FIRM_ADMIN: Q(firm__in=administered.values("firm")),
        Role.ASSIGNED: Q(pk__in=assigned.values("client")),
        Role.COMPANY_ADMIN: Q(pk__in=companies.filter(role=ClientRole.ADMIN).values("client")),
        Role.COMPANY_USER: Q(pk__in=companies.filter(role=ClientRole.USER).values("client")),
    }


def _active(person: int) -> Exists:
    """Who is not active, or is gone, may nothing through any role."""
    return Exists(Person.objects.filter(pk=person, is_active=True))


def may(actor: Actor, doing: Doing, client: Client | int) -> bool:
    """Whether the actor may do that to the client."""
    number = client if isinstance(client, int) else client.pk
    return clients_of(actor, doing).filter(pk=number).exists()


def require(actor: Actor, doing: Doing, client: Client | int) -> None:
    """Raises NotFound unless the actor may do that to the client."""
    if not may(actor, doing, client):
        raise NotFound(N_("There is no such client, or it is not yours."), code="not_found")


def firms_of(actor: Actor, doing: InFirm = InFirm.SEE) -> QuerySet[Firm]:
    """Firms the actor may do that to."""
    if actor.is_operator:
        return Firm.objects.all()
    if actor.kind is not Kind.PERSON or actor.person is None:
        return Firm.objects.none()
    roles = [role for role, allowed in FIRM_MAY.items() if doing in allowed]
    mine = FirmMember.objects.filter(person=actor.person, role__in=roles)
    return Firm.objects.filter(_active(actor.person), pk__in=mine.values("firm"))


def require_in_firm(actor: Actor, doing: InFirm, firm: Firm | int | None) -> None:
    """Raises NotFound unless the actor may do that to the firm; None (no firm) is the operator's alone."""
    if firm is None:
        allowed = actor.is_operator
    else:
        number = firm if isinstance(firm, int) else firm.pk
        allowed = firms_of(actor, doing).filter(pk=number).exists()
    if not allowed:
        raise NotFound(N_("There is no such firm, or it is not yours."), code="not_found")


def require_installation(actor: Actor) -> None:
    """Raises NotFound unless the operator asks for the whole installation, not for one client."""
    require_operator(actor)
    if actor.only is not None:
        raise NotFound(N_("There is no such thing, or it is not yours."), code="not_found")


def require_operator(actor: Actor) -> None:
    """Raises NotFound unless the operator of this installation asks."""
    if not actor.is_operator:
        raise NotFound(N_("There is no such thing, or it is not yours."), code="not_found")
