"""The two generations of the API: how a request is spelled, and how the answer."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from kobling_simulators.recman.errors import ApiError, bad
from kobling_simulators.recman.keys import Keys
from kobling_simulators.recman.reading import Reading
from kobling_simulators.recman.scopes import SCOPES
from kobling_simulators.recman.settings import Settings
from kobling_simulators.recman.store import Row
from kobling_simulators.recman.writing import Writing
from kobling_simulators.wire import Call, Reply, from_json, json_reply, text_reply

_CAPITAL = re.compile(r"(?<=[a-z0-9])([A-Z])")
_SMALL = re.compile(r"_([a-z0-9])")


def snake(name: str) -> str:
    """fieldName as field_name."""
    return _CAPITAL.sub(lambda found: f"_{found[1].lower()}", name)


def camel(name: str) -> str:
    """field_name as fieldName."""
    return _SMALL.sub(lambda found: found[1].upper(), name)


class Generations:
    """Answers by path.

    Fidelity: known recman §1 – GET /v2/get/ gives {success, numRows, data}, GET /v1.php?type=json a bare map, POST
        /post/ takes select with data {page, fields[]}
    Fidelity: known recman §1 – the key is in the query, or in the body of a POST
    Fidelity: known recman §6 – v1 names are snake_case, v2 names camelCase
    Fidelity: assumed recman §6 – this holds for POST /post/ and for filters too, but not for names of scopes
    Fidelity: assumed recman §1 – a v2 write answers {success, numRows, data: {id: {<key field>: id}}}
    Fidelity: known recman §1 – v1 says {error}; inferred – a text, with HTTP 200
    """

    def __init__(self, keys: Keys, reading: Reading, writing: Writing) -> None:
        self._keys = keys
        self._reading = reading
        self._writing = writing
        self.settings = Settings()
        self._routes: dict[tuple[str, str], tuple[str, Callable[[Call], Any]]] = {
            ("GET", "/v2/get"): ("v2", self._v2_get),
            ("POST", "/v2/post"): ("v2", self._v2_post),
            ("GET", "/v1.php"): ("v1", self._v1_get),
            ("POST", "/post"): ("v1", self._v1_post),
        }

    def answer(self, call: Call) -> Reply:
        """The answer to a call."""
        path = call.path.rstrip("/")
        generation, handler = self._routes.get((call.method, path), ("", None))
        if handler is None or (generation == "v2" and self.settings.generation == "v1"):
            methods = [method for method, known in self._routes if known == path]
            return text_reply("Not found", 405 if methods and handler is None else 404)
        try:
            return json_reply(handler(call))
        except ApiError as error:
            status = 200 if self.settings.error_status == "ok" else error.code
            if generation == "v1":
                return json_reply({"error": error.message}, status)
            return json_reply({"success": False, "error": {"code": error.code, "message": error.message}}, status)

    def _v2_get(self, call: Call) -> Row:
        key = self._keys.find(call.query.get("key"))
        scope = self._keys.allow(key, call.query.get("scope"))
        total, rows = self._reading.page(key, scope, call.query)
        return {"success": True, "numRows": total, "data": self._reading.map(rows)}

    def _v2_post(self, call: Call) -> Row:
        given = _body(call)
        key = self._keys.find(given.get("key"))
        scope = self._keys.allow(key, given.get("scope"), write=True)
        row = self._writing.perform(key, scope, given.get("operation"), given.get("data"))
        name = SCOPES[scope].key
        return {"success": True, "numRows": 1, "data": {row[name]: {name: row[name]}}}

    def _v1_get(self, call: Call) -> Any:
        if call.query.get("type") != "json":
            raise bad("type must be json")
        query = {(name if name == "key" else camel(name)): text for name, text in call.query.items()}
        query["fields"] = camel(query.get("fields", ""))
        query.pop("type")
        key = self._keys.find(query.get("key"))
        _, rows = self._reading.page(key, self._keys.allow(key, query.get("scope")), query)
        return self._reading.map({each: _snaked(row) for each, row in rows.items()})

    def _v1_post(self, call: Call) -> Row:
        given = _body(call)
        key = self._keys.find(given.get("key"))
        operation, data = given.get("operation"), given.get("data")
        scope = self._keys.allow(key, given.get("scope"), write=operation != "select")
        if not isinstance(data, dict):
            raise bad("data must be an object")
        plain = {camel(name): _cameled(value) for name, value in data.items()}
        if operation == "select":
            _, rows = self._reading.page(key, scope, _query(plain))
            return {"data": self._reading.map({each: _snaked(row) for each, row in rows.items()})}
        row = self._writing.perform(key, scope, operation, plain)
        name = SCOPES[scope].key
        return {"data": {row[name]: {snake(name): row[name]}}}


def _body(call: Call) -> Row:
    """Fidelity: assumed recman §1 – a body is read as JSON whatever its Content-Type says."""
    try:
        given = from_json(call.body)
    except ValueError:
        raise bad("The body is not valid JSON") from None
    if not isinstance(given, dict):
        raise bad("The body must be an object")
    return given


def _query(data: Mapping[str, Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in data.items():
        if isinstance(value, list) and all(isinstance(each, str) for each in value):
            found[name] = ",".join(camel(each) for each in value) if name == "fields" else ",".join(value)
        elif isinstance(value, str | int) and not isinstance(value, bool) and name != "fields":
            found[name] = str(value)
        else:
            raise bad(f"Invalid {name}")
    return found


def _snaked(row: Row) -> Row:
    return {snake(name): _snaked(value) if isinstance(value, dict) else value for name, value in row.items()}


def _cameled(value: Any) -> Any:
    return {camel(name): each for name, each in value.items()} if isinstance(value, dict) else value
