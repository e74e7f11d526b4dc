"""A small client of the simulated RecMan for tests, over real HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from kobling_simulators import Clock, Running, start
from kobling_simulators.wire import from_json, to_json
from tests.simulators.crm import START
from tests.simulators.dynamics import Answer


class RecMan:
    """A running RecMan and its key for everything."""

    def __init__(self, running: Running, http: aiohttp.ClientSession, clock: Clock) -> None:
        self.running = running
        self.http = http
        self.clock = clock
        self.known = running.credentials
        self.key = self.known["key"]

    async def do(self, method: str, path: str, body: Any = None, **query: str) -> Answer:
        """Any request; a body that is not bytes goes as JSON."""
        data = body if isinstance(body, bytes) or body is None else to_json(body)
        async with self.http.request(method, self.running.url + path, params=query, data=data) as answer:
            return Answer(answer.status, answer.headers, await answer.read())

    async def get(self, scope: str, fields: str = "", **query: str) -> Any:
        """The whole answer of a v2 read."""
        given = {"key": self.key, "scope": scope, **({"fields": fields} if fields else {}), **query}
        answer = await self.do("GET", "/v2/get/", **given)
        assert answer.status == 200
        return answer.json

    async def rows(self, scope: str, fields: str = "", **query: str) -> dict[str, Any]:
        """The rows of a good v2 read."""
        answer = await self.get(scope, fields, **query)
        assert answer["success"] is True, answer
        return answer["data"] or {}

    async def all_ids(self, scope: str, fields: str) -> list[str]:
        """Ids of all pages, until a page is empty."""
        found: list[str] = []
        page = 1
        while rows := await self.rows(scope, fields, page=str(page)):
            found += rows
            page += 1
        return found

    async def post(self, scope: str, operation: str, path: str = "/v2/post/", **data: Any) -> Any:
        body = {"key": self.key, "scope": scope, "operation": operation, "data": data}
        answer = await self.do("POST", path, body)
        assert answer.status == 200
        return answer.json

    async def control(self, method: str, path: str, body: Any = None) -> Any:
        url = self.running.control_url + path
        async with self.http.request(method, url, data=None if body is None else to_json(body)) as answer:
            self.control_status = answer.status
            return from_json(await answer.read())

    async def person(self, entity: str, **values: Any) -> Any:
        return await self.control("POST", f"/records/{entity}", values)

    async def config(self, **knobs: Any) -> None:
        await self.control("POST", "/config", knobs)
        assert self.control_status == 200


def refused(answer: Any) -> int:
    """The code of a v2 refusal."""
    assert answer["success"] is False
    assert set(answer["error"]) == {"code", "message"}
    return int(answer["error"]["code"])


@asynccontextmanager
async def recman(records: int = 0) -> AsyncIterator[RecMan]:
    """RecMan on a frozen clock."""
    clock = Clock(lambda: START)
    running = await start("recman", records=records, clock=clock)
    async with aiohttp.ClientSession() as http:
        yield RecMan(running, http, clock)
    await running.stop()
