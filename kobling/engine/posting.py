"""Mail goes out beside the runs: one round at a time, and nobody waits for a mail server."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings

from kobling.engine.aside import Aside
from kobling.mail import queue, rounds
from kobling.sdk.protocols import Clock

AFTER_SILENCE = timedelta(minutes=1)
"""How long a mail server that did not answer is left alone by this worker."""

TIDY_EVERY = timedelta(minutes=10)
MORE_THAN_ONE_ANSWER = 5


@dataclass(slots=True)
class Posting:
    """One worker's mail. Whoever dies is followed by another one, once the lease of its claims is over."""

    clock: Clock
    _aside: Aside = field(default_factory=lambda: Aside("mail"))
    _not_before: datetime | None = None
    _tidied_at: datetime | None = None

    def alone(self) -> None:
        """No other worker is there, so that nobody's claim needs to be waited for."""
        queue.nobody_else_sends(self.clock.now())

    def post(self, now: datetime) -> bool:
        """Begin a round where one is due and none goes on. Raises what the last one failed of. Says whether it did."""
        if not self._aside.is_free():
            return False
        if self._tidied_at is None or now - self._tidied_at >= TIDY_EVERY:
            rounds.tidy_up(now)
            self._tidied_at = now
        if (self._not_before is not None and now < self._not_before) or not rounds.is_due(now):
            return False
        self._aside.begin(self._round)
        return True

    @property
    def busy(self) -> bool:
        """Whether a round goes on."""
        return self._aside.busy

    def wait(self, seconds: float) -> None:
        """Until the round that goes on has ended, or so long."""
        self._aside.wait(seconds)

    def stop(self) -> None:
        """End after the mail that goes out now; a server that takes longer over it leaves it unknown."""
        self._aside.stop(settings.EMAIL_TIMEOUT + MORE_THAN_ONE_ANSWER)

    def _round(self) -> None:
        # Also where the round fails: whatever it failed of is not asked again at once.
        self._not_before = self.clock.now() + AFTER_SILENCE
        if rounds.work(self.clock, self._aside.stopping):
            self._not_before = None
