"""Time, injected: the system's clock for running, a clock that never waits for tests and simulations."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta


class SystemClock:
    """The machine's own time; sleeping lets other coroutines run."""

    def now(self) -> datetime:
        """The instant, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds that never go back."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait; zero or less only lets others run."""
        await asyncio.sleep(max(0.0, seconds))


class FakeClock:
    """A clock that stands still until someone sleeps or turns it: sleeping costs no real time.

    Several sleepers overlap as in real life: two sleeping 5 s at once move the clock by 5 s, not 10. ``slept`` sums up
    what was asked for, so that a test can say how long something would have waited.
    """

    def __init__(self, start: datetime | None = None) -> None:
        self._start = start or datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
        self._passed = 0.0
        self.slept = 0.0

    def now(self) -> datetime:
        """The instant, in UTC."""
        return self._start + timedelta(seconds=self._passed)

    def monotonic(self) -> float:
        """Seconds since this clock was made; forward only, unless ``turn`` is given a negative number."""
        return self._passed

    async def sleep(self, seconds: float) -> None:
        """Let others run, then be later."""
        until = self._passed + max(0.0, seconds)
        self.slept += max(0.0, seconds)
        await asyncio.sleep(0)
        self._passed = max(self._passed, until)

    def turn(self, seconds: float) -> None:
        """Move the clock by hand."""
        self._passed += seconds
