"""Keys as they are told, never their content: those that clients gave, and the installation's own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from kobling.hub.services.credentials import Credential


@dataclass(frozen=True, slots=True)
class CredentialTold:
    """A key that was given; ``departments`` empty: all that it reaches."""

    client: str
    name: str
    connector: str
    account_name: str
    state: str
    departments: Sequence[str]
    made_at: datetime
    revoked_at: datetime | None

    @classmethod
    def of(cls, given: Credential) -> CredentialTold:
        """As it stands now."""
        return cls(
            client=given.connection.client,
            name=given.connection.name,
            connector=given.connection.connector,
            account_name=given.connection.account_name,
            state=given.state,
            departments=given.departments,
            made_at=given.connection.created_at,
            revoked_at=given.connection.revoked_at,
        )


@dataclass(frozen=True, slots=True)
class RenewedTold:
    """Key files that were made anew; ``forgotten``: connections that only the lost ones opened."""

    forgotten: Sequence[str]

    @classmethod
    def of(cls, names: Sequence[str]) -> RenewedTold:
        """As the renewal left them."""
        return cls(names)
