"""The same code on PostgreSQL: store and engine, several workers, and one taking over from a killed one."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.postgres import fresh_database, server
from tests.story.world import PAIR, World

pytestmark = [pytest.mark.story, pytest.mark.postgres]
ROOT = Path(__file__).resolve().parents[2]
TAKE_OVER_WITHIN = 30


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    with server() as url:
        yield url


def test_store_and_engine_hold_on_postgresql_too(postgres: str) -> None:
    url = fresh_database(postgres, "engine")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "tests/engine", "tests/services", "-q"],
        cwd=ROOT,
        env={**os.environ, "KOBLING_TEST_DATABASE_URL": url},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]


def test_a_killed_workers_run_is_taken_over_and_ends_right(postgres: str, tmp_path: Path) -> None:
    url = fresh_database(postgres, "workers")
    with World(tmp_path / "calm", records=8) as calm:
        calm.set_up()
        calm.finish()
        undisturbed = calm.names()
    with World(tmp_path / "data", records=8, database_url=url) as world:
        world.set_up()
        first = world.begin("worker")
        second = None
        try:
            world.fault(world.dinero, kind="hold_after", match={"method": "POST", "path_regex": "/contacts$"}, times=1)
            asker = world.begin("pair", "schedule", PAIR, "--cron", "* * * * *")
            assert asker.wait(timeout=60) == 0
            with psycopg.connect(url, autocommit=True) as session:
                session.execute("UPDATE hub_schedule SET next_at = now() - interval '1 minute'")
                session.execute("SELECT 1")
                second = _killed_in_the_middle(world, first, session)
                owner = _wait_for_end(session)
            assert owner, "nobody took the run over"
            world.script((["pair", "schedule", PAIR, "--off"], 0))
        finally:
            for worker in (first, second):
                if worker is not None and worker.poll() is None:
                    worker.terminate()
                    worker.wait(timeout=60)
        world.finish()
        assert world.names() == undisturbed


def _killed_in_the_middle(
    world: World, first: subprocess.Popen[bytes], session: psycopg.Connection[tuple[object, ...]]
) -> subprocess.Popen[bytes]:
    """Wait until the first worker hangs in a write, start a second one, kill the first."""
    pause = threading.Event()
    for _ in range(600):
        if world.control(world.dinero, "GET", "faults").get("held"):
            break
        assert first.poll() is None
        pause.wait(0.1)
    else:
        raise AssertionError("the first worker never wrote")
    second = world.begin("worker")
    for _ in range(300):
        row = session.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted").fetchone()
        if row and row[0] == 2:
            break
        pause.wait(0.1)
    first.kill()
    first.wait(timeout=30)
    world.control(world.dinero, "DELETE", "faults")
    world.control(world.dinero, "POST", "faults/release")
    return second


def _wait_for_end(session: psycopg.Connection[tuple[object, ...]]) -> str:
    """The worker that ended the run; empty when nobody did in time. Waits for progress, not for speed."""
    pause = threading.Event()
    taken = 0
    for _ in range(3000):
        row = session.execute(
            "SELECT state, summary->>'worker', epoch FROM hub_run WHERE kind = 'sync' ORDER BY id LIMIT 1"
        ).fetchone()
        if row and int(str(row[2])) >= 2:
            if row[0] not in ("queued", "running"):
                return str(row[1])
        else:
            taken += 1
            assert taken < TAKE_OVER_WITHIN * 10, "not taken over in time"
        pause.wait(0.1)
    return ""
