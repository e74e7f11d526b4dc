"""The suite's own assertions explain themselves as tests' do."""

from datetime import UTC, datetime

import aiohttp
import pytest

from kobling.sdk.budget import WindowBudget
from kobling.sdk.clock import FakeClock
from kobling.sdk.context import ConnectorContext, MemoryGrants
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


@pytest.fixture
def opened(transport, clock):
    """Open a connector as the hub would, its own budget off, with a sign-in of its own unless one is given."""

    def opened(connector, settings, grants=None):
        grants = grants or MemoryGrants()
        context = ConnectorContext(
            transport,
            clock,
            WindowBudget(0, 60, clock),
            allow_hosts=("127.0.0.1",),
            seed="t",
            load_grant=grants.load,
            save_grant=grants.save,
        )
        return connector.open(settings, context)

    return opened
