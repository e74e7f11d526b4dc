"""What was asked of a simulator, for tests and benches that count requests."""

from __future__ import annotations

from collections import Counter


class Counters:
    """Requests by operation and by status, how many a limit refused, how many were in flight at once."""

    def __init__(self) -> None:
        self._in_flight = 0
        self.clear()

    def clear(self) -> None:
        """Start again from zero; requests in flight stay counted as such."""
        self.operations: Counter[str] = Counter()
        self.statuses: Counter[int] = Counter()
        self.faults: Counter[str] = Counter()
        self.refused_by_limit = 0
        self.max_concurrent = self._in_flight

    def begin(self, operation: str) -> int:
        """A request was read; returns how many are now in flight."""
        self.operations[operation] += 1
        self._in_flight += 1
        self.max_concurrent = max(self.max_concurrent, self._in_flight)
        return self._in_flight

    def end(self, status: int | None) -> None:
        """It was answered, or (None) dropped without an answer."""
        self._in_flight -= 1
        if status is not None:
            self.statuses[status] += 1

    def state(self) -> dict[str, object]:
        """What the control port shows."""
        return {
            "requests": self.operations.total(),
            "by_operation": dict(sorted(self.operations.items())),
            "by_status": {str(status): count for status, count in sorted(self.statuses.items())},
            "by_fault": dict(sorted(self.faults.items())),
            "refused_by_limit": self.refused_by_limit,
            "max_concurrent": self.max_concurrent,
            "in_flight": self._in_flight,
        }
