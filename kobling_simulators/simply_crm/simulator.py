"""Simply CRM, which speaks vTiger's web services: one endpoint, /webservice.php, form-encoded in, JSON out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from kobling_simulators.clock import Clock
from kobling_simulators.limits import WindowLimit
from kobling_simulators.simply_crm.errors import Crash, ServiceError
from kobling_simulators.simply_crm.installation import Installation
from kobling_simulators.simply_crm.lineitems import lines_of
from kobling_simulators.simply_crm.operations import Operations, Request
from kobling_simulators.simply_crm.people import People
from kobling_simulators.simply_crm.rendering import plain_row
from kobling_simulators.simply_crm.rest import PREFIX as REST
from kobling_simulators.simply_crm.rest import RestFront, operation, told
from kobling_simulators.simply_crm.seed import seed_records
from kobling_simulators.wire import Call, Reply, from_json, json_reply, text_reply

PATH = "/webservice.php"
_CRASHED = Reply(500, b"", "text/html; charset=UTF-8")


def build(*, clock: Clock, seed: int, records: int) -> SimplyCrm:
    """The entry point by which a folder is a simulator."""
    return SimplyCrm(clock, seed, records)


class SimplyCrm:
    """One installation behind /webservice.php."""

    name = "simply_crm"

    def __init__(self, clock: Clock, seed: int, records: int) -> None:
        self.clock = clock
        self._limit = WindowLimit(clock)
        self._per_minute: int | None = None
        self._place = Installation(clock, seed)
        self._operations = Operations(self._place)
        self._rest = RestFront(self._place, self._operations)
        self.reset(seed, records)

    def credentials(self) -> dict[str, str]:
        """The admin's sign-in, and that of a user who is no admin."""
        admin, other = self._place.users
        return {
            "username": admin.name,
            "access_key": admin.access_key,
            "user_username": other.name,
            "user_access_key": other.access_key,
        }

    def operation_of(self, call: Call) -> str:
        """The operation and the module it is about, e.g. "query Accounts"."""
        given = _given(call)
        name = given.get("operation", "")
        about = self._about(name, given)
        return f"{name or 'none'} {about}".strip()

    def _about(self, name: str, given: Mapping[str, str]) -> str:
        if name in ("query", "query_related"):
            words = given.get("query", "").replace(";", " ").split()
            lowered = [word.lower() for word in words]
            at = lowered.index("from") + 1 if "from" in lowered else len(words)
            return words[at] if at < len(words) else ""
        if given.get("elementType"):
            return given["elementType"]
        full_id = given.get("id") or given.get("sourceRecordId", "")
        if not full_id and "element" in given:
            try:
                element = from_json(given["element"])
            except ValueError:
                return ""
            full_id = str(element.get("id", "")) if isinstance(element, dict) else ""
        parts = self._place.store.split(full_id)
        return parts[0] if parts else ""

    def over_limit(self, call: Call) -> Reply | None:
        """Fidelity: assumed simply_crm §9 – no rate limit is known; none unless switched on."""
        if self._per_minute is None:
            return None
        wait = self._limit.take("all", self._per_minute)
        return self.rate_limited(int(wait) + 1) if wait else None

    def rate_limited(self, retry_after: int | None) -> Reply:
        """A web server's refusal."""
        headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
        return text_reply("Too Many Requests", 429, headers)

    def answer(self, call: Call) -> Reply:
        """Run one operation.

        Fidelity: known simply_crm §1 – each operation sees the form or the address only
        """
        if call.path.startswith(REST) and self._place.settings.rest_front:
            return self._rest.answer(call)
        if call.path != PATH:
            return text_reply("Not Found", 404)
        everything = _given(call)
        known = self._operations.known(everything.get("operation", ""))
        if known is None:
            return _CRASHED
        method, handler, needs_session = known
        try:
            session = self._place.sessions.use(everything.get("sessionName", "")) if needs_session else None
            given: Mapping[str, str] = call.form() if method == "POST" else call.query
            return json_reply({"success": True, "result": handler(Request(given, session))})
        except ServiceError as error:
            refusal = {"message": error.message, "code": error.code}
            return json_reply({"success": False, "error": refusal})
        except Crash:
            return _CRASHED

    def expire(self, call: Call) -> None:
        """The session of this call has lived too long."""
        self._place.sessions.expire(_given(call).get("sessionName", ""))

    def revoke_all(self) -> int:
        """End all sessions: they become INVALID_SESSIONID."""
        return self._place.sessions.end_all()

    def reset(self, seed: int, records: int) -> None:
        """Fresh seed; knobs stay."""
        self._place.fresh(seed)
        self._limit.clear()
        seed_records(self._place, seed, records)

    def config(self) -> dict[str, object]:
        """The knobs of Settings."""
        values: dict[str, object] = msgspec.to_builtins(self._place.settings)
        return values

    def configure(self, values: Mapping[str, Any]) -> None:
        """Turn knobs of Settings."""
        self._place.apply(self._place.settings.changed(values))

    def limits(self) -> dict[str, object]:
        """Whether there is a limit, and requests per minute for the whole installation."""
        return {"enabled": self._per_minute is not None, "per_minute": self._per_minute}

    def set_limits(self, values: Mapping[str, Any]) -> None:
        """{enabled, per_minute}."""
        unknown = set(values) - {"enabled", "per_minute"}
        if unknown:
            raise ValueError(f"no such limit: {', '.join(sorted(unknown))}")
        per_minute = values.get("per_minute", self._per_minute or 60)
        self._per_minute = int(per_minute) if values.get("enabled", True) else None

    def entities(self) -> list[str]:
        """All modelled modules."""
        return list(self._place.store.tables)

    def dump(self, entity: str) -> list[dict[str, Any]]:
        """Records by number; deleted ones carry "deleted": true, documents their lines."""
        store = self._place.store
        table = store.tables[entity]
        rows = sorted((*table.rows.values(), *table.removed.values()), key=lambda row: row.number)
        dumped = []
        for row in rows:
            shown = plain_row(store, table.module, row)
            if table.module.is_inventory:
                shown["LineItems"] = list(lines_of(store, entity, row))
            if row.deleted:
                shown["deleted"] = True
            dumped.append(shown)
        return dumped

    def create_as_person(self, entity: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """Save a new record in the user interface."""
        return People(self._place, self._operations.records).create(entity, values)

    def edit_as_person(self, entity: str, key: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """Change a record in the user interface."""
        return People(self._place, self._operations.records).edit(entity, key, values)

    def delete_as_person(self, entity: str, key: str) -> None:
        """Delete a record in the user interface."""
        People(self._place, self._operations.records).delete(entity, key)


def _given(call: Call) -> Mapping[str, str]:
    if call.path.startswith(REST):
        return {**call.query, **told(call), "operation": operation(call)}
    form = call.form()
    return {**call.query, **form} if form else call.query
