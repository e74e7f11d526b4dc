"""One attempt of a run: the flow with retries, and how each kind of error ends it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from kobling.engine.flow import approved_flow, sync_flow
from kobling.engine.steps import Steps
from kobling.hub import runs
from kobling.hub.models import Run, SyncIssue
from kobling.hub.store.issues import error_as_data
from kobling.hub.store.journal import Fenced
from kobling.records import KoblingError, SettingsError, Temporary, Unsafe

BACKOFF = (2, 5, 15, 60, 180, 600)
"""Seconds between attempts at the same step; after the last one the run ends and the next one goes on."""

Durable = Callable[..., dict[str, Any]]
Sleep = Callable[[float], None]


class StepFailed(Exception):
    """A step ended with an error that no retry mends."""

    def __init__(self, failure: dict[str, Any]) -> None:
        super().__init__(failure["summary"])
        self.failure = failure


def guarded(steps: Steps, name: str, *args: Any) -> dict[str, Any]:
    """Do a step and return its result or its error as data, so that both can be recorded."""
    try:
        return {"ok": steps.call(name, *args)}
    except Fenced:
        raise
    except KoblingError as error:
        failure = {**error_as_data(error), "detail": error.detail, "retry_at": None}
        if isinstance(error, Temporary) and error.retry_at is not None:
            failure["retry_at"] = error.retry_at.isoformat()
        failure["outcome"] = _outcome(error)
        if isinstance(error, SettingsError):
            runs.show_red(steps.run, steps.opener.named(error.params.get("vendor")), error)
        return {"failed": failure}


def _outcome(error: KoblingError) -> str:
    if isinstance(error, Temporary):
        return "temporary"
    if isinstance(error, Unsafe):
        return runs.STOPPED
    return runs.CANCELLED if isinstance(error, runs.Cancelled) else runs.FAILED


def attempt(steps: Steps, durable: Durable, sleep: Sleep) -> str:
    """Run the flow to its end and record how it ended. Returns the run's state."""

    def call(name: str, *args: Any) -> Any:
        for pause in (*BACKOFF, None):
            answer = durable(name, *args)
            if "ok" in answer:
                return answer["ok"]
            failure = answer["failed"]
            if failure["outcome"] != "temporary" or pause is None:
                raise StepFailed(failure)
            sleep(_pause(failure, pause, steps))
        raise AssertionError("unreachable")

    state, failure = runs.DONE, None
    approved = Run.objects.values_list("options", flat=True).get(pk=steps.run).get("chunks")
    try:
        if approved is None:
            sync_flow(call)
        else:
            approved_flow(call, approved)
    except StepFailed as failed:
        outcome = failed.failure["outcome"]
        state = runs.PARTLY if outcome == "temporary" else outcome
        failure = failed.failure
    if state == runs.DONE and not steps.dry and _open_issues(steps):
        state = runs.PARTLY
    runs.end(steps.run, steps.epoch, state, steps.clock.now(), failure)
    return state


def _pause(failure: dict[str, Any], planned: float, steps: Steps) -> float:
    if failure["retry_at"] is None:
        return planned
    wanted = datetime.fromisoformat(failure["retry_at"]).astimezone(UTC)
    return max(0.5, (wanted - steps.clock.now()).total_seconds())


def _open_issues(steps: Steps) -> bool:
    tables = [bench.table for bench in steps.benches.values()]
    return SyncIssue.objects.filter(table_id__in=tables).exclude(state="settled").exclude(kind="altered").exists()
