"""Simulators over HTTP: starting, faults, holding, the control port."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator
from hashlib import md5
from typing import Any

import aiohttp
import pytest

from kobling_simulators import Running, SimulatorThread, build, serve, start, vendors
from kobling_simulators.clock import Clock
from kobling_simulators.wire import from_json
from tests.simulators.books import CONTACT, Dinero

PATH = "/webservice.php"


class Bench:
    """A running Dinero, a client of it and of its control port."""

    def __init__(self, running: Running, http: aiohttp.ClientSession) -> None:
        self.running = running
        self.http = http
        self.base = f"{running.url}/v1/{running.credentials['organization_id']}"
        self.headers: dict[str, str] = {}

    async def sign_in(self) -> None:
        known = self.running.credentials
        pair = f"{known['client_id']}:{known['client_secret']}".encode()
        basic = {"Authorization": f"Basic {b64encode(pair).decode()}"}
        key = known["api_key"]
        fields = {"grant_type": "password", "scope": "read write", "username": key, "password": key}
        async with self.http.post(f"{self.running.url}/dineroapi/oauth/token", headers=basic, data=fields) as answer:
            self.headers = {"Authorization": f"Bearer {(await answer.json())['access_token']}"}

    async def control(self, method: str, path: str, body: Any = None) -> Any:
        async with self.http.request(method, self.running.control_url + path, json=body) as answer:
            self.status = answer.status
            return from_json(await answer.read())

    async def fault(self, kind: str, **more: Any) -> None:
        assert await self.control("POST", "/faults", {"kind": kind, **more})
        assert self.status == 200

    async def create(self, name: str = "Bøgh") -> int:
        body = {**CONTACT, "Name": name}
        async with self.http.post(f"{self.base}/contacts", json=body, headers=self.headers) as answer:
            self.body = await answer.read()
            self.answer_headers = answer.headers
            return answer.status

    async def names(self) -> list[str]:
        return [row["Name"] for row in await self.control("GET", "/dump/contacts")]

    async def until(self, path: str, name: str, value: int) -> None:
        """Ask the control port until a figure is reached."""
        for _ in range(2_000):
            if (await self.control("GET", path))[name] == value:
                return
        raise AssertionError(f"{name} never became {value}")

    async def until_held(self, count: int = 1) -> None:
        await self.until("/faults", "held", count)


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    running = await start("dinero", records=0)
    async with aiohttp.ClientSession() as http:
        bench = Bench(running, http)
        await bench.sign_in()
        yield bench
    await running.stop()


def test_vendors_are_the_folders_with_a_simulator() -> None:
    assert {"dinero", "simply_crm"} <= set(vendors())
    with pytest.raises(ValueError, match="no simulator called 'world'"):
        build("world", clock=Clock(), seed=1, records=0)


async def served_at(base: int) -> tuple[asyncio.Task[None], list[Running]]:
    """Two vendors from a port on. Raises OSError when one of the ports is taken."""
    seen: list[Running] = []
    ready = asyncio.Event()

    def announce(running: Running) -> None:
        seen.append(running)
        if len(seen) == 2:
            ready.set()

    task = asyncio.create_task(serve(["simply_crm", "dinero"], port_base=base, records=0, announce=announce))
    waiting = asyncio.create_task(ready.wait())
    await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if task.done():
        task.result()
    return task, seen


async def test_several_vendors_are_served_at_ports_in_a_row() -> None:
    for base in range(21_000, 31_000, 500):
        try:
            task, seen = await served_at(base)
            break
        except OSError:
            continue
    ports = [int(url.rpartition(":")[2]) for one in seen for url in (one.url, one.control_url)]
    assert ports == [base, base + 1, base + 2, base + 3]
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with aiohttp.ClientSession() as http:
        with pytest.raises(aiohttp.ClientConnectorError):
            await http.get(seen[0].url)


async def test_a_port_that_is_taken_leaves_nothing_running() -> None:
    first = await start("simply_crm", records=0)
    with pytest.raises(OSError, match="in use"):
        await start("simply_crm", records=0, port=int(first.url.rpartition(":")[2]))
    await first.stop()


def test_a_thread_serves_synchronous_tests() -> None:
    with SimulatorThread(["simply_crm", "dinero"], records=0) as simulators:
        assert simulators["simply_crm"].credentials["username"] == "admin"
        assert simulators["dinero"].url.startswith("http://127.0.0.1:")


async def test_the_control_port_documents_itself(bench: Bench) -> None:
    page = await bench.control("GET", "/")
    assert "POST /faults" in page["routes"]
    assert page["credentials"] == bench.running.credentials


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/nothing", None, 404),
        ("GET", "/dump/nothing", None, 404),
        ("POST", "/faults", {"kind": "odd"}, 400),
        ("POST", "/faults", {"kind": "status", "foo": 1}, 400),
        ("POST", "/faults", {"kind": "status", "match": {"path_regex": "("}}, 400),
        ("POST", "/config", {"odd": True}, 400),
        ("POST", "/limits", {"odd": 1}, 400),
        ("POST", "/clock", {"freeze": "yesterday"}, 400),
        ("POST", "/records/contacts", {"Name": ""}, 409),
        ("PATCH", "/records/contacts/nobody", {"Name": "x"}, 404),
        ("DELETE", "/records/contacts", None, 400),
    ],
)
async def test_nonsense_on_the_control_port_is_refused(
    bench: Bench, method: str, path: str, body: Any, status: int
) -> None:
    answer = await bench.control(method, path, body)
    assert (bench.status, list(answer)) == (status, ["error"])


async def test_records_are_edited_as_a_person(bench: Bench) -> None:
    made = await bench.control("POST", "/records/contacts", {"Name": "Bøgh"})
    await bench.control("PATCH", f"/records/contacts/{made['ContactGuid']}", {"Name": "Bøgh & Søn"})
    assert await bench.names() == ["Bøgh & Søn"]
    await bench.control("DELETE", f"/records/contacts/{made['ContactGuid']}")
    assert (await bench.control("GET", "/dump/contacts"))[0]["DeletedAt"]
    assert "contacts" in await bench.control("GET", "/dump")


async def test_counters_count_and_can_be_cleared(bench: Bench) -> None:
    await asyncio.gather(*(bench.create() for _ in range(5)))
    counters = await bench.control("GET", "/counters")
    assert counters["by_operation"] == {"POST contacts": 5, "POST token": 1}
    assert counters["by_status"] == {"200": 6}
    assert counters["in_flight"] == 0
    assert (await bench.control("DELETE", "/counters"))["requests"] == 0


async def test_concurrent_requests_are_counted_at_their_peak(bench: Bench) -> None:
    await bench.fault("hold_before", times=3)
    waiting = [asyncio.create_task(bench.create()) for _ in range(3)]
    await bench.until_held(3)
    assert (await bench.control("POST", "/faults/release"))["released"] == 3
    assert await asyncio.gather(*waiting) == [200] * 3
    assert (await bench.control("GET", "/counters"))["max_concurrent"] == 3


async def test_the_clock_can_be_moved_and_frozen(bench: Bench) -> None:
    frozen = await bench.control("POST", "/clock", {"freeze": "2026-01-31T10:00:00Z"})
    assert frozen["iso"] == "2026-01-31T10:00:00Z"
    advanced = await bench.control("POST", "/clock", {"advance": 90})
    assert advanced["iso"] == "2026-01-31T10:01:30Z"
    assert (await bench.control("POST", "/clock", {"thaw": True, "offset": 5}))["offset"] == 5


async def test_a_reset_brings_a_fresh_seed(bench: Bench) -> None:
    await bench.create()
    await bench.control("POST", "/reset", {"records": 20, "seed": 3})
    assert len(await bench.names()) == 20
    assert (await bench.control("GET", "/"))["credentials"] != bench.running.credentials
    await bench.control("POST", "/reset", {"records": 0})
    assert await bench.names() == []


async def test_limits_are_on_until_switched_off(bench: Bench) -> None:
    await bench.control("POST", "/limits", {"personal_per_minute": 2})
    await bench.control("POST", "/clock", {"freeze": True})
    await bench.sign_in()
    assert [await bench.create() for _ in range(3)] == [200, 200, 429]
    assert (await bench.control("GET", "/counters"))["refused_by_limit"] == 1
    await bench.control("POST", "/limits", {"enabled": False})
    assert await bench.create() == 200


async def test_a_status_fault_hits_as_often_as_told_after_letting_some_pass(bench: Bench) -> None:
    await bench.fault("status", status=503, retry_after=7, times=2, skip=1, match={"operation": "POST contacts"})
    assert [await bench.create() for _ in range(4)] == [200, 503, 503, 200]
    assert len(await bench.names()) == 2
    await bench.fault("status", status=500, retry_after=7, times=None, body="oops")
    assert await bench.create() == 500
    assert (bench.body, bench.answer_headers["Retry-After"]) == (b"oops", "7")
    await bench.control("DELETE", "/faults")
    assert await bench.create() == 200


@pytest.mark.parametrize(
    "match",
    [{"method": "PUT"}, {"operation": "POST invoices"}, {"operation": "POST contact"}, {"path_regex": "/products$"}],
)
async def test_a_fault_spares_requests_that_it_does_not_fit(bench: Bench, match: dict[str, str]) -> None:
    await bench.fault("status", match=match)
    assert await bench.create() == 200


async def test_a_fault_can_hit_by_chance(bench: Bench) -> None:
    await bench.control("POST", "/limits", {"enabled": False})
    await bench.fault("status", times=None, probability=0.5)
    seen = [await bench.create() for _ in range(40)]
    assert 5 < seen.count(503) < 35


@pytest.mark.parametrize(
    ("kind", "status", "start_of_body"),
    [
        ("rate_limited", 429, b"API calls quota exceeded!"),
        ("brownout", 480, b"Brownout"),
        ("html_error", 502, b"<!DOCTYPE html>"),
        ("token_revoked", 401, b"{"),
    ],
)
async def test_a_refusing_fault_applies_nothing(bench: Bench, kind: str, status: int, start_of_body: bytes) -> None:
    await bench.fault(kind)
    assert await bench.create() == status
    assert bench.body.startswith(start_of_body)
    assert await bench.names() == []


async def test_malformed_json_is_applied(bench: Bench) -> None:
    await bench.fault("malformed_json")
    assert await bench.create() == 200
    with pytest.raises(ValueError, match="truncated"):
        from_json(bench.body)
    assert await bench.names() == ["Bøgh"]


@pytest.mark.parametrize(("kind", "kept"), [("drop_before", []), ("applied_then_dropped", ["Bøgh"])])
async def test_a_dropped_connection_answers_nothing(bench: Bench, kind: str, kept: list[str]) -> None:
    await bench.fault(kind)
    with pytest.raises(aiohttp.ClientError):
        await bench.create()
    assert await bench.names() == kept


async def test_a_slow_request_lets_others_pass(bench: Bench) -> None:
    await bench.fault("slow", seconds=0.2)
    slow = asyncio.create_task(bench.create("Slow"))
    await bench.until("/counters", "in_flight", 1)
    assert await bench.create("Quick") == 200
    assert await slow == 200
    assert await bench.names() == ["Quick", "Slow"]


async def test_a_stale_page_is_the_last_answer_again(bench: Bench) -> None:
    await bench.create("First")

    async def listed() -> list[str]:
        async with bench.http.get(f"{bench.base}/contacts", headers=bench.headers) as answer:
            return [row["name"] for row in (await answer.json())["Collection"]]

    assert await listed() == ["First"]
    await bench.create("Second")
    await bench.fault("stale_page")
    assert await listed() == ["First"]
    assert await listed() == ["First", "Second"]


async def test_an_endless_body_ends_when_the_client_has_enough(bench: Bench) -> None:
    await bench.fault("endless_body")
    async with bench.http.get(f"{bench.base}/contacts", headers=bench.headers) as answer:
        assert len(await answer.content.readexactly(1_000_000)) == 1_000_000
    assert await bench.create() == 200


class TestHolding:
    """Requests that wait, for crash tests."""

    async def test_held_after_is_applied_before_anybody_knows(self, bench: Bench) -> None:
        await bench.fault("hold_after")
        waiting = asyncio.create_task(bench.create())
        await bench.until_held()
        assert await bench.names() == ["Bøgh"]
        await bench.control("POST", "/faults/release")
        assert await waiting == 200

    async def test_held_before_is_applied_when_released(self, bench: Bench) -> None:
        await bench.fault("hold_before")
        waiting = asyncio.create_task(bench.create())
        await bench.until_held()
        assert await bench.names() == []
        await bench.control("POST", "/faults/release")
        assert await waiting == 200
        assert await bench.names() == ["Bøgh"]

    async def test_a_release_right_after_the_client_died_applies_nothing(self, bench: Bench) -> None:
        await bench.fault("hold_before")
        waiting = asyncio.create_task(bench.create())
        await bench.until_held()
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        await bench.control("POST", "/faults/release")
        await bench.until("/counters", "in_flight", 0)
        assert await bench.names() == []

    async def test_held_before_is_never_applied_once_the_client_is_gone(self, bench: Bench) -> None:
        await bench.fault("hold_before")
        waiting = asyncio.create_task(bench.create())
        await bench.until_held()
        waiting.cancel()
        await bench.until_held(0)
        await bench.control("POST", "/faults/release")
        assert await bench.names() == []
        assert (await bench.control("GET", "/counters"))["in_flight"] == 0


async def test_revoking_over_the_control_port_ends_tokens(bench: Bench) -> None:
    assert (await bench.control("POST", "/tokens/revoke"))["revoked"] == 1
    assert await bench.create() == 401


async def test_simply_crm_answers_over_http_and_its_session_can_expire() -> None:
    running = await start("simply_crm", records=0)
    async with aiohttp.ClientSession() as http:
        bench = Bench.__new__(Bench)
        bench.running, bench.http = running, http
        async with http.get(running.url + PATH, params={"operation": "getchallenge", "username": "admin"}) as answer:
            assert answer.headers["Content-Type"] == "application/json"
            token = (await answer.json())["result"]["token"]
        key = md5((token + running.credentials["access_key"]).encode()).hexdigest()
        form = {"operation": "login", "username": "admin", "accessKey": key}
        async with http.post(running.url + PATH, data=form) as answer:
            session = (await answer.json())["result"]["sessionName"]
        await bench.fault("session_expired", match={"operation": "query Accounts"})
        asked = {"operation": "query", "sessionName": session, "query": "select * from Accounts;"}
        async with http.get(running.url + PATH, params=asked) as answer:
            assert (await answer.json())["error"]["code"] == "SESSION_EXPIRED"
        assert (await bench.control("GET", "/counters"))["by_operation"]["query Accounts"] == 1
    await running.stop()


def test_the_helper_used_by_other_tests_sees_the_same_limits() -> None:
    assert Dinero(limited=True).simulator.limits() == {
        "enabled": True,
        "public_per_minute": 100,
        "personal_per_minute": 60,
    }
