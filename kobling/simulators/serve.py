"""Starting simulators: which there are, one vendor on two ports, many until cancelled."""

from __future__ import annotations

import asyncio
import pkgutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import cast

from aiohttp import web

from kobling.simulators.clock import Clock
from kobling.simulators.control import Control
from kobling.simulators.counters import Counters
from kobling.simulators.faults import FaultBook
from kobling.simulators.front import Front
from kobling.simulators.vendor import Vendor


def vendors() -> list[str]:
    """Names of the vendors that can be simulated: every folder here that holds a simulator.py."""
    here = Path(__file__).parent
    return sorted(
        module.name
        for module in pkgutil.iter_modules([str(here)])
        if module.ispkg and (here / module.name / "simulator.py").exists()
    )


def build(vendor: str, *, clock: Clock, seed: int, records: int) -> Vendor:
    """A vendor without any port, for tests that need none. Raises ValueError for an unknown name."""
    if vendor not in vendors():
        raise ValueError(f"no simulator called {vendor!r}; there are {', '.join(vendors())}")
    module = import_module(f"kobling.simulators.{vendor}.simulator")
    return cast(Vendor, module.build(clock=clock, seed=seed, records=records))


@dataclass
class Running:
    """A simulated vendor that listens: its URL, the URL of its control port, and what signs a client in."""

    vendor: str
    url: str
    control_url: str
    credentials: dict[str, str]
    simulator: Vendor = field(repr=False)
    _runners: list[web.ServerRunner] = field(default_factory=list, repr=False)

    async def stop(self) -> None:
        """Close both ports; requests in flight are cut."""
        for runner in self._runners:
            await runner.cleanup()
        self._runners.clear()


async def start(
    vendor: str,
    *,
    port: int = 0,
    control_port: int = 0,
    seed: int = 1,
    records: int = 200,
    host: str = "127.0.0.1",
    clock: Clock | None = None,
) -> Running:
    """Listen as a vendor; port 0 takes any free port. Raises ValueError, OSError (port taken)."""
    simulator = build(vendor, clock=clock or Clock(), seed=seed, records=records)
    faults, counters = FaultBook(seed), Counters()
    front = Front(simulator, faults, counters)
    control = Control(simulator, faults, counters, seed, records)
    running = Running(vendor, "", "", simulator.credentials(), simulator)
    try:
        running.url = await _listen(running, web.Server(front.handle, access_log=None), host, port)
        running.control_url = await _listen(running, web.Server(control.handle, access_log=None), host, control_port)
    except BaseException:
        await running.stop()
        raise
    return running


async def _listen(running: Running, server: web.Server, host: str, port: int) -> str:
    runner = web.ServerRunner(server, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    running._runners.append(runner)
    await web.TCPSite(runner, host, port, backlog=1024).start()
    return f"http://{host}:{runner.addresses[0][1]}"


async def serve(
    names: Iterable[str],
    *,
    port_base: int | None = None,
    seed: int = 1,
    records: int = 200,
    host: str = "127.0.0.1",
    announce: Callable[[Running], None],
) -> None:
    """Run vendors until cancelled; with port_base N the i-th listens at N+2i and is controlled at N+2i+1."""
    running: list[Running] = []
    try:
        for at, name in enumerate(names):
            ports = (0, 0) if port_base is None else (port_base + 2 * at, port_base + 2 * at + 1)
            one = await start(name, port=ports[0], control_port=ports[1], seed=seed, records=records, host=host)
            running.append(one)
            announce(one)
        await asyncio.Event().wait()
    finally:
        for one in running:
            await one.stop()
