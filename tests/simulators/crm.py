"""A small web service client for tests: calls the simulator directly, without a socket."""

from __future__ import annotations

import hashlib
import json
from typing import Any
from urllib.parse import urlencode

from kobling_simulators import Clock, build
from kobling_simulators.wire import Call, Reply

POST = {"Content-Type": "application/x-www-form-urlencoded"}
START = 1_795_383_000.0  # 2026-11-22 21:30:00 UTC


class Crm:
    """A simulated installation with a frozen clock, and a session in it."""

    def __init__(self, records: int = 0, **config: Any) -> None:
        self.clock = Clock(lambda: START)
        self.simulator: Any = build("simply_crm", clock=self.clock, seed=1, records=records)
        self.simulator.configure(config)
        self.credentials = self.simulator.credentials()
        self.session = ""

    def get(self, operation: str, **given: str) -> Reply:
        return self.simulator.answer(Call("GET", "/webservice.php", {"operation": operation, **given}, {}))

    def post(self, operation: str, **given: str) -> Reply:
        body = urlencode({"operation": operation, **given}).encode()
        return self.simulator.answer(Call("POST", "/webservice.php", {}, POST, body))

    def token(self, username: str = "admin") -> str:
        return result(self.get("getchallenge", username=username))["token"]

    def key(self, token: str, secret: str | None = None) -> str:
        return hashlib.md5((token + (secret or self.credentials["access_key"])).encode()).hexdigest()

    def login(self, username: str = "admin") -> str:
        secret = self.credentials["access_key" if username == "admin" else "user_access_key"]
        reply = self.post("login", username=username, accessKey=self.key(self.token(username), secret))
        self.session = result(reply)["sessionName"]
        return self.session

    def signed(self, operation: str, **given: Any) -> Reply:
        """A call with the session, by the operation's own method; dictionaries become JSON."""
        texts = {name: json.dumps(value) if isinstance(value, dict) else value for name, value in given.items()}
        reads = {
            "listtypes",
            "describe",
            "retrieve",
            "query",
            "sync",
            "relatedtypes",
            "retrieve_related",
            "query_related",
        }
        send = self.get if operation in reads else self.post
        return send(operation, sessionName=self.session, **texts)

    def query(self, text: str) -> list[dict[str, Any]]:
        return result(self.signed("query", query=text))

    def create(self, module: str, **element: Any) -> dict[str, Any]:
        element.setdefault("assigned_user_id", "19x1")
        return result(self.signed("create", elementType=module, element=element))

    def revise(self, **element: Any) -> dict[str, Any]:
        return result(self.signed("revise", element=element))


def result(reply: Reply) -> Any:
    """The result of a successful answer."""
    body = json.loads(reply.body)
    assert body["success"], body
    return body["result"]


def error(reply: Reply) -> tuple[Any, str]:
    """Code and message of a refusal, which is HTTP 200 all the same."""
    body = json.loads(reply.body)
    assert reply.status == 200
    assert not body["success"], body
    return body["error"]["code"], body["error"]["message"]


def signed_in(records: int = 0, **config: Any) -> Crm:
    """An installation with the admin signed in."""
    crm = Crm(records, **config)
    crm.login()
    return crm
