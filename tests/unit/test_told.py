"""The last lines of a test run say whether PostgreSQL and power cuts were tried; a run that left them out fails."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TESTS = """
import pytest

@pytest.mark.postgres
def test_on_postgresql():
    {body}

@pytest.mark.power
def test_on_a_disk():
    pass
"""


@pytest.mark.parametrize("workers", ["0", "2"])
@pytest.mark.parametrize(
    ("body", "ends", "said"),
    [
        ("pass", 0, "PostgreSQL: 1 tests ran"),
        ("pytest.skip('no server')", 1, "PostgreSQL: SKIPPED, no server"),
    ],
)
def test_the_last_lines_say_what_ran(tmp_path: Path, body: str, ends: int, said: str, workers: str) -> None:
    (tmp_path / "test_it.py").write_text(TESTS.format(body=body))
    command = [sys.executable, "-m", "pytest", "-c", str(ROOT / "pyproject.toml"), "-n", workers, str(tmp_path)]
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, "CI": "true"}, capture_output=True, text=True, check=False
    )
    assert done.returncode == ends, done.stdout + done.stderr
    assert done.stdout.splitlines()[-2:] == [said, "Power cuts: 1 tests ran"]
