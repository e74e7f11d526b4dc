"""A client leaves for another installation, or comes from one: asked here, done by ``hub/exchange``."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import IntegrityError
from django.db.models import Q, QuerySet

from kobling.access.models import Client, Firm
from kobling.access.naming import SHOWN, Ambiguous, client_called
from kobling.access.naming import told as told_of
from kobling.access.policy import Actor, Doing, InFirm, NotFound, Way, clients_of, on_the_way, require_in_firm
from kobling.hub.exchange.identity import identify, require_new
from kobling.hub.exchange.opening import Manifest, opened
from kobling.hub.exchange.packing import EachPart, Packed, nobody_hears, pack, require_quiet
from kobling.hub.exchange.parts import LEFT_OUT, PARTS, Part
from kobling.hub.exchange.refusing import damaged
from kobling.hub.exchange.unpacking import unpack
from kobling.hub.happened import What
from kobling.hub.services import clients
from kobling.hub.services.log import record
from kobling.hub.store import sql, stale
from kobling.portal.models import Deadline, Wallet
from kobling.records import N_

EVERYTHING = (
    *PARTS,
    Part("wallet", Wallet, "client", ("threshold",)),
    Part("deadlines", Deadline, "client", ("kind", "day")),
)


@dataclass(frozen=True, slots=True)
class Coming:
    """A client in a file, before it is taken in. ``connect``: connector, name and account of what must be connected."""

    name: str
    number: str
    by: str
    exported_at: datetime
    pairs: tuple[str, ...]
    connect: tuple[tuple[str, str, str], ...]
    couplings: int
    writes: int
    files: int
    first: datetime | None
    last: datetime | None
    left_out: tuple[str, ...]


def export_client(actor: Actor, client: int, now: datetime, folder: Path, each_part: EachPart = nobody_hears) -> Packed:
    """Write everything of a client into one file of the folder; whoever asked takes it away and removes it.

    For who may set it up; of an archived one for its firm's administrators. Raises NotFound, NotPacked.
    """
    row = exportable(actor, client)
    require_quiet(row)
    with sql.together():
        identify(row)
        record(actor, row, What.CLIENT_EXPORTED, row.name)
    handle, path = tempfile.mkstemp(prefix="client-", suffix=".zip", dir=folder)
    os.close(handle)
    try:
        return pack(actor, row, EVERYTHING, Path(path), now, each_part)
    except BaseException:
        Path(path).unlink(missing_ok=True)
        raise


def find(actor: Actor, name: str) -> Client:
    """A client that may be exported, by name, number or id; an archived one too. Raises NotFound, Ambiguous."""
    found = list(_ours(actor).filter(client_called(name)).select_related("firm").order_by("pk")[:SHOWN])
    if len(found) > 1:
        raise Ambiguous(
            N_("“%(name)s” is the name or number of several clients: %(candidates)s."),
            name=name,
            candidates=told_of(found),
            code="ambiguous",
        )
    if not found:
        raise NotFound(N_("There is no client “%(name)s”, or it is not yours."), name=name, code="not_found")
    return found[0]


def look(actor: Actor, path: Path, firm: int | None) -> Coming:
    """What is in a file, read to its end; nothing is done. Raises NotFound, NotTaken."""
    require_in_firm(actor, InFirm.ADD_CLIENT, firm)
    with opened(path, EVERYTHING) as found:
        require_new(actor, found.manifest.origin)
        found.check(EVERYTHING)
        return _coming(found.manifest)


def import_client(actor: Actor, path: Path, firm: int | None, now: datetime, name: str = "") -> Client:
    """Take a client in, wholly or not at all, under its own name or another.

    Raises NotFound, NotTaken, and SettingsError for a name that does not do.
    """
    require_in_firm(actor, InFirm.ADD_CLIENT, firm)
    with opened(path, EVERYTHING) as found, sql.together():
        told = found.manifest
        require_new(actor, told.origin)
        made = clients.add(
            actor, name or told.name, number=told.number, firm=Firm.objects.get(pk=firm) if firm else None
        )
        made.origin = told.origin
        try:
            with sql.together():
                made.save(update_fields=["origin"])
        except IntegrityError:
            require_new(actor, told.origin)
            raise damaged("manifest.json") from None
        unpack(found, made, EVERYTHING, now)
        stale.mark([made.pk])
        record(actor, made, What.CLIENT_IMPORTED, made.name, after={"exported_at": told.exported_at.isoformat()})
    return made


def room() -> Path:
    """Where files of clients lie for the moment that they are made or looked at; nobody else may read there."""
    folder = Path(settings.DATA_DIR) / "moving"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def _ours(actor: Actor) -> QuerySet[Client]:
    """Clients that the actor may take away with all that they hold."""
    set_up, archived = clients_of(actor, Doing.SET_UP), on_the_way(actor, Way.ARCHIVED)
    return Client.objects.filter(Q(pk__in=set_up.values("pk")) | Q(pk__in=archived.values("pk")))


def exportable(actor: Actor, client: int) -> Client:
    """A client that may be exported. Raises NotFound."""
    row = _ours(actor).filter(pk=client).first()
    if row is None:
        raise NotFound(N_("There is no such client, or it is not yours."), code="not_found")
    return row


def _coming(told: Manifest) -> Coming:
    return Coming(
        told.name,
        told.number,
        told.by,
        told.exported_at,
        told.pairs,
        told.connections,
        told.rows("couplings"),
        told.rows("journal"),
        told.rows("files"),
        *told.history,
        LEFT_OUT,
    )
