"""Does or follows a run from the command line, with progress that survives being interrupted."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from kobling.cli.output import err
from kobling.engine.patience import Patience
from kobling.hub import runs
from kobling.hub.models import Run
from kobling.hub.runs import Phase
from kobling.hub.told.said import filled
from kobling.records import N_, KoblingError, Unsafe
from kobling.sdk.clock import SystemClock

POLL_SECONDS = 0.2


def do(run: Run, quiet: bool = False, told: Callable[[Run], None] = lambda _run: None) -> Run:
    """Work until the run has ended: as the worker of this machine, or watching the one that is at work already.

    ``told`` is called with the run again and again, and once when it has ended.
    """
    from kobling.engine.worker import Worker

    with shown(run, quiet) as bar:

        def show(run: Run) -> None:
            bar(run)
            told(run)

        try:
            worker = Worker(tell=_waiting)
            with worker:
                _until_ended(run, show, worker.round)
        except Unsafe as busy:
            if busy.code != "worker_running":
                raise
            worker.waiting.close()
            _until_ended(run, show, lambda: None)
    run.refresh_from_db()
    return run


def _until_ended(run: Run, show: Callable[[Run], None], work: Callable[[], Any]) -> None:
    pause = threading.Event()
    patience = Patience(SystemClock(), _waiting)
    while True:
        work()
        try:
            run.refresh_from_db()
            show(run)
        except Exception as fault:  # noqa: BLE001 - what does not mend itself is raised again
            patience.bear(fault)
        if run.state in runs.ENDED:
            return
        pause.wait(POLL_SECONDS)


def _waiting(problem: KoblingError) -> None:
    """Say what a command waits for; it goes on by itself."""
    err.print(escape(filled(problem.summary, dict(problem.params))), style="yellow")


_PHASES = {Phase.READ: N_("Reading %(what)s"), Phase.WRITE: N_("Writing %(what)s")}


class shown:
    """A progress bar on the terminal's error stream: counts, rate, time left. Nothing where nobody watches."""

    def __init__(self, run: Run, quiet: bool) -> None:
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=err,
            disable=quiet or not err.is_terminal,
        )
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> Callable[[Run], None]:
        self._progress.start()
        return self._show

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def _show(self, run: Run) -> None:
        if not run.phase:
            return
        told = run.summary.get("progress", {})
        total = told.get("total") or None
        label = filled(_PHASES[Phase(run.phase)], told)
        task = self._tasks.get(label)
        if task is None:
            for other in self._tasks.values():
                self._progress.update(other, rate="", completed=self._progress.tasks[other].total or 0)
            task = self._tasks[label] = self._progress.add_task(label, total=total, rate="")
        speed = self._progress.tasks[task].speed
        rate = f"{speed:.0f}/s" if speed else ""
        self._progress.update(task, completed=told.get("done", 0), total=total, rate=rate)
