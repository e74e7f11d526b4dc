"""Waiting for vendors without a thread: every turn is taken by the one who waits, so that a seed decides them all."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future
from contextvars import copy_context
from typing import Any


class Turns:
    """Stands in for ``LoopThread``. ``ahead`` says how many writes are sent before their outcomes are recorded."""

    def __init__(self, ahead: Callable[[], int] = lambda: 1) -> None:
        self.ahead = ahead

    def run(self, waiting: Coroutine[Any, Any, Any]) -> Any:
        context = copy_context()
        while True:
            try:
                context.run(waiting.send, None)
            except StopIteration as done:
                return done.value

    def submit(self, waiting: Coroutine[Any, Any, Any]) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(self.run(waiting))
        except Exception as error:  # noqa: BLE001
            future.set_exception(error)
        return future

    def stream(
        self, start: Callable[[Callable[[Any], None]], Coroutine[Any, Any, None]], most: int
    ) -> Iterator[list[Any]]:
        """As ``LoopThread.stream``: what was reported comes first, then what was raised."""
        told: list[Any] = []
        coroutine, context = start(told.append), copy_context()
        failure: Exception | None = None
        ended = False
        try:
            while not ended:
                wanted = min(most, self.ahead())
                while len(told) < wanted and not ended:
                    try:
                        context.run(coroutine.send, None)
                    except StopIteration:
                        ended = True
                    except Exception as error:  # noqa: BLE001
                        failure, ended = error, True
                if told:
                    batch, told[:] = told[:], []
                    yield batch
            if failure is not None:
                raise failure
        finally:
            coroutine.close()

    def close(self) -> None:
        """Nothing to close."""
