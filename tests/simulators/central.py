"""A small Business Central client for tests, over real HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from kobling_simulators import Running, start
from kobling_simulators.clock import Clock
from kobling_simulators.wire import from_json, to_json

START = 1_795_383_000.0  # 2026-11-22 21:30:00 UTC
AUDIENCE = "https://api.businesscentral.dynamics.com"


class Answer:
    """What came back."""

    def __init__(self, status: int, headers: Any, content: bytes) -> None:
        self.status = status
        self.headers = headers
        self.content = content

    @property
    def json(self) -> Any:
        return from_json(self.content)

    @property
    def code(self) -> str:
        return str(self.json["error"]["code"])

    @property
    def message(self) -> str:
        return str(self.json["error"]["message"])

    @property
    def rows(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.json["value"]
        return rows


class Central:
    """A client signed in as the app; addresses are relative to the company unless they begin with a slash."""

    def __init__(self, running: Running, http: aiohttp.ClientSession, clock: Clock) -> None:
        self.running = running
        self.http = http
        self.clock = clock
        self.known = running.credentials
        self.root = f"/v2.0/{self.known['tenant']}/{self.known['environment']}/api/v2.0"
        self.company = f"{self.root}/companies({self.known['company_id']})"
        self.token = ""

    async def sign_in(self, **changed: str) -> str:
        form = {
            "grant_type": "client_credentials",
            "client_id": self.known["client_id"],
            "client_secret": self.known["client_secret"],
            "scope": f"{AUDIENCE}/.default",
            **changed,
        }
        url = f"{self.known['authority']}/{self.known['tenant']}/oauth2/v2.0/token"
        async with self.http.post(url, data=form) as answer:
            token: str = (await answer.json())["access_token"]
        return token

    async def raw(self, method: str, address: str, body: Any = None, **headers: str | None) -> Answer:
        path = address if address.startswith("/") else f"{self.company}/{address}"
        given: dict[str, str] = {"Authorization": f"Bearer {self.token}"}
        if body is not None:
            given["Content-Type"] = "application/json"
        given |= {name.replace("_", "-"): value for name, value in headers.items() if value is not None}
        dropped = [name.replace("_", "-") for name, value in headers.items() if value is None]
        given = {name: value for name, value in given.items() if name not in dropped}
        data = body if isinstance(body, bytes | None) else to_json(body)
        skipped = ["Content-Type"] if "Content-Type" not in given else []
        url = path if path.startswith("http") else self.running.url + path
        async with self.http.request(method, url, data=data, headers=given, skip_auto_headers=skipped) as answer:
            return Answer(answer.status, answer.headers, await answer.read())

    async def get(self, address: str, **headers: str) -> Answer:
        return await self.raw("GET", address, **headers)

    async def rows(self, address: str, **headers: str) -> list[dict[str, Any]]:
        answer = await self.get(address, **headers)
        assert answer.status == 200, answer.content
        return answer.rows

    async def one(self, address: str) -> dict[str, Any]:
        """The only row of a list, or a record."""
        answer = await self.get(address)
        assert answer.status == 200, answer.content
        found = answer.json
        if "value" in found:
            assert len(found["value"]) == 1, found
            found = found["value"][0]
        return dict(found)

    async def post(self, address: str, body: Any) -> Answer:
        return await self.raw("POST", address, body)

    async def make(self, address: str, **values: Any) -> dict[str, Any]:
        """A new record; it has to be taken."""
        answer = await self.post(address, values)
        assert answer.status == 201, answer.content
        return dict(answer.json)

    async def patch(self, address: str, body: Any, match: str | None = "*") -> Answer:
        return await self.raw("PATCH", address, body, If_Match=match)

    async def delete(self, address: str, match: str | None = "*") -> Answer:
        return await self.raw("DELETE", address, If_Match=match)

    async def act(self, address: str, action: str) -> Answer:
        return await self.raw("POST", f"{address}/Microsoft.NAV.{action}")

    async def batch(self, *parts: dict[str, Any], **headers: str) -> list[dict[str, Any]]:
        answer = await self.raw("POST", f"{self.root}/$batch", {"requests": list(parts)}, **headers)
        assert answer.status == 200, answer.content
        responses: list[dict[str, Any]] = answer.json["responses"]
        return responses

    async def control(self, method: str, path: str, body: Any = None) -> Any:
        async with self.http.request(method, self.running.control_url + path, json=body) as answer:
            self.control_status = answer.status
            return from_json(await answer.read())

    async def config(self, **knobs: Any) -> None:
        await self.control("POST", "/config", knobs)
        assert self.control_status == 200

    async def all(self, address: str, size: int) -> list[dict[str, Any]]:
        """Every row of a list, page by page."""
        found: list[dict[str, Any]] = []
        while address:
            answer = await self.get(address, Prefer=f"odata.maxpagesize={size}")
            assert answer.status == 200, answer.content
            assert len(answer.rows) <= size
            found += answer.rows
            link = answer.json.get("@odata.nextLink", "")
            address = link.removeprefix(self.running.url)
        return found


@asynccontextmanager
async def central(records: int = 0, *, limited: bool = False, seed: int = 1) -> AsyncIterator[Central]:
    """A running Business Central with a frozen clock, and a client of it."""
    clock = Clock(lambda: START)
    running = await start("business_central", records=records, seed=seed, clock=clock)
    try:
        async with aiohttp.ClientSession() as http:
            client = Central(running, http, clock)
            client.token = await client.sign_in()
            if not limited:
                running.simulator.set_limits({"enabled": False})
            yield client
    finally:
        await running.stop()
