"""Jobs that pages asked for are done beside the runs: one at a time."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from kobling.engine.aside import Aside
from kobling.hub.connections.opening import Opener
from kobling.jobs import queue, working
from kobling.jobs.queue import Turn
from kobling.jobs.working import Hearing
from kobling.sdk.protocols import Clock

TIDY_EVERY_ROUNDS = 600
LONGEST_STOP = 10.0
"""Seconds that a worker which stops waits for its job to hear of it; then the lease runs out."""


@dataclass(slots=True)
class Jobbing:
    """One worker's jobs. Its rounds renew the lease of the one that goes on, so that only a death lets it run out."""

    clock: Clock
    name: str
    opener: Opener
    _aside: Aside = field(default_factory=lambda: Aside("jobs"))
    _turn: Turn | None = None
    _renew_at: datetime | None = None
    _rounds: int = 0

    def alone(self) -> None:
        """No other worker is there, so that nobody's claim needs to be waited for."""
        queue.nobody_else_works(self.clock.now())

    def work(self, now: datetime) -> bool:
        """Begin a job where one is due and none goes on. Raises what the last one failed of. Says whether it did."""
        if not self._aside.is_free():
            self._renew(now)
            return False
        if self._rounds % TIDY_EVERY_ROUNDS == 0:
            queue.tidy(now)
        self._rounds += 1
        claimed = queue.claim(self.name, now) if queue.is_due(now) else None
        if claimed is None:
            return False
        job, self._turn = claimed
        self._renew_at = now + queue.LEASE / 3
        hearing = Hearing(self._turn, self.clock, self.opener, self._aside.stopping)
        self._aside.begin(lambda: working.work(job, hearing))
        return True

    @property
    def busy(self) -> bool:
        """Whether a job goes on."""
        return self._aside.busy

    def wait(self, seconds: float) -> None:
        """Until the job that goes on has ended, or so long."""
        self._aside.wait(seconds)

    def stop(self) -> None:
        """A job that hears of it goes back, or ends and says so."""
        self._aside.stop(LONGEST_STOP)

    def _renew(self, now: datetime) -> None:
        if self._turn is not None and self._renew_at is not None and now >= self._renew_at:
            queue.renew(self._turn, now)
            self._renew_at = now + queue.LEASE / 3
