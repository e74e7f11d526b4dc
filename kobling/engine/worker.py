"""A worker: claims queued runs, starts them durable, asks due schedules, takes over from dead colleagues."""

from __future__ import annotations

import fcntl
import gc
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import IO, Any
from uuid import uuid4

import structlog
from django.conf import settings
from django.db import close_old_connections

from kobling.engine import durable
from kobling.engine.asking import Asking
from kobling.engine.attempt import Stranded, attempt, failure_of, guarded
from kobling.engine.jobbing import Jobbing
from kobling.engine.patience import Patience
from kobling.engine.posting import Posting
from kobling.engine.steps import Steps
from kobling.hub import runs
from kobling.hub.connections.opening import Opener
from kobling.hub.models import Run
from kobling.hub.runs import due
from kobling.hub.store import faults, stale
from kobling.pairs.registry import pairs
from kobling.portal import renewing
from kobling.records import N_, KoblingError, Misunderstood, Unsafe
from kobling.sdk.clock import SystemClock
from kobling.sdk.hosts import parse_allow_hosts
from kobling.sdk.http import open_transport
from kobling.sdk.protocols import Clock
from kobling.sdk.registry import connectors
from kobling.sync.waiting import LoopThread

log = structlog.get_logger("kobling.worker")
TICK_SECONDS = 1.0
WATCH_EVERY_TICKS = 5
DUE_EVERY_TICKS = 5
AT_ONCE = 8
COLLECT_AFTER = (20_000, 20, 20)
LOCAL = "local"


