"""Simulated vendors, a data folder of its own, and the real ``kobling`` command as a process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Self
from urllib.request import Request, urlopen

from kobling_simulators import Running, SimulatorThread

KOBLING = [sys.executable, "-c", "from kobling.cli.main import run; run()"]
SCRIPT = """
import json, sys
from kobling.cli.main import run
for arguments, wanted in json.load(sys.stdin):
    try:
        run(arguments)
        code = 0
    except SystemExit as ended:
        code = ended.code or 0
    if wanted is not None and code != wanted:
        sys.exit(f"{arguments} ended with {code}, not {wanted}")
"""


class Stage:
    """One test's vendors and data folder; use as a context manager."""

    def __init__(
        self, folder: Path, vendors: Iterable[str], *, records: int, seed: int = 1, database_url: str = ""
    ) -> None:
        self.folder = folder
        self.database_url = database_url
        self._simulators = SimulatorThread(vendors, seed=seed, records=records)

    def __enter__(self) -> Self:
        self._simulators.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._simulators.__exit__(None, None, None)

    def __getitem__(self, vendor: str) -> Running:
        return self._simulators[vendor]

    def environment(self, **more: str) -> dict[str, str]:
        """The environment of a kobling process in this world."""
        base = {key: value for key, value in os.environ.items() if not key.startswith("KOBLING_")}
        base |= {"KOBLING_DATA": str(self.folder), "KOBLING_ALLOW_HOSTS": "127.0.0.1"}
        if self.database_url:
            base["KOBLING_DATABASE_URL"] = self.database_url
        return base | more

    def kobling(self, *arguments: str, expect: int | None = 0, **environment: str) -> Any:
        """Run a command to its end and return its JSON, or its text. ``expect`` None: any exit code is right."""
        done = subprocess.run(
            [*KOBLING, *arguments],
            env=self.environment(**environment),
            capture_output=True,
            text=True,
            check=False,
            timeout=180,
        )
        if expect is not None and done.returncode != expect:
            raise AssertionError(f"{arguments} ended with {done.returncode}\n{done.stdout}\n{done.stderr}")
        if "--json" in arguments and done.stdout.strip():
            return json.loads(done.stdout)
        return done.stdout + done.stderr

    def script(self, *commands: tuple[list[str], int | None]) -> str:
        """Run several commands in one process, each with the exit code wanted of it (None: any)."""
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT],
            env=self.environment(),
            input=json.dumps(commands),
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        if done.returncode != 0:
            raise AssertionError(f"{done.stdout}\n{done.stderr}")
        return done.stdout

    def begin(self, *arguments: str, **environment: str) -> subprocess.Popen[bytes]:
        """Start a command and leave it running."""
        return subprocess.Popen(
            [*KOBLING, *arguments],
            env=self.environment(**environment),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def control(self, system: Running, method: str, path: str, body: Any = None) -> Any:
        """Ask a simulator's control port."""
        data = None if body is None else json.dumps(body).encode()
        with urlopen(Request(f"{system.control_url}/{path}", data=data, method=method), timeout=60) as answer:
            return json.load(answer)

    def until_held(self, system: Running, process: subprocess.Popen[bytes]) -> None:
        """Wait until a vendor holds one of a process's requests."""
        pause = threading.Event()
        for _ in range(600):
            if self.control(system, "GET", "faults").get("held"):
                return
            assert process.poll() is None, "the process ended before the vendor held a request"
            pause.wait(0.1)
        raise AssertionError("no request was held")

    def fault(self, system: Running, **fault: Any) -> None:
        """Make a vendor misbehave."""
        self.control(system, "POST", "faults", fault)


def arguments_of(settings: Mapping[str, str]) -> list[str]:
    """Settings as the command line takes them."""
    return [f"{name}={value}" for name, value in settings.items()]
