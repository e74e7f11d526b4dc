"""Another installation: the same process, after everything of the client is gone from its database."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kobling.access.models import Client
from kobling.access.policy import Actor
from kobling.hub import models as hub
from kobling.hub.models import Pair
from kobling.hub.services import connections
from kobling.portal import moving
from kobling.portal.models import ClientFigures, Deadline, Wallet
from tests.engine.bench import Bench

OPERATOR = Actor.operator("root")
OF_CLIENTS = (
    *(hub.EventRecord, hub.Event, hub.ExportedDocument, hub.FileExport, hub.WriteIntent, hub.SyncJob, hub.PlanChunk),
    *(hub.Run, hub.Moved, hub.SyncIssue, hub.Pointing, hub.MatchKey, hub.Decision, hub.Coupling, hub.Table),
    *(hub.Schedule, hub.Pair, hub.MirrorRow, hub.Feed, hub.ToldFigures, hub.Connection, hub.Activation, hub.Stale),
    *(ClientFigures, Deadline, Wallet),
)


def exported(bench: Bench, folder: Path) -> Path:
    """The client's file."""
    return moving.export_client(OPERATOR, bench.pair.client_id, bench.clock.now(), folder).path


def forget_everything() -> None:
    """As in a database that never knew the client."""
    for each in OF_CLIENTS:
        each._default_manager.all().delete()
    Client.objects.all().delete()


def arrived(bench: Bench, path: Path, *, connect: bool = True) -> Client:
    """The client is taken in elsewhere, and somebody connects its systems again."""
    forget_everything()
    made = moving.import_client(OPERATOR, path, None, bench.clock.now())
    bench.pair = Pair.objects.get(client=made)
    for side in ("left", "right") if connect else ():
        connections.connect(OPERATOR, made, bench.opener, side, {}, side)
    bench.pair.refresh_from_db()
    return made


def members(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {each: archive.read(each) for each in archive.namelist()}


def rewritten(path: Path, change: Callable[[dict[str, bytes]], None], *, sums: bool = False) -> Path:
    """The same file with something changed in it; ``sums``: by somebody who knows how the manifest is made."""
    inside = members(path)
    change(inside)
    if sums:
        told: dict[str, Any] = json.loads(inside["manifest.json"])
        told["members"] = {
            name: {"rows": each.count(b"\n"), "bytes": len(each), "sha256": hashlib.sha256(each).hexdigest()}
            for name, each in inside.items()
            if name != "manifest.json"
        }
        inside["manifest.json"] = json.dumps(told).encode()
    made = path.with_name("changed.zip")
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in inside.items():
            archive.writestr(name, content)
    return made
