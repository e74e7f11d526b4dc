"""RecMan: the key-in-query API of a Norwegian staffing firm, both generations on one port."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from kobling_simulators.clock import Clock
from kobling_simulators.recman.generations import Generations
from kobling_simulators.recman.keys import Keys
from kobling_simulators.recman.people import People
from kobling_simulators.recman.reading import Reading
from kobling_simulators.recman.scopes import SCOPES
from kobling_simulators.recman.seed import Seed
from kobling_simulators.recman.settings import Limits, Settings
from kobling_simulators.recman.store import Store
from kobling_simulators.recman.writing import Writing
from kobling_simulators.wire import Call, Reply, from_json, json_reply


def build(*, clock: Clock, seed: int, records: int) -> RecMan:
    """The entry point by which a folder is a simulator."""
    return RecMan(clock, seed, records)


class RecMan:
    """One installation; `records` of 200 makes 120 companies, 80 projects and 300 invoices.

    Fidelity: known recman §2 – no modified-since, no webhooks, no feed of deletions
    """

    name = "recman"

    def __init__(self, clock: Clock, seed: int, records: int) -> None:
        self.clock = clock
        self._settings = Settings()
        self._limits = Limits()
        self.reset(seed, records)

    def reset(self, seed: int, records: int) -> None:
        """Freshly seeded; knobs stay, keys are those of the seed."""
        self.store = Store(self.clock)
        self._keys = Keys(seed)
        self._reading = Reading(self.store)
        self._people = People(self.store)
        self._generations = Generations(self._keys, self._reading, Writing(self.store))
        Seed(self.store, seed, records).fill()
        self._spread()

    def _spread(self) -> None:
        self._reading.settings = self._settings
        self._generations.settings = self._settings

    def credentials(self) -> dict[str, str]:
        """A key for everything, one for department 2, one that may only read projects."""
        return self._keys.credentials()

    def operation_of(self, call: Call) -> str:
        """What is done with which scope, e.g. "get company" or "insert project"."""
        if call.method == "GET":
            return f"get {call.query.get('scope', '')}".strip()
        try:
            given = from_json(call.body)
            return f"{given['operation']} {given['scope']}"
        except (ValueError, KeyError, TypeError):
            return f"{call.method} {call.path.strip('/')}"

    def over_limit(self, call: Call) -> Reply | None:
        """Another request while one is in flight."""
        if self._limits.enabled and call.in_flight > self._limits.at_once:
            return self.rate_limited(1)
        return None

    def rate_limited(self, retry_after: int | None) -> Reply:
        """Fidelity: assumed recman §2 – 429 with the usual error and Retry-After."""
        headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
        error = {"code": 429, "message": "Too many requests"}
        return json_reply({"success": False, "error": error}, 429, headers)

    def answer(self, call: Call) -> Reply:
        """Any call."""
        return self._generations.answer(call)

    def expire(self, call: Call) -> None:
        """The key of this call is taken back."""
        try:
            given = from_json(call.body) if call.body else call.query
            self._keys.expire(str(given["key"]))
        except (ValueError, KeyError, TypeError):
            return

    def revoke_all(self) -> int:
        """Every key is taken back."""
        return self._keys.revoke_all()

    def config(self) -> dict[str, object]:
        """The knobs of Settings."""
        values: dict[str, object] = msgspec.to_builtins(self._settings)
        return values

    def configure(self, values: Mapping[str, Any]) -> None:
        """Turn knobs of Settings. Raises ValueError."""
        self._settings = self._settings.changed(values)
        self._spread()

    def limits(self) -> dict[str, object]:
        """The knobs of Limits."""
        values: dict[str, object] = msgspec.to_builtins(self._limits)
        return values

    def set_limits(self, values: Mapping[str, Any]) -> None:
        """Change the knobs of Limits. Raises ValueError."""
        self._limits = msgspec.convert({**self.limits(), **values}, Limits)

    def entities(self) -> list[str]:
        """The scopes."""
        return [*SCOPES]

    def dump(self, entity: str) -> list[dict[str, Any]]:
        """All rows of a scope by id, those deleted since the seed marked. Raises KeyError."""
        shelf = self.store.shelves[entity]
        rows = [*shelf.rows.values(), *({**row, "deleted": True} for row in shelf.deleted)]
        return sorted(rows, key=lambda row: int(row[shelf.scope.key]))

    def create_as_person(self, entity: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """A person makes a row; `creditnote` makes an invoice of that type."""
        return self._people.create(entity, values)

    def edit_as_person(self, entity: str, key: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """A person changes a row."""
        return self._people.edit(entity, key, values)

    def delete_as_person(self, entity: str, key: str) -> None:
        """A person deletes a row."""
        self._people.delete(entity, key)
