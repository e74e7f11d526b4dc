"""Writes docs/fidelity.md from the marks in docstrings of connectors and simulators.

A mark is a docstring line ``Fidelity: <known|inferred|assumed> <vendor> §<section> – <text>``, which may go on in
indented lines. An assumption that would cost money or records if it is wrong carries ``(hurts)`` in its text.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "docs" / "fidelity.md"
FOLDERS = ("kobling/connectors", "kobling/pairs", "kobling_simulators")
MARK = re.compile(
    r"Fidelity:\s*(known|inferred|assumed)\s+(?:\[\w\]\s*)?([a-z_]+)\s*(§[\w.,\s§-]*?)?\s*[–-]\s*(.+)", re.DOTALL
)
LEVELS = ("known", "inferred", "assumed")
INTRO = """# Fidelity: how sure we are of each vendor's behaviour

Made by `make docs` from the marks in the code; do not edit. *Known* stands in the vendor's documents or was measured
on a real server; *inferred* follows from something known; *assumed* is our reading where the sources are silent.
`kobling probe CONNECTION` asks a real account about much of this and prints what differs.
"""
HURTS = "(hurts)"
DOUBTED = """
## First: what would cost money or records if it is wrong

Here the connector and our simulator rest on the same reading, so that tests between the two prove nothing. Each is
survived both ways as its text says: proofs hold a document rather than guess. Try these first on a real account.
"""


@dataclass(frozen=True, slots=True)
class Mark:
    """One mark and where it stands."""

    level: str
    vendor: str
    section: str
    text: str
    place: str


def marks() -> Iterator[Mark]:
    """All marks, file by file."""
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            for node in ast.walk(tree):
                if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                    yield from _of(ast.get_docstring(node) or "", str(path.relative_to(ROOT)))


def _of(docstring: str, place: str) -> Iterator[Mark]:
    for part in re.split(r"(?=Fidelity:)", docstring):
        found = MARK.match(part.split("\n\n")[0])
        if found:
            level, vendor, section, text = found.groups()
            yield Mark(level, vendor, (section or "").strip(), " ".join(text.split()), place)


def render() -> str:
    """The whole document."""
    by_vendor: dict[str, list[Mark]] = defaultdict(list)
    for mark in marks():
        by_vendor[mark.vendor].append(mark)
    parts = [INTRO, DOUBTED]
    doubted = [mark for found in by_vendor.values() for mark in found if mark.level != "known" and HURTS in mark.text]
    parts += sorted({f"- **{mark.vendor}**, {mark.level}: {_line(mark)[2:]}" for mark in doubted})
    for vendor, found in sorted(by_vendor.items()):
        parts.append(f"\n## {vendor}\n")
        counts = ", ".join(f"{sum(mark.level == level for mark in found)} {level}" for level in LEVELS)
        parts.append(f"{counts}.\n")
        for level in LEVELS:
            lines = sorted({_line(mark) for mark in found if mark.level == level})
            if lines:
                parts.append(f"\n### {level.capitalize()}\n")
                parts += lines
    return "\n".join(parts) + "\n"


def _line(mark: Mark) -> str:
    section = f" ({mark.section})" if mark.section else ""
    return f"- {mark.text}{section} — `{mark.place}`"


if __name__ == "__main__":
    TARGET.write_text(render(), encoding="utf-8")
