"""Doing the steps of a run: reading, planning, writing, telling. Which function does which step stands here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kobling.engine import requests as ask
from kobling.engine.steps import planning, reading, telling, writing
from kobling.engine.steps.context import Steps
from kobling.hub import runs

__all__ = ["Steps", "do"]

_DOERS: dict[type[ask.Step[Any]], Callable[[Steps, Any], Any]] = {
    ask.Begin: reading.begin,
    ask.LookUp: writing.look_up,
    ask.Observe: reading.observe,
    ask.Sweep: reading.sweep,
    ask.Fetch: reading.fetch,
    ask.OpenWindow: planning.open_window,
    ask.Brake: planning.hold,
    ask.Index: planning.index,
    ask.Plan: planning.plan_next,
    ask.Execute: writing.execute,
    ask.Arrive: writing.arrive,
    ask.Written: planning.written,
    ask.PlanAgain: planning.plan_again,
    ask.PlanPointed: planning.plan_pointed,
    ask.ExecuteAgain: writing.execute_again,
    ask.ExecuteApproved: writing.execute_approved,
    ask.Stale: reading.stale,
    ask.Echoes: reading.echoes,
    ask.Finish: writing.finish,
    ask.Fail: writing.fail,
    ask.ReportBegin: telling.begin,
    ask.ReportChunk: telling.tell_chunk,
    ask.Report: telling.tell_rest,
    ask.GiveUp: telling.give_up,
}


def do(steps: Steps, step: ask.Step[ask.Answer]) -> ask.Answer:
    """Do one step, unless the run was cancelled."""
    runs.stop_if_cancelled(steps.run)
    answer: ask.Answer = _DOERS[type(step)](steps, step)
    return answer
