"""Service protection: requests, execution time and concurrency of each user in a sliding window."""

from __future__ import annotations

from collections import deque

from kobling_simulators.clock import Clock
from kobling_simulators.dataverse.errors import ApiError
from kobling_simulators.dataverse.settings import Limits

_CODES = {
    "requests": ("0x80072322", "Number of requests exceeded the limit of {0} over a time window of {1} seconds."),
    "seconds": ("0x80072321", "Combined execution time of incoming requests exceeded limit of {0} seconds."),
    "concurrent": ("0x80072326", "Number of concurrent requests exceeded the limit of {0}."),
}


class _Window:
    """What one user used, second by second."""

    def __init__(self) -> None:
        self.buckets: deque[list[float]] = deque()
        self.requests = 0.0
        self.seconds = 0.0

    def forget(self, until: float) -> None:
        while self.buckets and self.buckets[0][0] <= until:
            _, requests, seconds = self.buckets.popleft()
            self.requests -= requests
            self.seconds -= seconds

    def add(self, second: float, requests: float, seconds: float) -> None:
        if not self.buckets or self.buckets[-1][0] != second:
            self.buckets.append([second, 0, 0])
        self.buckets[-1][1] += requests
        self.buckets[-1][2] += seconds
        self.requests += requests
        self.seconds += seconds


class Protection:
    """Counts and refuses.

    Fidelity: known dataverse §8 – 429 with 0x80072322, 0x80072321 or 0x80072326 and Retry-After in seconds
    Fidelity: known dataverse §8 – x-ms-ratelimit-burst-remaining-xrm-requests and …-time-remaining-xrm-requests
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.limits = Limits()
        self._windows: dict[str, _Window] = {}

    def clear(self) -> None:
        """Forget what was used."""
        self._windows.clear()

    def _window(self, user: str) -> _Window:
        window = self._windows.setdefault(user, _Window())
        window.forget(self._clock.now() - self.limits.window)
        return window

    def refusal(self, user: str, in_flight: int) -> ApiError | None:
        """Why a request may not pass, or None; what may pass is counted. Refused requests do not count."""
        if not self.limits.enabled:
            return None
        window = self._window(user)
        if in_flight > self.limits.concurrent:
            return self.problem("concurrent", 5)
        if window.requests >= self.limits.requests:
            return self.problem("requests", self._wait(window))
        if window.seconds >= self.limits.seconds:
            return self.problem("seconds", self._wait(window))
        window.add(int(self._clock.now()), 1, 0)
        return None

    def _wait(self, window: _Window) -> int:
        """Until the oldest use leaves the window."""
        if not window.buckets:
            return self.limits.window
        return max(1, int(window.buckets[0][0] + self.limits.window - self._clock.now()) + 1)

    def spend(self, user: str, seconds: float) -> None:
        """Execution time of a request."""
        if self.limits.enabled:
            self._window(user).add(int(self._clock.now()), 0, seconds)

    def headers(self, user: str) -> dict[str, str]:
        """What is left, as answers tell it."""
        if not self.limits.enabled:
            return {}
        window = self._window(user)
        return {
            "x-ms-ratelimit-burst-remaining-xrm-requests": str(int(max(0, self.limits.requests - window.requests))),
            "x-ms-ratelimit-time-remaining-xrm-requests": f"{max(0.0, self.limits.seconds - window.seconds):.2f}",
        }

    def problem(self, facet: str, retry_after: int | None) -> ApiError:
        """The refusal of a facet."""
        code, text = _CODES[facet]
        message = text.format(getattr(self.limits, facet), self.limits.window)
        headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
        return ApiError(429, code, message, headers)
