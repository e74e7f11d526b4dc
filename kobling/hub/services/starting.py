"""Having a client's pairs run: one or all of them, each asked once however often a button is pressed."""

from __future__ import annotations

from datetime import datetime

from kobling.access.models import Client
from kobling.access.policy import Actor, Doing, NotFound, require
from kobling.hub import runs
from kobling.hub.models import Connection, Pair, Run
from kobling.hub.services import syncing
from kobling.hub.store import sql
from kobling.records import N_


def pairs_of(client: Client, number: int | None = None) -> list[Pair]:
    """The pairs of a client, or the one of that number. Raises NotFound for one that is another client's."""
    sealed = [f"{side}__{name}" for side in ("left", "right") for name in Connection.SEALED]
    rows = Pair.objects.filter(client=client).select_related("client", "left", "right").defer(*sealed).order_by("pk")
    found = list(rows if number is None else rows.filter(pk=number))
    if number is not None and not found:
        raise NotFound(N_("There is no such pair, or it is not yours."), code="not_found")
    return found


def start(actor: Actor, client: Client, now: datetime, pair: int | None = None) -> tuple[int, ...]:
    """Ask for a run of everything, of one pair or of all. Returns the runs that were made: what waits is joined."""
    require(actor, Doing.WORK, client)
    with sql.together():
        # Locked before it is looked what waits: a button that is pressed twice is two requests at once.
        list(Client.objects.select_for_update().filter(pk=client.pk).values_list("pk"))
        waiting = set(
            Run.objects.filter(pair__client=client, kind="sync", state=runs.QUEUED).values_list("pair", flat=True)
        )
        return tuple(syncing.sync(actor, each, now).pk for each in pairs_of(client, pair) if each.pk not in waiting)
