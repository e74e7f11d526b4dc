"""Connections as they are told: never their keys."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from kobling.hub.models import Connection
from kobling.hub.store.health import reason
from kobling.hub.told.said import Said


@dataclass(frozen=True, slots=True)
class ConnectionTold:
    """One connection and its health, without settings and keys."""

    id: int
    client: str
    name: str
    connector: str
    account_name: str
    healthy: bool | None
    reason: Said
    created_at: datetime
    revoked_at: datetime | None

    @classmethod
    def of(cls, row: Connection) -> ConnectionTold:
        """As it stands now."""
        return cls(
            id=row.pk,
            client=row.client.name,
            name=row.name,
            connector=row.connector,
            account_name=row.account_name,
            healthy=row.healthy,
            reason=reason(row),
            created_at=row.created_at,
            revoked_at=row.revoked_at,
        )
