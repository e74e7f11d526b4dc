"""How far each table of a run is: its own state, and that of both directions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from kobling.hub import runs
from kobling.hub.models import SyncJob, WriteIntent
from kobling.mapping import Side

ERRORS = "errors"


def began(run: int, table: int) -> None:
    """A table's turn has come."""
    job, _ = SyncJob.objects.get_or_create(run_id=run, table_id=table, defaults={"state": runs.RUNNING})
    if not job.state:
        SyncJob.objects.filter(pk=job.pk).update(state=runs.RUNNING)


def direction_begins(run: int, table: int, towards: Side) -> None:
    """Writing in one direction begins."""
    name = f"to_{towards.value}"
    SyncJob.objects.filter(run_id=run, table_id=table, **{name: ""}).update(**{name: runs.RUNNING})


def direction_done(run: int, table: int, towards: Side) -> None:
    """Writing in one direction is over; a refused write makes it one with errors."""
    failed = WriteIntent.objects.filter(run_id=run, table_id=table, side=towards.value).exclude(state="confirmed")
    state = ERRORS if failed.exists() else runs.DONE
    SyncJob.objects.filter(run_id=run, table_id=table).update(**{f"to_{towards.value}": state})


def ended(run: int, table: int, state: str, now: datetime, failure: Mapping[str, Any] | None = None) -> None:
    """A table's turn is over."""
    SyncJob.objects.update_or_create(
        run_id=run,
        table_id=table,
        defaults={"state": state, "ended_at": now, "error": None if failure is None else dict(failure)},
    )
