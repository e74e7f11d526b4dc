"""Connections as they are told: never their keys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from kobling.hub.models import Connection
from kobling.hub.store.health import reason
from kobling.hub.told.said import Said
from kobling.sdk.protocols import Health, Setting


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


@dataclass(frozen=True, slots=True)
class HealthTold:
    """A connection that passed its test, and the account that it opens."""

    connection: str
    account_name: str
    version: str

    @classmethod
    def of(cls, row: Connection, health: Health) -> HealthTold:
        """As the test found it."""
        return cls(row.name, health.account_name, health.version)


@dataclass(frozen=True, slots=True)
class ConnectedTold:
    """A connection that was made or changed; ``not_offered``: what the other system lacks."""

    connection: str
    account_name: str
    version: str
    not_offered: Sequence[str]

    @classmethod
    def of(cls, row: Connection, health: Health) -> ConnectedTold:
        """As its first test found it."""
        return cls(row.name, health.account_name, health.version, health.notes)


@dataclass(frozen=True, slots=True)
class SettingTold:
    """What a person enters to connect a system."""

    name: str
    label: str
    required: bool
    secret: bool

    @classmethod
    def of(cls, setting: Setting) -> SettingTold:
        """As the connector asks for it; the label as it is written, since scripts depend on it."""
        return cls(setting.name, setting.label, setting.required, setting.secret)
