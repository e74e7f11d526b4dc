"""One world of a benchmark: the vendors' process, and Kobling as a process with a data folder of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.request import Request, urlopen

from bench.measure import Used, measured

PAIR = "simply-crm-dinero"
KOBLING = [sys.executable, "-c", "from kobling.cli.main import run; run()"]
LEAN = [sys.executable, "-m", "bench.lean"]
ROOT = Path(__file__).resolve().parent.parent


class Vendors:
    """Both simulators in a process of their own, without limits; use as a context manager."""

    def __init__(self, records: int) -> None:
        self._records = records

    def __enter__(self) -> Vendors:
        command = [sys.executable, "-m", "bench.vendors", str(self._records)]
        self._process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=bare_environment()
        )
        told = self._answer()
        self.crm: dict[str, str] = told["crm"]
        self.dinero: dict[str, str] = told["dinero"]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()

    def edit(self, number: int) -> dict[str, int]:
        """Let people edit so many records, half of them on each side. Returns how many there were."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"edit": number}) + "\n")
        self._process.stdin.flush()
        edited: dict[str, int] = self._answer()
        return edited

    def counted(self) -> dict[str, dict[str, int]]:
        """Requests by vendor and kind since the last time this was asked."""
        found = {}
        for name, system in (("Simply CRM", self.crm), ("Dinero", self.dinero)):
            found[name] = control(system, "GET", "counters")["by_operation"]
            control(system, "DELETE", "counters")
        return found

    def _answer(self) -> Any:
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline())


def control(system: dict[str, str], method: str, path: str, body: Any = None) -> Any:
    """Ask a simulator's control port."""
    data = None if body is None else json.dumps(body).encode()
    with urlopen(Request(f"{system['control_url']}/{path}", data=data, method=method), timeout=600) as answer:
        return json.load(answer)


def bare_environment() -> dict[str, str]:
    """Our environment without any setting of Kobling's."""
    return {key: value for key, value in os.environ.items() if not key.startswith("KOBLING_")}


class Kobling:
    """The real command, every time a new process, with one data folder."""

    def __init__(self, vendors: Vendors, folder: Path) -> None:
        self._vendors = vendors
        self._environment = bare_environment() | {
            "KOBLING_DATA": str(folder),
            "KOBLING_ALLOW_HOSTS": "127.0.0.1",
        }

    def set_up(self) -> None:
        """Connect both systems and make the pair."""
        crm, dinero = self._vendors.crm, self._vendors.dinero
        left = [f"base_url={crm['url']}", f"username={crm['username']}", f"access_key={crm['access_key']}"]
        right = [f"{name}={dinero[name]}" for name in ("organization_id", "client_id", "client_secret", "api_key")]
        right += [f"base_url={dinero['url']}", f"token_url={dinero['url']}/dineroapi/oauth/token"]
        self.command("connect", "simply_crm", *left)
        self.command("connect", "dinero", *right, "requests_per_window=0")
        self.command("pair", "create", PAIR)

    def sync(self) -> Used:
        """One whole synchronisation."""
        return self.command("sync", PAIR)

    def verify(self) -> Used:
        """Both sides read afresh and compared; fails when they are not in step."""
        return self.command("verify", PAIR)

    def command(self, *arguments: str) -> Used:
        """Run a command to its end."""
        return measured([*KOBLING, *arguments], self._environment)


def lean(vendors: Vendors, what: str, state: Path) -> Used:
    """The lean loop: the bare HTTP work of one scenario. ``state`` is where it keeps its bookmarks."""
    given = json.dumps({"crm": vendors.crm, "dinero": vendors.dinero, "state": str(state)})
    return measured([*LEAN, what, given], bare_environment())
