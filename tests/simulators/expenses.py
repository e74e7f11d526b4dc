"""A small client of the simulated Pleo for tests, over real HTTP."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from kobling_simulators import Clock, Running, start
from kobling_simulators.wire import from_json, to_json
from tests.simulators.crm import START
from tests.simulators.dynamics import Answer


def basic(user: str, password: str = "") -> str:
    return f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"


class Pleo:
    """A running Pleo and the key of its first company."""

    def __init__(self, running: Running, http: aiohttp.ClientSession, clock: Clock) -> None:
        self.running = running
        self.http = http
        self.clock = clock
        self.known = running.credentials
        self.company = self.known["company_id"]
        self.authorization = basic(self.known["api_key"])

    async def do(self, method: str, path: str, body: Any = None, form: Any = None, **headers: str) -> Answer:
        """Any request."""
        told = {"Authorization": self.authorization, **{name.replace("_", "-"): text for name, text in headers.items()}}
        data = form
        if body is not None:
            data, told["Content-Type"] = to_json(body), "application/json;charset=UTF-8"
        url = path if "://" in path else self.running.url + path
        async with self.http.request(method, url, data=data, headers=told, allow_redirects=False) as answer:
            return Answer(answer.status, answer.headers, await answer.read())

    async def get(self, path: str) -> Any:
        """The data of a good answer."""
        answer = await self.do("GET", path)
        assert answer.status == 200, answer.body
        return answer.json["data"]

    async def make(self, path: str, status: int = 201, **values: Any) -> Any:
        """The data of a new row."""
        answer = await self.do("POST", path, values)
        assert answer.status == status, answer.body
        return answer.json["data"]

    async def account(self, code: str, **more: Any) -> Any:
        body = {"companyId": self.company, "externalId": f"x-{code}", "code": code, "name": f"Konto {code}"}
        return await self.make("/v1/chart-of-accounts", **{**body, "archived": False, **more})

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

    async def dump(self, entity: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = await self.control("GET", f"/dump/{entity}")
        return found

    async def event(self, job: str, event: str, **more: Any) -> Answer:
        return await self.do("POST", "/v3/export-job-events", {"jobId": job, "event": event, **more})

    async def results(self, job: str, *updates: Any) -> Answer:
        return await self.do("PUT", f"/v3/export-jobs/{job}/items", list(updates))

    async def items(self, job: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = await self.get(f"/v3/export-items?job_id={job}&limit=100")
        return found


def refused(answer: Answer) -> tuple[int, str]:
    """Status and type of a refusal."""
    return answer.status, str(answer.json["type"])


@asynccontextmanager
async def pleo(records: int = 0) -> AsyncIterator[Pleo]:
    """Pleo on a frozen clock, without its limit."""
    clock = Clock(lambda: START)
    running = await start("pleo", records=records, clock=clock)
    async with aiohttp.ClientSession() as http:
        client = Pleo(running, http, clock)
        await client.control("POST", "/limits", {"enabled": False})
        yield client
    await running.stop()
