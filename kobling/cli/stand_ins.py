"""The vendors' stand-ins, where their package is installed: found by an entry point, never imported by name."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable, Mapping
from contextlib import AbstractContextManager
from importlib.metadata import entry_points
from typing import Any, Protocol, cast

from kobling.records import N_, SettingsError

GROUP = "kobling.simulators"


class StandIn(Protocol):
    """A simulated vendor that listens."""

    vendor: str
    url: str
    control_url: str
    credentials: dict[str, str]


class StandIns(Protocol):
    """Several that listen together, by name."""

    def __getitem__(self, name: str) -> StandIn: ...


class Package(Protocol):
    """What the simulators' package offers."""

    def vendors(self) -> list[str]:
        """Names of the vendors that can be simulated."""
        ...

    def serve(
        self,
        names: Iterable[str],
        *,
        port_base: int | None = None,
        seed: int = 1,
        records: int = 200,
        announce: Callable[[Any], None],
    ) -> Coroutine[Any, Any, None]:
        """Run vendors until cancelled."""
        ...

    @property
    def SimulatorThread(self) -> Callable[..., AbstractContextManager[StandIns]]:
        """Vendors on a thread of their own."""
        ...


def package() -> Package:
    """The installed package of simulators. Raises SettingsError saying how to get it."""
    for each in entry_points(group=GROUP):
        return cast(Package, each.load())
    raise SettingsError(
        N_("The simulated vendors are not installed. Install them with: pip install 'kobling[simulators]'"),
        code="no_simulators",
    )


def told(one: StandIn) -> Mapping[str, str]:
    """Where a stand-in listens."""
    return {"vendor": one.vendor, "url": one.url, "control": one.control_url}
