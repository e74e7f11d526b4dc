"""Runs: asked for, claimed by one worker, fenced by an epoch, ended with a summary."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from kobling.hub.models import Connection, Pair, Run
from kobling.hub.models.market import require_on
from kobling.hub.store import figures, sql, stale
from kobling.hub.store.health import kept
from kobling.records import N_, KoblingError, SettingsError, Unsafe

QUEUED, RUNNING, DONE, PARTLY, FAILED, STOPPED, CANCELLED = (
    "queued",
    "running",
    "done",
    "partly_done",
    "failed",
    "stopped",
    "cancelled",
)
BLOCKED = "blocked"
"""The state of a table whose turn did not come, since one that it depends on failed."""
BY_HAND = ("credit_notes",)
"""Kinds that no worker claims: who asked does them at once."""
LONGEST_BY_HAND = timedelta(minutes=15)
PLAN_HOLDS_FOR = timedelta(hours=24)
LONGEST_CHANGE = timedelta(minutes=10)
OWN_CONNECTION = "_connection"
"""How options end that name a connection which one table is written by."""
LIMITED_UNTIL = "limited_until"
"""How a run's summary names the time until which its vendor lets it wait."""
_SETTINGS = "settings:"
ENDED = (DONE, PARTLY, FAILED, STOPPED, CANCELLED)


class Phase(StrEnum):
    """What a run is doing; the value is what is kept."""

    READ = "read"
    WRITE = "write"


class Cancelled(KoblingError):
    """A person cancelled the run."""

    who_fixes = "nobody"


def ask(pair: Pair, who: str, now: datetime, kind: str = "sync", why: str = "", **options: Any) -> Run:
    """Queue a run; ``who`` is an actor's key. Kinds: sync, plan (nothing is sent), verify, undo.

    Raises SettingsError where the pair's type is not switched on for the client; what was done can still be undone.
    """
    if "undoes" not in options:
        require_on(pair.client_id, pair.pair_type)
    with sql.together():
        stale.mark([pair.client_id])
        return Run.objects.create(pair=pair, kind=kind, asked_by=who, why=why, options=options, asked_at=now)


