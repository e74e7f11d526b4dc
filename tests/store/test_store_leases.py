"""A lease is one holder's, lives while it is renewed, and ends by itself."""

from __future__ import annotations

import asyncio

import pytest

from kobling.hub.store import leases
from kobling.records import Temporary
from kobling.sdk.clock import FakeClock
from tests.store.shelf import Shelf

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def connections() -> list[int]:
    return [each.left_id for each in Shelf().pairs]


def test_one_holder_at_a_time_for_each_connection(connections: list[int], clock: FakeClock) -> None:
    one, other = connections
    assert leases.take(one, "a", clock)
    assert not leases.take(one, "b", clock) and not leases.take(one, "a", clock)
    assert leases.take(other, "b", clock)
    leases.let_go(one, "b")
    assert not leases.take(one, "b", clock), "who holds nothing lets nothing go"
    leases.let_go(one, "a")
    assert leases.take(one, "b", clock) and not leases.take(other, "a", clock)


def test_a_dead_holders_lease_ends_after_its_life_and_a_renewed_one_goes_on(
    connections: list[int], clock: FakeClock
) -> None:
    one, other = connections
    life = leases.LIFE.total_seconds()
    assert leases.take(one, "a", clock) and leases.take(other, "a", clock)
    clock.turn(life - 1)
    leases.renew(one, "b", clock)
    leases.renew(one, "a", clock)
    clock.turn(2)
    assert not leases.take(one, "b", clock)
    assert leases.take(other, "b", clock)
    clock.turn(life - 2)
    assert not leases.take(one, "b", clock)
    clock.turn(2)
    assert leases.take(one, "b", clock)


@pytest.mark.usefixtures("one_thread")
async def test_who_comes_second_waits_until_the_first_lets_go(connections: list[int], clock: FakeClock) -> None:
    order: list[str] = []
    async with leases.refreshing(connections[0], "a", clock):
        order.append("a")
    async with leases.refreshing(connections[0], "b", clock):
        order.append("b")
    assert order == ["a", "b"]
    assert leases.LONGEST > leases.LIFE.total_seconds() > 2 * leases.RENEWED_EVERY


@pytest.mark.usefixtures("one_thread")
async def test_a_holder_that_fails_lets_go(connections: list[int], clock: FakeClock) -> None:
    with pytest.raises(ValueError, match="no"):
        async with leases.refreshing(connections[0], "a", clock):
            raise ValueError("no")
    async with leases.refreshing(connections[0], "b", clock):
        pass


@pytest.mark.usefixtures("one_thread")
async def test_a_holder_that_hangs_gives_up_and_lets_go(
    connections: list[int], clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "LONGEST", 0.01)
    with pytest.raises(Temporary) as late:
        async with leases.refreshing(connections[0], "a", clock):
            await asyncio.Event().wait()
    assert late.value.code == "refresh_timeout"
    async with leases.refreshing(connections[0], "b", clock):
        pass
