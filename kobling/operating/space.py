"""How much room everything takes, as far as it can be told without counting, and how long it is kept today."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.db.models import Max, Model

from kobling import storage
from kobling.hub.models import Event, MirrorRow, Notification, PlanChunk, Run, WriteIntent
from kobling.hub.store import sql
from kobling.hub.told.said import Said
from kobling.jobs import files, queue
from kobling.jobs.models import FilePart, Job
from kobling.mail import tidying
from kobling.mail.models import Mail
from kobling.records import N_
from kobling.sdk.webhooks import TOLERANCE

FOR_GOOD = Said(N_("For good"))
_DAYS = N_("%(days)s days")
_MINUTES = N_("%(minutes)s minutes")


@dataclass(frozen=True, slots=True)
class TableTold:
    """One big table. ``rows`` None: not known. ``at_most``: so many were ever made, and some may be gone again.

    ``size`` in bytes, None where the database cannot tell without reading everything.
    """

    title: str
    rows: int | None
    at_most: bool
    size: int | None
    kept: Said


@dataclass(frozen=True, slots=True)
class Space:
    """In bytes; None: not known. ``free``: on the disk of the data folder. ``engine``: steps of runs, on SQLite."""

    database: int | None
    engine: int | None
    free: int | None
    tables: tuple[TableTold, ...]


_TABLES: tuple[tuple[str, type[Model], Said], ...] = (
    (N_("Mirror of records"), MirrorRow, FOR_GOOD),
    (N_("Journal of what was written"), WriteIntent, FOR_GOOD),
    (N_("Plans of runs"), PlanChunk, FOR_GOOD),
    (N_("Runs"), Run, FOR_GOOD),
    (N_("History"), Event, FOR_GOOD),
    (
        N_("Mail"),
        Mail,
        Said(
            N_("%(days)s days, what is written in them %(content)s days"),
            {"days": tidying.ROW_LIVES.days, "content": tidying.CONTENT_LIVES.days},
        ),
    ),
    (
        N_("Marks of notifications"),
        Notification,
        Said(_MINUTES, {"minutes": int(2 * TOLERANCE.total_seconds() // 60)}),
    ),
    (N_("Jobs of pages"), Job, Said(_DAYS, {"days": queue.ROW_LIVES.days})),
    (N_("Files of jobs"), FilePart, Said(_MINUTES, {"minutes": int(files.KEPT.total_seconds() // 60)})),
)


def space() -> Space:
    """What the database itself keeps of it; nothing is counted."""
    folder = Path(settings.DATA_DIR)
    if connection.vendor == "postgresql":
        return Space(sql.number("SELECT pg_database_size(current_database())"), None, _free(folder), _on_postgresql())
    pages, size = sql.number("PRAGMA page_count"), sql.number("PRAGMA page_size")
    return Space(pages * size, _size(folder / storage.ENGINE), _free(folder), _on_sqlite())


def _on_postgresql() -> tuple[TableTold, ...]:
    names = [model._meta.db_table for _, model, _ in _TABLES]
    rows = sql.rows(
        "SELECT relname, reltuples::bigint, pg_total_relation_size(oid) FROM pg_class"
        " WHERE relkind = 'r' AND relname = ANY(%s) AND pg_table_is_visible(oid)",
        [names],
    )
    known: Mapping[str, tuple[int, int]] = {name: (number, size) for name, number, size in rows}
    return tuple(_table(title, known.get(model._meta.db_table, (-1, 0)), kept) for title, model, kept in _TABLES)


def _table(title: str, told: tuple[int, int], kept: Said) -> TableTold:
    rows, size = told
    return TableTold(title, None if rows < 0 else rows, False, size, kept)


def _on_sqlite() -> tuple[TableTold, ...]:
    return tuple(
        TableTold(title, model._default_manager.aggregate(last=Max("pk"))["last"] or 0, True, None, kept)
        for title, model, kept in _TABLES
    )


def _free(folder: Path) -> int | None:
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return None


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None
