"""Webhook subscriptions and what they are told."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from kobling_simulators.pleo.company import Row, State
from kobling_simulators.pleo.delivering import Letter, Postman, signed
from kobling_simulators.pleo.envelope import Fields, among, few, mapping, read, text
from kobling_simulators.pleo.errors import invalid, not_found
from kobling_simulators.pleo.paging import shown
from kobling_simulators.pleo.settings import Settings
from kobling_simulators.wire import to_json

JOB, VENDOR = "v1.export-job.created", "v1.vendor.created"
_OLD = {"v1.export.job-created": JOB}
_FIELDS: Fields = {
    "endpointUrl": (text(2000, 8), True),
    "eventTypes": (few(among([JOB, VENDOR, *_OLD])), True),
    "status": (among(["ACTIVE", "INACTIVE"]), False),
    "customHeaders": (mapping, False),
    "endpointAuth": (lambda value: isinstance(value, dict), False),
}
_AUTH: Fields = {
    "type": (among(["NONE", "BASIC"]), True),
    "credentials": (lambda value: isinstance(value, dict), False),
}
_BLANK: Row = {"status": "ACTIVE", "customHeaders": {}, "endpointAuth": {"type": "NONE"}}


class Webhooks:
    """Keeps subscriptions and tells them of events.

    Fidelity: known pleo §5 – events, headers webhook-id, webhook-timestamp, webhook-signature, secret whsec_…
    Fidelity: known pleo §5 – an older spelling of the first event can still be subscribed to
    Fidelity: inferred pleo §5 – a delivery that is repeated has the same webhook-id
    Fidelity: assumed pleo §5 – a subscription hears of the companies that its maker sees
    """

    def __init__(self, state: State) -> None:
        self._state = state
        self.settings = Settings()
        self._postman = Postman()
        self._held: dict[str, list[Letter]] = {}

    def create(self, companies: tuple[str, ...], body: Any) -> Row:
        """A new subscription. Raises ApiError."""
        secret = base64.b64encode(self._state.source.randbytes(24)).decode()
        row = self._state.stamped({**_given(body), "deletedAt": None, "deletedBy": None})
        row |= {"_companies": companies, "_secret": f"whsec_{secret}"}
        self._state.subscriptions[row["id"]] = row
        return row

    def get(self, companies: tuple[str, ...], key: str) -> Row:
        """A subscription within reach. Raises ApiError."""
        row = self._state.subscriptions.get(key)
        if row is None or set(row["_companies"]) - set(companies):
            raise not_found("Subscription")
        return row

    def update(self, companies: tuple[str, ...], key: str, body: Any) -> Row:
        """Replace what it says. Raises ApiError."""
        row = self.get(companies, key)
        row.update({**_given(body), "updatedAt": self._state.now()})
        return row

    def rows(self, companies: tuple[str, ...]) -> list[Row]:
        """The subscriptions within reach."""
        return [row for row in self._state.subscriptions.values() if not set(row["_companies"]) - set(companies)]

    def tell(self, company: str, kind: str, data: Mapping[str, Any]) -> None:
        """Something happened."""
        for row in self._state.subscriptions.values():
            if company not in row["_companies"] or row["status"] != "ACTIVE":
                continue
            for name in row["eventTypes"]:
                if _OLD.get(name, name) == kind:
                    self._send(row, {"eventId": self._state.new_id(), "eventType": name, "data": shown(data)})

    def _send(self, row: Row, event: Row) -> None:
        letters = [self._letter(row, event)]
        if self.settings.webhook_order == "swapped":
            held = self._held.pop(row["id"], None)
            if held is None:
                self._held[row["id"]] = letters
                return
            letters += held
        for letter in letters:
            for _ in range(2 if self.settings.webhook_twice else 1):
                self._postman.take(letter)

    def _letter(self, row: Row, event: Row) -> Letter:
        at, message = int(self._state.clock.now()), self._state.new_id()
        headers = {"webhook-id": message, "webhook-timestamp": str(at)}
        body = to_json(event)
        if self.settings.webhook_body == "nested":
            body = to_json({"headers": headers, "payload": event})
        wrong = self.settings.webhook_signature == "wrong"
        headers["webhook-signature"] = signed(row["_secret"], message, at, b"other" if wrong else body)
        given = row["endpointAuth"].get("credentials") or {}
        if row["endpointAuth"]["type"] == "BASIC":
            pair = f"{given.get('username', '')}:{given.get('password', '')}".encode()
            headers["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"
        told = {"subscriptionId": row["id"], "eventId": event["eventId"], "eventType": event["eventType"]}

        def done(status: int) -> None:
            now = self._state.now()
            self._state.activities.append({"id": self._state.new_id(), **told, "statusCode": status, "createdAt": now})

        headers = {**row["customHeaders"], **headers, "Content-Type": "application/json"}
        return Letter(row["endpointUrl"], headers, body, done)


def _given(body: Any) -> Row:
    told = read(body, _FIELDS)
    if not told["eventTypes"]:
        raise invalid("'eventTypes' must name an event.")
    if told.get("endpointAuth") is not None:
        read(told["endpointAuth"], _AUTH)
    return {**_BLANK, **{name: value for name, value in told.items() if value is not None}}
