"""The simulated vendor's own clock: follows the real one with an offset, or stands still."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime


class Clock:
    """Seconds since 1970 as the vendor sees them; tests move or freeze it, nothing sleeps."""

    def __init__(self, source: Callable[[], float] = time.time) -> None:
        self._source = source
        self._offset = 0.0
        self._frozen: float | None = None

    def now(self) -> float:
        """Seconds since 1970."""
        return self._frozen if self._frozen is not None else self._source() + self._offset

    def moment(self) -> datetime:
        """The same instant as an aware UTC datetime."""
        return datetime.fromtimestamp(self.now(), UTC)

    def shift(self, offset: float) -> None:
        """Run ahead of (or behind) the real time by offset seconds."""
        self._offset = offset

    def freeze(self, at: float | None = None) -> None:
        """Stand still at an instant, by default now."""
        self._frozen = self.now() if at is None else at

    def thaw(self) -> None:
        """Run again; continues from where it stood."""
        if self._frozen is not None:
            self._offset = self._frozen - self._source()
            self._frozen = None

    def advance(self, seconds: float) -> None:
        """Jump ahead, frozen or running."""
        if self._frozen is not None:
            self._frozen += seconds
        else:
            self._offset += seconds

    def state(self) -> dict[str, object]:
        """What the control port shows."""
        return {
            "now": self.now(),
            "iso": self.moment().isoformat().replace("+00:00", "Z"),
            "offset": self._offset,
            "frozen": self._frozen is not None,
        }
