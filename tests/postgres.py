"""A PostgreSQL server of the test's own, where the server's programs are installed."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tools"))
from prepare_tests import postgres_binaries


@contextmanager
def server() -> Iterator[str]:
    """Start a server on a free port and yield its URL (database ``postgres``); skip where there is none."""
    programs = postgres_binaries()
    if programs is None:
        pytest.skip("no PostgreSQL server on this machine")
    home = Path(tempfile.mkdtemp(prefix="kobling-pg-"))
    user = "postgres" if os.geteuid() == 0 else None
    if user:
        shutil.chown(home, user, user)
    port = _free_port()
    data = home / "data"
    run = {"user": user, "cwd": home, "stdout": subprocess.DEVNULL, "env": {"PATH": os.environ["PATH"]}}
    subprocess.run(
        [programs / "initdb", "-D", data, "-U", "kobling", "-A", "trust", "-E", "UTF8", "--no-sync"], check=True, **run
    )
    # Cleaned between two tests, it would learn that tables are empty, and plan the next one's queries for that.
    settings = (
        f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={home} -c fsync=off -c autovacuum=off"
    )
    control = [programs / "pg_ctl", "-D", data, "-w", "-l", home / "log"]
    subprocess.run([*control, "-o", settings, "start"], check=True, **run)
    try:
        yield f"postgresql://kobling@127.0.0.1:{port}/postgres"
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], check=True, **run)
        shutil.rmtree(home, ignore_errors=True)


def fresh_database(url: str, name: str) -> str:
    """Make an empty database on the server and return its URL."""
    with psycopg.connect(url, autocommit=True) as session:
        session.execute(f'CREATE DATABASE "{name}"')
    return url.rsplit("/", 1)[0] + f"/{name}"


def held_on(url: str, *folders: str) -> None:
    """The tests of these folders pass on the database."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *folders, "-q"],
        cwd=Path(__file__).resolve().parents[1],
        env={**os.environ, "KOBLING_TEST_DATABASE_URL": url},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
