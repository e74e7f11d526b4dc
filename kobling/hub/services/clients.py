"""Clients: found by name, made, moved between firms, and who in a firm looks after them."""

from __future__ import annotations

from django.db.models import Q

from kobling.access.models import Assignment, Client, Firm, FirmMember
from kobling.access.naming import SHOWN, Ambiguous, by_id, client_called, told
from kobling.access.policy import (
    Actor,
    Doing,
    InFirm,
    NotFound,
    clients_of,
    firms_of,
    may,
    require,
    require_in_firm,
    require_known,
    require_operator,
)
from kobling.hub.happened import What
from kobling.hub.services import stages
from kobling.hub.services.log import record
from kobling.hub.store import sql, stale
from kobling.records import N_, SettingsError

DEFAULT = "default"
"""The client of a one-company installation, which nobody has to name."""
_LONGEST_NAME, _LONGEST_NUMBER = 200, 100


def find(actor: Actor, name: str, doing: Doing = Doing.SEE) -> Client:
    """A client by name, number or id (``#12``).

    Raises NotFound, also for clients of others, and Ambiguous when the name fits several that the actor sees.
    """
    visible = clients_of(actor).filter(client_called(name)).select_related("firm")
    found = list(visible.order_by("pk")[:SHOWN])
    if len(found) > 1:
        raise Ambiguous(
            N_("“%(name)s” is the name or number of several clients: %(candidates)s."),
            name=name,
            candidates=told(found),
            code="ambiguous",
        )
    if not found or not may(actor, doing, found[0]):
        raise NotFound(N_("There is no client “%(name)s”, or it is not yours."), name=name, code="not_found")
    return found[0]


def get(actor: Actor, client: int, doing: Doing = Doing.SEE) -> Client:
    """A client by its number here, as addresses of pages give it. Raises NotFound, also for clients of others."""
    found = clients_of(actor, doing).filter(pk=client).select_related("firm").first()
    if found is None:
        raise NotFound(N_("There is no such client, or it is not yours."), code="not_found")
    return found


def listed(actor: Actor) -> list[Client]:
    """Clients the actor may see, by name."""
    return list(clients_of(actor).select_related("firm").order_by("name", "number", "pk"))


def chosen(actor: Actor, name: str = "", doing: Doing = Doing.SEE) -> Client:
    """The client named; without a name the default one, or else the only one there is.

    Raises NotFound where there is none, and Ambiguous where there are several, none of them the default.
    """
    found = _chosen(actor, name, doing)
    if found is None:
        raise NotFound(N_("There is no client yet. Connect a system, or add a client first."), code="not_found")
    return found


def chosen_if_any(actor: Actor, name: str = "", doing: Doing = Doing.SEE) -> Client | None:
    """As ``chosen``; None for the operator of an installation that has no client yet."""
    return _chosen(actor, name, doing) if actor.is_operator else chosen(actor, name, doing)


def find_or_add(actor: Actor, name: str = "") -> Client:
    """As ``chosen``, to set up; without a name the operator of an installation without any client need not make one
    first. A client that is named is never made by the way.
    """
    with sql.together():
        if name in ("", DEFAULT) and actor.is_operator and not Client.objects.exists():
            return add(actor, DEFAULT)
    return chosen(actor, name, Doing.SET_UP)


def _chosen(actor: Actor, name: str, doing: Doing) -> Client | None:
    if name:
        return find(actor, name, doing)
    visible = list(clients_of(actor).select_related("firm").order_by("pk")[:SHOWN])
    if len(visible) > 1:
        if clients_of(actor).filter(client_called(DEFAULT)).exists():
            return find(actor, DEFAULT, doing)
        raise Ambiguous(
            N_("Say which client: %(candidates)s."), field="client", candidates=told(visible), code="ambiguous"
        )
    return find(actor, f"#{visible[0].pk}", doing) if visible else None


def add(actor: Actor, name: str, *, number: str = "", firm: Firm | None = None) -> Client:
    """Make a client. Firm admins do it in their own firm, the operator in any or in none.

    Raises SettingsError for a name that does not do, or one that nothing would tell from another client's.
    """
    if firm is None and not actor.is_operator:
        firm = _only_firm(actor)
    require_in_firm(actor, InFirm.ADD_CLIENT, firm)
    name, number = checked(name, number)
    with sql.together():
        if Client.objects.filter(name=name, number=number, firm=firm).exists():
            raise SettingsError(
                N_("There is a client “%(name)s” already. Give the new one another name or a number of its own."),
                field="name",
                name=name,
                code="exists",
            )
        client = Client.objects.create(name=name, number=number, firm=firm)
        stale.mark([client.pk])
        record(actor, client, What.CLIENT_ADDED, name, after={"number": number, "firm": firm.name if firm else None})
    return client


