"""The review before a full synchronisation: what is recommended, what would happen, and how far each table is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from kobling.access.policy import Actor, Doing, require
from kobling.hub import runs
from kobling.hub.connections.opening import Opener
from kobling.hub.happened import What
from kobling.hub.models import Feed, Pair, Run, SyncJob
from kobling.hub.planning.forecast import Forecast, forecast
from kobling.hub.planning.workbench import Workbench
from kobling.hub.services.log import record
from kobling.hub.store import couplings, mirror, sql
from kobling.mapping import Side
from kobling.records import N_, SettingsError, Unsafe

FULL, COUPLE_FIRST, NOTHING, UNKNOWN = "full", "couple_first", "nothing", ""
UNFINISHED = (runs.FAILED, runs.STOPPED, runs.BLOCKED)
MOSTLY = 0.5
"""Couple first where fewer than this share of the smaller side is coupled."""
LOOKED_BACK = 100
"""How many runs are looked at for the newest that a table took part in."""


@dataclass(slots=True)
class Line:
    """One table of a pair. ``forecast`` is that of the newest dry run, made ``planned_at``; so are ``left`` and
    ``right``, how many records each side has (at least as many as are coupled now).

    ``state``: blank, queued, running, done, failed, stopped or blocked, in the newest full synchronisation with this
    table; ``to_right`` and ``to_left``: blank, running, done, errors or stopped.
    """

    table: str
    label: str
    depends_on: tuple[str, ...]
    left: int
    right: int
    coupled: int
    recommendation: str = UNKNOWN
    reason: str = ""
    forecast: Forecast | None = None
    planned_at: datetime | None = None
    state: str = ""
    to_right: str = ""
    to_left: str = ""
    error: dict[str, Any] | None = None
    run: int | None = None
    counters: dict[str, int] = field(default_factory=dict)


def review(actor: Actor, pair: Pair, opener: Opener) -> list[Line]:
    """A line per table, in dependency order."""
    require(actor, Doing.SEE, pair.client)
    benches = opener.benches(pair)
    planned = _newest_plan(pair)
    expected = forecast(planned, benches) if planned else {}
    lines = [_line(bench, expected.get(name), planned) for name, bench in benches.items()]
    _add_states(pair, lines)
    return lines


def prepared(actor: Actor, pair: Pair) -> Run | None:
    """The newest dry run, also one that is still going on."""
    require(actor, Doing.SEE, pair.client)
    return pair.runs.filter(kind="plan").order_by("-id").first()


def overtaken(actor: Actor, pair: Pair) -> Run | None:
    """The newest synchronisation that began after the newest dry run: what that one foretells may have happened."""
    require(actor, Doing.SEE, pair.client)
    planned = _newest_plan(pair)
    later = pair.runs.filter(kind="sync", started_at__isnull=False)
    return later.filter(pk__gt=planned.pk).order_by("-id").first() if planned else None


def prepare(actor: Actor, pair: Pair, now: datetime, *, restart: bool = False) -> Run:
    """Ask for a new dry run; nothing is sent. One that is waiting or going on already is the answer.

    ``restart``: as ``start`` takes it.
    """
    require(actor, Doing.PLAN, pair.client)
    again: dict[str, Any] = {"again": True} if restart else {}
    with sql.together():
        Pair.objects.select_for_update().get(pk=pair.pk)
        for known in pair.runs.filter(kind="plan", state__in=(runs.QUEUED, runs.RUNNING)).order_by("-id"):
            if bool(known.options.get("again")) == restart:
                return known
        return runs.ask(pair, actor.key, now, kind="plan", full=True, **again)


def start(
    actor: Actor,
    pair: Pair,
    opener: Opener,
    now: datetime,
    *,
    tables: Sequence[str] | None = None,
    restart: bool = False,
    confirmed: Sequence[str] = (),
    why: str = "",
) -> Run:
    """Ask for a full synchronisation of some tables or all, in dependency order, by the rules of every other run:
    nothing is overwritten silently.

    ``restart``: look at every record again, also at those that have not moved since they were last looked at.
    ``confirmed`` names brakes that a person has looked at. Raises Unsafe while another one is waiting or going on.
    """
    require(actor, Doing.WORK, pair.client)
    known = list(opener.benches(pair))
    for table in tables or ():
        if table not in known:
            raise SettingsError(
                N_("There is no table “%(table)s”. Known: %(known)s."), table=table, known=", ".join(known)
            )
    options: dict[str, Any] = {"full": True, "tables": [name for name in known if tables is None or name in tables]}
    if not options["tables"]:
        raise SettingsError(N_("No table was chosen."), code="no_table")
    options |= {"again": True} if restart else {}
    options |= {"confirmed": list(confirmed)} if confirmed else {}
    with sql.together():
        Pair.objects.select_for_update().get(pk=pair.pk)
        _refuse_second(pair)
        run = runs.ask(pair, actor.key, now, why=why, **options)
    if confirmed:
        record(actor, pair.client, What.BRAKE_RELEASED, pair.name, after=list(confirmed), why=why)
    record(actor, pair.client, What.FULL_ASKED_FOR, pair.name, after=options["tables"], why=why)
    return run


def resume(
    actor: Actor, pair: Pair, opener: Opener, now: datetime, *, confirmed: Sequence[str] = (), why: str = ""
) -> Run:
    """Ask once more for those tables that failed, were stopped or were held up, and for no others."""
    require(actor, Doing.WORK, pair.client)
    _refuse_second(pair)
    lines = [_line(bench, None, None) for bench in opener.benches(pair).values()]
    _add_states(pair, lines)
    tables = [line.table for line in lines if line.state in UNFINISHED]
    if not tables:
        raise SettingsError(N_("No table has failed, was stopped or is held up."), code="nothing_to_resume")
    return start(actor, pair, opener, now, tables=tables, confirmed=confirmed, why=why)


def _refuse_second(pair: Pair) -> None:
    going = _full_runs(pair).filter(state__in=(runs.QUEUED, runs.RUNNING)).first()
    if going is not None:
        raise Unsafe(
            N_("Run %(run)s is a full synchronisation of this pair and has not ended. Follow it, or cancel it first."),
            run=going.pk,
            code="run_going_on",
        )


def _newest_plan(pair: Pair) -> Run | None:
    ended = pair.runs.filter(kind="plan", state__in=(runs.DONE, runs.PARTLY))
    return ended.order_by("-id").first()


def _full_runs(pair: Pair) -> Any:
    return Run.objects.filter(pair=pair, kind="sync", options__full=True).order_by("-id")


def _line(bench: Workbench, expected: Forecast | None, planned: Run | None) -> Line:
    mapping, coupled = bench.mapping, couplings.count(bench.table)
    left = expected.left_count if expected else mirror.count(bench.feeds[Side.LEFT])
    right = expected.right_count if expected else mirror.count(bench.feeds[Side.RIGHT])
    line = Line(
        bench.name,
        mapping.label or bench.name,
        tuple(mapping.depends_on),
        max(left, coupled),
        max(right, coupled),
        coupled,
        forecast=expected,
        planned_at=planned.ended_at if planned and expected else None,
    )
    line.recommendation, line.reason = _recommended(bench, line)
    return line


def _recommended(bench: Workbench, line: Line) -> tuple[str, str]:
    if Feed.objects.filter(pk__in=bench.feeds.values(), read_at=None).exists():
        return UNKNOWN, N_("Not read yet: make a dry run first.")
    if not line.left and not line.right:
        return NOTHING, N_("Both sides are empty.")
    if not line.left or not line.right:
        if not bench.mapping.may_create(Side.RIGHT if line.left else Side.LEFT):
            return NOTHING, N_("One side is empty, and this table makes no records there.")
        return FULL, N_("One side is empty: its records are made from the other side.")
    if line.coupled >= max(line.left, line.right):
        return FULL, N_("All records are coupled: a full synchronisation is harmless.")
    if line.coupled < min(line.left, line.right) * MOSTLY:
        if line.forecast and not _any_alike(line.forecast):
            return COUPLE_FIRST, N_("Both sides have records, and no rule finds the same ones: match them by a field.")
        return COUPLE_FIRST, N_("Both sides have records that are not coupled: couple those that are the same first.")
    return FULL, N_("Most records are coupled; the rest is made or asked about.")


def _any_alike(expected: Forecast) -> bool:
    return any(side.couple or side.conflict or side.duplicates for side in (expected.left, expected.right))


def _add_states(pair: Pair, lines: Sequence[Line]) -> None:
    waiting = {line.table: line for line in lines}
    for run in _full_runs(pair).prefetch_related("jobs__table")[:LOOKED_BACK]:
        if run.options.get("only") or not waiting:
            continue
        jobs = {job.table.name: job for job in run.jobs.all()}
        chosen = run.options.get("tables") or list(waiting)
        for name in [name for name in waiting if name in chosen]:
            _add_state(waiting.pop(name), run, jobs.get(name))


def _add_state(line: Line, run: Run, job: SyncJob | None) -> None:
    over = run.state in runs.ENDED
    line.run = run.pk
    line.state = job.state if job and job.state else ("" if over else runs.QUEUED)
    if over and line.state in ("", runs.RUNNING):
        line.state, line.error = runs.STOPPED, run.error
    if job is None:
        return
    line.to_left, line.to_right, line.error = job.to_left, job.to_right, job.error or line.error
    if over or job.state in UNFINISHED:
        line.to_left, line.to_right = (
            runs.STOPPED if each == runs.RUNNING else each for each in (line.to_left, line.to_right)
        )
    names = ("inserted", "modified", "deleted", "coupled", "uncoupled", "unchanged", "skipped", "failed")
    line.counters = {name: getattr(job, name) for name in names}
