"""The one place where synchronous code waits for vendors: an event loop on a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Any, Generic, TypeVar

from kobling.sdk.shapes import SHAPES, misunderstood

Result = TypeVar("Result")
Item = TypeVar("Item")


class _Done(Generic[Item]):
    __slots__ = ()


class LoopThread:
    """An event loop shared by all steps of one worker, so that they share sessions and budgets."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._serve, name="kobling-vendors", daemon=True)
        self._thread.start()

    def __enter__(self) -> LoopThread:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        return self._loop

    def submit(self, waiting: Coroutine[Any, Any, Result]) -> Future[Result]:
        """Start waiting for something and return at once."""
        return asyncio.run_coroutine_threadsafe(_understood(waiting), self._loop)

    def run(self, waiting: Coroutine[Any, Any, Result]) -> Result:
        """Wait for a vendor."""
        return self.submit(waiting).result()

    def stream(
        self, start: Callable[[Callable[[Item], None]], Coroutine[Any, Any, None]], most: int
    ) -> Iterator[list[Item]]:
        """Run a coroutine that reports items as they come; yield them in lists of at most ``most``.

        What the coroutine raises is raised after everything that it reported was yielded. Whoever stops
        listening cancels the coroutine.
        """
        reported: SimpleQueue[Item | _Done[Item]] = SimpleQueue()
        done: _Done[Item] = _Done()
        future = self.submit(start(reported.put))
        future.add_done_callback(lambda _: reported.put(done))
        try:
            while not isinstance(item := reported.get(), _Done):
                batch = [item]
                ended = _fill(batch, reported, most)
                yield batch
                if ended:
                    break
            future.result()
        finally:
            future.cancel()

    def close(self) -> None:
        """Stop the loop after cancelling what still waits."""
        if self._loop.is_closed():
            return
        asyncio.run_coroutine_threadsafe(_cancel_others(), self._loop).result(timeout=10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=10)
        self._loop.close()

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()


async def _understood(waiting: Coroutine[Any, Any, Result]) -> Result:
    """Whatever is asked of a vendor ends with its answer or with one of our errors."""
    try:
        return await waiting
    except SHAPES as strange:
        raise misunderstood(strange, str(getattr(waiting, "__qualname__", ""))) from None


def _fill(batch: list[Item], reported: SimpleQueue[Item | _Done[Item]], most: int) -> bool:
    """Add what is there already, without waiting; True when the end was among it."""
    while len(batch) < most:
        try:
            item = reported.get_nowait()
        except Empty:
            return False
        if isinstance(item, _Done):
            return True
        batch.append(item)
    return False


async def _cancel_others() -> None:
    others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
