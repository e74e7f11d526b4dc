"""Webhook subscriptions and their signed deliveries."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

import aiohttp

from kobling.simulators.pleo.company import Row, State
from kobling.simulators.pleo.envelope import Check, mapping, read, shown, text
from kobling.simulators.pleo.errors import not_found
from kobling.simulators.pleo.settings import Settings
from kobling.simulators.wire import to_json

EVENTS = ("v1.export-job.created", "v1.vendor.created")
_TIMEOUT = aiohttp.ClientTimeout(total=10)
_FIELDS: Mapping[str, tuple[Check, bool]] = {
    "endpointUrl": (text(2000, 8), True),
    "eventTypes": (lambda value: isinstance(value, list) and bool(value) and set(value) <= set(EVENTS), True),
    "status": (lambda value: value in ("ACTIVE", "INACTIVE"), False),
    "customHeaders": (mapping, False),
    "endpointAuth": (lambda value: isinstance(value, dict), False),
}


def signed(secret: str, message_id: str, at: int, body: bytes) -> str:
    """Fidelity: inferred pleo §5 – HMAC-SHA256 over id.timestamp.body, base64, as Standard Webhooks say."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    digest = hmac.new(key, f"{message_id}.{at}.".encode() + body, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


class Webhooks:
    """Keeps subscriptions and delivers events on the loop of whoever runs the simulator.

    Fidelity: known pleo §5 – events, headers webhook-id, webhook-timestamp, webhook-signature, secret whsec_…
    Fidelity: assumed pleo §5 – a delivery that fails is not tried again
    """

    def __init__(self, state: State) -> None:
        self._state = state
        self.settings = Settings()
        self._tasks: set[asyncio.Task[None]] = set()

    def create(self, company: str, body: Any) -> Row:
        """A new subscription. Raises ApiError."""
        given = {"status": "ACTIVE", "customHeaders": {}, "endpointAuth": {"type": "NONE"}, **read(body, _FIELDS)}
        secret = base64.b64encode(self._state.source.randbytes(24)).decode()
        row = self._state.stamped({**given, "_company": company, "_secret": f"whsec_{secret}"})
        self._state.subscriptions[row["id"]] = row
        return row

    def get(self, company: str, key: str) -> Row:
        """A subscription of a company. Raises ApiError."""
        row = self._state.subscriptions.get(key)
        if row is None or row["_company"] != company:
            raise not_found("Subscription")
        return row

    def update(self, company: str, key: str, body: Any) -> Row:
        """Replace what it says. Raises ApiError."""
        row = self.get(company, key)
        row.update({**read(body, _FIELDS), "updatedAt": self._state.now()})
        return row

    def rows(self, company: str) -> list[Row]:
        """The subscriptions of a company."""
        return [row for row in self._state.subscriptions.values() if row["_company"] == company]

    def tell(self, company: str, kind: str, data: Row) -> None:
        """Something happened."""
        for row in self.rows(company):
            if row["status"] == "ACTIVE" and kind in row["eventTypes"]:
                event = {"eventId": self._state.new_id(), "eventType": kind, "data": shown(data)}
                for _ in range(2 if self.settings.webhook_twice else 1):
                    self._send(row, event)

    def _send(self, row: Row, event: Row) -> None:
        at = int(self._state.clock.now())
        message = self._state.new_id()
        headers = {"webhook-id": message, "webhook-timestamp": str(at), **row["customHeaders"]}
        body = to_json(event)
        if self.settings.webhook_body == "nested":
            body = to_json({"headers": headers, "payload": event})
        headers["webhook-signature"] = signed(row["_secret"], message, at, body)
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return
        task = loop.create_task(self._deliver(row, headers, body, event))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _deliver(self, row: Row, headers: dict[str, str], body: bytes, event: Row) -> None:
        status = 0
        try:
            kind = {"Content-Type": "application/json"}
            async with (
                aiohttp.ClientSession(timeout=_TIMEOUT) as http,
                http.post(row["endpointUrl"], data=body, headers={**headers, **kind}) as answer,
            ):
                status = answer.status
        except (aiohttp.ClientError, TimeoutError, ValueError):
            status = 0
        told = {"subscriptionId": row["id"], "eventId": event["eventId"], "eventType": event["eventType"]}
        self._state.activities.append({**told, "statusCode": status, "createdAt": self._state.now()})
