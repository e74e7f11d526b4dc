"""The suite's own assertions explain themselves as tests' do."""

from datetime import UTC, datetime

import aiohttp
import pytest

from kobling.sdk.clock import FakeClock
from kobling.sdk.http import open_transport

for part in ("rig", "reading", "writing", "faults"):
    pytest.register_assert_rewrite(f"kobling.sdk.conformance_{part}")


@pytest.fixture
async def session():
    async with aiohttp.ClientSession() as opened:
        yield opened


@pytest.fixture
def clock():
    return FakeClock(datetime.now(UTC))


@pytest.fixture
async def transport(clock):
    async with open_transport(clock, total=10) as opened:
        yield opened
