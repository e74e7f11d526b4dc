"""Prepares what tests need beside Python: installs it where it may, and says loudly what is missing and skipped."""

from __future__ import annotations

import ctypes.util
import os
import shutil
import subprocess
from pathlib import Path

POSTGRES, FUSE, CHROMIUM = "postgresql", "fuse3", "chromium"


def postgres_binaries() -> Path | None:
    """The folder of PostgreSQL's server programs, newest first, None where there are none."""
    homes = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]), reverse=True)
    if homes:
        return homes[0].parent
    found = shutil.which("initdb")
    return Path(found).resolve().parent if found else None


def has_fuse() -> bool:
    """Whether a file system of a test's own can be mounted."""
    return ctypes.util.find_library("fuse3") is not None or ctypes.util.find_library("fuse") is not None


def browser() -> str | None:
    """Debian's chromium, in which pages are tried."""
    return shutil.which("chromium")


def may_install() -> bool:
    """Whether packages can be installed here: root on a Debian."""
    return os.name == "posix" and os.geteuid() == 0 and shutil.which("apt-get") is not None


def must_run() -> bool:
    """Where what is missing could have been installed, or nobody looks (CI), a skipped test is a failed run."""
    return bool(os.environ.get("CI")) or may_install()


def install(*packages: str) -> str:
    """Install packages; returns why it could not, empty where it could."""
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["update"], ["install", "--yes", "--no-install-recommends", *packages]):
        done = subprocess.run(["apt-get", "-qq", *command], env=quiet, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else (done.stderr.strip().splitlines() or ["apt-get failed"])[-1]


def main() -> None:
    """Look for PostgreSQL, FUSE and a browser, install what is missing where one may, and say what will run."""
    needed = ((POSTGRES, postgres_binaries()), (FUSE, has_fuse()), (CHROMIUM, browser()))
    missing = [name for name, there in needed if not there]
    why = "this user may not install it"
    if missing and may_install():
        print(f"installing {' and '.join(missing)} for the tests ...", flush=True)
        why = install(*missing)
    programs = postgres_binaries()
    if programs is None:
        _loud("PostgreSQL: its tests are SKIPPED, since there is no server on this machine", POSTGRES, why)
    else:
        print(f"PostgreSQL: its tests run, with the server in {programs}")
    if browser() is None:
        _loud("Pages: their tests in a browser are SKIPPED, since there is no chromium on this machine", CHROMIUM, why)
    else:
        print("Pages: their tests run, in Debian's chromium")
    if has_fuse() and os.access("/dev/fuse", os.W_OK):
        print("Power cuts: their tests run, on a disk that drops what was not synced")
    else:
        _loud("Power cuts: their tests are SKIPPED, since no such disk can be mounted here", FUSE, why)


def _loud(text: str, package: str, why: str) -> None:
    print("!" * 78)
    print(f"!! {text} ({why}).")
    print(f"!! On Debian, as root: apt-get install {package}")
    print("!" * 78)


if __name__ == "__main__":
    main()
