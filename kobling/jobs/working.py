"""A worker does one job: asks again whether it may be done, and keeps what came of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import structlog

from kobling.access.actors import read_key
from kobling.access.models import Person
from kobling.access.policy import Actor, Kind, NotFound
from kobling.hub.connections.opening import Opener
from kobling.hub.store import faults
from kobling.hub.told.said import NOTHING, Said
from kobling.jobs import files, queue
from kobling.jobs.kinds import KINDS
from kobling.jobs.models import Job
from kobling.jobs.queue import Turn
from kobling.records import N_, KoblingError, Misunderstood
from kobling.sdk.protocols import Clock

log = structlog.get_logger("kobling.jobs")
TOLD_EVERY = timedelta(seconds=1)


class Left(BaseException):
    """Leaves a job where it is: its worker stops, or it is somebody else's. No Exception, so that no job catches it."""


@dataclass(slots=True)
class Hearing:
    """Keeps how far a job is, at most once a second, and ends it where its worker must stop."""

    turn: Turn
    clock: Clock
    opener: Opener
    stopping: Callable[[], bool] = lambda: False
    _told_at: datetime | None = field(default=None)

    def tell(self, done: int, total: int = 0, what: Said = NOTHING) -> None:
        """Say how far it is."""
        if self.stopping():
            raise Left
        now = self.clock.now()
        if self._told_at is not None and now - self._told_at < TOLD_EVERY:
            return
        self._told_at = now
        told = {"done": done, "total": total, "what": what.text, "params": dict(what.params)}
        if not queue.renew(self.turn, now, told):
            raise Left

    @property
    def job(self) -> int:
        """Which one it is."""
        return self.turn.job

    def keep(self, path: Path) -> None:
        """Keep the file that was made, as this claim's."""
        files.keep(self.turn.job, files.parts_of(path), self.turn.epoch)


def work(job: Job, hearing: Hearing) -> None:
    """Do a claimed job. Raises faults of our own storage: they have nothing to do with the job, which goes back."""
    turn, clock = hearing.turn, hearing.clock
    try:
        kind = KINDS.get(job.kind)
        if kind is None:
            raise Misunderstood(N_("This Kobling does not know how to do this any more."), code="unknown_job")
        actor = _actor_of(job)
        kind.require(actor, job.params)
        queue.done(turn, kind.work(actor, job.params, hearing), clock.now())
    except Left:
        queue.give_back(turn, clock.now())
    except KoblingError as error:
        queue.failed(turn, error, clock.now())
    except Exception as fault:
        if faults.told(fault) is not None:
            raise
        log.error("a job failed", job=job.pk, kind=job.kind, exc_info=fault)
        ours = Misunderstood(N_("Something happened that Kobling does not know."), code="fault")
        queue.failed(turn, ours, clock.now())


def _actor_of(job: Job) -> Actor:
    """Who asked for it, as they are now. Raises NotFound for who may nothing any more."""
    kind, ident = read_key(job.asked_by)
    if kind is Kind.OPERATOR:
        return replace(Actor.operator(ident), only=job.only)
    person: Any = Person.objects.filter(pk=int(ident), is_active=True).first() if kind is Kind.PERSON else None
    if person is None:
        raise NotFound(N_("Who asked for this may not have it done any more."), code="not_found")
    return replace(Actor.of(person), only=job.only)
