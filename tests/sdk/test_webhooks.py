"""Notifications: only the vendor's own, only in time, each once."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from kobling.connectors.pleo import webhooks as pleo
from kobling.connectors.unimicro import eventplans as unimicro
from kobling.records import Misunderstood, Refused, to_json
from kobling_simulators.pleo.delivering import signed
from kobling_simulators.unimicro.eventplans import signature

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SECRET = "whsec_" + base64.b64encode(b"x" * 24).decode()
JOB = {"eventId": "e1", "eventType": "v1.export-job.created", "data": {"id": "7"}}
INVOICE = {"EntityName": "CustomerInvoice", "EventType": "Update", "EntityID": 7, "Entity": {}}


def from_pleo(
    told: Any, *, at: datetime = NOW, secret: str = SECRET, message: str = "m1"
) -> tuple[dict[str, str], bytes]:
    body, stamp = to_json(told), int(at.timestamp())
    sign = signed(secret, message, stamp, body)
    return {"Webhook-Id": message, "webhook-timestamp": str(stamp), "webhook-signature": f"v1,b2xk {sign}"}, body


def from_unimicro(
    told: Any, *, at: datetime = NOW, key: str = "k", name: str = "Unimicro-Signature"
) -> tuple[dict[str, str], bytes]:
    body = to_json(told)
    return {name: signature(key, int(at.timestamp()), body)}, body


def test_pleos_own_notification_says_what_to_read() -> None:
    found = pleo.read(SECRET, *from_pleo(JOB), NOW, OneProcess())
    assert found == pleo.Notification("e1", "v1.export-job.created", "expenses")
    older = {"headers": {}, "payload": {**JOB, "eventType": "v1.vendor.created"}}
    told = pleo.read(SECRET, *from_pleo(older), NOW, OneProcess())
    assert told is not None and told.resource == "vendors"


@pytest.mark.parametrize("name", ["Unimicro-Signature", "Softrig-Signature", "softrig-signature"])
def test_unimicros_own_notification_says_what_to_read(name: str) -> None:
    found = unimicro.read("k", *from_unimicro(INVOICE, name=name), NOW, OneProcess())
    assert found == unimicro.Notification("invoices", "7", "Update")


def test_a_notification_counts_once() -> None:
    replays, other = OneProcess(), OneProcess()
    assert pleo.read(SECRET, *from_pleo(JOB), NOW, replays) is not None
    assert pleo.read(SECRET, *from_pleo(JOB, message="m2"), NOW, replays) is None, "the same event in another letter"
    assert unimicro.read("k", *from_unimicro(INVOICE), NOW, other) is not None
    assert unimicro.read("k", *from_unimicro(INVOICE), NOW, other) is None


class OneProcess:
    """A memory of notifications as the hub keeps it for all processes."""

    def __init__(self) -> None:
        self._seen: set[str] = set()

    def first(self, notification: str, _now: datetime) -> bool:
        new = notification not in self._seen
        self._seen.add(notification)
        return new


def changed(message: tuple[dict[str, str], bytes], **more: str) -> tuple[dict[str, str], bytes]:
    return {**message[0], **more}, message[1]


@pytest.mark.parametrize(
    "message",
    [
        from_pleo(JOB, secret="whsec_" + base64.b64encode(b"y" * 24).decode()),
        from_pleo(JOB, at=NOW - timedelta(minutes=6)),
        from_pleo(JOB, at=NOW + timedelta(minutes=6)),
        changed(from_pleo(JOB), **{"webhook-signature": ""}),
        changed(from_pleo(JOB), **{"webhook-timestamp": "x"}),
        changed(from_pleo(JOB), **{"webhook-timestamp": "٣"}),
        changed(from_pleo(JOB), **{"Webhook-Id": ""}),
        (from_pleo(JOB)[0], to_json({**JOB, "eventId": "e2"})),
        ({}, b"{}"),
    ],
)
def test_what_is_not_pleos_is_refused(message: tuple[dict[str, str], bytes]) -> None:
    with pytest.raises(Refused) as refused:
        pleo.read(SECRET, *message, NOW, OneProcess())
    assert refused.value.code == "forged"


@pytest.mark.parametrize(
    "message",
    [
        from_unimicro(INVOICE, key="other"),
        from_unimicro(INVOICE, at=NOW - timedelta(minutes=6)),
        changed(from_unimicro(INVOICE), **{"Unimicro-Signature": "t=1"}),
        changed(from_unimicro(INVOICE), **{"Unimicro-Signature": "v1=ab"}),
        (from_unimicro(INVOICE)[0], to_json({**INVOICE, "EntityID": 8})),
        ({}, b"{}"),
    ],
)
def test_what_is_not_unimicros_is_refused(message: tuple[dict[str, str], bytes]) -> None:
    with pytest.raises(Refused) as refused:
        unimicro.read("k", *message, NOW, OneProcess())
    assert refused.value.code == "forged"


@pytest.mark.parametrize("told", [[], {}, {"eventType": 7}, {"payload": 3}])
def test_a_genuine_letter_that_says_nothing_is_misunderstood(told: Any) -> None:
    with pytest.raises(Misunderstood):
        pleo.read(SECRET, *from_pleo(told), NOW, OneProcess())
    with pytest.raises(Misunderstood):
        unimicro.read("k", *from_unimicro(told), NOW, OneProcess())
