"""Signing in: OAuth 2.0 flows, and a holder that keeps a token fresh without ever losing the grant."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import msgspec
from authlib.common.security import generate_token
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from kobling.records import N_, Misunderstood, SettingsError, SignInExpired
from kobling.sdk.budget import WindowBudget
from kobling.sdk.context import GrantData, LoadGrant, MemoryGrants, SaveGrant, refreshing_of
from kobling.sdk.http import Api, Transport
from kobling.sdk.outcomes import aside
from kobling.sdk.protocols import Clock, SignInStart
from kobling.sdk.redaction import Redactor
from kobling.sdk.status import STATUSES, ErrorTable, Rule, Words

_EXPIRED = Rule(SignInExpired, N_("%(vendor)s no longer accepts the sign-in."))
_WRONG_CLIENT = Rule(SettingsError, N_("%(vendor)s does not accept the client id and secret."))
_NOT_OFFERED = Rule(SettingsError, N_("%(vendor)s refuses this way of signing in: %(text)s"))
_USUAL_LIFE, _LONGEST_LIFE = 3600, 366 * 86_400


@dataclass(frozen=True, slots=True)
class Grant:
    """What a token endpoint gave us. ``expires_at`` is in whole seconds since 1970, UTC.

    ``ends_at``, likewise: the refresh token is good until then, and a person signs in again; None where nobody said.
    """

    access_token: str
    expires_at: int
    refresh_token: str | None = None
    ends_at: int | None = None

    @classmethod
    def of(cls, data: GrantData) -> Grant:
        """Read a stored grant; one that holds only a refresh token counts as expired."""
        refresh, ends = data.get("refresh_token"), data.get("ends_at")
        return cls(
            str(data.get("access_token") or ""),
            int(data.get("expires_at") or 0),
            str(refresh) if refresh else None,
            int(ends) if ends else None,
        )

    def data(self) -> GrantData:
        """What the hub stores, encrypted."""
        return {
            "access_token": self.access_token,
            "expires_at": self.expires_at,
            "refresh_token": self.refresh_token,
            **({"ends_at": self.ends_at} if self.ends_at else {}),
        }


class OAuthClient:
    """A token endpoint: password grant, authorization code with PKCE, refresh and client credentials.

    The client signs itself by HTTP Basic, or in the form (``in_form``), where one without a secret only names itself.
    All flows raise SignInExpired for a grant that is no longer good,
    SettingsError for a wrong client, Unreachable when there is no answer; no record is touched.
    """

    def __init__(
        self,
        transport: Transport,
        token_url: str,
        *,
        vendor: str,
        client_id: str,
        client_secret: str,
        redact: Redactor,
        in_form: bool = False,
    ) -> None:
        redact.hide(client_secret)
        self._client_id = client_id
        self._clock = transport.clock
        self._redact = redact
        self._vendor = vendor
        pair = base64.b64encode(f"{client_id}:{client_secret}".encode()).decode()
        redact.hide(pair)
        self._headers = {} if in_form else {"Authorization": f"Basic {pair}"}
        self._named = {"client_id": client_id, "client_secret": client_secret} if in_form else {}
        if not client_secret:
            self._named.pop("client_secret", None)
        budget = WindowBudget(0, 60, transport.clock)
        errors = ErrorTable(_TOKEN_STATUSES, _TOKEN_CODES, _token_words)
        self._api = Api(transport, token_url, vendor=vendor, budget=budget, concurrency=1, errors=errors, redact=redact)

    async def password(self, username: str, password: str, scope: str) -> Grant:
        """Fetch a token with a user name and password (or a key in place of both)."""
        self._redact.hide(password)
        form = {"grant_type": "password", "scope": scope, "username": username, "password": password}
        return await self._fetch(form, repeatable=True)

    async def client_credentials(self, scope: str, **more: str) -> Grant:
        """Fetch a token for the client itself."""
        return await self._fetch({"grant_type": "client_credentials", "scope": scope, **more}, repeatable=True)

    async def refresh(self, refresh_token: str, **more: str) -> Grant:
        """Fetch a new token; where the vendor sends no new refresh token, the old one stays."""
        self._redact.hide(refresh_token)
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token, **more}
        return await self._fetch(form, repeatable=False, refresh_token=refresh_token)

    async def exchange(self, code: str, verifier: str, redirect_uri: str) -> Grant:
        """Turn the code that came back from the vendor's sign-in page into a grant."""
        self._redact.hide(code)
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "code_verifier": verifier,
            "redirect_uri": redirect_uri,
            "client_id": self._client_id,
        }
        return await self._fetch(form, repeatable=False)

    async def _fetch(self, form: Mapping[str, str], *, repeatable: bool, refresh_token: str | None = None) -> Grant:
        with aside():
            data = await self._api.json(
                "POST", "", form={**form, **self._named}, headers=self._headers, safe=repeatable
            )
        if not isinstance(data, dict) or not isinstance(data.get("access_token"), str):
            raise Misunderstood(N_("%(vendor)s's sign-in answered without a token."), vendor=self._vendor)
        life = _life(data.get("expires_in"))
        given = data.get("refresh_token")
        grant = Grant(
            data["access_token"],
            int(self._clock.now().timestamp()) + life,
            given if isinstance(given, str) and given else refresh_token,
            self._ends_at(data) if given else None,
        )
        self._redact.hide(grant.access_token)
        self._redact.hide(grant.refresh_token)
        return grant

    def _ends_at(self, answer: Mapping[str, Any]) -> int | None:
        """When the refresh token that just came ends, where the vendor says so, in either of the two usual words."""
        for name in ("refresh_token_expires_in", "refresh_expires_in"):
            told = str(answer.get(name) or "")
            if told.isdecimal() and 0 < int(told[:12]) <= _LONGEST_LIFE:
                return int(self._clock.now().timestamp()) + int(told)
        return None


