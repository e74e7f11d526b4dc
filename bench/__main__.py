"""``make bench``: runs the scenarios at each size and writes what was measured into RESULTS.md."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from bench.report import heading, section
from bench.scenarios import NAMES, measure_kobling, measure_lean

RESULTS = Path(__file__).parent / "RESULTS.md"
SIZES = (20_000, 100_000)
QUICK = 2_000


def asked() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", default=list(NAMES), metavar="name", help=f"scenarios: {', '.join(NAMES)}")
    parser.add_argument("--records", type=int, nargs="+", default=list(SIZES), help="how many customers")
    parser.add_argument("--rounds", type=int, default=1, help="how often; medians are shown")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} customers, nothing written to RESULTS.md")
    parser.add_argument("--check", action="store_true", help="run 'kobling verify' at the end of every round")
    parser.add_argument("--note", default="", help="what to say in the heading")
    given = parser.parse_args()
    unknown = set(given.names) - set(NAMES)
    if unknown:
        parser.error(f"no such scenario: {', '.join(sorted(unknown))}")
    return given


def main() -> None:
    """Measure, print, write."""
    given = asked()
    names = tuple(name for name in NAMES if name in given.names)
    parts = []
    for records in [QUICK] if given.quick else given.records:
        kobling, lean = [], []
        for _ in range(given.rounds):
            lean.append(measure_lean(records, names, lambda text: tell(f"lean loop {text}")))
            kobling.append(measure_kobling(records, names, lambda text: tell(f"Kobling {text}"), given.check))
        parts.append(section(records, kobling, lean))
    report = "\n".join([heading(given.note), *parts])
    print(report)
    if not given.quick:
        before = RESULTS.read_text() if RESULTS.exists() else "# What `make bench` measured\n"
        RESULTS.write_text(f"{before.rstrip()}\n\n{report.rstrip()}\n")


def tell(text: str) -> None:
    """Progress, beside the report."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
