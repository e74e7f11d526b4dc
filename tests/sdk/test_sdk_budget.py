"""The allowance in memory."""

import asyncio

import pytest

from kobling.sdk.budget import WindowBudget
from kobling.sdk.clock import FakeClock, SystemClock


async def test_no_more_than_the_limit_in_any_window():
    clock = FakeClock()
    budget = WindowBudget(5, 60, clock)
    times = []
    for _ in range(23):
        await budget.take()
        times.append(clock.monotonic())
    for start in times:
        assert sum(1 for each in times if start <= each < start + 60) <= 5
    assert times[-1] >= 240


async def test_who_asks_first_is_served_first():
    clock = FakeClock()
    budget = WindowBudget(1, 10, clock)
    served = []

    async def one(name):
        await budget.take()
        served.append(name)

    await asyncio.gather(*[one(n) for n in range(6)])
    assert served == list(range(6))


async def test_exhausted_pauses_everyone_for_retry_after_or_a_window():
    clock = FakeClock()
    budget = WindowBudget(100, 60, clock)
    await budget.exhausted(12)
    await budget.take()
    assert clock.monotonic() == 12
    await budget.exhausted(None)
    await budget.take()
    assert clock.monotonic() == 72


async def test_no_limit_is_nearly_free_but_still_pauses():
    clock = FakeClock()
    budget = WindowBudget(0, 60, clock)
    for _ in range(1000):
        await budget.take()
    assert clock.monotonic() == 0
    await budget.exhausted(3)
    await budget.take()
    assert clock.monotonic() == 3


async def test_a_costly_request_waits_for_room_and_an_impossible_one_is_refused():
    clock = FakeClock()
    budget = WindowBudget(4, 60, clock)
    await budget.take(3)
    await budget.take(3)
    assert clock.monotonic() >= 60
    with pytest.raises(ValueError, match="never fit"):
        await budget.take(5)


async def test_the_system_clock_goes_forward_in_utc():
    clock = SystemClock()
    before, moment = clock.monotonic(), clock.now()
    await clock.sleep(0)
    assert clock.monotonic() >= before
    assert moment.utcoffset().total_seconds() == 0
