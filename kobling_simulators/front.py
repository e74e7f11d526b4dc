"""The HTTP front of one vendor: reads a request, lets faults and limits have their way, writes the answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.utils import formatdate

from aiohttp import web

from kobling_simulators.counters import Counters
from kobling_simulators.faults import Fault, FaultBook
from kobling_simulators.vendor import Vendor
from kobling_simulators.wire import Call, Reply

_ENDLESS_CHUNK = b'{"endless":"' + b"x" * 65_000 + b'"},\n'
_HTML = "<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"
_LOOK_FOR_CLIENT_EVERY = 0.02
MAX_BODY = 64 * 1024 * 1024


class Dropped(Exception):
    """The connection is to be closed without any answer."""


class Front:
    """Stands between the socket and a vendor; holds the faults in force and the counters."""

    def __init__(self, vendor: Vendor, faults: FaultBook, counters: Counters) -> None:
        self._vendor = vendor
        self._faults = faults
        self._counters = counters
        self._last_answers: dict[str, Reply] = {}

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """One request from the first byte to the last of its answer."""
        call = Call(
            method=request.method,
            path=request.path,
            query=request.query,
            headers=request.headers,
            body=await request.read() if request.can_read_body else b"",
            client=request.remote or "",
        )
        call.operation = self._vendor.operation_of(call)
        call.in_flight = self._counters.begin(call.operation)
        status: int | None = None
        try:
            fault = self._faults.pick(call.method, call.operation, call.path)
            if fault is not None:
                self._counters.faults[fault.kind] += 1
                if fault.kind == "endless_body":
                    return await _endless(request)
            reply = await self._reply(request, call, fault)
            if reply.later is not None:
                reply = await reply.later()
            status = reply.status
            return _response(reply, self._vendor.clock.now())
        except Dropped:
            return _drop(request)
        finally:
            self._counters.end(status)

    async def _reply(self, request: web.BaseRequest, call: Call, fault: Fault | None) -> Reply:
        if fault is None:
            return self._apply(call)
        instead = self._instead(call, fault)
        if instead is not None:
            return instead
        if fault.kind == "slow":
            await asyncio.sleep(fault.seconds)
        elif fault.kind == "hold_before":
            await self._hold(request)
        elif fault.kind in ("session_expired", "token_revoked"):
            self._vendor.expire(call)
        reply = self._apply(call)
        if fault.kind == "hold_after":
            await self._hold(request)
        elif fault.kind == "applied_then_dropped":
            raise Dropped
        elif fault.kind == "malformed_json":
            return Reply(reply.status, reply.body[: len(reply.body) * 2 // 3] or b'{"', reply.content_type)
        return reply

    def _instead(self, call: Call, fault: Fault) -> Reply | None:
        """The answer that a fault gives without the vendor ever seeing the call; None for other faults."""
        if fault.kind == "drop_before":
            raise Dropped
        retry = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
        if fault.kind == "status":
            return Reply(fault.status, fault.body.encode(), fault.content_type, retry)
        if fault.kind == "rate_limited":
            return self._vendor.rate_limited(fault.retry_after)
        if fault.kind == "html_error":
            return Reply(502, _HTML.encode(), "text/html; charset=utf-8", retry)
        if fault.kind == "brownout":
            return Reply(480, b"Brownout", "text/plain; charset=utf-8", retry)
        if fault.kind == "stale_page":
            return self._last_answers.get(call.operation)
        return None

    def _apply(self, call: Call) -> Reply:
        refusal = self._vendor.over_limit(call)
        if refusal is not None:
            self._counters.refused_by_limit += 1
            return refusal
        reply = self._vendor.answer(call)
        if call.method == "GET" and reply.status == 200:
            self._last_answers[call.operation] = reply
        return reply

    async def _hold(self, request: web.BaseRequest) -> None:
        """Wait for the release; a client that went away meanwhile is dropped."""
        released = self._faults.release_event()
        async with self._counted_as_held():
            while not released.is_set():
                if _gone(request):
                    raise Dropped
                try:
                    await asyncio.wait_for(released.wait(), _LOOK_FOR_CLIENT_EVERY)
                except TimeoutError:
                    continue
        if _gone(request):
            raise Dropped

    @asynccontextmanager
    async def _counted_as_held(self) -> AsyncIterator[None]:
        self._faults.held += 1
        try:
            yield
        finally:
            self._faults.held -= 1


def _gone(request: web.BaseRequest) -> bool:
    return request.transport is None or request.transport.is_closing()


def _response(reply: Reply, now: float) -> web.Response:
    """The answer, dated by the vendor's own clock."""
    headers = {"Date": formatdate(now, usegmt=True), "Content-Type": reply.content_type, **reply.headers}
    return web.Response(status=reply.status, body=reply.body, headers=headers)


def _drop(request: web.BaseRequest) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def _endless(request: web.BaseRequest) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    await response.prepare(request)
    try:
        await response.write(b"[")
        while not _gone(request):
            await response.write(_ENDLESS_CHUNK)
    except ConnectionError:
        pass
    return response
