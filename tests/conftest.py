"""Shared fixtures."""

from __future__ import annotations

import os

import pytest
from aiohttp import web

from kobling import log

log.set_up(verbose=False)


def _hypothesis() -> None:
    """The same examples every time, so that a red run is a red change; ``KOBLING_EXPLORE=1`` looks for new ones."""
    from hypothesis import HealthCheck, settings

    slow = [HealthCheck.too_slow]
    settings.register_profile("same", derandomize=True, suppress_health_check=slow)
    settings.register_profile("explore", derandomize=False, suppress_health_check=slow)
    settings.load_profile("explore" if os.environ.get("KOBLING_EXPLORE") else "same")


_hypothesis()


def pytest_collection_modifyitems(items):
    """What takes long begins first, so that no worker is left with it at the end while the others rest."""
    items.sort(key=lambda item: (item.get_closest_marker("postgres") is None, item.get_closest_marker("story") is None))


def _emptied_quickly():
    """Between two tests nothing is set up that no test asks for, and on PostgreSQL no table's files are made anew."""
    from django.core.management.commands import flush
    from django.db.backends.postgresql.operations import DatabaseOperations

    def deletions(self, _style, tables, **_how):
        return [f"DELETE FROM {self.quote_name(each)};" for each in tables]

    DatabaseOperations.sql_flush = deletions
    flush.emit_post_migrate_signal = lambda *_given, **_more: None


_emptied_quickly()


@pytest.fixture
async def serve():
    """Start a vendor made of one function; gives its address."""
    runners = []

    async def start(handler):
        runner = web.ServerRunner(web.Server(handler, access_log=None), shutdown_timeout=0.1)
        await runner.setup()
        runners.append(runner)
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return f"http://127.0.0.1:{runner.addresses[0][1]}"

    yield start
    for runner in runners:
        await runner.cleanup()
