"""The order of a run's steps. Pure control: what a step does and how it is made durable are given."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Call = Callable[..., Any]
"""Does one step by name and returns its JSON result, durable and retried where it makes sense."""


PROVING_ROUNDS = 3


def sync_flow(call: Call) -> None:
    """Observe, then plan and execute every table in dependency order, a chunk at a time."""
    work = call("begin")
    for chunk in work["leftovers"]:
        call("look_up", chunk)
    if not work["tables"]:
        return
    _observe(call, work)
    for table in work["tables"]:
        _table(call, work, table)
    if not work["dry"] and not work["options"].get("only"):
        _read_echoes(call)


def _observe(call: Call, work: dict[str, Any]) -> None:
    if work["options"].get("only"):
        call("fetch")
        return
    for feed in work["feeds"]:
        while call("observe", feed)["more"]:
            pass
        call("sweep", feed, bool(work["options"].get("full")))


def _table(call: Call, work: dict[str, Any], table: str) -> None:
    window = call("window", table)
    if not work["options"].get("only"):
        call("brake", table, window, list(work["options"].get("confirmed", ())))
    for side in ("left", "right"):
        while call("index", table, side, window[side][1]):
            pass
    first = window["first"]
    seq = 0
    for side in (first, "right" if first == "left" else "left"):
        after = window[side][0]
        while (planned := call("plan", table, side, seq, window, after)) is not None:
            seq += 1
            after = planned["upto"]
            if not work["dry"]:
                call("execute", planned["chunk"])
        if not work["dry"]:
            call("arrive", table, side, window[side][1])
    if table in work["proofs"] and not work["dry"]:
        _prove(call, table, seq)


def _prove(call: Call, table: str, seq: int) -> None:
    """Look once more at what was just written: totals are compared, roundings settled, and only then is it booked."""
    after = ""
    while written := call("written", table, after):
        after = written[-1]
        for _ in range(PROVING_ROUNDS):
            planned = call("plan_again", table, seq, written)
            call("execute_again", planned["chunk"])
            seq += 1
            if not planned["updates"]:
                break


def approved_flow(call: Call, chunks: list[int]) -> None:
    """Execute the stored chunks of an approved plan, and nothing else."""
    for chunk in chunks:
        call("execute_approved", chunk)
    _read_echoes(call)


def _read_echoes(call: Call) -> None:
    """After many writes read on until past our own, so that the next run reads only what others changed."""
    for feed in call("echoes"):
        while call("observe", feed)["more"]:
            pass
