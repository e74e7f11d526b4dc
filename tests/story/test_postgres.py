"""The same code on PostgreSQL: store and engine, several workers, and one taking over from a killed one."""

from __future__ import annotations

import subprocess
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.postgres import fresh_database, held_on, server
from tests.story.world import PAIR, World

pytestmark = [pytest.mark.story, pytest.mark.postgres]
TAKE_OVER_WITHIN = 30


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    with server() as url:
        yield url


def test_store_and_engine_hold_on_postgresql_too(postgres: str) -> None:
    held_on(fresh_database(postgres, "engine"), "tests/engine", "tests/store")


@pytest.mark.parametrize("loses", ["its life", "its session"])
def test_a_lost_workers_run_is_taken_over_and_ends_right(postgres: str, tmp_path: Path, loses: str) -> None:
    """A worker that only lost its session still lives, and may hold an answer in its hands: it must not use it."""
    url = fresh_database(postgres, f"workers_{loses.replace(' ', '_')}")
    with World(tmp_path / "data", records=8, database_url=url) as world:
        world.set_up()
        undisturbed = _undisturbed(tmp_path)
        first = world.begin("worker")
        second = None
        try:
            world.fault(world.dinero, kind="hold_after", match={"method": "POST", "path_regex": "/contacts$"}, times=1)
            world.script((["pair", "schedule", PAIR, "--cron", "* * * * *"], 0))
            with psycopg.connect(url, autocommit=True) as session:
                session.execute("UPDATE hub_schedule SET next_at = now() - interval '1 minute'")
                world.until_held(world.dinero, first)
                second = _second_worker(world, session)
                if loses == "its life":
                    first.kill()
                    first.wait(timeout=30)
                else:
                    _cut_first_session(session)
                owner = _wait_for_end(session, world)
            assert owner, "nobody took the run over"
            world.script((["pair", "schedule", PAIR, "--off"], 0))
        finally:
            for worker in (first, second):
                if worker is not None and worker.poll() is None:
                    worker.terminate()
                    worker.wait(timeout=60)
        world.finish()
        assert world.names() == undisturbed


def _undisturbed(tmp_path: Path) -> dict[str, Counter[str]]:
    with World(tmp_path / "calm", records=8) as calm:
        calm.set_up()
        calm.finish()
        return calm.names()


LOCKS = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted ORDER BY pid"


def _second_worker(world: World, session: psycopg.Connection[tuple[object, ...]]) -> subprocess.Popen[bytes]:
    second = world.begin("worker")
    pause = threading.Event()
    for _ in range(300):
        if len(session.execute(LOCKS).fetchall()) == 2:
            return second
        pause.wait(0.1)
    raise AssertionError("the second worker never started")


def _cut_first_session(session: psycopg.Connection[tuple[object, ...]]) -> None:
    """End the session that holds the first worker's lock, as a broken network would."""
    owner = session.execute("SELECT summary->>'worker' FROM hub_run WHERE state = 'running'").fetchone()
    assert owner
    found = session.execute(
        "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid::bigint = (hashtext(%s)::bigint & 4294967295)",
        [str(owner[0])],
    ).fetchone()
    assert found, "the first worker holds no lock"
    session.execute("SELECT pg_terminate_backend(%s)", [found[0]])


def _wait_for_end(session: psycopg.Connection[tuple[object, ...]], world: World) -> str:
    """The worker that ended the run; empty when nobody did in time. Waits for progress, not for speed.

    The vendor's answer is let go only after the take-over, so that the old attempt gets it when it is none of its
    business any more.
    """
    pause = threading.Event()
    waited, released = 0, False
    for _ in range(3000):
        row = session.execute(
            "SELECT state, summary->>'worker', epoch FROM hub_run WHERE kind = 'sync' ORDER BY id LIMIT 1"
        ).fetchone()
        if row and int(str(row[2])) >= 2:
            if not released:
                world.control(world.dinero, "DELETE", "faults")
                world.control(world.dinero, "POST", "faults/release")
                released = True
            if row[0] not in ("queued", "running"):
                return str(row[1])
        else:
            waited += 1
            assert waited < TAKE_OVER_WITHIN * 10, "not taken over in time"
        pause.wait(0.1)
    return ""
