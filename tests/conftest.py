"""Shared fixtures. The data folder of tests is a fresh temporary one."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from aiohttp import web

_FOLDER = tempfile.mkdtemp(prefix="kobling-tests-")
os.environ["KOBLING_DATA"] = _FOLDER
os.environ.pop("KOBLING_DATABASE_URL", None)
if os.environ.get("KOBLING_TEST_DATABASE_URL"):
    os.environ["KOBLING_DATABASE_URL"] = os.environ["KOBLING_TEST_DATABASE_URL"]
os.environ.pop("KOBLING_LANGUAGE", None)


def pytest_sessionfinish() -> None:
    """Leave nothing behind."""
    import shutil

    shutil.rmtree(Path(_FOLDER), ignore_errors=True)


def _hypothesis() -> None:
    """The same examples every time, so that a red run is a red change; ``KOBLING_EXPLORE=1`` looks for new ones."""
    from hypothesis import settings

    settings.register_profile("same", derandomize=True)
    settings.register_profile("explore", derandomize=False)
    settings.load_profile("explore" if os.environ.get("KOBLING_EXPLORE") else "same")


_hypothesis()


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
