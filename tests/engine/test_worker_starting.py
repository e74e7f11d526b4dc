"""How a worker starts, rests between rounds and lets go of what it held."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from kobling.engine import durable, worker
from kobling.engine.worker import Worker
from kobling.records import Unsafe
from kobling.sync.waiting import LoopThread
from tests.engine.bench import Bench
from tests.engine.test_worker import engine, working

pytestmark = pytest.mark.django_db(transaction=True)
__all__ = ["engine", "working"]


def test_what_cannot_start_lets_go_of_all_it_holds(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its file lock too: the next one may try."""
    waiting = Closing()

    def broken(*_: Any) -> None:
        raise RuntimeError("no engine")

    monkeypatch.setattr(worker.settings, "DATABASE_URL", "")
    monkeypatch.setattr(durable, "launch", broken)
    monkeypatch.setattr(durable, "stop", lambda: None)
    for _ in range(2):
        with pytest.raises(RuntimeError, match="no engine"), Worker(bench.clock, "me", waiting):  # type: ignore[arg-type]
            pass
    assert waiting.closed >= 2


class Closing(LoopThread):
    """Counts how often it was closed."""

    closed = 0

    def close(self) -> None:
        self.closed += 1


def test_it_has_ticked_after_its_first_round(working: Worker) -> None:
    working._ticks = 0
    assert not working.ticked
    working.tick()
    assert working.ticked


def test_an_attempt_begins_and_ends_with_fresh_sessions(
    bench: Bench, working: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thread of the engine's pool keeps its session for the next run, which the database may have ended meanwhile."""
    closed: list[int] = []
    monkeypatch.setattr(worker, "close_old_connections", lambda: closed.append(1))
    at_work: list[int] = []
    monkeypatch.setattr(Worker, "_attempt", lambda *_: at_work.append(len(closed)))
    working._body("1", lambda each: each, lambda _: None)
    assert (at_work, len(closed)) == ([1], 2)


def test_an_engine_without_a_body_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(durable, "_body", None)
    with pytest.raises(RuntimeError, match="without a body"):
        durable.run_workflow.__wrapped__(1)


def test_an_attempts_steps_are_found_while_it_lasts_and_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[list[str]] = []

    def body(run: str, make: Any, _sleep: Any) -> str:
        make(lambda step: {})
        seen.append([run, *durable._Attempts.current])
        return "done"

    monkeypatch.setattr(durable, "_body", body)
    assert durable.run_workflow.__wrapped__(7) == "done"
    assert seen == [["7", "run-7"]] and "run-7" not in durable._Attempts.current


class Resting(threading.Event):
    """Notes how long it was waited for, and waits for nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.rested: list[float | None] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.rested.append(timeout)
        return False


def test_between_two_rounds_it_rests(working: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    working._stopping = resting = Resting()
    monkeypatch.setattr(Worker, "round", lambda self: None)
    working.serve(lambda: len(resting.rested) == 2)
    assert resting.rested == [worker.TICK_SECONDS] * 2 and worker.TICK_SECONDS == 1


@pytest.mark.parametrize(("url", "closed"), [("", 0), ("postgresql://somewhere/db", 1)])
def test_a_round_begins_with_a_session_that_stands(
    bench: Bench, working: Worker, monkeypatch: pytest.MonkeyPatch, url: str, closed: int
) -> None:
    """A server may have ended it between two rounds; SQLite's file needs no second opening."""
    seen: list[int] = []
    monkeypatch.setattr(worker.settings, "DATABASE_URL", url)
    monkeypatch.setattr(worker, "close_old_connections", lambda: seen.append(1))
    working.tick()
    assert len(seen) == closed


def test_it_starts_with_its_lock_its_engine_and_a_spared_collector_and_lets_go_at_the_end(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[Any] = []
    monkeypatch.setattr(worker.settings, "DATABASE_URL", "")
    monkeypatch.setattr(worker, "spare_the_collector", lambda: done.append("spared"))
    monkeypatch.setattr(durable, "launch", lambda _body, _folder, url, name: done.append((url, name)))
    monkeypatch.setattr(durable, "stop", lambda: done.append("stopped"))
    with Worker(bench.clock, "me") as made:
        assert done == ["spared", ("", worker.LOCAL)] and made.name == worker.LOCAL
        with pytest.raises(Unsafe):
            worker.take_file_lock(Path(worker.settings.DATA_DIR))
    assert done[-1] == "stopped"
    worker.release_file_lock(worker.take_file_lock(Path(worker.settings.DATA_DIR)))


def test_the_collector_looks_at_records_less_often(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[Any] = []
    monkeypatch.setattr(worker.gc, "freeze", lambda: done.append("frozen"))
    monkeypatch.setattr(worker.gc, "set_threshold", lambda *each: done.append(each))
    worker.spare_the_collector()
    assert done == ["frozen", worker.COLLECT_AFTER] and worker.COLLECT_AFTER[0] == 20_000
