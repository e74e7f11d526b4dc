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

| who                                      | see | add_client | assign | people |
|------------------------------------------|-----|------------|--------|--------|
| the operator                             | ✓   | ✓          | ✓      | ✓      |
| an admin of the firm                     | ✓   | ✓          | ✓      | ✓      |
| a bookkeeper of the firm                 | ✓   |            |        |        |
| anybody else, and who is not active      |     |            |        |        |

To a client on its way in, or out (``Way``): that it comes, and how far it is; never its figures.

| who                                      | invites | onboarding | archived |
|------------------------------------------|---------|------------|----------|
| the operator                             | ✓       | ✓          | ✓        |
| an admin of the client's firm            | ✓       | ✓          | ✓        |
| a bookkeeper of that firm, assigned      |         | ✓          |          |
| an admin of the company itself           |         |            |          |
| a user of the company itself             |         |            |          |
| anybody else, and who is not active      |         |            |          |

Of the first table the firm's people have nothing until the client is active; the company's own people have it from the
day they are there. Once it is archived nobody has. Who the company is, which access it gives, power of attorney and
permissions are said by an admin of the company itself, and by nobody else: neither the firm nor the operator.

The operator alone adds clients without a firm, moves clients between firms and says what things cost.
``docs/access.md`` explains the same to people.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from enum import StrEnum
from functools import partial, reduce
from operator import or_

from django.db.models import Count, Exists, F, Q, QuerySet

from kobling.access.actors import Actor, Kind
from kobling.access.models import (
    Assignment,
    Client,
    ClientMember,
    ClientRole,
    Firm,
    FirmMember,
    FirmRole,
    Person,
    Stage,
)
from kobling.records import N_, KoblingError

__all__ = [
    "FIRM_MAY",
    "MAY",
    "WAY_MAY",
    "Actor",
    "Doing",
    "InFirm",
    "Kind",
    "NotFound",
    "Role",
    "Way",
    "clients_of",
    "companies_of",
    "counted_on_the_way",
    "firms_of",
    "known_to",
    "may",
    "on_the_way",
    "require",
    "require_company",
    "require_in_firm",
    "require_known",
    "require_operator",
]


Stages = Collection[Stage]


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
    PEOPLE = "people"


class Way(StrEnum):
    """Where a client stands that is not active. invites: one side has asked. onboarding: the other one said yes."""

    INVITES = "invites"
    ONBOARDING = "onboarding"
    ARCHIVED = "archived"


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
WAY_MAY: Mapping[Role, frozenset[Way]] = {
    Role.FIRM_ADMIN: frozenset(Way),
    Role.ASSIGNED: frozenset({Way.ONBOARDING}),
    Role.COMPANY_ADMIN: frozenset(),
    Role.COMPANY_USER: frozenset(),
}
STAGES: Mapping[Way, tuple[Stage, ...]] = {
    Way.INVITES: (Stage.INVITED, Stage.INCOMING),
    Way.ONBOARDING: (Stage.ACCEPTED, Stage.VERIFICATION),
    Way.ARCHIVED: (Stage.ARCHIVED,),
}
NOT_ARCHIVED = tuple(stage for stage in Stage if stage is not Stage.ARCHIVED)
OF_THE_FIRM = (Role.FIRM_ADMIN, Role.ASSIGNED)
FIRM_MAY: Mapping[FirmRole, frozenset[InFirm]] = {
    FirmRole.ADMIN: frozenset(InFirm),
    FirmRole.BOOKKEEPER: frozenset({InFirm.SEE}),
}


class NotFound(KoblingError):
    """No such thing, or not for you: the two look the same, so that nobody learns what others have."""

    who_fixes = "company admin"
    advice = N_("Check the name, or ask an administrator for access.")


def clients_of(actor: Actor, doing: Doing = Doing.SEE) -> QuerySet[Client]:
    """Clients the actor may do that to. Archived ones are nobody's; the firm's people wait until a client is active."""
    return _granted(actor, {role: _open_to(role) for role, may in MAY.items() if doing in may}, NOT_ARCHIVED)


