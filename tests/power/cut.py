"""A data folder on a disk whose power can be cut. Needs FUSE, and the right to mount."""

from __future__ import annotations

import ctypes.util
import os
import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

ROOT = Path(__file__).resolve().parents[2]


def unable() -> str:
    """Why no such disk can be had on this machine; empty where it can."""
    if not os.access("/dev/fuse", os.R_OK | os.W_OK):
        return "no /dev/fuse for this user"
    if ctypes.util.find_library("fuse3") is None and ctypes.util.find_library("fuse") is None:
        return "no libfuse (on Debian: apt-get install fuse3)"
    return ""


class Disk:
    """A mounted folder with the files of another one; ``settle`` cuts the power and says what was on disk."""

    def __init__(self, mountpoint: Path, files: Path, *, fails_at: int = 0, seed: int = 0) -> None:
        self._mountpoint, self._files = mountpoint, files
        self._armed = f"arm {fails_at} {seed}"

    def __enter__(self) -> Self:
        self._mountpoint.mkdir(exist_ok=True)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.power.filesystem", str(self._mountpoint), str(self._files)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._say(self._armed)
        pause = threading.Event()
        for _ in range(200):
            if os.path.ismount(self._mountpoint):
                return self
            assert self._process.poll() is None, "the disk could not be mounted"
            pause.wait(0.05)
        raise AssertionError("the disk was not mounted in time")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for command in (["umount", "-l"], ["fusermount3", "-u", "-z"]):
            try:
                if subprocess.run([*command, str(self._mountpoint)], capture_output=True, check=False).returncode == 0:
                    break
            except FileNotFoundError:
                continue
        self._process.kill()
        self._process.communicate()

    def kills(self, victim: int) -> None:
        """The process that loses its power."""
        self._say(f"kill {victim}")

    def refuses(self, name: str) -> None:
        """From now on the disk refuses every change with that error; empty: it works again."""
        self._say(f"refuse {name}")

    def settle(self, folder: Path) -> int:
        """Write what is on disk into a folder. Returns how many changes of the disk there were."""
        folder.mkdir(mode=0o700)
        self._say(f"settle {folder}")
        assert self._process.stdout is not None
        return int(self._process.stdout.readline())

    def _say(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
