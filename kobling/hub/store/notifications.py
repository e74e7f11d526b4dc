"""Notifications that came already, remembered by all processes together for as long as their time is believed."""

from __future__ import annotations

import hashlib
from datetime import datetime

from kobling.hub.store import sql
from kobling.sdk.webhooks import TOLERANCE


class Remembered:
    """One connection's notifications: each is the first one once, whichever process it came to."""

    def __init__(self, connection: int) -> None:
        self._connection = connection

    def first(self, notification: str, now: datetime) -> bool:
        """Whether this notification comes for the first time."""
        mark = hashlib.sha256(notification.encode()).hexdigest()
        with sql.together():
            sql.run("DELETE FROM hub_notification WHERE seen_at < %s", [sql.to_db(now - 2 * TOLERANCE)])
            return bool(
                sql.run(
                    "INSERT INTO hub_notification (connection_id, mark, seen_at) VALUES (%s, %s, %s)"
                    " ON CONFLICT DO NOTHING",
                    [self._connection, mark, sql.to_db(now)],
                )
            )
