"""Two simulated vendors, a data folder of its own, and the real ``kobling`` command as a process."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from kobling.simulators import Running, SimulatorThread

PAIR = "simply-crm-dinero"
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


class World:
    """One test's world; use as a context manager."""

    def __init__(self, folder: Path, *, records: int = 12, seed: int = 1, database_url: str = "") -> None:
        self.folder = folder
        self.database_url = database_url
        self._simulators = SimulatorThread(["simply_crm", "dinero"], seed=seed, records=records)

    def __enter__(self) -> World:
        self._simulators.__enter__()
        self.crm: Running = self._simulators["simply_crm"]
        self.dinero: Running = self._simulators["dinero"]
        self.control(self.dinero, "POST", "limits", {"enabled": False})
        return self

    def __exit__(self, *error: Any) -> None:
        self._simulators.__exit__(None, None, None)

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

    def reset(self, template: Path | None = None) -> None:
        """Begin anew: vendors as seeded, no faults, and the data folder a copy of the template."""
        for system in (self.crm, self.dinero):
            self.control(system, "DELETE", "faults")
            self.control(system, "POST", "faults/release")
            self.control(system, "POST", "reset", {})
        self.control(self.dinero, "POST", "limits", {"enabled": False})
        shutil.rmtree(self.folder, ignore_errors=True)
        if template is not None:
            shutil.copytree(template, self.folder)

    def begin(self, *arguments: str, **environment: str) -> subprocess.Popen[bytes]:
        """Start a command and leave it running."""
        return subprocess.Popen(
            [*KOBLING, *arguments],
            env=self.environment(**environment),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def set_up(self, *options: str, dinero: Mapping[str, str] | None = None) -> None:
        """Connect both systems and make the pair."""
        given = self.crm.credentials
        crm = {"base_url": self.crm.url, "username": given["username"], "access_key": given["access_key"]}
        self.script(
            (["connect", "simply_crm", *_arguments(crm)], 0),
            (["connect", "dinero", *_arguments({**self.dinero_settings(), **(dinero or {})})], 0),
            (["pair", "create", PAIR, "invoices_from=all", "sales_account_without_vat=1100", *options], 0),
        )

    def dinero_settings(self) -> dict[str, str]:
        """Personal sign-in with the simulator's key, without our own budget."""
        wanted = ("organization_id", "client_id", "client_secret", "api_key")
        return {name: self.dinero.credentials[name] for name in wanted} | {
            "base_url": self.dinero.url,
            "token_url": f"{self.dinero.url}/dineroapi/oauth/token",
            "requests_per_window": "0",
        }

    def finish(self) -> None:
        """Synchronise, say that look-alikes are the same, synchronise again, and prove it."""
        self.script(
            (["sync", PAIR], None),
            (["issues", PAIR, "--kind", "maybe_same", "--all", "--choose", "couple"], 0),
            (["sync", PAIR], 0),
            (["verify", PAIR], 0),
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

    def _existing(self, entity: str) -> list[Any]:
        found = self.control(self.dinero, "GET", f"dump/{entity}")
        return [each for each in found if not each.get("DeletedAt")]

    def names(self) -> dict[str, Counter[str]]:
        """What exists on both sides, by name: duplicates and losses show as other counts."""
        crm = {name: self.control(self.crm, "GET", f"dump/{name}") for name in ("Accounts", "Contacts", "Products")}
        dinero = {name: self._existing(name) for name in ("contacts", "products", "invoices")}
        return {
            "accounts": Counter(each["accountname"] for each in crm["Accounts"]),
            "persons": Counter(f"{each['firstname']} {each['lastname']}".strip() for each in crm["Contacts"]),
            "crm products": Counter(each["productname"] for each in crm["Products"]),
            "crm invoices": Counter(each["subject"] for each in self.control(self.crm, "GET", "dump/Invoice")),
            "dinero contacts": Counter(each["Name"].strip() for each in dinero["contacts"]),
            "dinero products": Counter(each["Name"] for each in dinero["products"]),
            "dinero invoices": Counter(str(each["TotalInclVat"]) for each in dinero["invoices"]),
        }


def _arguments(settings: Mapping[str, str]) -> list[str]:
    return [f"{name}={value}" for name, value in settings.items()]
