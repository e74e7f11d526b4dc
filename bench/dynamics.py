"""``python -m bench.dynamics``: the initial synchronisation of N customers by $batch, beside its lean loop.

Sales holds N accounts of the kind customer, Business Central none; limits are off; the other tables are switched off.
Each customer costs two writes: it is made in Business Central, and the number it gets is written into its account.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from bench.measure import Used, measured
from bench.world import KOBLING, ROOT, bare_environment, control

PAIR = "dynamics-sales-business-central"
OFF = ("vendors", "contacts", "items", "opportunities", "orders", "invoices")
RESULTS = Path(__file__).parent / "RESULTS.md"
LEAN = [sys.executable, "-m", "bench.lean_dynamics"]


class World:
    """Both vendors in a process of their own, filled; use as a context manager."""

    def __init__(self, records: int) -> None:
        self._records = records

    def __enter__(self) -> World:
        command = [sys.executable, "-m", "bench.dynamics_vendors", str(self._records)]
        self._process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, env=bare_environment())
        assert self._process.stdout is not None
        told = json.loads(self._process.stdout.readline())
        self.sales: dict[str, str] = told["sales"]
        self.central: dict[str, str] = told["central"]
        return self

    def __exit__(self, *error: object) -> None:
        self._process.kill()
        self._process.wait()

    def customers(self) -> int:
        """How many customers there are."""
        return len(control(self.central, "GET", "dump/customers"))


def kobling(world: World, folder: Path) -> dict[str, Used]:
    """Kobling's first run and its second one, each a process of its own."""
    environment = bare_environment() | {"KOBLING_DATA": str(folder), "KOBLING_ALLOW_HOSTS": "127.0.0.1"}
    names = ("tenant", "client_id", "client_secret", "authority")

    def command(*arguments: str) -> Used:
        return measured([*KOBLING, *arguments], environment, (0, 1))

    def sign_in(given: dict[str, str]) -> list[str]:
        return [*(f"{name}={given[name]}" for name in names), "requests_per_window=0"]

    sales, central = world.sales, world.central
    command("connect", "dataverse", *sign_in(sales), f"base_url={sales['url']}")
    place = [f"{name}={central[name]}" for name in ("environment", "company")]
    command("connect", "business_central", *sign_in(central), *place, f"base_url={central['url']}")
    tables = json.dumps({name: {"enabled": False} for name in OFF})
    command("pair", "create", PAIR, f"tables={tables}")
    return {"initial": command("sync", PAIR), "unchanged": command("sync", PAIR)}


def lean(world: World) -> Used:
    """The lean loop."""
    given = {"sales": world.sales, "central": world.central}
    return measured([*LEAN, json.dumps(given)], bare_environment())


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(prog="python -m bench.dynamics", description=__doc__)
    parser.add_argument("--records", type=int, nargs="+", default=[20_000, 100_000])
    parser.add_argument("--quick", action="store_true", help="2,000 customers, nothing written")
    given = parser.parse_args()
    lines = [f"## Second pair, {datetime.now(UTC):%Y-%m-%d %H:%M} UTC, Python {sys.version.split()[0]}", ""]
    lines += ["| customers | program | CPU s | wall s | peak MB | CPU × lean |", "|---|---|---|---|---|---|"]
    for records in [2000] if given.quick else given.records:
        with World(records) as world:
            bare = lean(world)
            assert world.customers() >= records
        with World(records) as world, tempfile.TemporaryDirectory(prefix="kobling-bench-") as folder:
            runs = kobling(world, Path(folder))
            assert world.customers() >= records, "not all customers were made"
        for name, used in (("lean loop", bare), ("initial", runs["initial"]), ("unchanged", runs["unchanged"])):
            ratio = "1.0" if used is bare else f"{used.cpu / bare.cpu:.1f}" if name == "initial" else "–"
            lines.append(f"| {records:,} | {name} | {used.cpu:.1f} | {used.wall:.1f} | {used.memory:.0f} | {ratio} |")
            print(lines[-1], file=sys.stderr, flush=True)
    report = "\n".join(lines)
    print(report)
    if not given.quick:
        RESULTS.write_text(f"{RESULTS.read_text().rstrip()}\n\n{report}\n")


if __name__ == "__main__":
    main()
