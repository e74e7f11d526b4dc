"""Leases between processes: rows that one process holds for a while, and that end by themselves if it dies."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from kobling.hub.store import sql
from kobling.records import N_, Temporary
from kobling.sdk.protocols import Clock

LONGEST = timedelta(minutes=5)
IN_TIME = timedelta(minutes=4)
"""Whoever holds the lease gives up before it ends, so that it never ends under its holder."""

LOOK_AGAIN = 0.1


@asynccontextmanager
async def refreshing(connection: int, holder: str, clock: Clock) -> AsyncIterator[None]:
    """Hold the one lease to refresh a connection's sign-in; whoever comes second waits until it is let go or ends."""
    while not await asyncio.to_thread(take, connection, holder, clock):
        await clock.sleep(LOOK_AGAIN)
    try:
        async with asyncio.timeout(IN_TIME.total_seconds()):
            yield
    except TimeoutError:
        raise Temporary(N_("The sign-in could not be refreshed in time."), code="refresh_timeout") from None
    finally:
        await asyncio.shield(asyncio.to_thread(let_go, connection, holder))


def take(connection: int, holder: str, clock: Clock) -> bool:
    """Take the lease if it is free or has ended; says whether it is ours now."""
    now = clock.now()
    with sql.together():
        sql.run("DELETE FROM hub_refresh WHERE connection_id = %s AND until < %s", [connection, sql.to_db(now)])
        return bool(
            sql.run(
                "INSERT INTO hub_refresh (connection_id, holder, until) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
                [connection, holder, sql.to_db(now + LONGEST)],
            )
        )


def let_go(connection: int, holder: str) -> None:
    """Let the lease go, if it is still this holder's."""
    sql.run("DELETE FROM hub_refresh WHERE connection_id = %s AND holder = %s", [connection, holder])
