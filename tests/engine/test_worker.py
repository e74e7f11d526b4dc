"""A worker's rounds: what is due is asked, what is queued claimed, dead colleagues' runs taken over, once each."""

from __future__ import annotations

import errno
from typing import Any

import pytest

from kobling.engine import durable, worker
from kobling.engine.asking import Asking
from kobling.engine.attempt import Stranded
from kobling.engine.jobbing import Jobbing
from kobling.engine.patience import Patience
from kobling.engine.worker import AT_ONCE, DUE_EVERY_TICKS, WATCH_EVERY_TICKS, Worker
from kobling.hub import runs
from kobling.hub.models import Run, Schedule
from kobling.portal.models import ClientFigures
from kobling.records import KoblingError, Misunderstood, NoRoom, SettingsError, StorageError, Unsafe
from tests.engine.bench import Bench

pytestmark = pytest.mark.django_db(transaction=True)


class Engine:
    """The durable engine, pretended: what was asked of it, and what it says of runs."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.started: list[int] = []
        self.given_up: list[int] = []
        self.taken: list[list[str]] = []
        self.statuses: dict[int, str | None] = {}
        self.went_on = 0
        self.fault: Exception | None = None
        monkeypatch.setattr(durable, "start", self.start)
        monkeypatch.setattr(durable, "status", self.statuses.get)
        monkeypatch.setattr(durable, "give_up", self.given_up.append)
        monkeypatch.setattr(durable, "take_over", self.take_over)

    def start(self, run: int) -> None:
        if self.fault is not None:
            raise self.fault
        self.started.append(run)

    def take_over(self, workers: list[str]) -> int:
        self.taken.append(workers)
        return 1


class Lock:
    """Sessions of workers: who is dead, and whether ours lives."""

    def __init__(self, *dead: str) -> None:
        self.dead, self.lives = set(dead), True

    def is_dead(self, owner: str) -> bool:
        return owner in self.dead

    def alive(self) -> bool:
        return self.lives


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Engine:
    return Engine(monkeypatch)


@pytest.fixture
def working(bench: Bench, engine: Engine) -> Worker:
    made = Worker(bench.clock, "me", bench.waiting)
    made.opener = bench.opener
    made._asking = Asking(bench.opener)
    made._jobbing = Jobbing(bench.clock, "me", bench.opener)
    made._ticks = 1
    return made


def queued(bench: Bench) -> int:
    return runs.ask(bench.pair, "tester", bench.clock.now()).pk


def running(bench: Bench, owner: str) -> Run:
    run = runs.ask(bench.pair, "tester", bench.clock.now())
    Run.objects.filter(pk=run.pk).update(state=runs.RUNNING, summary={"worker": owner}, epoch=1)
    return run


def state_of(run: Run) -> str:
    return Run.objects.values_list("state", flat=True).get(pk=run.pk)


def test_a_queued_run_is_claimed_and_started_and_one_that_waits_for_its_connections_is_not(
    bench: Bench, engine: Engine, working: Worker
) -> None:
    first = queued(bench)
    queued(bench)
    assert working.tick() == 1 and engine.started == [first]
    assert working.tick() == 0, "the pair's connections are held"


def test_only_so_many_are_started_in_a_round(
    bench: Bench, engine: Engine, working: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = iter(range(100, 200))
    monkeypatch.setattr(worker.runs, "claim", lambda *_: next(left))
    assert working.tick() == AT_ONCE == 8 and engine.started == list(range(100, 108))


def test_what_is_due_is_asked_for_every_few_rounds(
    bench: Bench, working: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(worker.due, "ask_due", asked.append)
    working._ticks = 0
    for _ in range(2 * DUE_EVERY_TICKS):
        working.tick()
    assert asked == [bench.clock.now()] * 2 and working.ticked
    assert DUE_EVERY_TICKS == WATCH_EVERY_TICKS == 5


def test_a_due_schedule_becomes_a_run(bench: Bench, engine: Engine, working: Worker) -> None:
    Schedule.objects.create(pair=bench.pair, enabled=True, next_at=bench.clock.now())
    bench.pair.left.__class__.objects.update(healthy=True)
    working._ticks = 0
    working.tick()
    assert len(engine.started) == 1 and Run.objects.get().asked_by == "schedule"


def watched(working: Worker, lock: Lock | None, ticks: int = 5) -> None:
    working._lock, working._ticks = lock, ticks  # type: ignore[assignment]
    working._watch()


def test_runs_of_dead_workers_are_taken_over_together_and_those_of_the_living_left(
    bench: Bench, engine: Engine, working: Worker
) -> None:
    for owner in ("dead-b", "dead-a", "dead-b", "alive"):
        engine.statuses[running(bench, owner).pk] = "PENDING"
    watched(working, Lock("dead-a", "dead-b"))
    assert engine.taken == [["dead-a", "dead-b"]]
    watched(working, Lock())
    assert len(engine.taken) == 1


def test_a_run_that_was_claimed_and_never_begun_is_given_back(bench: Bench, engine: Engine, working: Worker) -> None:
    run = running(bench, "dead")
    watched(working, Lock("alive"))
    assert state_of(run) == runs.RUNNING
    watched(working, Lock("dead"))
    assert state_of(run) == runs.QUEUED and engine.taken == []


def test_alone_on_sqlite_whoever_stands_there_at_the_start_is_dead(
    bench: Bench, engine: Engine, working: Worker
) -> None:
    run = running(bench, "me, before")
    watched(working, None, ticks=5)
    assert state_of(run) == runs.RUNNING
    watched(working, None, ticks=0)
    assert state_of(run) == runs.QUEUED


@pytest.mark.parametrize(("dead", "state"), [(True, runs.FAILED), (False, runs.RUNNING)])
def test_a_run_of_an_older_kobling_ends_in_words_once_its_worker_is_gone(
    bench: Bench, engine: Engine, working: Worker, dead: bool, state: str
) -> None:
    run = running(bench, "old")
    engine.statuses[run.pk] = durable.OLDER
    watched(working, Lock("old") if dead else Lock())
    assert state_of(run) == state and engine.given_up == ([run.pk] if dead else [])
    error = Run.objects.get(pk=run.pk).error
    assert (error or {}).get("code") == ("older_version" if dead else None)


def test_a_run_that_the_engine_broke_off_ends_whoever_works_on_it(
    bench: Bench, engine: Engine, working: Worker
) -> None:
    run = running(bench, "alive")
    engine.statuses[run.pk] = next(iter(durable.BROKEN))
    watched(working, Lock())
    ended = Run.objects.get(pk=run.pk)
    assert (ended.state, ended.error["code"], ended.error["detail"]) == (
        runs.FAILED,
        "fault",
        engine.statuses[run.pk],
    )


def test_what_a_person_does_by_hand_is_no_workers(bench: Bench, engine: Engine, working: Worker) -> None:
    run = running(bench, "dead")
    Run.objects.filter(pk=run.pk).update(kind=runs.BY_HAND[0])
    watched(working, Lock("dead"))
    assert state_of(run) == runs.RUNNING


def test_a_run_that_cannot_be_started_for_want_of_room_is_kept_for_later(
    bench: Bench, engine: Engine, working: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    stranded: list[Any] = []
    monkeypatch.setattr(Patience, "strand", lambda _self, run, problem: stranded.append((run, type(problem))))
    engine.fault = OSError(errno.ENOSPC, "full")
    run = queued(bench)
    with pytest.raises(OSError, match="full"):
        working.tick()
    assert stranded == [(run, NoRoom)]


def test_a_round_bears_what_mends_itself_and_raises_what_a_person_must_mend(
    bench: Bench, working: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    borne: list[Exception] = []

    def bear(_self: Any, fault: Exception) -> None:
        borne.append(fault)
        if isinstance(fault, StorageError):
            raise fault

    monkeypatch.setattr(Patience, "bear", bear)
    monkeypatch.setattr(Worker, "tick", lambda _: (_ for _ in ()).throw(NoRoom("full")))
    working.round()
    monkeypatch.setattr(Worker, "tick", lambda _: (_ for _ in ()).throw(StorageError("broken")))
    with pytest.raises(StorageError):
        working.round()
    assert len(borne) == 2


def test_it_serves_until_it_is_told_to_stop_or_has_nothing_left(
    working: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    rounds: list[int] = []
    monkeypatch.setattr(Worker, "round", lambda self: rounds.append(1))
    monkeypatch.setattr(worker, "TICK_SECONDS", 0.0)
    working.serve(lambda: len(rounds) == 3)
    assert len(rounds) == 3
    monkeypatch.setattr(Worker, "round", lambda self: (rounds.append(1), self.stop()))
    working.serve()
    assert len(rounds) == 4
    working.serve()
    assert len(rounds) == 4


def test_a_worker_that_lost_its_session_stops_before_it_does_anything(
    working: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    rounds: list[int] = []
    monkeypatch.setattr(Worker, "round", lambda self: rounds.append(1))
    lock = Lock()
    lock.lives = False
    working._lock = lock  # type: ignore[assignment]
    with pytest.raises(Unsafe):
        working.serve(lambda: len(rounds) > 3)
    assert rounds == []


@pytest.mark.parametrize(
    ("fault", "raised", "stranded"),
    [
        (Stranded(NoRoom("full")), durable.Abandoned, NoRoom),
        (OSError(errno.ENOSPC, "full"), durable.Abandoned, NoRoom),
        (KeyError("x"), KeyError, None),
    ],
)
def test_an_attempt_that_our_disk_broke_off_leaves_no_trace_and_goes_on_later(
    bench: Bench,
    working: Worker,
    monkeypatch: pytest.MonkeyPatch,
    fault: BaseException,
    raised: type[BaseException],
    stranded: Any,
) -> None:
    kept: list[Any] = []
    monkeypatch.setattr(Patience, "strand", lambda _self, run, problem: kept.append((run, type(problem))))

    def broken(*_: Any) -> Any:
        raise fault

    monkeypatch.setattr(worker, "attempt", broken)
    run = queued(bench)
    with pytest.raises(raised):
        working._body(str(run), lambda each: each, lambda _: None)
    assert kept == ([(run, stranded)] if stranded else [])


@pytest.mark.parametrize("error", [SettingsError("No such pair."), Misunderstood("?")])
def test_a_run_that_cannot_even_begin_fails_in_words(
    bench: Bench, working: Worker, monkeypatch: pytest.MonkeyPatch, error: KoblingError
) -> None:
    def broken(*_: Any) -> Any:
        raise error

    monkeypatch.setattr(worker, "attempt", broken)
    run = queued(bench)
    assert working._body(str(run), lambda each: each, lambda _: None) == runs.FAILED
    ended = Run.objects.get(pk=run)
    assert (ended.state, ended.error["kind"], ended.epoch) == (runs.FAILED, error.kind, 1)
    assert ended.summary["worker"] == "me"


def test_an_attempt_ends_its_run(bench: Bench, working: Worker) -> None:
    bench.companies.put({"title": "Alfa"})
    run = queued(bench)
    assert working._body(str(run), lambda each: each, lambda _: None) == runs.DONE
    assert len(bench.contacts.all()) == 1


def test_one_worker_at_a_time_works_on_a_data_folder(tmp_path: Any) -> None:
    first = worker.take_file_lock(tmp_path)
    with pytest.raises(Unsafe) as second:
        worker.take_file_lock(tmp_path)
    assert second.value.code == "worker_running"
    worker.release_file_lock(first)
    worker.release_file_lock(worker.take_file_lock(tmp_path))


def test_marks_are_seen_to_every_round_and_time_and_askings_every_few(
    bench: Bench, working: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    for where, name in ((worker.renewing, "renew_marked"), (worker.renewing, "renew_by_time")):
        monkeypatch.setattr(where, name, lambda *_, name=name: done.append(name))
    for name in ("hear", "ask"):
        monkeypatch.setattr(Asking, name, lambda *_, name=name: done.append(name))
    working._ticks = 0
    for _ in range(DUE_EVERY_TICKS + 1):
        working.tick()
    assert done.count("renew_marked") == done.count("hear") == DUE_EVERY_TICKS + 1
    assert done.count("renew_by_time") == done.count("ask") == 2


def test_a_run_that_is_asked_for_is_in_the_clients_row_after_a_round(bench: Bench, working: Worker) -> None:
    queued(bench)
    working.tick()
    working.tick()
    assert ClientFigures.objects.get().state == "run"


def test_a_worker_is_idle_when_no_answer_is_awaited_and_no_client_marked(bench: Bench, working: Worker) -> None:
    assert working.is_idle
    queued(bench)
    assert not working.is_idle
    working.tick()
    working.tick()
    assert working.is_idle
    working._asking._asked[1] = object()  # type: ignore[assignment]
    assert not working.is_idle


def test_a_worker_that_cannot_give_back_its_askings_stops_all_the_same(
    working: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise OSError

    monkeypatch.setattr(Asking, "let_go", broken)
    working._let_go()
