"""A plain HTTP client for tests that speak to a simulator as a program of somebody else does."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from yarl import URL

from kobling_simulators import Clock, Running, start
from kobling_simulators.wire import to_json
from tests.simulators.crm import START
from tests.simulators.dynamics import Answer


def basic(user: str, secret: str) -> str:
    """An Authorization header."""
    return "Basic " + base64.b64encode(f"{user}:{secret}".encode()).decode()


class Web:
    """A running vendor; `base` is put before every path, `headers` go with every request."""

    def __init__(self, running: Running, http: aiohttp.ClientSession, clock: Clock) -> None:
        self.running = running
        self.http = http
        self.clock = clock
        self.known = running.credentials
        self.base = running.url
        self.headers: dict[str, str] = {}

    async def send(self, method: str, path: str, *, json: Any = None, form: Any = None, **told: str) -> Answer:
        """Any request; `told` are headers."""
        headers = {**self.headers, **{name.replace("_", "-"): text for name, text in told.items()}}
        data = form
        if json is not None:
            data, headers["Content-Type"] = to_json(json), "application/json"
        url = URL(path if "://" in path else self.base + path, encoded="%" in path)
        async with self.http.request(method, url, data=data, headers=headers) as answer:
            return Answer(answer.status, answer.headers, await answer.read())

    async def get(self, path: str, **query: Any) -> Any:
        """The JSON of a good answer."""
        url = URL(self.base + path).update_query({name: str(value) for name, value in query.items()})
        answer = await self.send("GET", str(url))
        assert answer.status == 200, answer.body
        return answer.json

    async def post(self, path: str, json: Any) -> Any:
        """The JSON of a good answer."""
        answer = await self.send("POST", path, json=json)
        assert answer.status == 200, answer.body
        return answer.json

    async def put(self, path: str, json: Any) -> Answer:
        """A good answer."""
        answer = await self.send("PUT", path, json=json)
        assert answer.status == 200, answer.body
        return answer

    async def config(self, **knobs: Any) -> None:
        """Turn knobs."""
        await self._control("POST", "/config", knobs)

    async def dump(self, entity: str) -> Any:
        """All rows of a kind."""
        return await self._control("GET", f"/dump/{entity}")

    async def person(self, entity: str, values: Mapping[str, Any]) -> Any:
        """A person makes a record."""
        return await self._control("POST", f"/records/{entity}", values)

    async def _control(self, method: str, path: str, body: Any = None) -> Any:
        data = None if body is None else to_json(body)
        async with self.http.request(method, self.running.control_url + path, data=data) as answer:
            assert answer.status < 300, await answer.text()
            return await answer.json(content_type=None)


@asynccontextmanager
async def web(vendor: str, records: int = 0) -> AsyncIterator[Web]:
    """A vendor on a frozen clock."""
    clock = Clock(lambda: START)
    running = await start(vendor, records=records, clock=clock)
    async with aiohttp.ClientSession() as http:
        yield Web(running, http, clock)
    await running.stop()


async def sign_in_to_dinero(dinero: Web, **form: str) -> Answer:
    """The personal password grant; the token goes with every later request, the base becomes the organization's v1."""
    known = dinero.known
    told = {"grant_type": "password", "username": known["api_key"], "password": known["api_key"], **form}
    client = basic(known["client_id"], known["client_secret"])
    answer = await dinero.send("POST", "/dineroapi/oauth/token", form=told, Authorization=client)
    if answer.status == 200:
        dinero.headers = {"Authorization": f"Bearer {answer.json['access_token']}"}
        dinero.base = f"{dinero.running.url}/v1/{known['organization_id']}"
    return answer
