"""Credentials: the keys a client has given, whom they serve, and taking them away."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from kobling.access.models import Client
from kobling.access.policy import Actor, Doing, clients_of, require
from kobling.hub import runs
from kobling.hub.happened import What
from kobling.hub.models import Connection
from kobling.hub.models.market import Activation
from kobling.hub.services.log import record
from kobling.hub.store import sql, stale
from kobling.hub.store.health import remember
from kobling.hub.told.connections import ConnectionTold
from kobling.records import N_, SettingsError, SignInExpired, Unsafe

_LONGEST = 100
ACTIVE, UNTESTED, REFUSED, REVOKED = "active", "untested", "refused", "revoked"


@dataclass(frozen=True, slots=True)
class Credential:
    """One key as people see it: never its content. ``departments`` empty: all that the key reaches."""

    connection: ConnectionTold
    state: str
    departments: tuple[str, ...]


def listed(actor: Actor, client: Client | None = None) -> list[Credential]:
    """Keys of the clients that the actor may set up, by client and name."""
    allowed = clients_of(actor, Doing.SET_UP)
    found = Connection.objects.filter(client__in=allowed.filter(pk=client.pk) if client else allowed)
    chosen = Activation.objects.filter(client__in=allowed, ended_at=None)
    scopes = {(each.client_id, each.pair_type.split("-")[0]): tuple(each.departments) for each in chosen}
    return [
        Credential(ConnectionTold.of(each), _state(each), scopes.get((each.client_id, each.connector), ()))
        for each in found.select_related("client").defer(*Connection.SEALED).order_by("client__name", "name")
    ]


def revoke(actor: Actor, connection: Connection, now: datetime, why: str = "") -> None:
    """Forget a key and what was signed in with it; the connection stays, red, until it is connected again.

    The vendor's own list of keys is not reached from here. Raises Unsafe while a run uses the connection.
    """
    require(actor, Doing.SET_UP, connection.client)
    with sql.together():
        row = Connection.objects.select_for_update().get(pk=connection.pk)
        if runs.is_held(row.held_by, now):
            raise Unsafe(
                N_("A run of these connections is going on. Try again when it has ended."), code="run_going_on"
            )
        if row.revoked_at is not None:
            return
        row.secrets, row.grant, row.revoked_at = "", "", now
        row.grant_version += 1
        row.sign_in_until = None
        columns = remember(row, SignInExpired(N_("The key was revoked.")))
        row.save(update_fields=["secrets", "grant", "grant_version", "revoked_at", "sign_in_until", *columns])
        stale.mark([row.client_id])
        record(actor, connection.client, What.KEY_REVOKED, connection.name, why=why)
    connection.refresh_from_db()


def _state(connection: Connection) -> str:
    if connection.revoked_at is not None:
        return REVOKED
    if connection.healthy is None:
        return UNTESTED
    return ACTIVE if connection.healthy else REFUSED


def rename(actor: Actor, connection: Connection, name: str) -> None:
    """Give a key another name. Raises SettingsError for one that is empty, too long or taken."""
    require(actor, Doing.SET_UP, connection.client)
    new, before = name.strip(), connection.name
    if not new or len(new) > _LONGEST:
        raise SettingsError(N_("A name has 1 to %(most)s characters."), field="name", most=_LONGEST)
    if Connection.objects.filter(client=connection.client, name=new).exclude(pk=connection.pk).exists():
        raise SettingsError(N_("The client already has a connection called “%(name)s”."), name=new, code="exists")
    connection.name = new
    connection.save(update_fields=["name"])
    record(actor, connection.client, What.KEY_RENAMED, new, before=before, after=new)
