"""A connection's budget: in memory where one process works, in the database where workers share it."""

from __future__ import annotations

from django.db import connection as database

from kobling.hub.models import Connection, Spent
from kobling.hub.store import sql
from kobling.sdk.budget import WindowBudget
from kobling.sdk.protocols import Budget, Clock, ConnectorType


def allowance(connection: Connection, kind: ConnectorType) -> int:
    """Requests per window: ``requests_per_window`` among the settings overrides the connector's own (0: no limit)."""
    return int(connection.settings.get("requests_per_window", kind.budget))


def budget_for(connection: Connection, kind: ConnectorType, clock: Clock) -> Budget:
    """The budget of a connection, shared with everyone who uses it."""
    limit = allowance(connection, kind)
    if database.vendor == "sqlite" or not limit:
        return WindowBudget(limit, kind.budget_window, clock)
    return SharedBudget(connection.pk, limit, kind.budget_window, clock)


class SharedBudget:
    """At most ``limit`` requests in any window over all workers.

    Counted in fixed windows of wall-clock time; the part of the window before that still counts is added, so that
    two neighbouring windows never hold twice the limit.
    """

    def __init__(self, connection: int, limit: int, window: float, clock: Clock) -> None:
        self._connection = connection
        self._limit = limit
        self._window = window
        self._clock = clock

    async def take(self, cost: int = 1) -> None:
        """Wait until ``cost`` requests may be sent."""
        while (wait := await sql.aside(self._try, cost)) > 0:
            await self._clock.sleep(wait)

    async def exhausted(self, retry_after: float | None) -> None:
        """Nobody sends before ``retry_after`` seconds, or a full window, have passed."""
        pause = self._window if retry_after is None else retry_after
        until = self._clock.now().timestamp() + pause
        await sql.aside(self._close_until, until)

    def _try(self, cost: int) -> float:
        now = self._clock.now().timestamp()
        with sql.together():
            row, _ = Spent.objects.select_for_update().get_or_create(connection_id=self._connection)
            if now < row.closed_until:
                return row.closed_until - now
            window, into = divmod(now, self._window)
            if row.window != int(window):
                row.before = row.used if row.window == int(window) - 1 else 0
                row.window, row.used = int(window), 0
            if row.used + cost + row.before * (1 - into / self._window) > self._limit:
                return min(self._window - into, self._window / self._limit) + 0.001
            row.used += cost
            row.save(update_fields=["window", "used", "before"])
            return 0.0

    def _close_until(self, until: float) -> None:
        with sql.together():
            Spent.objects.get_or_create(connection_id=self._connection)
            Spent.objects.filter(connection_id=self._connection, closed_until__lt=until).update(closed_until=until)