def require_fresh(plan: Run, now: datetime) -> None:
    """Raises Unsafe for a plan that was shown too long ago to be executed as it was shown."""
    if plan.ended_at is None or now - plan.ended_at > PLAN_HOLDS_FOR:
        raise Unsafe(
            N_("The plan %(run)s is older than %(hours)s hours. Make a new one, and look at it."),
            run=plan.pk,
            hours=int(PLAN_HOLDS_FOR.total_seconds() // 3600),
            code="plan_expired",
        )


def claim(worker: str, now: datetime) -> int | None:
    """Claim the oldest queued run whose two connections are free; one worker gets it."""
    for run in Run.objects.filter(state=QUEUED).exclude(kind__in=BY_HAND).order_by("id").values_list("pk", flat=True):
        if claim_this(run, worker, now) is not None:
            return run
    return None


def claim_this(run: int, worker: str, now: datetime) -> int | None:
    """Claim one queued run by compare-and-set, with all its connections. None when they are busy or it is taken."""
    pair = Run.objects.select_related("pair").get(pk=run).pair
    wanted = connections_of(pair)
    with sql.together():
        held = Connection.objects.select_for_update().filter(pk__in=wanted).order_by("pk")
        if any(is_held(each.held_by, now) for each in held):
            return None
        summary = {"worker": worker}
        if not Run.objects.filter(pk=run, state=QUEUED).update(state=RUNNING, started_at=now, summary=summary):
            return None
        Connection.objects.filter(pk__in=wanted).update(held_by=_holder(run))
        stale.mark([pair.client_id])
    return run


def connections_of(pair: Pair) -> list[int]:
    """Every connection that a run of the pair uses: its two, and those that single tables are written by."""
    named = [str(value) for name, value in pair.options.items() if name.endswith(OWN_CONNECTION) and value]
    own = Connection.objects.filter(client=pair.client_id, name__in=named).values_list("pk", flat=True)
    return sorted({pair.left_id, pair.right_id, *own})


@contextmanager
def between_runs(pair: Pair, now: datetime) -> Iterator[None]:
    """A transaction that no run of the pair's connections begins in. Raises Unsafe while one is going on.

    As for a run, a change of settings that died holds nothing any more.
    """
    with sql.together():
        held = Connection.objects.select_for_update().filter(pk__in=connections_of(pair)).order_by("pk")
        if any(is_held(each.held_by, now) for each in held):
            raise _going_on()
        yield


@contextmanager
def held_for_settings(connection: int, now: datetime) -> Iterator[None]:
    """No run begins while a connection's settings change. Raises Unsafe while one is going on.

    One that changed them and died lets go after a while.
    """
    holder = f"{_SETTINGS}{now.isoformat()}"
    with sql.together():
        row = Connection.objects.select_for_update().get(pk=connection)
        if is_held(row.held_by, now):
            raise _going_on()
        Connection.objects.filter(pk=connection).update(held_by=holder)
    try:
        yield
    finally:
        Connection.objects.filter(pk=connection, held_by=holder).update(held_by="")


def is_held(held_by: str, now: datetime) -> bool:
    """Whether a run, or a change of settings that has not died, has a connection to itself."""
    if not held_by.startswith(_SETTINGS):
        return bool(held_by)
    return now - datetime.fromisoformat(held_by.removeprefix(_SETTINGS)) < LONGEST_CHANGE


def _going_on() -> Unsafe:
    return Unsafe(N_("A run of these connections is going on. Try again when it has ended."), code="run_going_on")


def let_go_of_dead(now: datetime) -> None:
    """Runs by hand have no worker to look after them: one that takes too long is dead, and holds nothing any more."""
    for run in Run.objects.filter(kind__in=BY_HAND, state=RUNNING, started_at__lt=now - LONGEST_BY_HAND):
        end(run.pk, run.epoch, FAILED, now)


def unclaim(run: int) -> None:
    """Give a claimed run back, since its worker died before it began."""
    with sql.together():
        Run.objects.filter(pk=run, state=RUNNING).update(state=QUEUED)
        stale.mark_run(run)
        Connection.objects.filter(held_by=_holder(run)).update(held_by="")


def new_attempt(run: int, worker: str) -> int:
    """Begin an attempt: from now on older attempts of this run can no longer write. Returns the epoch."""
    with sql.together():
        row = Run.objects.select_for_update().get(pk=run)
        row.epoch += 1
        row.summary = {**row.summary, "worker": worker}
        row.save(update_fields=["epoch", "summary"])
        return row.epoch


def stop_if_cancelled(run: int) -> None:
    """Raises Cancelled when a person asked for it."""
    if Run.objects.filter(pk=run, cancel_asked=True).exists():
        raise Cancelled(N_("The run was cancelled."))


def cancel(run: int, now: datetime) -> bool:
    """Ask a run to stop at the next chunk; a queued one ends at once. False when it has ended already."""
    with sql.together():
        if Run.objects.filter(pk=run, state=QUEUED).update(state=CANCELLED, cancel_asked=True, ended_at=now):
            stale.mark_run(run)
            return True
    return bool(Run.objects.filter(pk=run, state=RUNNING).update(cancel_asked=True))


def progress(run: int, phase: Phase, what: str, done: int = 0, total: int | None = None) -> None:
    """Say how far a run is, with which table or resource; people watch this. Without a total the last one stays."""
    standing, summary = Run.objects.values_list("phase", "summary").get(pk=run)
    before = summary.get("progress", {})
    goes_on = standing == phase and before.get("what") == what
    known = before.get("total", 0) if goes_on else 0
    told = {"what": what, "done": done, "total": known if total is None else total}
    Run.objects.filter(pk=run).update(phase=phase.value, summary={**summary, "progress": told})


def made_to_wait(run: int, until: datetime) -> None:
    """The vendor's limit is reached: a run that goes on waits until then; people see it."""
    with sql.together():
        summary = Run.objects.select_for_update().values_list("summary", flat=True).get(pk=run)
        Run.objects.filter(pk=run).update(summary={**summary, LIMITED_UNTIL: until.isoformat()})
        stale.mark_run(run)


def end(
    run: int, epoch: int, state: str, now: datetime, failure: Mapping[str, Any] | None = None, **summary: Any
) -> None:
    """End a run and let go of its connections; an attempt that was fenced off ends nothing."""
    with sql.together():
        row = sql.one(f"SELECT epoch FROM hub_run WHERE id = %s{sql.lock_clause()}", [run])  # noqa: S608
        if row is None or row[0] != epoch:
            return
        current: Mapping[str, Any] = Run.objects.filter(pk=run).values_list("summary", flat=True).first() or {}
        Run.objects.filter(pk=run).update(
            state=state,
            ended_at=now,
            phase="",
            summary={**current, **summary},
            error=None if failure is None else dict(failure),
        )
        held = Connection.objects.filter(held_by=_holder(run))
        figures.run_ended(run, list(held.values_list("pk", flat=True)), now)
        held.update(held_by="")
        stale.mark_run(run)


def show_red(run: int, connectors: Collection[str], error: SettingsError) -> None:
    """A sign-in or setting is wrong: the connections to blame show red until a person has tested them."""
    pair = Run.objects.select_related("pair").get(pk=run).pair
    sides = Connection.objects.filter(pk__in=[pair.left_id, pair.right_id])
    blamed = sides.filter(connector__in=connectors) if connectors else sides
    with sql.together():
        blamed.update(**kept(error))
        stale.mark([pair.client_id])


def _holder(run: int) -> str:
    return f"run-{run}"
