"""Which job is whose to do, and what became of it: claimed with a lease that its worker renews.

A job of a worker that died is done again from its beginning where it may be, a few times; else it ends and says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q, QuerySet

from kobling.hub.store.issues import error_as_data
from kobling.jobs import files
from kobling.jobs.models import Job, State
from kobling.records import N_, KoblingError, Unsafe

LEASE = timedelta(minutes=3)
TRIES = 3
LOOKED_AT = 10
ROW_LIVES = timedelta(days=30)
AT_ONCE = 200

CUT_OFF = N_("Kobling was cut off while it did this. Look at what came of it before you ask again.")
TOO_OFTEN = N_("Kobling was cut off each time it did this, %(tries)s times. It is not tried again by itself.")


@dataclass(frozen=True, slots=True)
class Turn:
    """One claim of a job, which is one worker's while it renews it."""

    job: int
    epoch: int


def is_due(now: datetime) -> bool:
    """Whether there is anything to claim, or to say of a claim that is over."""
    return _due(now).exists()


def claim(worker: str, now: datetime) -> tuple[Job, Turn] | None:
    """The job that waits longest; it is one worker's. Those that may not be done again after a death are ended."""
    for row in _due(now).order_by("asked_at", "pk")[:LOOKED_AT]:
        mine = _due(now).filter(pk=row.pk, epoch=row.epoch, state=row.state)
        if row.state == State.GOING and not (row.repeatable and row.epoch < TRIES):
            _end(mine, State.FAILED, now, error=error_as_data(_cut_off(row)))
            continue
        held = {"state": State.GOING, "epoch": row.epoch + 1, "claimed_until": now + LEASE, "worker": worker}
        if mine.update(**held, started_at=now, progress={}):
            return row, Turn(row.pk, row.epoch + 1)
    return None


def _cut_off(row: Job) -> KoblingError:
    if row.repeatable:
        return Unsafe(TOO_OFTEN, tries=row.epoch, code="cut_off")
    return Unsafe(CUT_OFF, code="cut_off")


def renew(turn: Turn, now: datetime, progress: Mapping[str, Any] | None = None) -> bool:
    """Its worker lives, and maybe says how far it is. False: the job is no longer its own."""
    told = {} if progress is None else {"progress": dict(progress)}
    return bool(_mine(turn).update(claimed_until=now + LEASE, **told))


def done(turn: Turn, result: Any, now: datetime) -> bool:
    """It is done; False where it is somebody else's by now, so that this result is nobody's."""
    return _end(_mine(turn), State.DONE, now, result=result)


def failed(turn: Turn, error: KoblingError, now: datetime) -> bool:
    """It cannot be done, and why."""
    return _end(_mine(turn), State.FAILED, now, error=error_as_data(error))


def give_back(turn: Turn, now: datetime) -> None:
    """Its worker stops: it is somebody else's at once where it may be done again, else it ends and says so."""
    again = _mine(turn).filter(repeatable=True)
    if not again.update(state=State.WAITING, claimed_until=None, started_at=None, progress={}):
        failed(turn, Unsafe(CUT_OFF, code="cut_off"), now)


def nobody_else_works(now: datetime) -> None:
    """All claims are of workers that are gone, since there is never more than one."""
    Job.objects.filter(state=State.GOING, claimed_until__gt=now).update(claimed_until=now)


def tidy(now: datetime) -> int:
    """Drop what ended long ago, and files whose time is over, a few at a time. Returns how many."""
    dropped = files.tidy(now)
    old = Job.objects.filter(state__in=(State.DONE, State.FAILED), asked_at__lt=now - ROW_LIVES)
    return dropped + Job.objects.filter(pk__in=list(old.values_list("pk", flat=True)[:AT_ONCE])).delete()[0]


def _due(now: datetime) -> QuerySet[Job]:
    return Job.objects.filter(Q(state=State.WAITING) | Q(state=State.GOING, claimed_until__lte=now))


def _mine(turn: Turn) -> QuerySet[Job]:
    return Job.objects.filter(pk=turn.job, epoch=turn.epoch, state=State.GOING)


def _end(rows: QuerySet[Job], state: State, now: datetime, **what: Any) -> bool:
    return bool(rows.update(state=state, ended_at=now, claimed_until=None, once=None, progress={}, **what))
