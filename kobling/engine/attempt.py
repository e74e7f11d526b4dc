"""One attempt of a run: the flow with retries, and how each kind of error ends it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import structlog

from kobling.engine.flow import StepFailed, approved_flow, sync_flow
from kobling.engine.steps import Steps
from kobling.hub import runs
from kobling.hub.models import Run, SyncIssue
from kobling.hub.store import faults
from kobling.hub.store.issues import error_as_data
from kobling.hub.store.journal import Fenced
from kobling.hub.store.quiet import QUIET
from kobling.records import (
    N_,
    KoblingError,
    Misunderstood,
    NoRoom,
    NotOffered,
    SettingsError,
    StorageError,
    Temporary,
    Unsafe,
)

log = structlog.get_logger("kobling.run")
BACKOFF = (2, 5, 15, 60, 180, 600)
"""Seconds between attempts at the same step; after the last one the run ends and the next one goes on."""

Durable = Callable[..., dict[str, Any]]
Sleep = Callable[[float], None]


class Stranded(BaseException):
    """Our own disk or database fails, so that nothing can be recorded: the attempt stops where it is.

    Not an Exception on purpose: it leaves the durable engine without a trace, and the run goes on from its last step.
    """

    def __init__(self, problem: KoblingError) -> None:
        super().__init__(problem.summary)
        self.problem = problem


def guarded(steps: Steps, name: str, *args: Any) -> dict[str, Any]:
    """Do a step and return its result or its error as data, so that both can be recorded."""
    try:
        return {"ok": steps.call(name, *args)}
    except Fenced:
        log.warning("attempt was fenced off", run=steps.run, epoch=steps.epoch)
        raise
    except KoblingError as error:
        if isinstance(error, SettingsError) and not isinstance(error, NotOffered):
            runs.show_red(steps.run, steps.opener.named(error.params.get("vendor")), error)
        return {"failed": failure_of(error)}
    except Exception as fault:  # noqa: BLE001 - a fault of ours must end the run, not leave it hanging for ever
        return {"failed": failure_of(_our_fault(name, fault))}


def _our_fault(step: str, fault: Exception) -> KoblingError:
    """A broken database connection mends itself; anything else is ours to mend. Raises Stranded."""
    problem = faults.told(fault)
    if isinstance(problem, NoRoom | StorageError):
        raise Stranded(problem) from fault
    if problem is not None:
        return problem
    log.error("a step failed", step=step, exc_info=fault)
    where = f"{step}: {type(fault).__name__}"
    return Misunderstood(N_("Something happened that Kobling does not know."), detail=where, code="fault")


def failure_of(error: KoblingError) -> dict[str, Any]:
    """An error as a run keeps it, with what it means for the run."""
    failure = {**error_as_data(error), "detail": error.detail, "retry_at": None}
    if isinstance(error, Temporary) and error.retry_at is not None:
        failure["retry_at"] = error.retry_at.isoformat()
    return failure | {"outcome": _outcome(error)}


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
                raise StepFailed(failure, apart=_apart(failure))
            sleep(_pause(failure, pause, steps))
        raise AssertionError("unreachable")

    state, failure = runs.DONE, None
    approved = Run.objects.values_list("options", flat=True).get(pk=steps.run).get("chunks")
    try:
        if approved is None:
            state, failure = _ended(steps, sync_flow(call))
        else:
            approved_flow(call, approved, steps.reporting)
    except StepFailed as failed:
        outcome = failed.failure["outcome"]
        state = runs.PARTLY if outcome == "temporary" else outcome
        failure = failed.failure
    if state == runs.DONE and not steps.dry and _open_issues(steps):
        state = runs.PARTLY
    runs.end(steps.run, steps.epoch, state, steps.clock.now(), failure)
    return state


def _apart(failure: dict[str, Any]) -> bool:
    """Whether a failure concerns one table: all but what concerns the connection, a cancel, and what mends itself."""
    of_connection = failure["kind"] in ("SettingsError", "SignInExpired")
    return failure["outcome"] in (runs.STOPPED, runs.FAILED) and not of_connection


def _ended(steps: Steps, failures: list[dict[str, Any]]) -> tuple[str, dict[str, Any] | None]:
    """How a run ended whose tables may have failed one by one: stopped before failed, failed only when all did."""
    real = [each for each in failures if each["outcome"] != runs.BLOCKED]
    if not real:
        return runs.DONE, None
    stopped = [each for each in real if each["outcome"] == runs.STOPPED]
    if stopped:
        return runs.STOPPED, stopped[0]
    return (runs.FAILED if len(failures) == len(steps.tables) else runs.PARTLY), real[0]


def _pause(failure: dict[str, Any], planned: float, steps: Steps) -> float:
    if failure["retry_at"] is None:
        return planned
    wanted = datetime.fromisoformat(failure["retry_at"]).astimezone(UTC)
    return max(0.5, (wanted - steps.clock.now()).total_seconds())


def _open_issues(steps: Steps) -> bool:
    tables = [bench.table for bench in steps.benches.values()]
    return SyncIssue.objects.filter(table_id__in=tables).exclude(state="settled").exclude(QUIET).exists()
