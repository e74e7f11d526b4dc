"""Runs a command as a process of its own and says what that process alone used."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Used:
    """CPU (user and system) and wall seconds, and peak resident memory in MB, of one process from start to end."""

    cpu: float
    wall: float
    memory: float


class Failed(Exception):
    """The command did not end as it should."""


def measured(command: Sequence[str], environment: Mapping[str, str], ends: Sequence[int] = (0,)) -> Used:
    """Run a command to its end. Raises Failed with its output when its exit code is none of ``ends``."""
    with tempfile.TemporaryFile("w+") as said, tempfile.NamedTemporaryFile("r", suffix=".json") as used:
        launched = [sys.executable, "-m", "bench.launch", used.name, *command]
        code = subprocess.call(launched, cwd=ROOT, env=dict(environment), stdout=said, stderr=said)
        if code not in ends:
            said.seek(0)
            raise Failed(f"{' '.join(command[:6])} … ended with {code}:\n{said.read()[-4000:]}")
        return Used(**json.load(used))
