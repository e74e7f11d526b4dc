"""Work that a worker does beside its runs, in a thread of its own: one piece at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog
from django.db import close_old_connections, connections

from kobling.hub.store import faults

log = structlog.get_logger("kobling.aside")


@dataclass(slots=True)
class Aside:
    """One kind of such work. A fault of our own storage is raised to whoever asks next; any other is logged."""

    name: str
    _stopping: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None
    _fault: Exception | None = None

    def is_free(self) -> bool:
        """Whether nothing goes on. Raises what the last piece failed of."""
        if self.busy:
            return False
        fault, self._fault = self._fault, None
        if fault is not None:
            raise fault
        return True

    def begin(self, work: Callable[[], object]) -> None:
        """Have a piece done; only where ``is_free`` said so."""
        self._thread = threading.Thread(target=self._do, args=(work,), name=self.name, daemon=True)
        self._thread.start()

    @property
    def busy(self) -> bool:
        """Whether a piece goes on."""
        return self._thread is not None and self._thread.is_alive()

    @property
    def stopping(self) -> Callable[[], bool]:
        """Tells a piece that goes on whether it must end."""
        return self._stopping.is_set

    def wait(self, seconds: float) -> None:
        """Until the piece that goes on has ended, or so long."""
        if self._thread is not None:
            self._thread.join(seconds)

    def stop(self, seconds: float) -> None:
        """Let a piece that goes on hear of it, and wait so long."""
        self._stopping.set()
        self.wait(seconds)

    def _do(self, work: Callable[[], object]) -> None:
        close_old_connections()
        try:
            work()
        except Exception as fault:
            if faults.told(fault) is None:
                log.error("failed", what=self.name, exc_info=fault)
            else:
                self._fault = fault
        finally:
            connections.close_all()
