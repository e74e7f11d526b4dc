"""Several processes on one connection: one refreshes its sign-in, and a notification is new to one of them."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from django.db import connection as database
from django.db import connections

from kobling.access.models import Client
from kobling.hub import vault
from kobling.hub.models import Connection, Notification
from kobling.hub.store.notifications import Remembered
from kobling.records import Temporary, to_json
from kobling.sdk.auth import Grant, TokenHolder
from kobling.sdk.clock import SystemClock
from kobling.sdk.redaction import Redactor
from kobling.sdk.webhooks import TOLERANCE

pytestmark = pytest.mark.django_db(transaction=True)
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
AT_ONCE = 4


@pytest.fixture
def shared() -> Connection:
    grant = vault.seal({"access_token": "old", "expires_at": 0, "refresh_token": "r1"})
    client = Client.objects.create(name="Test ApS")
    return Connection.objects.create(client=client, connector="x", name="x", grant=grant)


REFRESHER = """
import asyncio, json, os, sys
from urllib.request import Request, urlopen
import django; django.setup()
from django.conf import settings
settings.DATABASES["default"]["NAME"] = sys.argv[2]
from kobling.hub import vault
from kobling.sdk.auth import Grant, TokenHolder
from kobling.sdk.clock import SystemClock
from kobling.sdk.redaction import Redactor

def fetch(token):
    with urlopen(Request(sys.argv[3], data=token.encode(), method="POST"), timeout=60) as answer:
        return json.load(answer)

async def main():
    async def obtain(grant):
        told = await asyncio.to_thread(fetch, grant.refresh_token)
        return Grant(told["access"], int(SystemClock().now().timestamp()) + 3600, told["refresh"])
    grants = vault.Grants(int(sys.argv[1]))
    holder = TokenHolder(obtain, clock=SystemClock(), redact=Redactor(), load=grants.load, save=grants.save)
    print("ready", flush=True)
    sys.stdin.readline()
    print((await holder.headers())["Authorization"])

asyncio.run(main())
"""


class _Vendor(BaseHTTPRequestHandler):
    """Gives each refresh token's successor, and remembers which came."""

    used: list[str]
    slow: threading.Event

    def do_POST(self) -> None:
        self.used.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self.slow.wait(0.3)
        number = len(self.used)
        body = to_json({"access": f"a{number}", "refresh": f"r{number + 1}"})
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Quiet."""


@contextmanager
def vendor() -> Iterator[tuple[str, list[str]]]:
    handler = type("Vendor", (_Vendor,), {"used": [], "slow": threading.Event()})
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/", handler.used  # type: ignore[attr-defined]
        finally:
            server.shutdown()
            thread.join()


def test_processes_that_refresh_at_once_use_a_refresh_token_once(shared: Connection) -> None:
    """On SQLite and, where the suite runs on it, on PostgreSQL."""
    with vendor() as (url, used):
        arguments = [str(shared.pk), str(database.settings_dict["NAME"]), url]
        environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "kobling.settings"}
        command = [sys.executable, "-c", REFRESHER, *arguments]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        started = [subprocess.Popen(command, env=environment, **pipes) for _ in range(AT_ONCE)]  # type: ignore[call-overload]
        for each in started:
            assert each.stdout.readline() == "ready\n", each.communicate()[1]
        for each in started:
            each.stdin.write("go\n")
            each.stdin.flush()
        told = [each.communicate(timeout=60) for each in started]
    assert used == ["r1"], f"refresh tokens sent: {used} {told}"
    assert {out for out, _ in told} == {"Bearer a1\n"}


def in_loop(coroutine: Any) -> Any:
    """Run it, and close the database connection of the one thread that it used."""

    async def body() -> Any:
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1))
        try:
            return await coroutine
        finally:
            await asyncio.to_thread(connections.close_all)

    return asyncio.run(body())


def test_a_refresh_that_fails_lets_the_next_one_try(shared: Connection) -> None:
    grants, tries = vault.Grants(shared.pk), []

    async def obtain(grant: Grant | None) -> Grant:
        tries.append(grant.refresh_token if grant else None)
        if len(tries) == 1:
            raise Temporary("not now")
        return Grant("new", int(SystemClock().now().timestamp()) + 3600, "r2")

    async def twice() -> str:
        holder = TokenHolder(obtain, clock=SystemClock(), redact=Redactor(), load=grants.load, save=grants.save)
        with pytest.raises(Temporary):
            await holder.headers()
        return (await holder.headers())["Authorization"]

    assert in_loop(twice()) == "Bearer new"
    assert tries == ["r1", "r1"]


def test_a_notification_is_new_to_one_process_alone(shared: Connection) -> None:
    first: list[bool] = []
    barrier = threading.Barrier(AT_ONCE)

    def take_in() -> None:
        barrier.wait()
        try:
            first.append(Remembered(shared.pk).first("n1", NOW))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=take_in) for _ in range(AT_ONCE)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(first) == [False] * (AT_ONCE - 1) + [True]


def test_notifications_are_each_connections_own(shared: Connection) -> None:
    other = Connection.objects.create(client=shared.client, connector="x", name="y")
    assert Remembered(shared.pk).first("n1", NOW) and Remembered(other.pk).first("n1", NOW)
    assert not Remembered(shared.pk).first("n1", NOW)


def test_notifications_are_forgotten_when_their_time_is_not_believed_any_more(shared: Connection) -> None:
    for hour in range(20):
        assert Remembered(shared.pk).first("the same", NOW + timedelta(hours=hour))
    assert Notification.objects.count() == 1
    later = NOW + timedelta(hours=19) + 2 * TOLERANCE
    assert not Remembered(shared.pk).first("the same", later), "remembered as long as it would be believed"
