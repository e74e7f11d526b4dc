"""RecMan's interface: v2, or v1 where an installation has nothing else. The key travels in the address, never in a log.

Fidelity: known recman §1 – GET /v2/get/?key&scope&fields&page → {success, numRows, data: {id: row}}; v1: a bare map
Fidelity: known recman §2 – 1000 rows a page; values are strings, null for unset; an empty map may come as []
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kobling.connectors.recman.faults import failure
from kobling.records import N_, Misunderstood, NotThere
from kobling.sdk.http import Api

PAGE = 1000
V1, V2 = "v1", "v2"
_SNAKE = re.compile(r"_([a-z0-9])")
_CAMEL = re.compile(r"([A-Z])")
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Rows:
    """One page; ``total`` is how many there are in all, None where RecMan did not say."""

    rows: dict[str, Row]
    total: int | None


class Service:
    """Reads one installation with one key. ``generation``: v2, v1, or empty to find out."""

    def __init__(self, api: Api, key: str, generation: str) -> None:
        self.api = api
        self._key = key
        self.generation = generation

    async def page(self, scope: str, fields: tuple[str, ...], page: int, **filters: str) -> Rows:
        """A page of a scope. Raises NotOffered, SettingsError, Refused by what RecMan says."""
        if self.generation != V1:
            try:
                found = await self._second(scope, fields, page, filters)
            except NotThere:
                if self.generation == V2:
                    raise
                self.generation = V1
            else:
                self.generation = V2
                return found
        return await self._first(scope, fields, page)

    async def _second(self, scope: str, fields: tuple[str, ...], page: int, filters: Mapping[str, str]) -> Rows:
        asked = {"key": self._key, "scope": scope, "fields": ",".join(fields), "page": str(page), **filters}
        told = await self.api.json("GET", "/v2/get/", params=asked)
        if not isinstance(told, dict) or told.get("success") is not True:
            raise failure(told, self.api.redact, f"{scope}, page {page}")
        return Rows(self._rows(told.get("data"), scope), _number(told.get("numRows")))

    async def _first(self, scope: str, fields: tuple[str, ...], page: int) -> Rows:
        """Fidelity: assumed recman §1 – v1 takes the same scopes with snake_case fields, and gives all rows at once."""
        if page > 1:
            return Rows({}, None)
        asked = {"key": self._key, "type": "json", "scope": scope, "fields": ",".join(_snake(each) for each in fields)}
        told = await self.api.json("GET", "/v1.php", params=asked)
        if isinstance(told, dict) and "error" in told:
            raise failure(told, self.api.redact, f"{scope}, v1")
        rows = self._rows(told, scope)
        return Rows({key: _camelled(row) for key, row in rows.items()}, len(rows))

    def _rows(self, data: Any, scope: str) -> dict[str, Row]:
        if data in ([], None):
            return {}
        if not isinstance(data, dict):
            raise Misunderstood(N_("%(vendor)s sent a list in a shape of its own."), vendor="RecMan", detail=scope)
        return {str(key): row for key, row in data.items()}


def _number(value: Any) -> int | None:
    return int(value) if isinstance(value, int) or (isinstance(value, str) and value.isdigit()) else None


def _snake(name: str) -> str:
    return _CAMEL.sub(lambda found: f"_{found[1].lower()}", name)


def _camelled(value: Any) -> Any:
    if isinstance(value, dict):
        return {_SNAKE.sub(lambda found: found[1].upper(), name): _camelled(each) for name, each in value.items()}
    return value
