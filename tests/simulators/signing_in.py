"""A small client of the simulated Microsoft Entra for tests, over HTTP."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from yarl import URL

from kobling_simulators import Clock, Running, start
from kobling_simulators.wire import from_json, to_json
from tests.simulators.crm import START

REDIRECT = "http://localhost:9/back"
RESOURCE = "http://crm.example"
VERIFIER = "v" * 60
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


class Entra:
    """A running sign-in service and a client of it."""

    def __init__(self, running: Running, http: aiohttp.ClientSession, clock: Clock) -> None:
        self.running = running
        self.http = http
        self.clock = clock
        self.known = running.credentials
        self.tenant = self.known["tenant"]

    def at(self, path: str) -> str:
        return f"{self.running.url}/{self.tenant}/{path}"

    async def token(self, **fields: str) -> tuple[int, dict[str, Any]]:
        given = {"client_id": self.known["client_id"], "client_secret": self.known["client_secret"], **fields}
        sent = {name: text for name, text in given.items() if text}
        async with self.http.post(self.at("oauth2/v2.0/token"), data=sent) as answer:
            return answer.status, from_json(await answer.read())

    async def for_app(self, **fields: str) -> tuple[int, dict[str, Any]]:
        return await self.token(grant_type="client_credentials", **{"scope": f"{RESOURCE}/.default", **fields})

    def ask(self, **changed: str) -> dict[str, str]:
        given = {
            "client_id": self.known["client_id"],
            "redirect_uri": REDIRECT,
            "response_type": "code",
            "scope": f"{RESOURCE}/user_impersonation offline_access openid",
            "state": "s1",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
            **changed,
        }
        return {name: text for name, text in given.items() if text}

    async def authorize(self, **changed: str) -> aiohttp.ClientResponse:
        place = self.at("oauth2/v2.0/authorize")
        answer = await self.http.get(place, params=self.ask(**changed), allow_redirects=False)
        await answer.read()
        return answer

    async def back(self, **changed: str) -> dict[str, str]:
        """What the redirect carries."""
        answer = await self.authorize(**{"auto": "1", **changed})
        assert answer.status == 302, await answer.text()
        return dict(URL(answer.headers["Location"]).query)

    async def redeem(self, code: str, **changed: str) -> tuple[int, dict[str, Any]]:
        fields = {"code": code, "redirect_uri": REDIRECT, "code_verifier": VERIFIER}
        return await self.token(grant_type="authorization_code", **{**fields, **changed})

    async def signed_in(self, **changed: str) -> dict[str, Any]:
        status, answer = await self.redeem((await self.back(**changed))["code"])
        assert status == 200, answer
        return answer

    async def refresh(self, text: str, **changed: str) -> tuple[int, dict[str, Any]]:
        return await self.token(grant_type="refresh_token", refresh_token=text, **changed)

    async def control(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        data = None if body is None else to_json(body)
        async with self.http.request(method, self.running.control_url + path, data=data) as answer:
            return answer.status, from_json(await answer.read())

    async def config(self, **knobs: Any) -> None:
        status, _ = await self.control("POST", "/config", knobs)
        assert status == 200


@asynccontextmanager
async def signing_in() -> AsyncIterator[Entra]:
    """A sign-in service on a frozen clock."""
    clock = Clock(lambda: START)
    running = await start("entra", clock=clock)
    async with aiohttp.ClientSession() as http:
        yield Entra(running, http, clock)
    await running.stop()
