"""One signed-in line to webservice.php: challenge login, sessions renewed, the vendor's errors named."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import md5
from typing import Any
from urllib.parse import urlsplit
from weakref import WeakValueDictionary

from kobling.connectors.simply_crm import faults
from kobling.records import N_, KoblingError, Misunderstood, SettingsError, Unreachable
from kobling.sdk.http import Api
from kobling.sdk.outcomes import aside, current
from kobling.sdk.reading import rows_in
from kobling.sdk.status import build_error

PATH = "/webservice.php"
_QUARTER = 900
_login_locks: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()


class Service:
    """Calls operations in one user's session.

    ``user_id`` and ``version`` are known once signed in. ``offset`` is how far the server's unzoned time stamps are
    ahead of UTC; None until one of our own writes showed it.

    Fidelity: known simply_crm §1 – a second getchallenge kills the first, so one login at a time per user
    Fidelity: inferred simply_crm §6 – the zone is read off our first write: its modifiedtime against serverTime
    """

    def __init__(self, api: Api, username: str, access_key: str) -> None:
        self._api = api
        self._username = username
        self._access_key = access_key
        self._session = ""
        self._skew = timedelta()
        self._lock = _login_locks.setdefault((api.base_url, username), asyncio.Lock())
        self.user_id = ""
        self.version = ""
        self.offset: timedelta | None = None

    @property
    def address(self) -> str:
        """The server and path, without the way there: one address serves one database."""
        parts = urlsplit(self._api.base_url)
        return f"{parts.netloc}{parts.path}".casefold().rstrip("/")

    async def query(self, vtql: str) -> list[dict[str, Any]]:
        """Rows of a VTQL query."""
        return rows_in(await self.call("GET", "query", query=vtql), self._api.vendor, vtql[:100])

    async def call(self, method: str, operation: str, **params: str) -> Any:
        """Run an operation and return its result; a session that is over is renewed and the call repeated.

        Fidelity: known simply_crm §5 – session errors come before anything is applied
        """
        for last in (False, False, True):
            session = self._session or await self._sign_in()
            answer = await self._send(method, operation, {"sessionName": session, **params})
            if answer.get("success"):
                return answer.get("result")
            error = self._error(operation, answer)
            if error.code not in faults.SESSION_OVER or last:
                raise error
            if self._session == session:
                self._session = ""
        raise AssertionError("the last attempt returns or raises")

    async def sign_in(self) -> None:
        """Make sure that there is a session. Raises SignInExpired, SettingsError, Unreachable."""
        if not self._session:
            await self._sign_in()

    def server_now(self) -> datetime:
        """The server's clock, in UTC, as far as we know it since the last login."""
        return self._api.clock.now() + self._skew

    def learn_offset(self, stamp: str) -> None:
        """Take the server's zone from the time stamp of a write that just happened."""
        if self.offset is None and stamp:
            ahead = (datetime.fromisoformat(stamp).replace(tzinfo=UTC) - self.server_now()).total_seconds()
            self.offset = timedelta(seconds=round(ahead / _QUARTER) * _QUARTER)

    def instant(self, stamp: str | None) -> datetime | None:
        """A server's time stamp as UTC; the template's zone, UTC, is assumed until the real one is known."""
        if not stamp:
            return None
        shown = datetime.fromisoformat(stamp + "Z")
        return shown - self.offset if self.offset else shown

    def stamp(self, moment: datetime) -> str:
        """Our instant as the server's clock and zone would have written it."""
        shown = moment.astimezone(UTC) + self._skew + (self.offset or timedelta())
        return shown.replace(tzinfo=None, microsecond=0).isoformat(sep=" ")

    async def _sign_in(self) -> str:
        try:
            with aside():
                return await self._signed_in()
        except KoblingError:
            current().locked_out = True
            raise

    async def _signed_in(self) -> str:
        async with self._lock:
            if not self._session:
                # Another worker's challenge may kill ours between the two steps: that looks like a wrong key.
                for last in (False, False, True):
                    try:
                        await self._login()
                        break
                    except SettingsError as error:
                        if last or error.code not in faults.LOGIN_RACE:
                            raise
            return self._session

    async def _login(self) -> None:
        challenge = self._result("getchallenge", await self._send("GET", "getchallenge", {"username": self._username}))
        self._skew = datetime.fromtimestamp(int(challenge["serverTime"]), UTC) - self._api.clock.now()
        proof = md5(f"{challenge['token']}{self._access_key}".encode(), usedforsecurity=False).hexdigest()
        self._api.redact.hide(proof)
        login = self._result(
            "login", await self._send("POST", "login", {"username": self._username, "accessKey": proof})
        )
        self._api.redact.hide(login["sessionName"])
        self.user_id, self.version = str(login["userId"]), str(login.get("vtigerVersion", ""))
        self._session = login["sessionName"]

    async def _send(self, method: str, operation: str, params: Mapping[str, str]) -> dict[str, Any]:
        given = {"operation": operation, **params}
        if method == "GET":
            answer = await self._api.json("GET", PATH, params=given)
        else:
            answer = await self._api.json("POST", PATH, form=given, safe=operation not in faults.WRITING)
        if not isinstance(answer, dict):
            raise Misunderstood(N_("%(vendor)s's answer could not be read."), vendor=self._api.vendor)
        return answer

    def _result(self, operation: str, answer: dict[str, Any]) -> dict[str, Any]:
        result = answer.get("result")
        if not answer.get("success"):
            raise self._error(operation, answer)
        if not isinstance(result, dict):
            raise Misunderstood(N_("%(vendor)s's answer could not be read."), vendor=self._api.vendor)
        return result

    def _error(self, operation: str, answer: dict[str, Any]) -> KoblingError:
        words = faults.words_of(answer.get("error"))
        error = build_error(
            faults.rule(operation, words.code or ""),
            words,
            vendor=self._api.vendor,
            detail=f"{operation}: {words.code} {words.text}",
            redact=self._api.redact,
        )
        if operation in faults.WRITING:
            # The status says success; what became of the write stands in the body.
            (current().said_nothing if isinstance(error, Unreachable) else current().said_no)()
        return error
