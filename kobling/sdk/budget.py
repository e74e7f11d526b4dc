"""A vendor's allowance, kept by one process. Where workers share a connection, the hub keeps it in the database."""

from __future__ import annotations

import asyncio
from collections import deque

from kobling.sdk.protocols import Clock


class WindowBudget:
    """At most ``limit`` requests in any ``window`` seconds; a limit of 0 is no limit at all.

    Whoever asks first is served first. After ``exhausted`` nobody sends until the pause is over, and the window
    starts empty then, because the vendor has told us that its own count differs from ours.
    """

    def __init__(self, limit: int, window: float, clock: Clock) -> None:
        self._limit = limit
        self._window = window
        self._clock = clock
        self._sent: deque[float] = deque()
        self._paused_until = 0.0
        self._queue = asyncio.Lock()

    async def take(self, cost: int = 1) -> None:
        """Wait until ``cost`` requests may be sent. Raises ValueError when that can never be."""
        if not self._limit and not self._paused_until:
            return
        if self._limit and cost > self._limit:
            raise ValueError(f"{cost} requests at once never fit into {self._limit}")
        async with self._queue:
            while (wait := self._wait(cost)) > 0:
                await self._clock.sleep(wait)
            if self._limit:
                self._sent.extend([self._clock.monotonic()] * cost)

    async def exhausted(self, retry_after: float | None) -> None:
        """Nobody sends before ``retry_after`` seconds, or a full window, have passed."""
        pause = self._window if retry_after is None else retry_after
        self._paused_until = max(self._paused_until, self._clock.monotonic() + pause)

    def _wait(self, cost: int) -> float:
        now = self._clock.monotonic()
        if now < self._paused_until:
            return self._paused_until - now
        if self._paused_until:
            self._paused_until = 0.0
            self._sent.clear()
        while self._sent and self._sent[0] <= now - self._window:
            self._sent.popleft()
        if not self._limit or len(self._sent) + cost <= self._limit:
            return 0.0
        return max(self._sent[len(self._sent) + cost - self._limit - 1] + self._window - now, 0.001)
