"""Who sent a notification, and whether it is the first time: signatures, time, replays.

A notification is a hint to read, never data: what changed is read from the vendor afterwards.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Protocol

from kobling.records import N_, Refused

TOLERANCE = timedelta(minutes=5)


def forged(why: str) -> Refused:
    """The refusal of a notification; ``why`` is for the log alone, who sent it learns nothing."""
    return Refused(N_("The notification is not genuine."), code="forged", detail=why)


def standard(secret: str, headers: Mapping[str, str], body: bytes, now: datetime) -> str:
    """Check a notification as Standard Webhooks sign it; returns its id. Raises Refused.

    ``webhook-signature`` may hold several signatures, one of which must be ours; ``secret`` is ``whsec_`` and base64.
    """
    told = {name.lower(): value for name, value in headers.items()}
    message, at = told.get("webhook-id", ""), told.get("webhook-timestamp", "")
    if not message:
        raise forged("no webhook-id")
    _in_time(at, now)
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except ValueError:
        raise forged("the secret is not base64") from None
    if not key:
        raise forged("there is no secret")
    digest = hmac.new(key, f"{message}.{at}.".encode() + body, hashlib.sha256).digest()
    wanted = base64.b64encode(digest).decode()
    given = [each.partition(",")[2] for each in told.get("webhook-signature", "").split() if each.startswith("v1,")]
    if not any(hmac.compare_digest(each.encode(), wanted.encode()) for each in given):
        raise forged("no signature fits")
    return message


def timestamped(key: str, header: str, body: bytes, now: datetime) -> str:
    """Check a signature ``t=<unix>,v1=<hex HMAC-SHA256(key, t.body)>``; returns the signature as the notification's
    id, since it carries none. Raises Refused."""
    if not key:
        raise forged("there is no key")
    told = dict(part.strip().partition("=")[::2] for part in header.split(","))
    _in_time(told.get("t", ""), now)
    wanted = hmac.new(key.encode(), f"{told['t']}.".encode() + body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(told.get("v1", "").encode(), wanted.encode()):
        raise forged("the signature does not fit")
    return wanted


def _in_time(at: str, now: datetime) -> None:
    if (
        not (at.isascii() and at.isdigit() and len(at) < 12)
        or abs(now.timestamp() - int(at)) > TOLERANCE.total_seconds()
    ):
        raise forged("its time is missing or too far away")


class Replays(Protocol):
    """Remembers notifications for as long as their time would be believed, so that each counts once.

    All processes that take in a connection's notifications share one memory, which the hub keeps.
    """

    def first(self, notification: str, now: datetime) -> bool:
        """Whether this notification comes for the first time."""
        ...
