"""Webhook subscriptions: asked for, renewed before they end, and what their notifications say.

A notification is a hint to read, never data: it names what changed, and the next reading brings it.

Fidelity: known business_central §5 – handshake at create and at every renewal, three days of life, notifications in one
POST for several subscriptions, ``collection`` for more than a thousand changes
Fidelity: known business_central §5 – any answer but 2xx, 408, 429 and 5xx ends the subscription: answer fast, always
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hmac import compare_digest
from typing import Any

from kobling.records import N_, Misunderstood, from_json, parse_instant
from kobling.sdk.odata.service import Service

RENEW_BEFORE = timedelta(hours=24)
_PATH = "/subscriptions"
SETS = frozenset(
    {"accounts", "currencies", "customers", "employees", "items", "paymentTerms", "salesInvoices", "salesOrders"}
    | {"shipmentMethods", "unitsOfMeasure", "vendors"}
)
"""Sets that we read and that can be subscribed to; contacts, salespeople and opportunities cannot (§5)."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """One subscription of ours. ``ends_at`` is UTC."""

    id: str
    resource: str
    ends_at: datetime
    tag: str

    def due(self, now: datetime) -> bool:
        """Whether it should be renewed now."""
        return self.ends_at - now <= RENEW_BEFORE


@dataclass(frozen=True, slots=True)
class Notification:
    """What one notification says: which set, which record (None: many at once), and what happened to it."""

    entity_set: str
    external_id: str | None
    change: str
    at: datetime | None


class Subscriptions:
    """The subscriptions of one company. ``secret`` comes back as clientState with every notification."""

    def __init__(self, environment: Service, company: Service, secret: str) -> None:
        self._environment = environment
        self._company = company
        self._secret = secret

    async def listed(self) -> list[Subscription]:
        """Ours among those there are."""
        told = await self._environment.rows(_PATH)
        return [_subscription(row) for row in told.rows if row.get("clientState") == self._secret]

    async def subscribe(self, entity_set: str, notification_url: str) -> Subscription:
        """Ask for notifications of a set. Business Central calls the address at once and wants its token back.

        Raises Misunderstood for a set that cannot be subscribed to, Refused when the handshake failed.
        """
        if entity_set not in SETS:
            raise Misunderstood(N_("%(resource)s sends no notifications."), resource=entity_set)
        answer = await self._environment.send("POST", _PATH, self._body(entity_set, notification_url))
        return _subscription(self._environment.decoded(answer))

    async def renew(self, one: Subscription, notification_url: str) -> Subscription:
        """Three more days, by another handshake."""
        entity_set = one.resource.rpartition("/")[2]
        path = f"{_PATH}('{one.id}')"
        answer = await self._environment.send(
            "PATCH", path, self._body(entity_set, notification_url), If_Match=one.tag or "*"
        )
        return _subscription(self._environment.decoded(answer))

    async def cancel(self, one: Subscription) -> None:
        """No more notifications."""
        await self._environment.send("DELETE", f"{_PATH}('{one.id}')", If_Match=one.tag or "*")

    async def keep(self, entity_sets: Sequence[str], notification_url: str, now: datetime) -> list[Subscription]:
        """See that every set is subscribed to and renewed in time; those no longer wanted are cancelled."""
        kept: dict[str, Subscription] = {}
        for one in await self.listed():
            entity_set = one.resource.rpartition("/")[2]
            if entity_set not in entity_sets or entity_set in kept:
                await self.cancel(one)
            else:
                kept[entity_set] = await self.renew(one, notification_url) if one.due(now) else one
        for entity_set in entity_sets:
            if entity_set in SETS and entity_set not in kept:
                kept[entity_set] = await self.subscribe(entity_set, notification_url)
        return list(kept.values())

    def _body(self, entity_set: str, notification_url: str) -> dict[str, str]:
        company = self._company.root.partition("/companies(")[2]
        return {
            "notificationUrl": notification_url,
            "resource": f"/api/v2.0/companies({company}/{entity_set}",
            "clientState": self._secret,
        }


def handshake(query: Mapping[str, str]) -> str | None:
    """The token to answer with, as plain text and status 200; None for a call that is no handshake."""
    return query.get("validationToken") or None


def read_notifications(body: bytes, secret: str) -> list[Notification]:
    """What a POST tells. Entries with another clientState are left out: anyone can call an open address.

    Raises Misunderstood for a body that is no notification.
    """
    try:
        entries = from_json(body)["value"]
        ours = [each for each in entries if compare_digest(str(each.get("clientState", "")), secret)]
        return [_notification(each) for each in ours]
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Misunderstood(N_("This is no notification of %(vendor)s."), vendor="Business Central") from None


def _notification(each: Mapping[str, Any]) -> Notification:
    resource = str(each["resource"])
    last = resource.partition("?")[0].rstrip("/").rpartition("/")[2]
    entity_set, _, key = last.partition("(")
    stamp = each.get("lastModifiedDateTime")
    external_id = key.rstrip(")") or None
    return Notification(entity_set, external_id, str(each["changeType"]), parse_instant(stamp) if stamp else None)


def _subscription(row: Mapping[str, Any]) -> Subscription:
    ends_at = parse_instant(str(row["expirationDateTime"]))
    return Subscription(str(row["subscriptionId"]), str(row["resource"]), ends_at, str(row.get("@odata.etag") or ""))
