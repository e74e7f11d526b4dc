"""The order of a run's steps. Pure control: what a step does and how it is made durable are given."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kobling.hub.runs import BLOCKED, FAILED
from kobling.records import N_

Call = Callable[..., Any]
"""Does one step by name and returns its JSON result, durable and retried where it makes sense."""


PROVING_ROUNDS = 3
FOLLOWING = 1_000_000
"""Numbers of chunks from here on are of fields that follow, behind all that a table's own turn may need."""


class StepFailed(Exception):
    """A step ended with an error that no retry mends; ``failure`` is the error as data.

    ``apart``: it concerns one table alone, so that what does not depend on it goes on.
    """

    def __init__(self, failure: dict[str, Any], *, apart: bool = False) -> None:
        super().__init__(failure["summary"])
        self.failure = failure
        self.apart = apart


def sync_flow(call: Call) -> list[dict[str, Any]]:
    """Observe, then plan and execute every table in dependency order, a chunk at a time.

    A table that fails by itself holds up those that depend on it, no others. Returns the failures, in their order.
    """
    work = call("begin")
    for chunk in work["leftovers"]:
        call("look_up", chunk)
    if not work["tables"]:
        return []
    failed = _observe(call, work)
    for table in work["tables"]:
        missing = [name for name in work["depends"].get(table, ()) if name in failed]
        if table not in failed and missing:
            failed[table] = _blocked(table, missing)
        if table in failed:
            call("fail", table, failed[table])
            _give_up(call, work, table, failed[table])
            continue
        try:
            _table(call, work, table)
            call("finish", table)
        except StepFailed as problem:
            if not problem.apart:
                raise
            failed[table] = problem.failure
            call("fail", table, problem.failure)
            _give_up(call, work, table, problem.failure)
    if not work["dry"]:
        for table in work["tables"]:
            if table not in failed:
                _follow(call, table)
    if not work["dry"] and not work["options"].get("only"):
        _read_echoes(call)
    return list(failed.values())


def _follow(call: Call, table: str) -> None:
    """Fields that point to a record that was coupled after they were planned follow it in the same run."""
    seq = FOLLOWING
    while (chunk := call("plan_pointed", table, seq)) is not None:
        call("execute_again", chunk)
        seq += 1


def _give_up(call: Call, work: dict[str, Any], table: str, failure: dict[str, Any]) -> None:
    """Who waits to hear of a table that cannot run until a person acts is told so; a table held up only waits."""
    if table in work["reports"] and failure["outcome"] == FAILED and not work["dry"]:
        call("give_up", table, failure)


def _blocked(table: str, missing: list[str]) -> dict[str, Any]:
    """A table's turn does not come, since those it depends on failed; told as a failure is."""
    params = {"table": table, "missing": ", ".join(missing)}
    return {
        "kind": "Blocked",
        "summary": N_("%(table)s waits for %(missing)s, which failed."),
        "params": params,
        "outcome": BLOCKED,
    }


def _observe(call: Call, work: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Read every feed. Returns the tables whose feeds could not be read, with the failure."""
    failed: dict[str, dict[str, Any]] = {}
    if work["options"].get("only"):
        call("fetch")
        return failed
    for feed in work["feeds"]:
        try:
            while call("observe", feed)["more"]:
                pass
            call("sweep", feed, bool(work["options"].get("full")))
        except StepFailed as problem:
            tables = work["tables_of"].get(str(feed), ())
            if not problem.apart or not tables:
                raise
            failed |= dict.fromkeys(tables, problem.failure)
    return failed


def _table(call: Call, work: dict[str, Any], table: str) -> None:
    reports = table in work["reports"] and not work["dry"]
    if reports:
        call("report_begin", table)
    window = call("window", table)
    if not work["options"].get("only"):
        call("brake", table, window, list(work["options"].get("confirmed", ())))
    _index(call, table, window)
    first = window["first"]
    seq = 0
    for side in (first, "right" if first == "left" else "left"):
        after = window[side][0]
        while (planned := call("plan", table, side, seq, window, after)) is not None:
            seq += 1
            after = planned["upto"]
            if work["dry"]:
                continue
            call("execute", planned["chunk"])
            if reports:
                # Who waits hears of each chunk, since what nobody acts on for long is taken back.
                seq = _prove(call, table, seq, planned["chunk"])
                call("report_chunk", table, planned["chunk"])
        if not work["dry"]:
            call("arrive", table, side, window[side][1])
    if table in work["proofs"] and not work["dry"] and not reports:
        _prove(call, table, seq)
    if reports:
        call("report", table)
    for feed in call("stale", table) if table in work["refreshes"] and not work["dry"] else ():
        while call("observe", feed)["more"]:
            pass


def _index(call: Call, table: str, window: dict[str, Any]) -> None:
    for side in ("left", "right"):
        while call("index", table, side, window[side][1]):
            pass


def _prove(call: Call, table: str, seq: int, chunk: int | None = None) -> int:
    """Look once more at what was just written: totals are compared, roundings settled, and only then is it booked.

    Returns the number of the next chunk.
    """
    after = ""
    while written := call("written", table, after, chunk):
        after = written[-1]
        for _ in range(PROVING_ROUNDS):
            planned = call("plan_again", table, seq, written)
            call("execute_again", planned["chunk"])
            seq += 1
            if not planned["updates"]:
                break
    return seq


def approved_flow(call: Call, chunks: list[int], reports: list[str]) -> None:
    """Execute the stored chunks of an approved plan, and nothing else; those who wait to hear of it are told.

    Everything is read first, so that an action is done only where it would be planned again.
    """
    work = call("begin")
    for chunk in work["leftovers"]:
        call("look_up", chunk)
    failed = _observe(call, work)
    for table in work["tables"]:
        if table not in failed:
            window = call("window", table)
            _index(call, table, window)
    for table in reports:
        call("report_begin", table)
    for chunk in chunks:
        call("execute_approved", chunk, sorted(failed))
    for table in reports:
        call("report", table)
    for table in work["tables"]:
        if table in failed:
            call("fail", table, failed[table])
        else:
            call("finish", table)
    _read_echoes(call)
    for failure in failed.values():
        raise StepFailed(failure)


def _read_echoes(call: Call) -> None:
    """After many writes read on until past our own, so that the next run reads only what others changed."""
    for feed in call("echoes"):
        while call("observe", feed)["more"]:
            pass
