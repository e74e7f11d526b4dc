"""Runs a command as a process of its own and says what that process alone used."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


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
    with tempfile.TemporaryFile("w+") as said:
        began = time.monotonic()
        process = subprocess.Popen(command, env=dict(environment), stdout=said, stderr=said)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - began
        process.returncode = code = os.waitstatus_to_exitcode(status)
        if code not in ends:
            said.seek(0)
            raise Failed(f"{' '.join(command[:6])} … ended with {code}:\n{said.read()[-4000:]}")
    return Used(usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss / 1024)
