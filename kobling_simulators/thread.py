"""Simulators on their own thread, for tests that are not asynchronous."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Iterable
from types import TracebackType
from typing import Any, TypeVar

from kobling_simulators.serve import SIGN_IN, Running, sign_in_first, start

T = TypeVar("T")


class SimulatorThread:
    """A context in which the named vendors listen; `running[name]` tells where."""

    def __init__(self, names: Iterable[str], *, seed: int = 1, records: int = 200) -> None:
        self._names = list(names)
        self._seed = seed
        self._records = records
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="simulators", daemon=True)
        self.running: dict[str, Running] = {}

    def __enter__(self) -> SimulatorThread:
        self._thread.start()
        try:
            for _, name in sign_in_first(self._names):
                one = start(name, seed=self._seed, records=self._records, authority=self.running.get(SIGN_IN))
                self.running[name] = self._do(one)
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._close()

    def __getitem__(self, name: str) -> Running:
        return self.running[name]

    def _close(self) -> None:
        for one in self.running.values():
            self._do(one.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _do(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=120)
