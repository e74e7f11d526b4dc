"""What a notification of Unimicro says, once it is known to be Unimicro's.

Fidelity: known unimicro §8 – Unimicro-Signature or Softrig-Signature, {EntityName, EventType, EntityID, Entity}
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kobling.records import N_, Misunderstood, from_json
from kobling.sdk.webhooks import Replays, forged, timestamped

_HEADERS = ("unimicro-signature", "softrig-signature")
_RESOURCES = {
    "Customer": "customers",
    "Product": "products",
    "Project": "projects",
    "CustomerInvoice": "invoices",
    "Department": "departments",
}


@dataclass(frozen=True, slots=True)
class Notification:
    """What happened to which record; ``resource`` of ours is empty for entities that are not read."""

    resource: str
    external_id: str
    event: str


def read(key: str, headers: Mapping[str, str], body: bytes, now: datetime, replays: Replays) -> Notification | None:
    """A notification; None when it came before. Raises Refused for one that is not genuine, Misunderstood."""
    told = {name.lower(): value for name, value in headers.items()}
    header = next((told[name] for name in _HEADERS if name in told), None)
    if header is None:
        raise forged("no signature")
    signature = timestamped(key, header, body, now)
    event: Any = from_json(body)
    if not isinstance(event, dict) or not event.get("EntityName") or not event.get("EntityID"):
        raise Misunderstood(N_("%(vendor)s's answer could not be read."), vendor="Unimicro", detail="event plan")
    if not replays.first(signature, now):
        return None
    resource = _RESOURCES.get(str(event["EntityName"]), "")
    return Notification(resource, str(event["EntityID"]), str(event.get("EventType") or ""))
