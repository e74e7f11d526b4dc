"""Prepares what tests need beside Python: says loudly what is missing and will be skipped."""

from __future__ import annotations

import shutil
from pathlib import Path


def postgres_binaries() -> Path | None:
    """The folder of PostgreSQL's server programs, newest first, None where there are none."""
    if found := shutil.which("initdb"):
        return Path(found).parent
    homes = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: path.parts[-3], reverse=True)
    return homes[0].parent if homes else None


def main() -> None:
    """Look for the PostgreSQL server; its tests are skipped without it."""
    if postgres_binaries() is None:
        print("!" * 78)
        print("!! No PostgreSQL server on this machine: the tests marked 'postgres' are SKIPPED.")
        print("!! On Debian: apt-get install postgresql")
        print("!" * 78)


if __name__ == "__main__":
    main()
