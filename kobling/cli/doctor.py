"""doctor: is this installation well?"""

from __future__ import annotations

import os
import sqlite3
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated

import typer
from django.conf import settings
from django.db import DatabaseError, connection

from kobling.access.policy import clients_of
from kobling.cli import extensions, output
from kobling.cli.asking import who_asks
from kobling.cli.output import Exit, translated
from kobling.hub import runs, vault
from kobling.hub.models import Run, Schedule
from kobling.hub.services import connections, pairs
from kobling.hub.told.checks import CheckTold
from kobling.hub.told.said import filled
from kobling.records import N_

app = typer.Typer()


@app.command()
def doctor(json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False) -> None:
    """Check this installation: Python, data folder, keys, database, connections, schedules."""
    found = [each for check in _CHECKS for each in check()]
    if json:
        output.as_json(found)
    else:
        rows = [("✓" if each.ok else "✗", translated(each.check), each.found) for each in found]
        output.table("", ("", translated("Check"), translated("Found")), rows)
    raise typer.Exit(Exit.OK if all(each.ok for each in found) else Exit.SETTINGS)


def _python() -> Iterator[CheckTold]:
    yield CheckTold(N_("Python"), sys.version_info >= (3, 11), sys.version.split()[0])
    if connection.vendor == "sqlite":
        yield CheckTold(N_("SQLite"), sqlite3.sqlite_version_info >= (3, 35), sqlite3.sqlite_version)


def _data_folder() -> Iterator[CheckTold]:
    folder = Path(settings.DATA_DIR)
    yield CheckTold(N_("Data folder can be written"), os.access(folder, os.W_OK), str(folder))
    key = folder / vault.KEY_FILE
    safe = not key.exists() or key.stat().st_mode & 0o077 == 0
    text = translated("readable by its owner alone") if safe else translated("readable by others: chmod 600")
    yield CheckTold(N_("Key file"), safe, f"{key.name}: {text}")


def _database() -> Iterator[CheckTold]:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT COUNT(*) FROM hub_pair")
        yield CheckTold(N_("Database"), True, connection.vendor)
    except DatabaseError as error:
        yield CheckTold(N_("Database"), False, str(error)[:200])


def _connections() -> Iterator[CheckTold]:
    unreadable = vault.unreadable()
    for each in connections.listed(who_asks()):
        name = f"{translated('Connection')} {each.client} / {each.name}"
        if (error := unreadable.get(each.id)) is not None:
            yield CheckTold(name, False, filled(error.summary, error.params))
            continue
        yield CheckTold(name, bool(each.healthy), each.account_name if each.healthy else output.in_words(each.reason))


def _runs() -> Iterator[CheckTold]:
    mine = clients_of(who_asks())
    going = Run.objects.filter(pair__client__in=mine, state=runs.RUNNING).count()
    waiting = Run.objects.filter(pair__client__in=mine, state=runs.QUEUED).count()
    told = {"going": going, "waiting": waiting}
    yield CheckTold(N_("Runs"), True, translated("%(going)s going on, %(waiting)s waiting") % told)
    for each in Schedule.objects.filter(pair__client__in=mine, enabled=True).select_related("pair"):
        yield CheckTold(
            f"{translated('Schedule')} {each.pair.name}", each.next_at is not None, output.cell(each.next_at)
        )


def _pairs() -> Iterator[CheckTold]:
    who = who_asks()
    for each in pairs.listed(who):
        if failed := output.failure(pairs.status(who, each).failure):
            yield CheckTold(f"{translated('Pair')} {each.client.name} / {each.name}", False, failed)


def _hosts() -> Iterator[CheckTold]:
    allowed = os.environ.get("KOBLING_ALLOW_HOSTS", "")
    yield CheckTold(N_("Other hosts allowed"), True, allowed or translated("none: only the vendors' own"))


def _extensions() -> Iterator[CheckTold]:
    for name, package in extensions.added():
        yield CheckTold(f"{translated('Extension')} {name}", True, package)
    for each in extensions.left_out():
        yield CheckTold(f"{translated('Extension')} {each.name}", False, " – ".join(extensions.told(each)))


_CHECKS: tuple[Callable[[], Iterator[CheckTold]], ...] = (
    _python,
    _data_folder,
    _database,
    _extensions,
    _connections,
    _runs,
    _pairs,
    _hosts,
)
