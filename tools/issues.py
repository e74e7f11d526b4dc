"""Writes docs/issues.md from the table of answers itself, so that it cannot lag behind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "docs" / "issues.md"
INTRO = """# Issues and their answers

Made by `make docs` from `kobling/sync/answers.py`; do not edit.

`kobling issues` lists what waits for a person. `kobling issues --settle 7` says how issue 7 can be settled as things
stand; with `--choose` it is settled, and the next run carries it out. `--all --choose … --preview` says of many
what one answer would do to each, and where it cannot be given: nobody is promised to two. Failed runs are named below.

| kind | choice | for | ends it | what it does |
|---|---|---|---|---|
"""
FOR = {True: "coupled", False: "alone", None: "either"}


def render() -> str:
    """The whole document."""
    return INTRO + "".join(_rows())


def _rows() -> Iterator[str]:
    from kobling.sync.answers import ANSWERS

    for kind, answers in ANSWERS.items():
        for each in answers:
            ends = "yes" if each.ends else "no"
            yield f"| `{kind}` | `{each.choice}` | {FOR[each.coupled]} | {ends} | {each.does} |\n"


if __name__ == "__main__":
    TARGET.write_text(render(), encoding="utf-8")
