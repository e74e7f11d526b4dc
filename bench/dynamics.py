"""``python -m bench.dynamics``: the initial synchronisation of N customers by $batch, beside its lean loop.

Sales holds N accounts of the kind customer, Business Central none; limits are off; the other tables are switched off.
Each customer costs two writes: it is made in Business Central, and the number it gets is written into its account.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from bench.measure import Used, measured
from bench.world import KOBLING, bare_environment
from kobling.simulators import SimulatorThread

PAIR = "dynamics-sales-business-central"
OFF = ("vendors", "contacts", "items", "opportunities", "orders", "invoices")
RESULTS = Path(__file__).parent / "RESULTS.md"
LEAN = [sys.executable, "-m", "bench.lean_dynamics"]


class World:
    """Both vendors in this process, filled."""

    def __init__(self, records: int) -> None:
        self._records = records
        self._thread = SimulatorThread(["dataverse", "business_central"], records=0)

    def __enter__(self) -> World:
        self._thread.__enter__()
        self.sales, self.central = self._thread["dataverse"], self._thread["business_central"]
        for each in (self.sales, self.central):
            each.simulator.set_limits({"enabled": False})
        for number in range(self._records):
            account = {
                "name": f"Firma {number:06d} Handel & Håndværk ApS",
                "customertypecode": 3,
                "telephone1": f"+45 {20_000_000 + number}",
                "emailaddress1": f"post@firma{number:06d}.example",
                "address1_line1": f"Søndergade {number % 200 + 1}",
                "address1_postalcode": "8000",
                "address1_city": "Aarhus C",
            }
            self.sales.simulator.create_as_person("accounts", account)
        return self

    def __exit__(self, *error: object) -> None:
        self._thread.__exit__(None, None, None)

    def customers(self) -> int:
        """How many customers there are."""
        return len(self.central.simulator.dump("customers"))


def kobling(world: World, folder: Path) -> dict[str, Used]:
    """Kobling's first run and its second one, each a process of its own."""
    environment = bare_environment() | {"KOBLING_DATA": str(folder), "KOBLING_ALLOW_HOSTS": "127.0.0.1"}
    names = ("tenant", "client_id", "client_secret", "authority")

    def command(*arguments: str) -> Used:
        return measured([*KOBLING, *arguments], environment, (0, 1))

    def sign_in(given: dict[str, str]) -> list[str]:
        return [*(f"{name}={given[name]}" for name in names), "requests_per_window=0"]

    sales, central = world.sales.credentials, world.central.credentials
    command("connect", "dataverse", *sign_in(sales), f"base_url={world.sales.url}")
    place = [f"{name}={central[name]}" for name in ("environment", "company")]
    command("connect", "business_central", *sign_in(central), *place, f"base_url={world.central.url}")
    tables = json.dumps({name: {"enabled": False} for name in OFF})
    command("pair", "create", PAIR, f"tables={tables}")
    return {"initial": command("sync", PAIR), "unchanged": command("sync", PAIR)}


def lean(world: World) -> Used:
    """The lean loop."""
    given = {
        name: {**each.credentials, "url": each.url}
        for name, each in (("sales", world.sales), ("central", world.central))
    }
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