def _life(told: object) -> int:
    """Seconds that a token is good for; what is absent or absurd is taken for the usual."""
    try:
        seconds = int(str(told))
    except ValueError:
        return _USUAL_LIFE
    return seconds if 0 < seconds <= _LONGEST_LIFE else _USUAL_LIFE


def start_sign_in(authorize_url: str, *, client_id: str, redirect_uri: str, scope: str, **more: str) -> SignInStart:
    """Begin authorization code with PKCE (S256): where to send the person, and what to keep until they return."""
    state, verifier = generate_token(32), generate_token(64)
    url = prepare_grant_uri(
        authorize_url,
        client_id=client_id,
        response_type="code",
        redirect_uri=redirect_uri,
        scope=scope,
        state=state,
        code_challenge=create_s256_code_challenge(verifier),
        code_challenge_method="S256",
        **more,
    )
    return SignInStart(url=str(url), state=state, verifier=verifier)


class TokenHolder:
    """Keeps one connection's token fresh: ahead of its end, one refresher at a time, never throwing a grant away.

    ``obtain`` makes a new grant from the present one (None at first). With a shared store one process refreshes while
    the others wait for its token (``refreshing`` of the store), since a vendor may take a refresh token that is used
    twice for a stolen one. A process that was too late all the same goes on with what is stored.
    """

    def __init__(
        self,
        obtain: Callable[[Grant | None], Awaitable[Grant]],
        *,
        clock: Clock,
        redact: Redactor,
        load: LoadGrant | None = None,
        save: SaveGrant | None = None,
        ahead: float = 120.0,
    ) -> None:
        memory = MemoryGrants()
        self._obtain = obtain
        self._clock = clock
        self._redact = redact
        self._load = load or memory.load
        self._save = save or memory.save
        self._refreshing = refreshing_of(self._load) or memory.refreshing
        self._ahead = ahead
        self._lock = asyncio.Lock()
        self._headers: dict[str, str] = {}
        self._good_until = 0.0
        self._bad = ""

    async def headers(self) -> Mapping[str, str]:
        """The Authorization header for the next request. Raises SignInExpired, SettingsError, Unreachable."""
        if self._clock.monotonic() < self._good_until:
            return self._headers
        async with self._lock:
            if self._clock.monotonic() >= self._good_until:
                self._use(await self._fresh())
            return self._headers

    async def rejected(self, used: Mapping[str, str]) -> None:
        """The vendor refused these headers: get newer ones unless someone already has."""
        if used is self._headers:
            self._bad = used.get("Authorization", "").removeprefix("Bearer ")
            self._good_until = 0.0
        await self.headers()

    async def _fresh(self) -> Grant:
        stored = await self._load()
        if stored and self._usable(Grant.of(stored)):
            return Grant.of(stored)
        async with self._refreshing():
            return await self._refreshed()

    async def _refreshed(self) -> Grant:
        stored = await self._load()
        grant = Grant.of(stored) if stored else None
        if grant is not None and self._usable(grant):
            return grant
        try:
            new = await self._obtain(grant)
        except SignInExpired:
            again = await self._load()
            if again and again != stored and self._usable(Grant.of(again)):
                return Grant.of(again)
            raise
        if grant is not None and new.refresh_token == grant.refresh_token and new.ends_at is None:
            new = replace(new, ends_at=grant.ends_at)
        if await self._save(stored, new.data()):
            return new
        winner = await self._load()
        return Grant.of(winner) if winner and self._usable(Grant.of(winner)) else new

    def _usable(self, grant: Grant) -> bool:
        left = grant.expires_at - self._clock.now().timestamp()
        return bool(grant.access_token) and grant.access_token != self._bad and left > self._ahead

    def _use(self, grant: Grant) -> None:
        self._redact.hide(grant.access_token)
        self._redact.hide(grant.refresh_token)
        self._headers = {"Authorization": f"Bearer {grant.access_token}"}
        left = grant.expires_at - self._clock.now().timestamp()
        self._good_until = self._clock.monotonic() + max(left - self._ahead, min(left / 2, self._ahead))


_TOKEN_STATUSES = {**STATUSES, 400: _NOT_OFFERED, 401: _WRONG_CLIENT, 403: _NOT_OFFERED}
_TOKEN_CODES = {
    "invalid_grant": _EXPIRED,
    "invalid_client": _WRONG_CLIENT,
    "unauthorized_client": _WRONG_CLIENT,
    "unsupported_grant_type": _NOT_OFFERED,
    "invalid_scope": _NOT_OFFERED,
    "invalid_request": _NOT_OFFERED,
}


def _token_words(_status: int, body: bytes) -> Words:
    try:
        data: Any = msgspec.json.decode(body)
    except ValueError:
        return Words()
    if not isinstance(data, dict):
        return Words()
    code = data.get("error")
    return Words(str(code) if code else None, str(data.get("error_description") or code or ""))
