"""Figures that a system tells about a company: asked right now, asked for in the background, and as last told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from kobling.access.models import Client
from kobling.access.policy import Actor, Doing, clients_of, require
from kobling.hub.connections.opening import Opener
from kobling.hub.models import Connection, ToldFigures
from kobling.hub.store import figures as store
from kobling.hub.told.figures import FiguresTold
from kobling.records import N_, SettingsError
from kobling.sdk.figures import Figure, Figured


def figures(actor: Actor, connection: Connection, opener: Opener) -> Sequence[Figure]:
    """What the connection's system tells. Raises SettingsError for one that tells nothing."""
    require(actor, Doing.SPEND, connection.client)
    connector = opener.connector(connection)
    if not isinstance(connector, Figured):
        raise SettingsError(N_("%(system)s tells no figures."), system=connection.connector, code="no_figures")
    return opener.waiting.run(connector.figures())


def refresh(actor: Actor, client: Client, now: datetime) -> list[FiguresTold]:
    """Have all systems of a client asked soon, by a worker; watch ``told`` until none of them waits any more.

    Also those that were not asked any more by themselves, since a person must have acted first: that person may be the
    one who asks. Raises SettingsError for a client without a connection that could be asked.
    """
    require(actor, Doing.SPEND, client)
    mine = Connection.objects.filter(client=client, healthy=True, revoked_at=None)
    numbers = list(mine.order_by("pk").values_list("pk", flat=True))
    if not numbers:
        raise SettingsError(
            N_("%(client)s has no connection that works. Connect a system, or test one."),
            client=client.name,
            code="nothing_to_ask",
        )
    store.ask_for(numbers, actor.key, now)
    return told(actor, client, now)


def told(actor: Actor, client: Client, now: datetime) -> list[FiguresTold]:
    """What each of a client's systems last told, and whether it is asked anew. No vendor is asked."""
    seen = clients_of(actor, Doing.SEE).filter(pk=client.pk)
    rows = ToldFigures.objects.filter(connection__client__in=seen).select_related("connection")
    return [FiguresTold.of(row, now) for row in rows.order_by("connection__name")]
