"""What a notification of Pleo says, once it is known to be Pleo's.

Fidelity: known pleo §5 – events, headers, whsec_ secret, {data, eventId, eventType}; an older rendering: ``payload``
Fidelity: inferred pleo §5 – the signature is that of Standard Webhooks
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kobling.records import N_, Misunderstood, from_json
from kobling.sdk.webhooks import Replays, standard

EXPORT_JOB = ("v1.export-job.created", "v1.export.job-created")
VENDOR = ("v1.vendor.created",)


@dataclass(frozen=True, slots=True)
class Notification:
    """What happened: ``resource`` of ours (expenses, vendors; empty for other events) is worth reading now."""

    id: str
    kind: str
    resource: str


def read(secret: str, headers: Mapping[str, str], body: bytes, now: datetime, replays: Replays) -> Notification | None:
    """A notification; None when it came before. Raises Refused for one that is not genuine, Misunderstood."""
    message = standard(secret, headers, body, now)
    told: Any = from_json(body)
    event = told.get("payload", told) if isinstance(told, dict) else None
    if not isinstance(event, dict) or not isinstance(event.get("eventType"), str):
        raise Misunderstood(N_("%(vendor)s's answer could not be read."), vendor="Pleo", detail="webhook")
    if not replays.first(str(event.get("eventId") or message), now):
        return None
    kind = event["eventType"]
    resource = "expenses" if kind in EXPORT_JOB else "vendors" if kind in VENDOR else ""
    return Notification(str(event.get("eventId") or message), kind, resource)
