"""``python -m bench.expenses``: a month of N expenses with receipts, Pleo → Business Central, as drafts.

Limits are off. Requests are held against the fewest that the contracts allow: Pleo hands out 100 items a page, gives
each receipt by itself and takes results in batches of 10; Business Central takes 100 parts in a batch and each
receipt's content by itself. Memory is that of Kobling's process, for N and for a quarter of N.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from math import ceil
from pathlib import Path
from typing import Any

from bench.measure import Used, measured
from bench.world import KOBLING, ROOT, bare_environment, control

PAIR = "pleo-business-central"
RESULTS = Path(__file__).parent / "RESULTS.md"
SIZE = 50_000
ACCOUNTS = ("contra_card=5840", "contra_pocket=5910", "contra_reimbursement=5840", "transfers_account=5910")


def month(number: int) -> tuple[Used, dict[str, dict[str, int]]]:
    """Kobling's run of one month, and the requests that each vendor counted."""
    command = [sys.executable, "-m", "bench.expense_vendors", str(number), str(SIZE)]
    with (
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, env=bare_environment()) as vendors,
        tempfile.TemporaryDirectory() as folder,
    ):
        try:
            assert vendors.stdout is not None
            told: dict[str, dict[str, str]] = json.loads(vendors.stdout.readline())
            return _month(told, Path(folder), number)
        finally:
            vendors.kill()


def _month(told: dict[str, dict[str, str]], folder: Path, number: int) -> tuple[Used, dict[str, dict[str, int]]]:
    environment = bare_environment() | {"KOBLING_DATA": str(folder), "KOBLING_ALLOW_HOSTS": "127.0.0.1"}
    pleo, central = told["pleo"], told["business_central"]

    def command(*arguments: str) -> Used:
        return measured([*KOBLING, *arguments], environment, (0, 1))

    command("connect", "pleo", f"api_key={pleo['api_key']}", f"base_url={pleo['url']}", "requests_per_window=0")
    sign_in = [f"{name}={central[name]}" for name in ("tenant", "client_id", "client_secret", "authority")]
    place = [f"{name}={central[name]}" for name in ("environment", "company")]
    journal = ("journal_template=STANDARD", "journal_batch=DAGLIG", "requests_per_window=0")
    command("connect", "business_central", *sign_in, *place, *journal, f"base_url={central['url']}")
    command("pair", "create", PAIR, *ACCOUNTS)
    command("sync", PAIR)
    control(pleo, "POST", "records/export-jobs", {})
    for each in (pleo, central):
        control(each, "DELETE", "counters")
    used = command("sync", PAIR)
    lines = control(central, "GET", "dump/journalLines")
    assert len(lines) == number, f"{len(lines)} lines for {number} expenses"
    held = {each["parentId"] for each in control(central, "GET", "dump/attachments") if each["byteSize"] >= SIZE}
    assert len(held) == number, f"{len(held)} receipts for {number} expenses"
    names = {"Pleo": pleo, "Business Central": central}
    return used, {name: control(each, "GET", "counters")["by_operation"] for name, each in names.items()}


def fewest(number: int) -> dict[str, int]:
    """Requests that no way could do without: receipts and results; lines, names of attachments, contents, one look."""
    return {
        "Pleo": number + ceil(number / 10) + ceil(number / 100) + 2,
        "Business Central": number + 2 * ceil(number / 100) + 1,
    }


def report(number: int, used: Used, small: Used, requests: dict[str, dict[str, int]]) -> str:
    """What was measured, as Markdown."""
    least, made = fewest(number), {name: sum(each.values()) for name, each in requests.items()}
    rows = [f"| {name} | {made[name]:,} | {least[name]:,} | {made[name] / least[name]:.3f} |" for name in requests]
    total = sum(made.values()) / sum(least.values())
    return "\n".join(
        [
            f"## A month of {number:,} expenses with receipts of {SIZE // 1000} kB, {datetime.now(UTC):%Y-%m-%d}",
            "",
            f"`python -m bench.expenses`: {used.wall:.0f} s, {used.cpu:.0f} s CPU, peak {used.memory:.0f} MB"
            f" ({small.memory:.0f} MB for a quarter of it); the receipts are {number * SIZE / 1e6:.0f} MB.",
            "",
            "| requests | made | fewest | ratio |",
            "|---|--:|--:|--:|",
            *rows,
            f"| together | {sum(made.values()):,} | {sum(least.values()):,} | {total:.3f} |",
        ]
    )


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(prog="python -m bench.expenses", description=__doc__)
    parser.add_argument("--number", type=int, default=5_000)
    parser.add_argument("--quick", action="store_true", help="200 expenses, nothing written")
    given: Any = parser.parse_args()
    number = 200 if given.quick else given.number
    small, _ = month(number // 4)
    used, requests = month(number)
    text = report(number, used, small, requests)
    print(text)
    for name, each in requests.items():
        print(name, json.dumps(each, indent=1))
    if not given.quick:
        RESULTS.write_text(f"{RESULTS.read_text().rstrip()}\n\n{text.rstrip()}\n")


if __name__ == "__main__":
    main()
