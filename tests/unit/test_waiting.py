"""Synchronous code waits for vendors on one loop: results, errors, items as they come, and an end to all of it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from queue import SimpleQueue
from typing import Any

import pytest

from kobling.records import Misunderstood, Refused
from kobling.sync.waiting import LoopThread, _Done, _fill

SOON = 30
"""Seconds after which a test gives up waiting for another thread, far more than that ever takes."""

Start = Callable[[Callable[[int], None]], Coroutine[Any, Any, None]]


@pytest.fixture
def vendors() -> Iterator[LoopThread]:
    with LoopThread() as thread:
        yield thread


async def nothing() -> None:
    """What comes after everything that was started before it."""


def told_at_once(items: list[int], then: Callable[[], Coroutine[Any, Any, None]] = nothing) -> Start:
    """All items are reported before anybody listens."""

    def start(report: Callable[[int], None]) -> Coroutine[Any, Any, None]:
        for each in items:
            report(each)
        return then()

    return start


class Pending:
    """Something that never comes, and whether it was told to give up."""

    def __init__(self, error: Exception | None = None) -> None:
        self.began, self.gave_up = threading.Event(), threading.Event()
        self.error = error

    async def wait(self) -> None:
        self.began.set()
        try:
            await asyncio.Event().wait()
        finally:
            for _ in range(1000):
                await asyncio.sleep(0)  # giving up takes turns of the loop, as closing a connection does
            self.gave_up.set()
            if self.error is not None:
                raise self.error


def test_what_is_waited_for_comes_back_from_a_thread_that_keeps_no_process_alive(vendors: LoopThread) -> None:
    async def where() -> tuple[str, bool, bool]:
        here = threading.current_thread()
        return here.name, here.daemon, asyncio.get_running_loop() is vendors.loop

    assert vendors.run(where()) == ("kobling-vendors", True, True)


def test_an_error_of_ours_comes_through_as_it_is(vendors: LoopThread) -> None:
    async def refuses() -> None:
        raise Refused("no")

    with pytest.raises(Refused, match="no"):
        vendors.run(refuses())


@pytest.mark.parametrize("strange", [KeyError("x"), TypeError("x"), ValueError("x")])
def test_an_answer_in_a_strange_shape_is_misunderstood_and_says_what_was_asked(
    vendors: LoopThread, strange: Exception
) -> None:
    async def takes_apart() -> None:
        raise strange

    with pytest.raises(Misunderstood) as error:
        vendors.run(takes_apart())
    assert "takes_apart" in error.value.detail and type(strange).__name__ in error.value.detail


def test_items_come_in_their_order_and_never_more_than_asked_for(vendors: LoopThread) -> None:
    assert list(vendors.stream(told_at_once([1, 2, 3, 4, 5]), 3)) == [[1, 2, 3], [4, 5]]
    assert list(vendors.stream(told_at_once([1, 2, 3, 4]), 2)) == [[1, 2], [3, 4]]


def test_nothing_is_reported_and_nothing_comes(vendors: LoopThread) -> None:
    assert list(vendors.stream(told_at_once([]), 3)) == []


def test_the_end_that_stands_behind_the_last_items_ends_it(vendors: LoopThread) -> None:
    items = vendors.stream(told_at_once([1, 2, 3]), 2)
    assert next(items) == [1, 2]
    vendors.run(nothing())  # by now the end was reported as well
    assert list(items) == [[3]]


def test_what_went_wrong_is_raised_after_everything_that_was_reported(vendors: LoopThread) -> None:
    async def refuses() -> None:
        raise Refused("no")

    got: list[list[int]] = []
    with pytest.raises(Refused, match="no"):
        for each in vendors.stream(told_at_once([1, 2, 3], refuses), 2):
            got.append(each)
    assert got == [[1, 2], [3]]


def test_whoever_stops_listening_ends_it(vendors: LoopThread) -> None:
    pending = Pending()
    items = vendors.stream(told_at_once([1], pending.wait), 1)
    assert next(items) == [1] and pending.began.wait(SOON)
    items.close()  # type: ignore[attr-defined]
    assert pending.gave_up.wait(SOON)


@pytest.mark.parametrize("error", [None, Refused("while giving up"), ValueError("while giving up")])
def test_closing_ends_what_still_waits_and_waits_until_it_gave_up(error: Exception | None) -> None:
    vendors = LoopThread()
    pending = Pending(error)
    future = vendors.submit(pending.wait())
    assert pending.began.wait(SOON)
    vendors.close()
    assert pending.gave_up.is_set() and future.done()
    assert vendors.loop.is_closed() and not vendors._thread.is_alive()


def test_leaving_closes_and_closing_twice_is_closing() -> None:
    with LoopThread() as vendors:
        assert not vendors.loop.is_closed()
    assert vendors.loop.is_closed() and not vendors._thread.is_alive()
    vendors.close()


def filled(begun: list[int], waiting: list[Any], most: int) -> tuple[bool, list[int], int]:
    reported: SimpleQueue[Any] = SimpleQueue()
    for each in waiting:
        reported.put(each)
    return _fill(begun, reported, most), begun, reported.qsize()


END: _Done[int] = _Done()


@pytest.mark.parametrize(
    ("waiting", "wanted"),
    [
        ([], (False, [1], 0)),
        ([2], (False, [1, 2], 0)),
        ([2, 3], (False, [1, 2, 3], 0)),
        ([2, 3, 4], (False, [1, 2, 3], 1)),
        ([2, 3, END], (False, [1, 2, 3], 1)),
        ([2, END], (True, [1, 2], 0)),
        ([END], (True, [1], 0)),
    ],
)
def test_a_list_is_filled_with_what_is_there_and_knows_whether_the_end_was_among_it(
    waiting: list[Any], wanted: tuple[bool, list[int], int]
) -> None:
    assert filled([1], waiting, 3) == wanted
