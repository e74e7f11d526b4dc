"""What was measured, as Markdown for people and for RESULTS.md."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from statistics import median

from bench.scenarios import Measured, Results

VENDORS = ("Simply CRM", "Dinero")
TITLES = {
    "initial": "Initial synchronisation",
    "unchanged": "Second run, nothing changed",
    "changed": "Third run, 1 % changed (half in the CRM, half in Dinero)",
}


def heading(note: str) -> str:
    """When and where it was measured."""
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    cores = len(os.sched_getaffinity(0))
    facts = f"{cores} cores, Python {platform.python_version()}, {platform.system()} {platform.machine()}"
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    return f"## {now}{f' – {note}' if note else ''}\n\n{facts}; load {load} at the end; the machine was shared.\n"


def section(records: int, kobling: Sequence[Results], lean: Sequence[Results]) -> str:
    """All scenarios at one size; medians where there were several rounds."""
    rounds = "" if len(kobling) == 1 else f", medians of {len(kobling)} rounds"
    parts = [f"### {records:,} customers{rounds}\n"]
    for name in kobling[0]:
        ours, bare = [each[name] for each in kobling], [each[name] for each in lean]
        parts.append(f"**{TITLES[name]}**\n\n{_table(ours, bare)}\n{_kinds(ours[0], bare[0])}")
    return "\n".join(parts)


def _table(ours: Sequence[Measured], bare: Sequence[Measured]) -> str:
    head = "| | CPU s | wall s | peak MB | requests CRM | requests Dinero |\n|---|--:|--:|--:|--:|--:|\n"
    rows = [_figures(ours), _figures(bare)]
    ratios = " | ".join(f"{one / other:.2f}" if other else "–" for one, other in zip(*rows, strict=True))
    lines = [f"| {title} | {_cells(row)} |" for title, row in zip(("Kobling", "lean loop"), rows, strict=True)]
    return head + "\n".join([*lines, f"| ratio | {ratios} |"]) + "\n"


def _figures(runs: Sequence[Measured]) -> tuple[float, ...]:
    return (
        median(each.used.cpu for each in runs),
        median(each.used.wall for each in runs),
        median(each.used.memory for each in runs),
        *(median(each.total(vendor) for each in runs) for vendor in VENDORS),
    )


def _cells(row: tuple[float, ...]) -> str:
    cpu, wall, memory, *requests = row
    return " | ".join([f"{cpu:.2f}", f"{wall:.2f}", f"{memory:.0f}", *(f"{each:,.0f}" for each in requests)])


def _kinds(ours: Measured, bare: Measured) -> str:
    lines = ["| requests by kind | Kobling | lean loop |", "|---|--:|--:|"]
    for vendor in VENDORS:
        one, other = ours.requests[vendor], bare.requests[vendor]
        kinds = sorted({*one, *other})
        lines += [f"| {vendor}: {kind} | {_number(one, kind)} | {_number(other, kind)} |" for kind in kinds]
    return "\n".join(lines) + "\n"


def _number(requests: Mapping[str, int], kind: str) -> str:
    return f"{requests[kind]:,}" if kind in requests else ""
