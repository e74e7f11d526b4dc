"""Requests per caller in a sliding window, and how many at once."""

from __future__ import annotations

from collections import deque

from kobling_simulators.business_central.errors import TOO_MANY, ApiError
from kobling_simulators.business_central.settings import Limits
from kobling_simulators.clock import Clock


class Throttle:
    """Counts requests by caller.

    Fidelity: known business_central §8 – 6,000 requests in any 5 minutes per user, apps count as users
    Fidelity: known business_central §8 – 5 processed at once, 95 wait, the 101st connection is 429
    Fidelity: assumed business_central §7 – the code of 429 is Application_TooManyRequests; a $batch is one request
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.limits = Limits()
        self._seen: dict[str, deque[float]] = {}

    def refusal(self, caller: str, in_flight: int, retry_after: int | None) -> ApiError | None:
        """Why this request is one too many, or None when it counts and may pass."""
        if not self.limits.enabled:
            return None
        if in_flight > self.limits.connections:
            return too_many(in_flight, self.limits.connections, retry_after)
        now = self._clock.now()
        seen = self._seen.setdefault(caller, deque())
        while seen and seen[0] <= now - self.limits.window:
            seen.popleft()
        if len(seen) >= self.limits.requests:
            return too_many(len(seen) + 1, self.limits.requests, retry_after)
        seen.append(now)
        return None

    def clear(self) -> None:
        """Forget what was used."""
        self._seen.clear()


def too_many(actual: int, most: int, retry_after: int | None) -> ApiError:
    """HTTP 429."""
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return ApiError(429, TOO_MANY, f"Too many requests reached. Actual ({actual}). Maximum ({most}).", headers)
