"""The order of a run's steps. Pure control: what a step does and how it is made durable are given."""

from __future__ import annotations

from kobling.engine import requests as ask
from kobling.engine.requests import Call, Failure, Window, Work
from kobling.hub.runs import BLOCKED, FAILED
from kobling.records import N_

PROVING_ROUNDS = 3
FOLLOWING = 1_000_000
"""Numbers of chunks from here on are of fields that follow, behind all that a table's own turn may need."""


class StepFailed(Exception):
    """A step ended with an error that no retry mends. ``apart``: it concerns one table alone, so that others go on."""

    def __init__(self, failure: Failure, *, apart: bool = False) -> None:
        super().__init__(failure.summary)
        self.failure = failure
        self.apart = apart


def sync_flow(call: Call) -> list[Failure]:
    """Observe, then plan and execute every table in dependency order, a chunk at a time.

    A table that fails by itself holds up those that depend on it, no others. Returns the failures, in their order.
    """
    work = call(ask.Begin())
    for chunk in work.leftovers:
        call(ask.LookUp(chunk))
    if not work.tables:
        return []
    failed = _observe(call, work)
    for table in work.tables:
        missing = [name for name in work.depends.get(table, ()) if name in failed]
        if table not in failed and missing:
            failed[table] = _blocked(table, missing)
        if table in failed:
            call(ask.Fail(table, failed[table]))
            _give_up(call, work, table, failed[table])
            continue
        try:
            _table(call, work, table)
            call(ask.Finish(table))
        except StepFailed as problem:
            if not problem.apart:
                raise
            failed[table] = problem.failure
            call(ask.Fail(table, problem.failure))
            _give_up(call, work, table, problem.failure)
    if not work.dry:
        for table in work.tables:
            if table not in failed:
                _follow(call, table)
        if not work.single:
            _read_echoes(call)
    return list(failed.values())


def _follow(call: Call, table: str) -> None:
    """Fields that point to a record that was coupled after they were planned follow it in the same run."""
    seq = FOLLOWING
    while (chunk := call(ask.PlanPointed(table, seq))) is not None:
        call(ask.ExecuteAgain(chunk))
        seq += 1


def _give_up(call: Call, work: Work, table: str, failure: Failure) -> None:
    """Who waits to hear of a table that cannot run until a person acts is told so; a table held up only waits."""
    if table in work.reports and failure.outcome == FAILED and not work.dry:
        call(ask.GiveUp(table, failure))


def _blocked(table: str, missing: list[str]) -> Failure:
    """A table's turn does not come, since those it depends on failed; told as a failure is."""
    return Failure(
        kind="Blocked",
        summary=N_("%(table)s waits for %(missing)s, which failed."),
        params={"table": table, "missing": ", ".join(missing)},
        outcome=BLOCKED,
    )


def _observe(call: Call, work: Work) -> dict[str, Failure]:
    """Read every feed. Returns the tables whose feeds could not be read, with the failure."""
    failed: dict[str, Failure] = {}
    if work.single:
        call(ask.Fetch())
        return failed
    for feed in work.feeds:
        try:
            _read_on(call, feed)
            call(ask.Sweep(feed, work.full))
        except StepFailed as problem:
            tables = work.tables_of.get(str(feed), ())
            if not problem.apart or not tables:
                raise
            failed |= dict.fromkeys(tables, problem.failure)
    return failed


def _read_on(call: Call, feed: int) -> None:
    while call(ask.Observe(feed)).more:
        pass


def _table(call: Call, work: Work, table: str) -> None:
    reports = table in work.reports and not work.dry
    if reports:
        call(ask.ReportBegin(table))
    window = call(ask.OpenWindow(table))
    if not work.single:
        call(ask.Brake(table, window, work.confirmed))
    _index(call, table, window)
    seq = 0
    for side in (window.first, "right" if window.first == "left" else "left"):
        seq = _side(call, work, table, side, window, seq)
    if table in work.proofs and not work.dry and not reports:
        _prove(call, table, seq)
    if reports:
        call(ask.Report(table))
    for feed in call(ask.Stale(table)) if table in work.refreshes and not work.dry else ():
        _read_on(call, feed)


def _side(call: Call, work: Work, table: str, side: str, window: Window, seq: int) -> int:
    """Plan and execute what moved on one side. Returns the number of the next chunk."""
    after = window.of(side).after
    while (planned := call(ask.Plan(table, side, seq, window, after))) is not None:
        seq += 1
        after = planned.upto
        if work.dry:
            continue
        call(ask.Execute(planned.chunk))
        if table in work.reports:
            # Who waits hears of each chunk, since what nobody acts on for long is taken back.
            seq = _prove(call, table, seq, planned.chunk)
            call(ask.ReportChunk(table, planned.chunk))
    if not work.dry:
        call(ask.Arrive(table, side, window.of(side).upto))
    return seq


def _index(call: Call, table: str, window: Window) -> None:
    for side in ("left", "right"):
        while call(ask.Index(table, side, window.of(side).upto)):
            pass


def _prove(call: Call, table: str, seq: int, chunk: int | None = None) -> int:
    """Look once more at what was just written: totals are compared, roundings settled, and only then is it booked.

    Returns the number of the next chunk.
    """
    after = ""
    while written := call(ask.Written(table, after, chunk)):
        after = written[-1]
        for _ in range(PROVING_ROUNDS):
            planned = call(ask.PlanAgain(table, seq, written))
            call(ask.ExecuteAgain(planned.chunk))
            seq += 1
            if not planned.updates:
                break
    return seq


def approved_flow(call: Call, chunks: list[int]) -> None:
    """Execute the stored chunks of an approved plan, and nothing else; those who wait to hear of it are told.

    Everything is read first, so that an action is done only where it would be planned again.
    """
    work = call(ask.Begin())
    for chunk in work.leftovers:
        call(ask.LookUp(chunk))
    failed = _observe(call, work)
    for table in work.tables:
        if table not in failed:
            _index(call, table, call(ask.OpenWindow(table)))
    for table in work.reports:
        call(ask.ReportBegin(table))
    for chunk in chunks:
        call(ask.ExecuteApproved(chunk, sorted(failed)))
    for table in work.reports:
        call(ask.Report(table))
    for table in work.tables:
        call(ask.Fail(table, failed[table]) if table in failed else ask.Finish(table))
    _read_echoes(call)
    for failure in failed.values():
        raise StepFailed(failure)


def _read_echoes(call: Call) -> None:
    """After many writes read on until past our own, so that the next run reads only what others changed."""
    for feed in call(ask.Echoes()):
        _read_on(call, feed)
