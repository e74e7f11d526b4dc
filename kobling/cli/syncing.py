"""plan, sync, verify, jobs, cancel, undo."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from kobling.access.naming import named
from kobling.cli import hints, left_out, output, watching
from kobling.cli.asking import who_asks
from kobling.cli.connecting import Json
from kobling.cli.output import Exit, translated
from kobling.cli.pairing import find_pair
from kobling.cli.start import vendors
from kobling.hub import runs
from kobling.hub.models import Run
from kobling.hub.services import crediting, plans, syncing, undoing
from kobling.hub.told.runs import COUNTERS, FieldTold, PlanTold, RunTold, UndoTold
from kobling.records import N_

app = typer.Typer()

_STATE_EXIT = {
    runs.DONE: Exit.OK,
    runs.PARTLY: Exit.NOT_IN_STEP,
    runs.STOPPED: Exit.CONFIRM,
    runs.CANCELLED: Exit.NOT_IN_STEP,
    runs.FAILED: Exit.FAULT,
}


@app.command()
def plan(
    pair: str,
    details: Annotated[int, typer.Option(help="How many actions to show.")] = 20,
    json: Json = False,
) -> None:
    """Show what a synchronisation would do: counts, amounts, fields before → after. Nothing is sent."""
    who = who_asks()
    run = watching.do(syncing.plan(who, find_pair(pair), datetime.now(UTC)), json)
    with vendors() as opener:
        told = PlanTold.of(plans.summarise(who, run, details), plans.left_out(who, run, opener))
    if json:
        output.as_json(RunTold.of(run), told)
    else:
        _print_plan(run, told)
    raise typer.Exit(exit_of(run))


def _in_words(kind: str) -> str:
    do, _, side = kind.partition("_")
    return f"{output.shown(do)} → {output.shown(side)}" if side else output.shown(do)


def _print_plan(run: Run, told: PlanTold) -> None:
    left_out.by_filters((each.table, each.side, each.reason, each.number) for each in told.left_out)
    if not any(told.counts.values()):
        output.say(N_("Nothing to do: both sides are as they were agreed."))
        return
    rows: list[tuple[Any, ...]] = [
        (table, _in_words(kind), n) for table, counts in told.counts.items() for kind, n in counts.items()
    ]
    headers: tuple[str, ...] = (translated("Table"), translated("What"), translated("Count"))
    output.table(translated("Plan %(run)s") % {"run": run.pk}, headers, rows)
    if told.accounts:
        output.table("", (translated("Account number"), translated("Amount")), list(told.accounts.items()))
    if told.amounts:
        rows = [(each.vat, each.currency, each.amount) for each in told.amounts]
        headers = (translated("VAT"), translated("Currency"), translated("Amount excluding VAT"))
        output.table("", headers, rows)
    rows = []
    for action in told.actions:
        place = (action.table, _in_words(f"{action.do}_{action.side}"), action.title)
        for each in action.fields or [FieldTold("", None, None)]:
            rows.append((*place, each.field, each.before, each.after))
            place = ("", "", "")
    headers = tuple(translated(each) for each in ("Table", "What", "Record", "Field", "Before", "After"))
    output.table("", headers, rows)
    if told.more:
        output.say(N_("… and %(more)s more. Show them with --details."), {"more": told.more})
    output.say(N_("Execute exactly this: kobling sync %(pair)s --plan %(run)s"), {"pair": run.pair.name, "run": run.pk})


@app.command()
def sync(
    pair: str,
    record: Annotated[str, typer.Option(help="Only this record of the left system.")] = "",
    table: Annotated[str, typer.Option(help="The table of that record.")] = "",
    approved: Annotated[int, typer.Option("--plan", help="Execute exactly this plan.")] = 0,
    full: Annotated[bool, typer.Option("--full", help="Look for deletions in full.")] = False,
    confirm: Annotated[list[str] | None, typer.Option(help="A brake you have looked at, by its name.")] = None,
    why: Annotated[str, typer.Option(help="Why, for the record.")] = "",
    json: Json = False,
) -> None:
    """Synchronise a pair: everything that changed, one record, or exactly an approved plan."""
    who = who_asks()
    found = find_pair(pair)
    now = datetime.now(UTC)
    if record:
        with vendors() as opener:
            run = syncing.sync_one(who, found, opener, table, record, now)
    elif approved:
        run = syncing.sync_planned(who, found, syncing.find_run(who, approved), now)
    else:
        run = syncing.sync(who, found, now, full=full, confirmed=tuple(confirm or ()), why=why)
    finish(watching.do(run, json), json)


def finish(run: Run, json: bool) -> None:
    """Print how a run ended and leave with its exit code."""
    if json:
        output.as_json(RunTold.of(run))
    else:
        print_run(run)
    raise typer.Exit(exit_of(run))


def exit_of(run: Run) -> int:
    """The exit code of an ended run."""
    if run.error and run.error.get("kind") in ("SettingsError", "SignInExpired"):
        return Exit.SETTINGS
    if run.error and run.error.get("outcome") == "temporary":
        return Exit.TRY_LATER
    return _STATE_EXIT.get(run.state, Exit.FAULT)


def print_run(run: Run) -> None:
    """Print how a run ended: counters, error, and what waits."""
    jobs = list(run.jobs.select_related("table").order_by("id"))
    shown = [name for name in COUNTERS if any(getattr(job, name) for job in jobs)]
    rows = [(job.table.name, *(getattr(job, name) for name in shown)) for job in jobs]
    title = f"{translated('Run')} {run.pk}: {translated(run.state.replace('_', ' '))}"
    output.table(title, (translated("Table"), *(output.shown(name) for name in shown)), rows, title)
    if run.error:
        output.say(run.error["summary"], run.error.get("params"), "red")
        if run.error.get("vendor_text"):
            output.out.print(f"  {run.error['vendor_text']}", markup=False)
        params = run.error.get("params") or {}
        if command := hints.for_error(run.error.get("code"), run.error.get("kind", ""), params):
            output.out.print(f"  {command}", markup=False)
        if run.state == runs.STOPPED:
            output.say(
                N_("If this is right: kobling sync %(pair)s --confirm %(code)s"),
                {"pair": run.pair.name, "code": run.error["code"]},
            )
    elif run.state == runs.PARTLY:
        output.say(N_("Something waits for you: kobling issues %(pair)s"), {"pair": run.pair.name}, "yellow")


@app.command()
def jobs(
    pair: Annotated[str, typer.Argument(help="Only this pair.")] = "",
    run: Annotated[int, typer.Option(help="Only this run.")] = 0,
    limit: Annotated[int, typer.Option(help="How many runs.")] = 20,
    json: Json = False,
) -> None:
    """List runs with their counters, newest first."""
    who = who_asks()
    found = [syncing.find_run(who, run)] if run else syncing.listed(who, find_pair(pair) if pair else None, limit)
    if json:
        output.as_json([RunTold.of(each) for each in found])
        return
    if run:
        print_run(found[0])
        return
    people = named(each.asked_by for each in found)
    rows = [
        (
            each.pk,
            each.pair.name,
            each.kind,
            output.shown(each.state),
            output.who(people[each.asked_by]),
            each.started_at,
            *(
                sum(getattr(job, name) for job in each.jobs.all())
                for name in ("inserted", "modified", "deleted", "failed")
            ),
        )
        for each in found
    ]
    names = ("Run", "Pair", "Kind", "State", "Asked by", "Started", "inserted", "modified", "deleted", "failed")
    output.table("", tuple(translated(each) for each in names), rows, translated("No runs yet."))


@app.command()
def cancel(run: int, json: Json = False) -> None:
    """Stop a run after the chunk it is in; what was done stays done."""
    who = who_asks()
    stopped = syncing.cancel(who, syncing.find_run(who, run), datetime.now(UTC))
    if json:
        output.as_json({"run": run, "cancelled": stopped})
    else:
        output.say(N_("The run stops.") if stopped else N_("The run has ended already."))


@app.command()
def undo(
    run: int,
    yes: Annotated[bool, typer.Option("--yes", help="Do it, without asking.")] = False,
    credit_notes: Annotated[bool, typer.Option(help="Draft credit notes for booked invoices.")] = False,
    why: Annotated[str, typer.Option(help="Why, for the record.")] = "",
    json: Json = False,
) -> None:
    """Undo a run: master data restored where untouched since; booked invoices only by credit note."""
    who = who_asks()
    target = syncing.find_run(who, run)
    with vendors() as opener:
        prepared = undoing.prepare(who, target, opener)
        drafted: list[str] = []
        if not json:
            _print_undo(prepared)
        something = bool(prepared.size or (credit_notes and prepared.posted))
        if not yes and (json or not something or not typer.confirm(translated("Undo this?"))):
            if json:
                output.as_json(UndoTold.of(prepared, drafted))
            raise typer.Exit(Exit.CONFIRM if something else Exit.OK)
        if credit_notes:
            drafted = crediting.draft_credit_notes(who, target, prepared.posted, opener, why)
        asked_run = undoing.start(who, target, prepared, opener, datetime.now(UTC), why)
    done = watching.do(asked_run, json)
    if json:
        output.as_json(RunTold.of(done), UndoTold.of(prepared, drafted))
        raise typer.Exit(exit_of(done))
    finish(done, json)


def _print_undo(prepared: undoing.Undo) -> None:
    rows = [
        (
            table,
            output.shown(str(action.__struct_config__.tag)),
            output.shown(str(getattr(action, "side", ""))),
            action.title,
        )
        for table, actions in prepared.actions.items()
        for action in actions
    ]
    names = ("Table", "What", "Side", "Record")
    output.table(translated("Would be undone"), tuple(translated(each) for each in names), rows)
    if prepared.kept:
        kept = [(title, output.shown(side), translated(why)) for title, side, _id, why in prepared.kept]
        output.table(translated("Stays"), tuple(translated(each) for each in ("Record", "Side", "Why")), kept)
