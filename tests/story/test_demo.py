"""The first of the two commands: simulated systems come into step before one's eyes, and it says so by its end."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.story
RUN = "from kobling.cli.main import run; run(['demo', '--once'])"


def test_it_ends_in_step_and_with_a_firm_to_look_at(tmp_path: Path) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("KOBLING_", "DJANGO_"))}
    done = subprocess.run(
        [sys.executable, "-c", RUN], cwd=tmp_path, env=kept, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]
    assert "In step." in done.stdout
    assert "Nordkystens Bogholderi" in done.stdout.splitlines()[-1]
