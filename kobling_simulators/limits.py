"""A fixed-window request limit on the simulator's own clock."""

from __future__ import annotations

from kobling_simulators.clock import Clock


class WindowLimit:
    """Allows so many requests per key in each window of the clock; refused requests do not count."""

    def __init__(self, clock: Clock, seconds: int = 60) -> None:
        self._clock = clock
        self._seconds = seconds
        self._used: dict[str, tuple[int, int]] = {}

    def take(self, key: str, allowed: int) -> float:
        """0 when the request may pass, else the seconds until the window turns."""
        now = self._clock.now()
        window = int(now // self._seconds)
        seen, used = self._used.get(key, (window, 0))
        if seen != window:
            used = 0
        if used >= allowed:
            return (window + 1) * self._seconds - now
        self._used[key] = (window, used + 1)
        return 0.0

    def clear(self) -> None:
        """Forget what was used."""
        self._used.clear()