def checked(name: str, number: str) -> tuple[str, str]:
    """Name and number as they are kept. Raises SettingsError for what cannot be one."""
    name, number = name.strip(), number.strip()
    if not name or len(name) > _LONGEST_NAME:
        raise SettingsError(N_("A name has 1 to %(most)s characters."), field="name", most=_LONGEST_NAME)
    if len(number) > _LONGEST_NUMBER:
        raise SettingsError(N_("A number has at most %(most)s characters."), field="number", most=_LONGEST_NUMBER)
    return name, number


def find_firm(actor: Actor, name: str, doing: InFirm = InFirm.SEE) -> Firm:
    """A firm by name or id (``#3``). Raises NotFound, and Ambiguous when several that the actor sees have the name."""
    found = list(firms_of(actor).filter(_firm_called(name)).order_by("pk")) if name else []
    if len(found) > 1:
        raise Ambiguous(
            N_("“%(name)s” is the name of several firms: %(candidates)s."),
            name=name,
            candidates="; ".join(f"{each.name} · #{each.pk}" for each in found),
            code="ambiguous",
        )
    if not found:
        raise NotFound(N_("There is no such firm, or it is not yours."), code="not_found")
    require_in_firm(actor, doing, found[0])
    return found[0]


def move(actor: Actor, client: Client, firm: Firm | None, why: str = "") -> None:
    """Hand a client to another firm, or to none; who looked after it before does so no longer. The operator alone."""
    require_operator(actor)
    require(actor, Doing.SET_UP, client)
    with sql.together():
        row = Client.objects.select_for_update().get(pk=client.pk)
        before = row.firm.name if row.firm else None
        # Else they would have it back in silence, should the client ever return.
        Assignment.objects.filter(client=row).exclude(member__firm=firm).delete()
        row.firm = firm
        row.save(update_fields=["firm"])
        record(actor, row, What.CLIENT_MOVED, row.name, before=before, after=firm.name if firm else None, why=why)
    client.refresh_from_db()


def assign(actor: Actor, client: Client, member: FirmMember) -> None:
    """Let a colleague look after a client of their own firm. Raises NotFound across firms."""
    with sql.together():
        row, colleague = _both(actor, client, member)
        _, made = Assignment.objects.get_or_create(client=row, member=colleague)
        if made:
            record(actor, row, What.ASSIGNED, row.name, after=Actor.of(colleague.person).key)
            stages.advance(actor, row)


def unassign(actor: Actor, client: Client, member: FirmMember) -> None:
    """A colleague looks after a client no longer. Raises NotFound across firms."""
    with sql.together():
        row, colleague = _both(actor, client, member)
        if Assignment.objects.filter(client=row, member=colleague).delete()[0]:
            record(actor, row, What.UNASSIGNED, row.name, before=Actor.of(colleague.person).key)


def _both(actor: Actor, client: Client, member: FirmMember) -> tuple[Client, FirmMember]:
    """As they stand now, since what the caller holds may be older than a move."""
    require_known(actor, client)
    row = Client.objects.select_for_update().get(pk=client.pk)
    require_in_firm(actor, InFirm.ASSIGN, row.firm_id)
    colleague = FirmMember.objects.filter(pk=member.pk, firm=row.firm_id).select_related("person").first()
    if row.firm_id is None or colleague is None:
        raise NotFound(N_("There is no such colleague in the client's firm."), code="not_found")
    return row, colleague


def _only_firm(actor: Actor) -> Firm:
    found = list(firms_of(actor, InFirm.ADD_CLIENT).order_by("pk")[:2])
    if len(found) > 1:
        raise Ambiguous(N_("You add clients in several firms: say which one."), field="firm", code="ambiguous")
    if not found:
        raise NotFound(N_("There is no such firm, or it is not yours."), code="not_found")
    return found[0]


def _firm_called(name: str) -> Q:
    return Q(name=name) | by_id(name)
