"""The control port: how tests and benches look into a simulator and make it misbehave."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec
from aiohttp import web

from kobling_simulators.counters import Counters
from kobling_simulators.faults import Fault, FaultBook
from kobling_simulators.vendor import PersonRefused, Vendor
from kobling_simulators.wire import from_json, to_json

DOCUMENTATION = {
    "GET /": "this page, and what signs a client in",
    "GET /faults": "faults in force and how many requests are held",
    "POST /faults": (
        "add a fault: {kind, match:{method,operation,path_regex}, times (null = always), skip, probability, "
        "status, retry_after, seconds, body, content_type}; kinds: status, rate_limited, slow, drop_before, "
        "applied_then_dropped, malformed_json, html_error, stale_page (the last answer to the same operation again), "
        "endless_body, brownout, hold_before, hold_after, session_expired, token_revoked"
    ),
    "DELETE /faults": "remove all faults (held requests stay held)",
    "POST /faults/release": "let held requests go on",
    "GET /counters": "requests by operation, by status, refused by the limit, most at once",
    "DELETE /counters": "back to zero",
    "GET /dump": "the whole state; {entity: [records]}",
    "GET /dump/{entity}": "the records of one kind",
    "POST /reset": "back to a fresh seed: {seed, records}, both optional; another seed has other credentials",
    "GET /clock": "how the vendor's clock stands",
    "POST /clock": "{offset: s} or {freeze: epoch s | ISO | true} or {advance: s} or {thaw: true}",
    "GET /config": "the vendor's knobs",
    "POST /config": "turn knobs: {name: value}",
    "GET /limits": "the vendor's rate limit",
    "POST /limits": "switch it off ({enabled: false}) or change its numbers",
    "POST /records/{entity}": "create as a person in the vendor's own screens",
    "PATCH /records/{entity}/{id}": "edit as a person",
    "DELETE /records/{entity}/{id}": "delete as a person",
    "POST /sessions/revoke": "end every session or token (also as /tokens/revoke)",
}


class BadRequest(Exception):
    """What was asked of the control port makes no sense."""


class Control:
    """Routes of the control port of one vendor."""

    def __init__(self, vendor: Vendor, faults: FaultBook, counters: Counters, seed: int, records: int) -> None:
        self._vendor = vendor
        self._faults = faults
        self._counters = counters
        self._seed = seed
        self._records = records

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """One request to the control port; errors are {"error": text} with 400, 404 or 409."""
        body = await request.read() if request.can_read_body else b""
        status = 200
        try:
            given = from_json(body) if body.strip() else {}
            answer = self._route(request.method, [part for part in request.path.split("/") if part], given)
        except KeyError as error:
            status, answer = 404, {"error": f"not there: {error.args[0] if error.args else ''}"}
        except PersonRefused as error:
            status, answer = 409, {"error": str(error)}
        except (ValueError, TypeError, BadRequest, msgspec.ValidationError) as error:
            status, answer = 400, {"error": str(error)}
        return web.Response(status=status, body=to_json(answer), content_type="application/json")

    def _route(self, method: str, path: list[str], given: Any) -> Any:
        key = f"{method} {path[0] if path else ''}"
        routes: dict[str, Callable[[list[str], Any], Any]] = {
            "GET ": lambda _path, _given: self._about(),
            "GET faults": lambda _path, _given: self._show_faults(),
            "POST faults": self._post_faults,
            "DELETE faults": lambda _path, _given: self._clear_faults(),
            "GET counters": lambda _path, _given: self._counters.state(),
            "DELETE counters": lambda _path, _given: self._clear_counters(),
            "GET dump": self._dump,
            "POST reset": self._reset,
            "GET clock": lambda _path, _given: self._vendor.clock.state(),
            "POST clock": self._clock,
            "GET config": lambda _path, _given: self._vendor.config(),
            "POST config": self._config,
            "GET limits": lambda _path, _given: self._vendor.limits(),
            "POST limits": self._limits,
            "POST records": lambda where, values: self._vendor.create_as_person(_at(where, 1), values),
            "PATCH records": lambda where, values: self._vendor.edit_as_person(_at(where, 1), _at(where, 2), values),
            "DELETE records": self._delete_record,
            "POST sessions": self._revoke,
            "POST tokens": self._revoke,
        }
        if key not in routes:
            raise KeyError(f"{method} /{'/'.join(path)}")
        return routes[key](path, given)

    def _about(self) -> Any:
        return {"vendor": self._vendor.name, "credentials": self._vendor.credentials(), "routes": DOCUMENTATION}

    def _show_faults(self) -> Any:
        return {"faults": msgspec.to_builtins(self._faults.all()), "held": self._faults.held}

    def _post_faults(self, path: list[str], given: Any) -> Any:
        if path[1:] == ["release"]:
            return {"released": self._faults.release()}
        fault = msgspec.convert(given, Fault, strict=False)
        return msgspec.to_builtins(self._faults.add(fault))

    def _clear_faults(self) -> Any:
        self._faults.clear()
        return self._show_faults()

    def _clear_counters(self) -> Any:
        self._counters.clear()
        return self._counters.state()

    def _dump(self, path: list[str], _given: Any) -> Any:
        if len(path) > 1:
            return self._vendor.dump(path[1])
        return {entity: self._vendor.dump(entity) for entity in sorted(self._vendor.entities())}

    def _reset(self, _path: list[str], given: Any) -> Any:
        self._seed = int(given.get("seed", self._seed))
        self._records = int(given.get("records", self._records))
        self._vendor.reset(self._seed, self._records)
        return {"seed": self._seed, "records": self._records, "credentials": self._vendor.credentials()}

    def _clock(self, _path: list[str], given: Any) -> Any:
        clock = self._vendor.clock
        if given.get("thaw"):
            clock.thaw()
        if "offset" in given:
            clock.shift(float(given["offset"]))
        if "freeze" in given:
            clock.freeze(None if given["freeze"] is True else _instant(given["freeze"]))
        if "advance" in given:
            clock.advance(float(given["advance"]))
        return clock.state()

    def _config(self, _path: list[str], given: Any) -> Any:
        self._vendor.configure(given)
        return self._vendor.config()

    def _limits(self, _path: list[str], given: Any) -> Any:
        self._vendor.set_limits(given)
        return self._vendor.limits()

    def _delete_record(self, path: list[str], _given: Any) -> Any:
        self._vendor.delete_as_person(_at(path, 1), _at(path, 2))
        return {"deleted": path[2]}

    def _revoke(self, path: list[str], _given: Any) -> Any:
        if path[1:] != ["revoke"]:
            raise KeyError("/".join(path))
        return {"revoked": self._vendor.revoke_all()}


def _at(path: list[str], index: int) -> str:
    if len(path) <= index:
        raise BadRequest("the path is too short")
    return path[index]


def _instant(value: Any) -> float:
    if not isinstance(value, str):
        return float(value)
    moment = datetime.fromisoformat(value)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
