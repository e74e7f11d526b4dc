"""Calling subscribers: the handshake, notifications, and trying again."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import aiohttp

from kobling_simulators.clock import Clock
from kobling_simulators.wire import to_json

_TIMEOUT = aiohttp.ClientTimeout(total=10)
_FIRST_PAUSE = 60.0
_GIVE_UP = 36 * 3_600
_TRY_AGAIN = frozenset({408, 429})


@dataclass(frozen=True, slots=True)
class Mail:
    """One notification of one subscription."""

    subscription: str
    content: dict[str, Any]


@dataclass(slots=True)
class Letter:
    """What goes to one URL in one POST."""

    url: str
    mails: list[Mail]
    first: float
    due: float
    pause: float = _FIRST_PAUSE


class Postman:
    """Delivers on the event loop of whoever runs the simulator; without one, letters wait.

    Fidelity: known business_central §5 – unreachable, 408, 429, 5xx: tried again for 36 hours
    Fidelity: known business_central §5 – any other status but success: no retry, the subscription is deleted
    Fidelity: assumed business_central §5 – pauses grow from a minute by doubling
    """

    def __init__(self, clock: Clock, forget: Callable[[str], None]) -> None:
        self._clock = clock
        self._forget = forget
        self._letters: list[Letter] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None

    async def handshake(self, url: str, token: str) -> bool:
        """Whether the URL answers 200 with the token as its body."""
        glue = "&" if "?" in url else "?"
        try:
            async with (
                aiohttp.ClientSession(timeout=_TIMEOUT) as http,
                http.post(f"{url}{glue}validationToken={token}") as answer,
            ):
                return answer.status == 200 and (await answer.text()).strip() == token
        except (aiohttp.ClientError, TimeoutError, ValueError):
            return False

    def take(self, url: str, mails: list[Mail]) -> None:
        """A letter to be sent at once; what waits for the same URL goes along."""
        now = self._clock.now()
        self._letters.append(Letter(url, mails, now, now))

    def wake(self, seconds: float, tick: Callable[[], None]) -> None:
        """Look again when the window is over, if there is a loop to do so."""
        loop = _loop()
        if loop is not None and self._timer is None:
            self._timer = loop.call_later(seconds, self._woken, tick)

    def _woken(self, tick: Callable[[], None]) -> None:
        self._timer = None
        tick()

    def deliver(self, *, all_now: bool = False) -> None:
        """Send what is due."""
        loop, now = _loop(), self._clock.now()
        if loop is None:
            return
        due = [letter for letter in self._letters if all_now or letter.due <= now]
        self._letters = [letter for letter in self._letters if letter not in due]
        by_url: dict[str, list[Letter]] = defaultdict(list)
        for letter in due:
            by_url[letter.url].append(letter)
        for letters in by_url.values():
            task = loop.create_task(self._send(letters))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _send(self, letters: list[Letter]) -> None:
        mails = [mail for letter in letters for mail in letter.mails]
        body = to_json({"value": [mail.content for mail in mails]})
        status = 0
        try:
            headers = {"Content-Type": "application/json"}
            async with (
                aiohttp.ClientSession(timeout=_TIMEOUT) as http,
                http.post(letters[0].url, data=body, headers=headers) as answer,
            ):
                status = answer.status
        except (aiohttp.ClientError, TimeoutError, ValueError):
            status = 0
        if 200 <= status < 300:
            return
        if status and status < 500 and status not in _TRY_AGAIN:
            for mail in mails:
                self._forget(mail.subscription)
            return
        for letter in letters:
            letter.due = self._clock.now() + letter.pause
            letter.pause *= 2
            if letter.due - letter.first <= _GIVE_UP:
                self._letters.append(letter)


def _loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
