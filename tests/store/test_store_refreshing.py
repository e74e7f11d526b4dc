"""Who refreshes a sign-in holds a lock that is his however long he is stopped, and nobody's once he is dead."""

from __future__ import annotations

import asyncio
import os
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection as database

from kobling.hub.store import refreshing as locks
from kobling.hub.store.refreshing import lock_of, refreshing
from kobling.records import Temporary
from kobling.sdk.clock import FakeClock
from tests.store.shelf import Shelf

pytestmark = pytest.mark.django_db(transaction=True)
HOLDS = """
import sys
import django; django.setup()
from django.conf import settings
settings.DATABASES["default"]["NAME"] = sys.argv[2]
from kobling.hub.store.refreshing import lock_of
lock = lock_of(int(sys.argv[1]))
print(lock.take(), flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def connections() -> list[int]:
    return [each.left_id for each in Shelf().pairs]


@contextmanager
def another_process(connection: int) -> Iterator[subprocess.Popen[str]]:
    """It holds the lock until it ends."""
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "kobling.settings"}
    environment["KOBLING_DATA"] = str(settings.DATA_DIR)
    command = [sys.executable, "-c", HOLDS, str(connection), str(database.settings_dict["NAME"])]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, env=environment, **pipes) as process:
        try:
            assert process.stdout is not None and process.stdout.readline() == "True\n"
            yield process
        finally:
            process.kill()


def is_free(connection: int) -> bool:
    lock = lock_of(connection)
    try:
        return lock.take()
    finally:
        lock.let_go()


def becomes_free(connection: int) -> bool:
    """A server notices the end of a session a moment later."""
    return any(is_free(connection) for _ in range(1000))


def test_one_holder_at_a_time_for_each_connection(connections: list[int]) -> None:
    one, other = connections
    first, second = lock_of(one), lock_of(one)
    assert first.take() and not second.take() and is_free(other)
    second.let_go()
    assert not is_free(one), "who holds nothing lets nothing go"
    first.let_go()
    assert is_free(one)
    first.let_go()


def test_a_process_that_is_stopped_holds_what_it_held(connections: list[int]) -> None:
    """What it was about to send may leave when it wakes: nobody else may use the same token meanwhile."""
    one = connections[0]
    with another_process(one) as process:
        process.send_signal(signal.SIGSTOP)
        assert not is_free(one)
        process.send_signal(signal.SIGCONT)
        assert not is_free(one)


def test_a_process_that_dies_lets_go(connections: list[int]) -> None:
    one = connections[0]
    with another_process(one) as process:
        process.kill()
        process.wait()
        assert becomes_free(one)


@pytest.mark.skipif(database.vendor == "postgresql", reason="there it is a lock of the server's")
def test_the_locks_file_is_its_owners_alone(connections: list[int]) -> None:
    assert is_free(connections[0])
    path = Path(settings.DATA_DIR) / f"sign-in-{connections[0]}.lock"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.usefixtures("one_thread")
async def test_who_comes_second_waits_until_the_first_lets_go(connections: list[int], clock: FakeClock) -> None:
    first = lock_of(connections[0])
    assert await asyncio.to_thread(first.take)
    looked: list[float] = []

    async def sleep(seconds: float) -> None:
        looked.append(seconds)
        if len(looked) == 3:
            await asyncio.to_thread(first.let_go)

    clock.sleep = sleep  # type: ignore[method-assign]
    async with refreshing(connections[0], clock):
        assert not await asyncio.to_thread(is_free, connections[0])
    assert looked == [locks.LOOK_AGAIN] * 3 and await asyncio.to_thread(is_free, connections[0])


@pytest.mark.usefixtures("one_thread")
async def test_who_waits_too_long_tries_again_later(connections: list[int], clock: FakeClock) -> None:
    first = lock_of(connections[0])
    assert await asyncio.to_thread(first.take)
    began = clock.monotonic()
    with pytest.raises(Temporary) as late:
        async with refreshing(connections[0], clock):
            raise AssertionError("it was held")
    assert late.value.code == "refresh_timeout"
    assert locks.LONGEST <= clock.monotonic() - began < locks.LONGEST + 1
    assert not await asyncio.to_thread(is_free, connections[0])
    await asyncio.to_thread(first.let_go)


async def test_who_is_cancelled_while_he_takes_it_lets_go(
    connections: list[int], clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The attempt ends on its thread after the one who made it: its lock would stay for as long as the process."""
    begun, may_end, order = threading.Event(), threading.Event(), []

    class Slow:
        def take(self) -> bool:
            begun.set()
            may_end.wait()
            order.append("taken")
            return True

        def let_go(self) -> None:
            order.append("let go")

    monkeypatch.setattr(locks, "lock_of", lambda _connection: Slow())

    async def hold() -> None:
        async with refreshing(connections[0], clock):
            raise AssertionError("it was cancelled")

    holder = asyncio.create_task(hold())
    await asyncio.to_thread(begun.wait)
    holder.cancel()
    for _ in range(20):
        await asyncio.to_thread(int)
    may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await holder
    assert order == ["taken", "let go"]


@pytest.mark.usefixtures("one_thread")
async def test_a_holder_that_fails_lets_go(connections: list[int], clock: FakeClock) -> None:
    with pytest.raises(ValueError, match="no"):
        async with refreshing(connections[0], clock):
            raise ValueError("no")
    assert await asyncio.to_thread(is_free, connections[0])


@pytest.mark.usefixtures("one_thread")
async def test_a_holder_that_hangs_gives_up_and_lets_go(
    connections: list[int], clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locks, "LONGEST", 0.01)
    with pytest.raises(Temporary) as late:
        async with refreshing(connections[0], clock):
            await asyncio.Event().wait()
    assert late.value.code == "refresh_timeout"
    assert await asyncio.to_thread(is_free, connections[0])


@pytest.mark.skipif(database.vendor != "postgresql", reason="a file's lock needs no session")
def test_a_session_that_was_ended_lets_go_without_a_fault(connections: list[int]) -> None:
    lock = lock_of(connections[0])
    assert lock.take()
    with database.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND objid = %s",
            [connections[0]],
        )
    lock.let_go()
    assert becomes_free(connections[0])