def on_the_way(actor: Actor, way: Way) -> QuerySet[Client]:
    """Clients of which the actor may know that they come, or went, and how far they are: not what they hold."""
    return _granted(actor, {role: STAGES[way] for role, ways in WAY_MAY.items() if way in ways}, STAGES[way])


def counted_on_the_way(actor: Actor) -> dict[Way, int]:
    """How many clients ``on_the_way`` has for each: in one query, since every page of a list says it."""
    rows = _granted(actor, {role: _on_ways(ways) for role, ways in WAY_MAY.items()}, _on_ways(Way))
    found = dict(rows.order_by().values_list("stage").annotate(number=Count("pk")))
    return {way: sum(found.get(stage, 0) for stage in stages) for way, stages in STAGES.items()}


def known_to(actor: Actor) -> QuerySet[Client]:
    """Clients of which the actor may know that they are there, wherever they stand."""
    seen = {role: _open_to(role) if Doing.SEE in may else () for role, may in MAY.items()}
    return _granted(actor, {role: (*seen[role], *_on_ways(ways)) for role, ways in WAY_MAY.items()}, tuple(Stage))


def companies_of(actor: Actor) -> QuerySet[Client]:
    """Clients for which the actor answers as the company itself: its administrators do, not even the operator."""
    return _granted(actor, {Role.COMPANY_ADMIN: NOT_ARCHIVED}, ())


def require_company(actor: Actor, client: Client | int) -> None:
    """Raises NotFound unless the actor answers for the company."""
    number = client if isinstance(client, int) else client.pk
    if not companies_of(actor).filter(pk=number).exists():
        raise NotFound(N_("There is no such client, or it is not yours."), code="not_found")


def require_known(actor: Actor, client: Client | int) -> None:
    """Raises NotFound unless the actor may know that the client is there."""
    number = client if isinstance(client, int) else client.pk
    if not known_to(actor).filter(pk=number).exists():
        raise NotFound(N_("There is no such client, or it is not yours."), code="not_found")


def _open_to(role: Role) -> tuple[Stage, ...]:
    return (Stage.ACTIVE,) if role in OF_THE_FIRM else NOT_ARCHIVED


def _on_ways(ways: Iterable[Way]) -> tuple[Stage, ...]:
    return tuple(stage for way in Way if way in ways for stage in STAGES[way])


def _granted(actor: Actor, grants: Mapping[Role, Stages], operators: Stages) -> QuerySet[Client]:
    """Clients at these stages for each role that the actor has. The one place where a query says whose clients are."""
    every = Client.objects.all() if actor.only is None else Client.objects.filter(pk=actor.only)
    if actor.is_operator:
        return every.filter(stage__in=operators)
    if actor.kind is not Kind.PERSON or actor.person is None:
        return Client.objects.none()
    granted = [_CLIENTS[role](actor.person) & Q(stage__in=stages) for role, stages in grants.items() if stages]
    return every.filter(_active(actor.person), reduce(or_, granted, Q(pk__in=())))


def _administered(person: int) -> Q:
    return Q(firm__in=FirmMember.objects.filter(person=person, role=FirmRole.ADMIN).values("firm"))


def _assigned(person: int) -> Q:
    # An assignment of a firm that the client has left counts no longer.
    mine = Assignment.objects.filter(member__person=person, member__firm=F("client__firm"))
    return Q(pk__in=mine.values("client"))


def _member_as(role: ClientRole, person: int) -> Q:
    return Q(pk__in=ClientMember.objects.filter(person=person, role=role).values("client"))


_CLIENTS: Mapping[Role, Callable[[int], Q]] = {
    Role.FIRM_ADMIN: _administered,
    Role.ASSIGNED: _assigned,
    Role.COMPANY_ADMIN: partial(_member_as, ClientRole.ADMIN),
    Role.COMPANY_USER: partial(_member_as, ClientRole.USER),
}
"""By role: a person's clients, by subqueries: joins would multiply every client by its firm's people."""


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
