"""Writes the file of one client, a row at a time, so that its size costs no memory."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import Any

from django.db.models import Count, Max, Min

from kobling import __version__
from kobling.access.models import Client
from kobling.access.policy import Actor
from kobling.hub import runs
from kobling.hub.exchange.parts import LEFT_OUT, Part
from kobling.hub.exchange.refusing import NotPacked
from kobling.hub.exchange.values import told
from kobling.hub.exchange.who import Names
from kobling.hub.models import Connection, Event, Pair, Run, Table, WriteIntent
from kobling.hub.store import sql
from kobling.records import N_

FORMAT, VERSION, MANIFEST = "kobling-client", 1, "manifest.json"

EachPart = Callable[[int, int], None]
"""Hears how many parts are written, and of how many; what it raises ends the writing."""


@dataclass(frozen=True, slots=True)
class Packed:
    """A file that was written: where, and how many rows each part has."""

    path: Path
    name: str
    rows: dict[str, int]


def nobody_hears(_done: int, _of: int) -> None:
    """For those who do not watch."""


def pack(
    actor: Actor,
    client: Client,
    parts: Sequence[Part],
    path: Path,
    now: datetime,
    each_part: EachPart = nobody_hears,
) -> Packed:
    """Write a client's file. Raises NotPacked while a run goes on, or when one began meanwhile."""
    before = _standing(client)
    members: dict[str, dict[str, Any]] = {}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for number, part in enumerate(parts):
            each_part(number, len(parts))
            members[part.member] = _write(archive, part, client.pk)
        manifest = _manifest(actor, client, members, now)
        archive.writestr(MANIFEST, json.dumps(manifest, ensure_ascii=False, indent=1))
    if _standing(client) != before:
        raise NotPacked(N_("Something of the client has changed while it was exported."), code="changed_meanwhile")
    return Packed(path, client.name, {name: each["rows"] for name, each in members.items()})


def require_quiet(client: Client) -> None:
    """Raises NotPacked while a run of the client goes on: what it writes would be in the file by halves."""
    if Run.objects.filter(pair__client=client, state=runs.RUNNING).exists():
        raise NotPacked(N_("A run of this client is going on."), code="run_going_on")


def _standing(client: Client) -> tuple[Any, ...]:
    """What moves whenever anything of a client does that the file tells."""
    require_quiet(client)
    ran = Run.objects.filter(pair__client=client).aggregate(last=Max("pk"), attempts=Max("epoch"), number=Count("pk"))
    events = Event.objects.filter(client=client).aggregate(last=Max("pk"))
    written = WriteIntent.objects.filter(run__pair__client=client).aggregate(last=Max("pk"), closed=Max("closed_at"))
    tables = Table.objects.filter(pair__client=client).count()
    return (*ran.values(), *events.values(), *written.values(), tables)


def _write(archive: zipfile.ZipFile, part: Part, client: int) -> dict[str, Any]:
    digest, number, size = hashlib.sha256(), 0, 0
    with archive.open(part.member, "w", force_zip64=True) as member:
        for line in _lines(part, client):
            member.write(line)
            digest.update(line)
            number, size = number + 1, size + len(line)
    return {"rows": number, "bytes": size, "sha256": digest.hexdigest()}


def _lines(part: Part, client: int) -> Iterator[bytes]:
    names = Names()
    fields = [part.model._meta.get_field(each) for each in part.fields]
    columns = ["pk", *(each.attname for each in fields)]  # type: ignore[union-attr]
    found = part.of_client(client).annotate(**{f"told_{name}": each for name, each in part.instead.items()})
    read = [f"told_{name}" if name in part.instead else name for name in columns]
    rows = found.order_by("pk").values_list(*read).iterator(chunk_size=part.at_once)
    for batch in sql.batched(rows, part.at_once):
        told_rows = [dict(zip(("id", *part.fields), row, strict=True)) for row in batch]
        names.learn(chain.from_iterable((row[key] for row in told_rows if row[key]) for key in part.keys))
        for row in told_rows:
            yield _line(part, row, names)


def _line(part: Part, row: dict[str, Any], names: Names) -> bytes:
    for key in part.keys:
        row[key] = names.of(row[key]) if row[key] else row[key]
    for text in part.texts:
        row[text] = names.in_text(row[text])
    if not part.named:
        del row["id"]
    plain = {name: told(value) for name, value in row.items()}
    return json.dumps(plain, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _manifest(actor: Actor, client: Client, members: dict[str, dict[str, Any]], now: datetime) -> dict[str, Any]:
    span = Event.objects.filter(client=client).aggregate(first=Min("at"), last=Max("at"))
    connections = Connection.objects.filter(client=client).order_by("name")
    return {
        "format": FORMAT,
        "version": VERSION,
        "kobling": __version__,
        "origin": client.origin,
        "name": client.name,
        "number": client.number,
        "exported_at": now.isoformat(),
        "exported_by": {"kind": actor.kind.value, "name": actor.name},
        "connections": [list(row) for row in connections.values_list("connector", "name", "account_name")],
        "pairs": list(Pair.objects.filter(client=client).order_by("name").values_list("name", flat=True)),
        "history": [told(span["first"]), told(span["last"])],
        "left_out": list(LEFT_OUT),
        "members": members,
    }
