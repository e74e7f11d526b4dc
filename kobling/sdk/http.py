"""A vendor's HTTP interface as one connection sees it: sign-in, allowance, errors, retries."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass
from random import Random
from typing import Any, Protocol
from urllib.parse import urlencode, urljoin, urlsplit

import aiohttp

from kobling.records import (
    N_,
    KoblingError,
    Misunderstood,
    NotReached,
    RateLimited,
    SettingsError,
    Temporary,
    Unreachable,
    from_json,
    to_json,
)
from kobling.sdk.hosts import same_origin
from kobling.sdk.outcomes import aside, current
from kobling.sdk.protocols import Budget
from kobling.sdk.redaction import Redactor
from kobling.sdk.shapes import SHAPES
from kobling.sdk.status import ErrorTable, Words, build_error, later, retry_after_seconds
from kobling.sdk.transport import Answer, Transport, open_transport

__all__ = ["Answer", "Api", "Auth", "File", "Retry", "Transport", "open_transport"]

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS = 3
_FORM = "application/x-www-form-urlencoded"
_NOTHING: Mapping[str, str] = {}

File = tuple[str, bytes, str]
"""One part of a multipart form: file name, content, content type."""


class Auth(Protocol):
    """What signs requests; see ``auth.TokenHolder``."""

    async def headers(self) -> Mapping[str, str]:
        """Headers for the next request, refreshed ahead of time."""
        ...

    async def rejected(self, used: Mapping[str, str]) -> None:
        """The vendor answered 401 to these headers. Raises SignInExpired when nothing newer can be had."""
        ...


@dataclass(frozen=True, slots=True)
class Retry:
    """How often and how patiently what may be repeated is repeated; seconds."""

    attempts: int = 4
    base: float = 0.5
    longest: float = 120.0


class Api:
    """A vendor's HTTP interface as one connection sees it: base address, sign-in, allowance, errors, retries.

    Reading requests are retried on Temporary errors; writing ones only where the vendor certainly did nothing (429,
    401, connection never made). ``redact`` learns further secrets by ``hide``.
    """

    def __init__(
        self,
        transport: Transport,
        base_url: str,
        *,
        vendor: str,
        budget: Budget,
        concurrency: int,
        errors: ErrorTable,
        redact: Redactor,
        auth: Auth | None = None,
        retry: Retry = Retry(),
        rate_pause: float = 60.0,
        seed: str = "",
    ) -> None:
        self.vendor = vendor
        self.redact = redact
        self.base_url = base_url
        self.clock = transport.clock
        self._transport = transport
        self._budget = budget
        self._slots = asyncio.Semaphore(concurrency)
        self._errors = errors
        self._auth = auth
        self._retry = retry
        self._rate_pause = rate_pause
        self._random = Random(seed)  # noqa: S311

    async def json(self, method: str, path: str, **options: Any) -> Any:
        """Send as ``request`` does and decode the answer with exact numbers.

        Raises as ``request`` does; an answer that is no JSON is Misunderstood for a reading request, and an unknown
        outcome (Unreachable, maybe applied) for a writing one; a web page is Unreachable.
        """
        answer = await self.request(method, path, **options)
        try:
            return from_json(answer.body)
        except ValueError:
            safe = options.get("safe")
            raise self.not_json(method, path, answer, safe=method in _SAFE if safe is None else safe) from None

    async def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
        json: object = None,
        raw: bytes | None = None,
        multipart: Mapping[str, str | File] | None = None,
        headers: Mapping[str, str] = _NOTHING,
        safe: bool | None = None,
        cap: int | None = None,
        wanted: Callable[[Answer], bool] | None = None,
    ) -> Answer:
        """Send one request and return its answer below 300.

        ``safe`` says that it changes nothing, whatever its method; ``wanted`` takes an answer for good whatever its
        status (one that tells of several parts). Raises SettingsError (SignInExpired), Temporary (RateLimited,
        Unreachable), Refused (NotThere, …) or Misunderstood by the connector's table.
        """
        safe = method in _SAFE if safe is None else safe
        url = self._url(path, params)
        attempt, signed_in_again = 1, False
        while True:
            try:
                used = await self._signed()
                data, sent = _body(form, json, raw, multipart, {**used, **headers})
                answer = await self._once(method, url, data, sent, cap, safe=safe)
                if answer.status < 300 or (wanted is not None and wanted(answer)):
                    return answer
                error = self._judged(method, path, answer, safe=safe)
                if answer.status != 401 or self._auth is None or signed_in_again:
                    raise error
                signed_in_again = True
                await self._signed_anew(used)
            except Temporary as failed:
                await self._pause_or_raise(failed, attempt, safe=safe)
                attempt += 1

    def _judged(self, method: str, path: str, answer: Answer, *, safe: bool) -> KoblingError:
        error = self.error(method, path, answer)
        if not safe and answer.status >= 400:
            current().judged(error)
        return error

    async def _signed(self) -> Mapping[str, str]:
        """Headers that sign the next request; a sign-in that fails concerns the connection, not what is written."""
        if self._auth is None:
            return _NOTHING
        sent = current()
        try:
            with aside():
                headers = await self._auth.headers()
        except KoblingError:
            sent.locked_out = True
            raise
        sent.locked_out = False
        return headers

    async def _signed_anew(self, used: Mapping[str, str]) -> None:
        assert self._auth is not None
        try:
            with aside():
                await self._auth.rejected(used)
        except KoblingError:
            current().locked_out = True
            raise

    def not_json(self, method: str, path: str, answer: Answer, *, safe: bool) -> KoblingError:
        """The error for an answer that should have been JSON; what a change did is not known then."""
        if not safe:
            current().said_nothing()
        start = answer.body[:200].decode("utf-8", "replace").strip()
        detail = self.redact(f"{method} {path}: expected JSON, got {len(answer.body)} bytes: {start}", 300)
        if start.startswith("<"):
            summary = N_(
                "%(vendor)s answered with a web page where data was expected: maintenance, or a wrong address."
            )
            return Unreachable(summary, detail=detail, vendor=self.vendor)
        if not safe:
            summary = N_("%(vendor)s's answer to a change could not be read.")
            return Unreachable(summary, detail=detail, vendor=self.vendor)
        return Misunderstood(N_("%(vendor)s's answer could not be read."), detail=detail, vendor=self.vendor)

    async def _once(
        self, method: str, url: str, data: Any, headers: Mapping[str, str], cap: int | None, *, safe: bool
    ) -> Answer:
        async with self._slots:
            await self._budget.take()
            if safe:
                answer = await self._transport.send(method, url, data, headers, vendor=self.vendor, cap=cap)
            else:
                answer = await self._change(method, url, data, headers, cap)
        return await self._follow(method, url, answer, headers, cap) if answer.status in _REDIRECTS else answer

    async def _change(self, method: str, url: str, data: Any, headers: Mapping[str, str], cap: int | None) -> Answer:
        """Send a request that changes something, and note what became of it."""
        sent = current()
        sent.leaves()
        try:
            answer = await self._transport.send(method, url, data, headers, vendor=self.vendor, cap=cap)
        except (NotReached, SettingsError):
            sent.stayed()
            raise
        sent.answered(answer.status)
        return answer

    def _url(self, path: str, params: Mapping[str, str] | None) -> str:
        query = f"?{urlencode(params)}" if params else ""
        return f"{self.base_url}{path}{query}"

    async def _follow(
        self, method: str, url: str, answer: Answer, headers: Mapping[str, str], cap: int | None
    ) -> Answer:
        for _ in range(_MOST_REDIRECTS):
            target, host = self._target(url, answer.headers.get("Location", ""))
            if method not in _SAFE or not same_origin(target, url):
                raise SettingsError(
                    N_("%(vendor)s sends us on to another address (%(host)s). Enter that address if it is right."),
                    vendor=self.vendor,
                    host=host,
                    code="redirect",
                )
            url = target
            answer = await self._transport.send(method, url, None, headers, vendor=self.vendor, cap=cap)
            if answer.status not in _REDIRECTS:
                return answer
        raise Misunderstood(N_("%(vendor)s sends us in a circle."), vendor=self.vendor)

    def _target(self, url: str, location: str) -> tuple[str, str]:
        try:
            target = urljoin(url, location)
            return target, urlsplit(target).hostname or ""
        except ValueError:
            raise Misunderstood(
                N_("%(vendor)s sends us on to an address that is none."), vendor=self.vendor, code="redirect"
            ) from None

    def signed_otherwise(self, base_url: str, *, auth: Auth | None) -> Api:
        """The same vendor at another address or with another sign-in: allowance and slots stay shared."""
        other = copy(self)
        other.base_url, other._auth = base_url, auth
        return other

    async def sign_in_again(self) -> None:
        """A part of a batch was refused for its sign-in: get a newer one. Raises SignInExpired."""
        if self._auth is not None:
            await self._signed_anew(await self._signed())

    async def pause(self, error: Temporary, attempt: int) -> None:
        """Wait before what was certainly not carried out is sent again; raises the error when it is not worth it."""
        await self._pause_or_raise(error, attempt, safe=True)

    def error(self, method: str, path: str, answer: Answer) -> KoblingError:
        """The error that an answer means by the connector's table."""
        try:
            words = self._errors.words(answer.status, answer.body)
        except SHAPES:
            words = Words()
        now = self.clock.now()
        return build_error(
            self._errors.rule(answer.status, words.code),
            words,
            vendor=self.vendor,
            detail=f"{method} {path}: HTTP {answer.status} {answer.body[:300].decode('utf-8', 'replace')}",
            redact=self.redact,
            retry_at=later(now, retry_after_seconds(answer.headers.get("Retry-After"), now)),
        )

    async def _pause_or_raise(self, error: Temporary, attempt: int, *, safe: bool) -> None:
        named = None if error.retry_at is None else (error.retry_at - self.clock.now()).total_seconds()
        certainly_nothing = isinstance(error, RateLimited | NotReached)
        if isinstance(error, RateLimited):
            await self._budget.exhausted(named)
            pause = self._rate_pause if named is None else named
        else:
            grown = self._retry.base * 2.0 ** (attempt - 1)
            pause = named if named is not None else grown * (0.5 + self._random.random())
        if attempt >= self._retry.attempts or not (safe or certainly_nothing) or pause > self._retry.longest:
            if error.retry_at is None:
                error.retry_at = later(self.clock.now(), pause)
            raise error
        await self.clock.sleep(pause)


def _body(
    form: Mapping[str, str] | None,
    json: object,
    raw: bytes | None,
    multipart: Mapping[str, str | File] | None,
    headers: dict[str, str],
) -> tuple[Any, dict[str, str]]:
    if form is not None:
        headers["Content-Type"] = _FORM
        return urlencode(form).encode(), headers
    if json is not None:
        headers["Content-Type"] = "application/json"
        return to_json(json), headers
    if multipart is None:
        return raw, headers
    parts = aiohttp.FormData()
    for name, value in multipart.items():
        if isinstance(value, str):
            parts.add_field(name, value)
        else:
            parts.add_field(name, value[1], filename=value[0], content_type=value[2])
    return parts, headers
