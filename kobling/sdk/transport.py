"""The one way out: an HTTP session shared by a worker. One request, sent once, and its whole answer."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from kobling.records import N_, KoblingError, Misunderstood, NotReached, SettingsError, Unreachable
from kobling.sdk.protocols import Clock

MAX_BODY = 64 * 1024 * 1024
"""Bytes of one answer, unpacked; reading stops there."""


class Answer:
    """A complete answer: ``status``, ``headers`` (case-blind) and ``body``, unpacked."""

    __slots__ = ("body", "headers", "status")

    def __init__(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body


class Transport:
    """A worker's shared HTTP session: keep-alive, no cookies, no retries, no redirects, bounded answers.

    No cookies, because one tenant's vendor session must never ride along with another's.
    """

    def __init__(self, session: aiohttp.ClientSession, clock: Clock, *, max_body: int = MAX_BODY) -> None:
        # aiohttp repeats a PUT or DELETE by itself when a kept connection breaks; that may apply it twice.
        session._retry_connection = False
        self._session = session
        self._max_body = max_body
        self.clock = clock

    async def send(
        self, method: str, url: str, data: Any, headers: Mapping[str, str], *, vendor: str, cap: int | None = None
    ) -> Answer:
        """Send one request once and read its whole answer, whatever its status.

        Raises NotReached when nothing was sent, Unreachable when no answer came, Misunderstood for an endless one.
        """
        session, cap = self._session, cap or self._max_body
        try:
            async with session.request(method, url, data=data, headers=headers, allow_redirects=False) as response:
                return Answer(response.status, response.headers, await _read(response, cap, vendor))
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL) as error:
            raise _not_sent(error, vendor) from None
        except (aiohttp.ClientError, TimeoutError, ConnectionError) as error:
            raise broke_off(error, vendor) from None


@asynccontextmanager
async def open_transport(
    clock: Clock,
    *,
    total: float = 120.0,
    connect: float = 15.0,
    max_body: int = MAX_BODY,
    trust_env: bool = False,
) -> AsyncIterator[Transport]:
    """Open the worker's session; ``total`` and ``connect`` are seconds, ``trust_env`` honours HTTPS_PROXY."""
    timeout = aiohttp.ClientTimeout(total=total, connect=connect, sock_read=min(total, 100.0))
    connector = aiohttp.TCPConnector(limit=0, ttl_dns_cache=60)
    async with aiohttp.ClientSession(
        connector=connector,
        timeout=timeout,
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"User-Agent": "Kobling", "Accept": "application/json"},
        trust_env=trust_env,
    ) as session:
        yield Transport(session, clock, max_body=max_body)


async def _read(response: aiohttp.ClientResponse, cap: int, vendor: str) -> bytes:
    length = response.content_length
    if length is not None and length <= cap and "Content-Encoding" not in response.headers:
        return await response.read()
    parts: list[bytes] = []
    size = 0
    async for part in response.content.iter_any():
        size += len(part)
        if size > cap:
            response.close()
            raise endless(cap, vendor)
        parts.append(part)
    return b"".join(parts)


def broke_off(error: Exception, vendor: str) -> Unreachable:
    """The request may have arrived, and no whole answer came."""
    return Unreachable(
        N_("%(vendor)s did not answer to the end."),
        detail=type(error).__name__,
        code="timeout" if isinstance(error, TimeoutError) else "dropped",
        vendor=vendor,
    )


def endless(cap: int, vendor: str) -> Misunderstood:
    """The answer is longer than anybody reads."""
    summary = N_("%(vendor)s's answer does not end; reading was stopped after %(megabytes)s MB.")
    return Misunderstood(summary, vendor=vendor, megabytes=cap // (1024 * 1024), code="too_large")


def _not_sent(error: Exception, vendor: str) -> KoblingError:
    if isinstance(error, aiohttp.InvalidURL):
        return SettingsError(N_("The address of %(vendor)s is not valid."), vendor=vendor)
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        summary = N_("The address of %(vendor)s was not found.")
    elif isinstance(error, aiohttp.ClientConnectorCertificateError | aiohttp.ClientConnectorSSLError):
        summary = N_("%(vendor)s's certificate is not trusted.")
    else:
        summary = N_("%(vendor)s cannot be reached.")
    return NotReached(summary, detail=type(error).__name__, vendor=vendor)
