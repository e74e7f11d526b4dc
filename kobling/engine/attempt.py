"""One attempt of a run: the flow with retries, and how each kind of error ends it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import structlog

from kobling.engine.flow import StepFailed, approved_flow, sync_flow
from kobling.engine.requests import Answer, Failure, Step, answer_of
from kobling.engine.steps import Steps, do
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
    RateLimited,
    SettingsError,
    StorageError,
    Temporary,
    Unsafe,
)

log = structlog.get_logger("kobling.run")
BACKOFF = (2, 5, 15, 60, 180, 600)
"""Seconds between attempts at the same step; after the last one the run ends and the next one goes on."""

WORTH_SAYING = 60.0
"""Seconds: a shorter wait for a vendor's limit is over before anybody has read of it."""

Durable = Callable[[Step[Any]], dict[str, Any]]
Sleep = Callable[[float], None]


class Stranded(BaseException):
    """Our own disk or database fails, so that nothing can be recorded: the attempt stops where it is.

    Not an Exception on purpose: it leaves the durable engine without a trace, and the run goes on from its last step.
    """

    def __init__(self, problem: KoblingError) -> None:
        super().__init__(problem.summary)
        self.problem = problem


def guarded(steps: Steps, step: Step[Any]) -> dict[str, Any]:
    """Do a step; its answer or its error as data, so that both can be recorded."""
    try:
        return {"ok": msgspec.to_builtins(do(steps, step))}
    except Fenced:
        log.warning("attempt was fenced off", run=steps.run, epoch=steps.epoch)
        raise
    except KoblingError as error:
        if isinstance(error, SettingsError) and not isinstance(error, NotOffered):
            runs.show_red(steps.run, steps.opener.named(error.params.get("vendor")), error)
        return {"failed": failure_of(error).as_data()}
    except Exception as fault:  # noqa: BLE001 - a fault of ours must end the run, not leave it hanging for ever
        return {"failed": failure_of(_our_fault(type(step).__name__, fault)).as_data()}


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


def failure_of(error: KoblingError) -> Failure:
    """An error as a run keeps it, with what it means for the run."""
    again = error.retry_at.isoformat() if isinstance(error, Temporary) and error.retry_at is not None else None
    return Failure(**error_as_data(error), detail=error.detail, retry_at=again, outcome=_outcome(error))


def _outcome(error: KoblingError) -> str:
    if isinstance(error, Temporary):
        return "temporary"
    if isinstance(error, Unsafe):
        return runs.STOPPED
    return runs.CANCELLED if isinstance(error, runs.Cancelled) else runs.FAILED


def attempt(steps: Steps, durable: Durable, sleep: Sleep) -> str:
    """Run the flow to its end and record how it ended. Returns the run's state."""

    def call(step: Step[Answer], /) -> Answer:
        for pause in (*BACKOFF, None):
            told = durable(step)
            if "ok" in told:
                return answer_of(step, told["ok"])
            failure = msgspec.convert(told["failed"], Failure)
            if failure.outcome != "temporary" or pause is None:
                raise StepFailed(failure, apart=_apart(failure))
            seconds = _pause(failure, pause, steps)
            if failure.kind == RateLimited.__name__ and seconds >= WORTH_SAYING:
                runs.made_to_wait(steps.run, steps.clock.now() + timedelta(seconds=seconds))
            sleep(seconds)
        raise AssertionError("unreachable")

    state, failure = runs.DONE, None
    approved = Run.objects.values_list("options", flat=True).get(pk=steps.run).get("chunks")
    try:
        if approved is None:
            state, failure = _ended(steps, sync_flow(call))
        else:
            approved_flow(call, approved)
    except StepFailed as failed:
        failure = failed.failure
        state = runs.PARTLY if failure.outcome == "temporary" else failure.outcome
    if state == runs.DONE and not steps.dry and _open_issues(steps):
        state = runs.PARTLY
    runs.end(steps.run, steps.epoch, state, steps.clock.now(), None if failure is None else failure.as_data())
    return state


def _apart(failure: Failure) -> bool:
    """Whether a failure concerns one table: all but what concerns the connection, a cancel, and what mends itself."""
    of_connection = failure.kind in ("SettingsError", "SignInExpired")
    return failure.outcome in (runs.STOPPED, runs.FAILED) and not of_connection


def _ended(steps: Steps, failures: list[Failure]) -> tuple[str, Failure | None]:
    """How a run ended whose tables may have failed one by one: stopped before failed, failed only when all did."""
    real = [each for each in failures if each.outcome != runs.BLOCKED]
    if not real:
        return runs.DONE, None
    stopped = [each for each in real if each.outcome == runs.STOPPED]
    if stopped:
        return runs.STOPPED, stopped[0]
    return (runs.FAILED if len(failures) == len(steps.tables) else runs.PARTLY), real[0]


def _pause(failure: Failure, planned: float, steps: Steps) -> float:
    if failure.retry_at is None:
        return planned
    wanted = datetime.fromisoformat(failure.retry_at).astimezone(UTC)
    return max(0.5, (wanted - steps.clock.now()).total_seconds())


def _open_issues(steps: Steps) -> bool:
    tables = [bench.table for bench in steps.benches.values()]
    return SyncIssue.objects.filter(table_id__in=tables).exclude(state="settled").exclude(QUIET).exists()
