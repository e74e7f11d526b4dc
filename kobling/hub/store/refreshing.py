"""One process at a time fetches a new token for a connection.

A lock, not a lease: who holds it and is stopped for an hour holds it still, since what it was about to send may leave
when it wakes. A process that dies lets go, told by its system: the file's lock is the kernel's, the session's is
PostgreSQL's, which finds a lost host by keep-alives.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol

import structlog
from django.conf import settings
from django.db import DatabaseError, InterfaceError
from django.db import connection as database

from kobling.records import N_, Temporary
from kobling.sdk.protocols import Clock

log = structlog.get_logger("kobling.sign_in")
LONGEST = 300.0
"""Seconds, more than any request for a token takes: a holder that hangs gives up, and who waits tries again later."""

LOOK_AGAIN = 0.2
_SPACE = 0x6B6F72  # "kor": keeps these advisory locks apart from the workers'
_KEEP_ALIVE = "SET tcp_keepalives_idle = 30; SET tcp_keepalives_interval = 10; SET tcp_keepalives_count = 3"


class Lock(Protocol):
    """Held by one process; made for one use."""

    def take(self) -> bool:
        """Try once; says whether it is ours now."""
        ...

    def let_go(self) -> None:
        """Ours or not, nothing of it stays."""
        ...


def lock_of(connection: int) -> Lock:
    """The lock of a connection's sign-in, among all processes that share the database."""
    return _InSession(connection) if database.vendor == "postgresql" else _OnFile(connection)


@asynccontextmanager
async def refreshing(connection: int, clock: Clock) -> AsyncIterator[None]:
    """Hold the one lock to refresh a connection's sign-in; whoever comes second waits. Raises Temporary in the end."""
    lock = lock_of(connection)
    try:
        await _taken(lock, clock)
        async with asyncio.timeout(LONGEST):
            yield
    except TimeoutError:
        raise Temporary(N_("The sign-in could not be refreshed in time."), code="refresh_timeout") from None
    finally:
        await asyncio.shield(asyncio.to_thread(lock.let_go))


async def _taken(lock: Lock, clock: Clock) -> None:
    since = clock.monotonic()
    while not await _tried(lock):
        if clock.monotonic() - since >= LONGEST:
            raise TimeoutError
        await clock.sleep(LOOK_AGAIN)


async def _tried(lock: Lock) -> bool:
    """Who is cancelled sees his attempt end first: what it took on its thread would be nobody's to let go."""
    trying = asyncio.ensure_future(asyncio.to_thread(lock.take))
    try:
        return await asyncio.shield(trying)
    except asyncio.CancelledError:
        await asyncio.wait([trying])
        raise


class _OnFile:
    """A lock on a file of the data folder, which every process on this machine shares."""

    def __init__(self, connection: int) -> None:
        self._path = Path(settings.DATA_DIR) / f"sign-in-{connection}.lock"
        self._file: int | None = None

    def take(self) -> bool:
        if self._file is None:
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def let_go(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None


class _InSession:
    """An advisory lock of a session of its own, so that no transaction stands open while a vendor is asked."""

    def __init__(self, connection: int) -> None:
        self._key = connection
        self._session = database.copy()
        self._session.inc_thread_sharing()

    def take(self) -> bool:
        with self._session.cursor() as cursor:
            cursor.execute(_KEEP_ALIVE)
            cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [_SPACE, self._key])
            return bool(cursor.fetchone()[0])

    def let_go(self) -> None:
        """Told to the server, which would notice the end of the session only a moment later."""
        try:
            if self._session.connection is not None:
                with self._session.cursor() as cursor:
                    cursor.execute("SELECT pg_advisory_unlock_all()")
        except (DatabaseError, InterfaceError):
            log.warning("the session of a lock was lost", connection=self._key)
        finally:
            self._session.close()
