"""Signed webhook deliveries, one after the other, on the loop of whoever runs the simulator."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import aiohttp

_TIMEOUT = aiohttp.ClientTimeout(total=10)


@dataclass(slots=True)
class Letter:
    """One POST; `done` is told its HTTP status, 0 when nobody answered."""

    url: str
    headers: dict[str, str]
    body: bytes
    done: Callable[[int], None]


def signed(secret: str, message_id: str, at: int, body: bytes) -> str:
    """Fidelity: inferred pleo §5 – HMAC-SHA256 over id.timestamp.body, base64, as Standard Webhooks say."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    digest = hmac.new(key, f"{message_id}.{at}.".encode() + body, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


class Postman:
    """Sends letters in the order they were given; without a loop they wait.

    Fidelity: assumed pleo §5 – a delivery that fails is not tried again
    """

    def __init__(self) -> None:
        self._letters: deque[Letter] = deque()
        self._task: asyncio.Task[None] | None = None

    def take(self, letter: Letter) -> None:
        """Send a letter after those before it."""
        self._letters.append(letter)
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return
        if self._task is None or self._task.done():
            self._task = loop.create_task(self._send())

    async def _send(self) -> None:
        async with aiohttp.ClientSession(timeout=_TIMEOUT) as http:
            while self._letters:
                letter = self._letters.popleft()
                status = 0
                try:
                    async with http.post(letter.url, data=letter.body, headers=letter.headers) as answer:
                        status = answer.status
                except (aiohttp.ClientError, TimeoutError, ValueError):
                    status = 0
                letter.done(status)
