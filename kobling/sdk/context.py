"""What the hub hands to a connector when it opens it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field

from kobling.sdk.budget import WindowBudget
from kobling.sdk.clock import SystemClock
from kobling.sdk.hosts import checked_base_url
from kobling.sdk.http import Api, Auth, Transport
from kobling.sdk.protocols import Budget, Clock
from kobling.sdk.redaction import Redactor
from kobling.sdk.status import ErrorTable

GrantData = Mapping[str, str | int | None]
"""A stored sign-in (tokens and when they end), JSON-able; the hub keeps it encrypted."""

LoadGrant = Callable[[], Awaitable[GrantData | None]]
SaveGrant = Callable[[GrantData | None, GrantData], Awaitable[bool]]
"""Compare-and-swap ``save(old, new)``: stores ``new`` only while ``old`` is what is stored; says whether it did."""


Refreshing = Callable[[], AbstractAsyncContextManager[None]]
"""Held while a new grant is fetched, by one process at a time; whoever waited reads what the other one stored."""


def refreshing_of(load: LoadGrant) -> Refreshing | None:
    """The lock of the store that ``load`` belongs to, where it offers one as its ``refreshing``."""
    found: Refreshing | None = getattr(getattr(load, "__self__", None), "refreshing", None)
    return found


class MemoryGrants:
    """Keeps one connection's grant in memory, with the lock and the compare-and-swap that the hub's store offers."""

    def __init__(self, grant: GrantData | None = None) -> None:
        self.grant = grant
        self._lock = asyncio.Lock()

    def refreshing(self) -> AbstractAsyncContextManager[None]:
        """Held while a new grant is fetched."""
        return self._lock

    async def load(self) -> GrantData | None:
        """What is stored now."""
        return self.grant

    async def save(self, old: GrantData | None, new: GrantData) -> bool:
        """Store ``new`` if ``old`` is still stored."""
        if (dict(self.grant) if self.grant else None) != (dict(old) if old else None):
            return False
        self.grant = dict(new)
        return True


@dataclass(frozen=True, slots=True)
class ConnectorContext:
    """The world around one opened connector.

    ``transport`` is the worker's one HTTP session; ``budget`` is the connection's allowance; ``allow_hosts`` comes from
    KOBLING_ALLOW_HOSTS; ``seed`` names the connection, so that ids derived from a write's key differ between tenants.
    Without ``load_grant`` and ``save_grant`` a sign-in lives as long as the connector. They are methods of one store,
    whose ``refreshing`` keeps several processes from refreshing at once.
    """

    transport: Transport
    clock: Clock = field(default_factory=SystemClock)
    budget: Budget = field(default_factory=lambda: WindowBudget(0, 60, SystemClock()))
    allow_hosts: tuple[str, ...] = ()
    load_grant: LoadGrant | None = None
    save_grant: SaveGrant | None = None
    seed: str = ""

    def api(
        self,
        address: str,
        *,
        vendor: str,
        hosts: Iterable[str],
        concurrency: int,
        errors: ErrorTable,
        redact: Redactor,
        auth: Auth | None = None,
        rate_pause: float = 60.0,
    ) -> Api:
        """The vendor's interface at an address that we may talk to. Raises SettingsError for any other."""
        return Api(
            self.transport,
            checked_base_url(address, vendor=vendor, hosts=hosts, allow_hosts=self.allow_hosts),
            vendor=vendor,
            budget=self.budget,
            concurrency=concurrency,
            errors=errors,
            redact=redact,
            auth=auth,
            rate_pause=rate_pause,
            seed=self.seed,
        )
