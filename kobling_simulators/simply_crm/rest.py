"""The REST front of vTiger Cloud: the same operations, signed by HTTP Basic instead of a session.

Fidelity: known simply_crm §7 – /restapi/v1/vtiger/default/<operation>, Basic username:access key, forms in; 200 is
    good, 400 is not; {success, result} or {success, error}
Fidelity: assumed simply_crm §7 – whether Simply CRM has it is not known; the knob `rest_front` takes it away
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from typing import Any

from kobling_simulators.simply_crm.errors import Crash, ServiceError, denied
from kobling_simulators.simply_crm.installation import Installation
from kobling_simulators.simply_crm.operations import Operations, Request
from kobling_simulators.simply_crm.sessions import Session
from kobling_simulators.wire import Call, Reply, from_json, json_reply, to_json

PREFIX = "/restapi/v1/vtiger/default/"
PER_MINUTE = 60
_WITH_SESSIONS = ("getchallenge", "login", "logout", "extendsession")
Handler = Callable[[Request], Any]


class RestFront:
    """Answers calls below PREFIX."""

    def __init__(self, place: Installation, operations: Operations) -> None:
        self._place = place
        self._operations = operations
        self._more: dict[str, Handler] = {
            "me": self._me,
            "delete_related": self._unrelate,
            "tags_add": self._tag,
            "tags_retrieve": self._tags,
            "tags_delete": self._untag,
        }

    def answer(self, call: Call) -> Reply:
        """One operation.

        Fidelity: inferred simply_crm §7 – every answer carries X-FloodControl headers, 60 a minute (clients read them)
        Fidelity: inferred simply_crm §7 – a wrong key is 401 (a client reads that)
        Fidelity: assumed simply_crm §7 – the flood count itself is not modelled
        """
        user = self._place.sessions.user_by_key(*_basic(call))
        if user is None:
            refusal = {"code": "AUTHENTICATION_FAILURE", "message": "Invalid username or access key"}
            return json_reply({"success": False, "error": refusal}, 401, {"WWW-Authenticate": "Basic"})
        reset = str(int(self._place.clock.now()) + 60)
        flood = {"X-FloodControl-Limit": str(PER_MINUTE), "X-FloodControl-Remaining": str(PER_MINUTE)}
        flood |= {"X-FloodControl-Reset": reset}
        now = self._place.clock.now()
        try:
            result = self._run(call, Session("", user, now, now))
        except ServiceError as error:
            refusal = {"code": str(error.code), "message": error.message}
            return json_reply({"success": False, "error": refusal}, 400, flood)
        except Crash:
            return Reply(500, b"", "text/html; charset=UTF-8", flood)
        return json_reply({"success": True, "result": result}, 200, flood)

    def _run(self, call: Call, session: Session) -> Any:
        """Fidelity: inferred simply_crm §7 – parameters may come in the address or in the body, whatever the operation
        Fidelity: assumed simply_crm §7 – an operation that is not there is OPERATION_NOT_SUPPORTED
        """
        name = operation(call)
        known = self._operations.known(name)
        handler = self._more.get(name) or (known[1] if known and name not in _WITH_SESSIONS else None)
        if handler is None or call.method not in ("GET", "POST"):
            raise ServiceError("OPERATION_NOT_SUPPORTED", f"The operation {name} is not supported")
        return handler(Request({**call.query, **told(call)}, session))

    def _me(self, asked: Request) -> Any:
        """Fidelity: inferred simply_crm §7 – the signed-in user's record (clients read id, names, email1, time_zone)
        Fidelity: assumed simply_crm §7 – without the access key
        """
        row: dict[str, Any] = dict(self._operations.records.retrieve(asked.who.user.full_id))
        row.pop("accesskey", None)
        return row

    def _unrelate(self, asked: Request) -> Any:
        source, target = asked.text("sourceRecordId"), asked.text("relatedRecordId")
        for each in (source, target):
            self._operations.records.locate(each)
        links = self._place.store.links
        if target not in links.get(source, {}):
            raise denied()
        del links[source][target]
        links.get(target, {}).pop(source, None)
        return {"message": "successfull"}

    def _tags_of(self, asked: Request) -> dict[str, None]:
        self._operations.records.locate(asked.text("id"))
        found: dict[str, None] = self._place.tags.setdefault(asked.text("id"), {})
        return found

    def _tag(self, asked: Request) -> Any:
        kept = self._tags_of(asked)
        kept.update(dict.fromkeys(_names(asked)))
        return {"tags": list(kept)}

    def _tags(self, asked: Request) -> Any:
        """Fidelity: inferred simply_crm §7 – {tags: […]} (vTiger's own client reads that)."""
        return {"tags": list(self._tags_of(asked))}

    def _untag(self, asked: Request) -> Any:
        kept = self._tags_of(asked)
        gone = list(kept) if asked.text("delete_all") == "1" else _names(asked)
        for name in gone:
            kept.pop(name, None)
        return {"tags": list(kept)}


def operation(call: Call) -> str:
    """The operation that the address names."""
    return call.path.removeprefix(PREFIX).strip("/")


def told(call: Call) -> Mapping[str, str]:
    """The parameters of a body: a form's, or those of a JSON object, whose own objects become texts.

    Fidelity: inferred simply_crm §7 – some clients post JSON {elementType, element}
    """
    if not call.headers.get("Content-Type", "").startswith("application/json"):
        return call.form()
    try:
        body = from_json(call.body or b"{}")
    except ValueError:
        return {}
    if not isinstance(body, dict):
        return {}
    return {name: value if isinstance(value, str) else to_json(value).decode() for name, value in body.items()}


def _names(asked: Request) -> list[str]:
    text = asked.text("tags")
    try:
        value = from_json(text or "[]")
    except ValueError:
        value = text
    return [str(each) for each in value] if isinstance(value, list) else [str(value)]


def _basic(call: Call) -> tuple[str, str]:
    kind, _, text = call.headers.get("Authorization", "").partition(" ")
    try:
        user, _, key = base64.b64decode(text, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return (user, key) if kind.lower() == "basic" else ("", "")
