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

from kobling_simulators.clock import Clock
from kobling_simulators.control import Control
from kobling_simulators.counters import Counters
from kobling_simulators.faults import FaultBook
from kobling_simulators.front import Front
from kobling_simulators.vendor import Vendor

SIGN_IN = "entra"


def sign_in_first(names: Iterable[str]) -> list[tuple[int, str]]:
    """Names with their places, the sign-in service before those whose callers sign in there."""
    return sorted(enumerate(names), key=lambda placed: placed[1] != SIGN_IN)


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
    module = import_module(f"kobling_simulators.{vendor}.simulator")
    return cast(Vendor, module.build(clock=clock, seed=seed, records=records))


@dataclass
class Running:
    """A simulated vendor that listens: its URL, the URL of its control port, and what signs a client in."""

    vendor: str
    url: str
    control_url: str
    credentials: dict[str, str]
    simulator: Vendor = field(repr=False)
    companion: Running | None = field(default=None, repr=False)
    _runners: list[web.ServerRunner] = field(default_factory=list, repr=False)

    async def stop(self) -> None:
        """Close both ports, and those of a companion; requests in flight are cut."""
        for runner in self._runners:
            await runner.cleanup()
        self._runners.clear()
        if self.companion is not None:
            await self.companion.stop()


async def start(
    vendor: str,
    *,
    port: int = 0,
    control_port: int = 0,
    seed: int = 1,
    records: int = 200,
    host: str = "127.0.0.1",
    clock: Clock | None = None,
    authority: Running | None = None,
) -> Running:
    """Listen as a vendor; port 0 takes any free port. Raises ValueError, OSError (port taken).

    A vendor whose callers sign in elsewhere (it has a `gate`) believes in `authority`; without one it gets a companion
    of its own, with the same seed and clock.
    """
    simulator = build(vendor, clock=clock or Clock(), seed=seed, records=records)
    faults, counters = FaultBook(seed), Counters()
    front = Front(simulator, faults, counters)
    control = Control(simulator, faults, counters, seed, records)
    running = Running(vendor, "", "", {}, simulator)
    try:
        await _join(running, authority, seed, host)
        running.url = await _listen(running, web.Server(front.handle, access_log=None), host, port)
        running.control_url = await _listen(running, web.Server(control.handle, access_log=None), host, control_port)
        if hasattr(simulator, "gate"):
            simulator.gate.url = running.url
        if hasattr(simulator, "url"):
            simulator.url = running.url
        running.credentials = simulator.credentials()
    except BaseException:
        await running.stop()
        raise
    return running


async def _join(running: Running, authority: Running | None, seed: int, host: str) -> None:
    gate = getattr(running.simulator, "gate", None)
    if gate is None:
        return
    if authority is None:
        authority = await start(SIGN_IN, seed=seed, records=0, host=host, clock=running.simulator.clock)
        running.companion = authority
    gate.join(authority.url, authority.simulator.clock)


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
        for at, name in sign_in_first(names):
            port, control = (0, 0) if port_base is None else (port_base + 2 * at, port_base + 2 * at + 1)
            authority = next((one for one in running if one.vendor == SIGN_IN), None)
            one = await start(
                name,
                port=port,
                control_port=control,
                seed=seed,
                records=records,
                host=host,
                authority=authority,
            )
            running.append(one)
            announce(one)
        await asyncio.Event().wait()
    finally:
        for one in running:
            await one.stop()