@dataclass(slots=True)
class Worker:
    """One process that works. Use as a context manager; ``tick`` does one round."""

    clock: Clock = field(default_factory=SystemClock)
    name: str = field(default_factory=lambda: f"{os.uname().nodename}-{os.getpid()}-{uuid4().hex[:6]}")
    waiting: LoopThread = field(default_factory=LoopThread)
    opener: Opener = field(init=False)
    _asking: Asking = field(init=False)
    _posting: Posting = field(init=False)
    _jobbing: Jobbing = field(init=False)
    _stack: ExitStack = field(default_factory=ExitStack)
    _lock: durable.WorkerLock | None = None
    _stopping: threading.Event = field(default_factory=threading.Event)
    _ticks: int = 0
    tell: Callable[[KoblingError], None] = field(default=lambda problem: log.error("waits", why=str(problem)))
    """Says to people what the worker waits for."""
    _patience: Patience = field(init=False)

    def __post_init__(self) -> None:
        self._patience = Patience(self.clock, self.tell)
        self._posting = Posting(self.clock)

    def __enter__(self) -> Worker:
        try:
            self._start()
        except BaseException:
            self._stack.close()
            self.waiting.close()
            raise
        return self

    def _start(self) -> None:
        url = settings.DATABASE_URL
        if url:
            self._lock = durable.WorkerLock(url, self.name)
            self._stack.callback(self._lock.close)
        else:
            self.name = LOCAL
            self._stack.callback(release_file_lock, take_file_lock(Path(settings.DATA_DIR)))
        self._stack.callback(self.waiting.close)
        self.opener = self._stack.enter_context(opened(self.waiting, self.clock))
        self._asking = Asking(self.opener)
        self._stack.callback(self._let_go)
        self._stack.callback(self._posting.stop)
        self._jobbing = Jobbing(self.clock, self.name, self.opener)
        self._stack.callback(self._jobbing.stop)
        if not url:
            self._posting.alone()
            self._jobbing.alone()
        spare_the_collector()
        self._stack.callback(durable.stop)
        durable.launch(self._body, Path(settings.DATA_DIR), url, self.name)

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._stack.close()

    def tick(self) -> int:
        """Ask what is due, claim what is queued, look after dead workers. Returns how many runs were started."""
        self._patience.go_on(durable.go_on)
        if settings.DATABASE_URL:
            close_old_connections()
        now = self.clock.now()
        if self._ticks % DUE_EVERY_TICKS == 0:
            due.ask_due(now)
        if self._ticks % WATCH_EVERY_TICKS == 0:
            self._watch()
        self._keep_figures(now)
        self._posting.post(now)
        self._jobbing.work(now)
        self._ticks += 1
        started = 0
        while started < AT_ONCE and (run := runs.claim(self.name, now)) is not None:
            try:
                durable.start(run)
            except Exception as fault:
                self._patience.strand(run, faults.told(fault))
                raise
            log.info("run claimed", run=run, worker=self.name)
            started += 1
        return started

    def _keep_figures(self, now: datetime) -> None:
        """Every round what was marked, every few what time changed and whom to ask: never more than a batch of each."""
        self._asking.hear(now)
        if self._ticks % DUE_EVERY_TICKS == 0:
            renewing.renew_by_time(now)
            self._asking.ask(now)
        renewing.renew_marked(now)

    def round(self) -> None:
        """``tick``, waiting out what mends itself. Raises StorageError where a person must act first."""
        try:
            self.tick()
        except Exception as fault:  # noqa: BLE001 - what does not mend itself is raised again
            self._patience.bear(fault)
            close_old_connections()

    def serve(self, until: Callable[[], bool] = lambda: False) -> None:
        """Work until stopped or until ``until`` says so."""
        while not self._stopping.is_set() and not until():
            if self._lock is not None and not self._lock.alive():
                raise Unsafe(N_("This worker lost its session with the database and stops; another one goes on."))
            self.round()
            self._stopping.wait(TICK_SECONDS)

    @property
    def ticked(self) -> bool:
        """Whether at least one round was done."""
        return self._ticks > 0

    @property
    def is_idle(self) -> bool:
        """Whether no answer is awaited, no client marked, no mail on its way and no job done."""
        busy = self._asking.waits or self._posting.busy or self._jobbing.busy
        return not busy and not stale.marked(1)

    def _let_go(self) -> None:
        try:
            self._asking.let_go(self.clock.now())
        except Exception as fault:
            # It stops, perhaps for that very fault; its leases run out.
            log.warning("askings were left", exc_info=fault)

    def stop(self) -> None:
        """Ask ``serve`` to return."""
        self._stopping.set()

    def _watch(self) -> None:
        """Runs of dead workers are taken over; runs that were claimed but never begun are given back."""
        dead = set()
        runs.let_go_of_dead(self.clock.now())
        for run in Run.objects.filter(state=runs.RUNNING).exclude(kind__in=runs.BY_HAND):
            owner = str(run.summary.get("worker", ""))
            gone = self._ticks == 0 if self._lock is None else self._lock.is_dead(owner)
            known = durable.status(run.pk)
            if gone and known == durable.OLDER:
                durable.give_up(run.pk)
                runs.end(run.pk, run.epoch, runs.FAILED, self.clock.now(), failure_of(_older()).as_data())
            elif known in durable.BROKEN:
                fault = Misunderstood(N_("Something happened that Kobling does not know."), detail=known, code="fault")
                runs.end(run.pk, run.epoch, runs.FAILED, self.clock.now(), failure_of(fault).as_data())
            elif gone and known is None:
                runs.unclaim(run.pk)
            elif gone and self._lock is not None:
                dead.add(owner)
        if dead:
            taken = durable.take_over(sorted(dead))
            log.warning("runs taken over", workers=sorted(dead), runs=taken, worker=self.name)

    def _body(self, run: str, make_durable: Callable[..., Any], sleep: Callable[[float], None]) -> str:
        """One attempt. Where our own disk or database fails, it leaves no trace and goes on when they work again."""
        close_old_connections()
        try:
            return self._attempt(int(run), make_durable, sleep)
        except Stranded as stranded:
            self._patience.strand(int(run), stranded.problem)
            raise durable.Abandoned from None
        except Exception as fault:
            problem = faults.told(fault)
            if problem is None:
                log.error("an attempt failed", run=int(run), exc_info=fault)
                raise
            self._patience.strand(int(run), problem)
            raise durable.Abandoned from None
        finally:
            close_old_connections()

    def _attempt(self, number: int, make_durable: Callable[..., Any], sleep: Callable[[float], None]) -> str:
        epoch = runs.new_attempt(number, self.name)
        try:
            steps = Steps(number, epoch, self.opener, self.waiting, self.clock)
            state = attempt(steps, make_durable(partial(guarded, steps)), sleep)
        except KoblingError as unable:
            runs.end(number, epoch, runs.FAILED, self.clock.now(), failure_of(unable).as_data())
            state = runs.FAILED
        log.info("run ended", run=number, epoch=epoch, state=state)
        return state


def _older() -> KoblingError:
    return Unsafe(
        N_("This run was begun by an older Kobling. Start it again: what it did stays, and nothing is sent twice."),
        code="older_version",
    )


def spare_the_collector() -> None:
    """Everything loaded so far stays for good, and a chunk's records are many but no cycles: look at them less often.

    Left alone, Python's collector took a third of all CPU of a large synchronisation.
    """
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)


@contextmanager
def opened(waiting: LoopThread, clock: Clock) -> Iterator[Opener]:
    """An opener over all connectors and pair types there are, with one session to the vendors."""
    scope = open_transport(clock)
    transport = waiting.run(scope.__aenter__())
    hosts = parse_allow_hosts(os.environ.get("KOBLING_ALLOW_HOSTS", ""))
    try:
        kinds, offers = connectors(), pairs()
        left_out = (*kinds.left_out, *offers.left_out)
        yield Opener(waiting, clock, transport, kinds.found, offers.found, hosts, left_out)
    finally:
        waiting.run(scope.__aexit__(None, None, None))


def take_file_lock(data_dir: Path) -> IO[str]:
    """On SQLite one worker works. Raises Unsafe when there is one already."""
    file = (data_dir / "worker.lock").open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise Unsafe(N_("Another Kobling is at work in this data folder."), code="worker_running") from None
    return file


def release_file_lock(file: IO[str]) -> None:
    """Let another worker in."""
    fcntl.flock(file, fcntl.LOCK_UN)
    file.close()
