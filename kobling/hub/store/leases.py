"""Leases between processes: rows that one process holds for a while, and that end by themselves if it dies."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from kobling.hub.store import sql
from kobling.records import N_, Temporary
from kobling.sdk.protocols import Clock

LIFE = timedelta(minutes=1)
"""A lease is renewed as long as its holder lives; that of a dead one ends after this time."""

RENEWED_EVERY = 15.0
LONGEST = 300.0
"""Longer than any request for a token takes; a holder that hangs gives up, so that others get their turn (seconds)."""

LOOK_AGAIN = 0.1


@asynccontextmanager
async def refreshing(connection: int, holder: str, clock: Clock) -> AsyncIterator[None]:
    """Hold the one lease to refresh a connection's sign-in; whoever comes second waits until it is let go or ends."""
    while not await sql.aside(take, connection, holder, clock):
        await clock.sleep(LOOK_AGAIN)
    renewing = asyncio.create_task(_renewed(connection, holder, clock))
    try:
        async with asyncio.timeout(LONGEST):
            yield
    except TimeoutError:
        raise Temporary(N_("The sign-in could not be refreshed in time."), code="refresh_timeout") from None
    finally:
        renewing.cancel()
        await asyncio.gather(renewing, return_exceptions=True)
        await asyncio.shield(sql.aside(let_go, connection, holder))


async def _renewed(connection: int, holder: str, clock: Clock) -> None:
    while True:
        await clock.sleep(RENEWED_EVERY)
        await sql.aside(renew, connection, holder, clock)


def renew(connection: int, holder: str, clock: Clock) -> None:
    """A holder that lives holds its lease longer."""
    sql.run(
        "UPDATE hub_refresh SET until = %s WHERE connection_id = %s AND holder = %s",
        [sql.to_db(clock.now() + LIFE), connection, holder],
    )


def take(connection: int, holder: str, clock: Clock) -> bool:
    """Take the lease if it is free or has ended; says whether it is ours now."""
    now = clock.now()
    with sql.together():
        sql.run("DELETE FROM hub_refresh WHERE connection_id = %s AND until < %s", [connection, sql.to_db(now)])
        return bool(
            sql.run(
                "INSERT INTO hub_refresh (connection_id, holder, until) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
                [connection, holder, sql.to_db(now + LIFE)],
            )
        )


def let_go(connection: int, holder: str) -> None:
    """Let the lease go, if it is still this holder's."""
    sql.run("DELETE FROM hub_refresh WHERE connection_id = %s AND holder = %s", [connection, holder])
