"""The installation as its operator sees it."""

from __future__ import annotations

import platform
import sqlite3
from dataclasses import dataclass
from datetime import datetime, tzinfo
from importlib import metadata

import django
from django.conf import settings
from django.db import connection

import kobling
from kobling.access.policy import Actor, require_installation
from kobling.hub.store import sql
from kobling.operating.keys import KeyTold, SignIns, keys, sign_ins
from kobling.operating.queues import Counted, QueueTold, queues, runs_since
from kobling.operating.space import Space, space
from kobling.operating.workers import WorkerTold, workers


@dataclass(frozen=True, slots=True)
class Installation:
    """Everything that is shown of it at once."""

    workers: tuple[WorkerTold, ...]
    queues: tuple[QueueTold, ...]
    runs_today: Counted
    space: Space
    keys: tuple[KeyTold, ...]
    sign_ins: SignIns
    versions: tuple[tuple[str, str], ...]
    folder: str
    several: bool
    """Workers may be several: the database is a server's."""

    @property
    def waiting(self) -> int:
        """What waits, of all kinds."""
        return sum(each.waiting for each in self.queues)

    @property
    def oldest_at(self) -> datetime | None:
        """Since when something waits."""
        return min((each.oldest_at for each in self.queues if each.oldest_at), default=None)

    @property
    def working(self) -> int | None:
        """How many workers live; None: not known."""
        return None if any(each.lives is None for each in self.workers) else sum(bool(e.lives) for e in self.workers)


def installation(actor: Actor, now: datetime, zone: tzinfo) -> Installation:
    """As it stands now; ``zone`` says when today began. Raises NotFound for everybody but the operator."""
    require_installation(actor)
    midnight = now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    return Installation(
        workers(),
        queues(now),
        runs_since(midnight),
        space(),
        keys(),
        sign_ins(now),
        _versions(),
        str(settings.DATA_DIR),
        connection.vendor == "postgresql",
    )


def _versions() -> tuple[tuple[str, str], ...]:
    if connection.vendor == "postgresql":
        found = sql.one("SHOW server_version")
        database = ("PostgreSQL", str(found[0]) if found else "")
    else:
        database = ("SQLite", sqlite3.sqlite_version)
    return (
        ("Kobling", kobling.__version__),
        ("Python", platform.python_version()),
        ("Django", django.get_version()),
        ("DBOS", metadata.version("dbos")),
        database,
    )
