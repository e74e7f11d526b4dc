"""``python -m bench.limits``: how much of a vendor's allowance a connector uses, and how often it is refused.

Both vendors enforce a limit of requests in a sliding window; the connector keeps its own budget, 98 % of that. Time is
simulated on both sides, so that hours pass in seconds. What the vendor would have allowed in that time is told beside.
"""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime

import aiohttp

from kobling.connectors.business_central.connector import CONNECTOR as CENTRAL
from kobling.connectors.dataverse.connector import CONNECTOR as SALES
from kobling.sdk.budget import WindowBudget
from kobling.sdk.clock import FakeClock
from kobling.sdk.context import ConnectorContext
from kobling.sdk.http import open_transport
from kobling.sdk.protocols import ConnectorType
from kobling_simulators import Running, start

LIMIT, WINDOW, WINDOWS = 600, 300, 20
OURS = LIMIT * 98 // 100
AT_ONCE = 42


class SharedTime(FakeClock):
    """A clock that is turned together with a vendor's."""

    def __init__(self, vendor: Running) -> None:
        super().__init__(datetime.now(UTC))
        self._vendor = vendor
        vendor.simulator.clock.freeze(self.now().timestamp())

    async def sleep(self, seconds: float) -> None:
        """Both clocks go on."""
        before = self.monotonic()
        await super().sleep(seconds)
        self._vendor.simulator.clock.advance(self.monotonic() - before)


async def measure(vendor: str, connector: ConnectorType, resource: str) -> str:
    """One line of the report."""
    running = await start(vendor, records=20)
    running.simulator.set_limits({"enabled": True, "requests": LIMIT, "window": WINDOW})
    clock = SharedTime(running)
    given = running.credentials
    names = ("tenant", "client_id", "client_secret", "authority", "environment", "company", "company_id")
    settings = {name: given[name] for name in names if name in given} | {"sign_in": "app", "base_url": running.url}
    try:
        async with open_transport(clock) as transport:
            budget = WindowBudget(OURS, WINDOW, clock)
            context = ConnectorContext(transport, clock, budget, allow_hosts=("127.0.0.1",), seed="bench")
            table = connector.open(settings, context).resources[resource]
            wanted = (await table.read(None)).records[0].external_id
            began = clock.monotonic()
            sent = 0
            while clock.monotonic() - began < (WINDOWS - 1) * WINDOW or sent % OURS:
                await asyncio.gather(*[table.get(wanted) for _ in range(AT_ONCE)])
                sent += AT_ONCE
            passed = clock.monotonic() - began
            refused = await refusals(running)
    finally:
        await running.stop()
    allowed = LIMIT * round(passed / WINDOW)
    return (
        f"| {connector.title} | {sent:,} | {passed:,.0f} | {allowed:,} | {sent / allowed * 100:.1f} % |"
        f" {refused} ({refused / sent * 100:.2f} %) |"
    )


async def refusals(running: Running) -> int:
    """How many requests the vendor's limit refused."""
    async with aiohttp.ClientSession() as session, session.get(f"{running.control_url}/counters") as answer:
        return int((await answer.json())["refused_by_limit"])


async def main() -> None:
    """Measure and print."""
    print(f"Limit {LIMIT} requests in {WINDOW} s, ours {OURS}; {sys.version.split()[0]}\n")
    print("| system | requests | seconds (simulated) | allowed in that time | used of it | refused |")
    print("|---|---|---|---|---|---|")
    print(await measure("dataverse", SALES, "accounts"))
    print(await measure("business_central", CENTRAL, "customers"))


if __name__ == "__main__":
    asyncio.run(main())
