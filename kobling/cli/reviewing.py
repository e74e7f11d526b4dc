"""review, fullsync: look before a full synchronisation, then follow it table by table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from kobling.cli import left_out, output, watching
from kobling.cli.asking import who_asks
from kobling.cli.connecting import Json
from kobling.cli.output import Exit, translated
from kobling.cli.pairing import find_pair
from kobling.cli.start import vendors
from kobling.cli.syncing import exit_of, print_run
from kobling.hub import runs
from kobling.hub.models import Pair, Run
from kobling.hub.planning.forecast import SideForecast
from kobling.hub.services import plans, reviewing
from kobling.hub.services.reviewing import Line
from kobling.hub.told.runs import FullSyncTold, ReviewTold
from kobling.records import N_

app = typer.Typer()


@app.command()
def review(
    pair: str,
    refresh: Annotated[bool, typer.Option("--refresh", help="Make a new dry run first; nothing is sent.")] = False,
    restart: Annotated[bool, typer.Option("--restart", help="With --refresh: as for fullsync --restart.")] = False,
    json: Json = False,
) -> None:
    """Show what a full synchronisation would do, what is recommended for each table, and how far each is."""
    who, found = who_asks(), find_pair(pair)
    if refresh:
        watching.do(reviewing.prepare(who, found, datetime.now(UTC), restart=restart), json)
    lines = _lines(found)
    told = ReviewTold.of(found, lines, reviewing.overtaken(who, found))
    if json:
        output.as_json(told)
        return
    _print_review(lines)
    foretold = {each.table: each.forecast for each in lines if each.forecast is not None}
    left_out.by_filters((each.table, each.side, each.reason, each.number) for each in plans.left_out_of(foretold))
    _print_states(lines)
    if told.planned_at is None:
        output.say(N_("No dry run yet: kobling review %(pair)s --refresh"), {"pair": found.name}, "yellow")
    elif told.overtaken_by is not None:
        output.say(
            N_(
                "Run %(run)s came after this dry run, so that it may have happened. "
                "A new one: kobling review %(pair)s --refresh"
            ),
            {"run": told.overtaken_by, "pair": found.name},
            "yellow",
        )
    else:
        minutes = int((datetime.now(UTC) - told.planned_at).total_seconds() // 60)
        age = {"minutes": minutes, "pair": found.name}
        output.say(N_("The dry run is %(minutes)s minutes old. A new one: kobling review %(pair)s --refresh"), age)


def _lines(pair: Pair) -> list[Line]:
    with vendors() as opener:
        return reviewing.review(who_asks(), pair, opener)


def _expected(side: SideForecast | None) -> str:
    if side is None:
        return ""
    return ", ".join(f"{output.shown(name)} {number}" for name, number in asdict(side).items() if number)


def _print_review(lines: Sequence[Line]) -> None:
    rows = [
        (
            translated(each.label),
            each.left,
            each.right,
            each.coupled,
            output.shown(each.recommendation),
            translated(each.reason),
            _expected(each.forecast.right if each.forecast else None),
            _expected(each.forecast.left if each.forecast else None),
        )
        for each in lines
    ]
    names = ("Table", "Left", "Right", "Coupled", "Recommended", "Why", "Would happen right", "Would happen left")
    output.table("", tuple(translated(each) for each in names), rows)


def _print_states(lines: Sequence[Line]) -> None:
    rows = [
        (
            translated(each.label),
            ", ".join(each.depends_on),
            output.shown(each.state),
            output.shown(each.to_right),
            output.shown(each.to_left),
            output.failure(each.error),
        )
        for each in lines
    ]
    names = ("Table", "Depends on", "State", "To the right", "To the left", "Why")
    output.table("", tuple(translated(each) for each in names), rows)


@app.command()
def fullsync(
    pair: str,
    table: Annotated[list[str] | None, typer.Option(help="Only this table; may be given more than once.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Only tables that failed or were stopped.")] = False,
    restart: Annotated[bool, typer.Option("--restart", help="Look at every record again, moved or not.")] = False,
    confirm: Annotated[list[str] | None, typer.Option(help="A brake you have looked at, by its name.")] = None,
    why: Annotated[str, typer.Option(help="Why, for the record.")] = "",
    json: Json = False,
) -> None:
    """Synchronise all tables in the order they depend on each other, following each; conflicts ask as always."""
    who, found, now = who_asks(), find_pair(pair), datetime.now(UTC)
    with vendors() as opener:
        if resume:
            run = reviewing.resume(who, found, opener, now, confirmed=confirm or (), why=why)
        else:
            run = reviewing.start(
                who, found, opener, now, tables=table or None, restart=restart, confirmed=confirm or (), why=why
            )
    run = watching.do(run, json, (lambda _run: None) if json else _Told())
    mine = [each for each in _lines(found) if each.run == run.pk]
    if json:
        output.as_json(FullSyncTold.of(run, mine))
    else:
        _print_states(mine)
        print_run(run)
    raise typer.Exit(exit_of(run) if run.state != runs.DONE else Exit.OK)


class _Told:
    """Says of every table when it begins and how it ended, once."""

    def __init__(self) -> None:
        self._said: dict[str, tuple[str, ...]] = {}

    def __call__(self, run: Run) -> None:
        for job in run.jobs.select_related("table").order_by("id"):
            now = (job.state, job.to_right, job.to_left)
            if self._said.get(job.table.name) != now:
                self._said[job.table.name] = now
                self._say(job.table.name, now)

    def _say(self, table: str, states: tuple[Any, ...]) -> None:
        names = ("state", "right", "left")
        told = {"table": table} | {name: output.shown(each) or "–" for name, each in zip(names, states, strict=True)}
        line = translated("%(table)s: %(state)s; to the right %(right)s, to the left %(left)s")
        output.err.print(line % told, markup=False)
