"""Waiting for our own disk and database: said once, told apart from what waiting does not mend."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from django.conf import settings

from kobling.hub.store import faults
from kobling.records import KoblingError, Temporary
from kobling.sdk.protocols import Clock

TRY_AGAIN_AFTER = 3.0
SAY_AGAIN_AFTER = 300.0


@dataclass(slots=True)
class Patience:
    """What one process waits for, and the runs that had to stop meanwhile. Threads of runs and the worker's use it."""

    clock: Clock
    tell: Callable[[KoblingError], None]
    _stranded: dict[int, float] = field(default_factory=dict)
    _beyond: KoblingError | None = None
    _said: dict[str, float] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def bear(self, fault: Exception) -> None:
        """Wait out a fault of our storage. Raises what does not mend itself, as an error of ours where it is known."""
        if isinstance(fault, KoblingError):
            raise fault
        problem = faults.told(fault)
        if problem is None:
            raise fault
        if not isinstance(problem, Temporary):
            raise problem from None
        self._say(problem)

    def strand(self, run: int, problem: KoblingError | None) -> None:
        """A run stopped where it was; it goes on when the storage works again."""
        if problem is None:
            return
        with self._lock:
            self._stranded[run] = self.clock.monotonic()
        if isinstance(problem, Temporary):
            self._say(problem)
        else:
            self._beyond = problem

    def go_on(self, again: Callable[[int], None]) -> None:
        """Let stranded runs go on, if there is room. Raises StorageError where a person must act first."""
        if self._beyond is not None:
            raise self._beyond
        if not self._stranded or not (settings.DATABASE_URL or faults.has_room()):
            return
        with self._lock:
            due = [run for run, at in self._stranded.items() if self.clock.monotonic() - at >= TRY_AGAIN_AFTER]
        for run in due:
            again(run)
            with self._lock:
                self._stranded.pop(run, None)

    def _say(self, problem: KoblingError) -> None:
        now = self.clock.monotonic()
        with self._lock:
            before = self._said.get(str(problem.code))
            if before is not None and now - before < SAY_AGAIN_AFTER:
                return
            self._said[str(problem.code)] = now
        self.tell(problem)
