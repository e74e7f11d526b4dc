"""couple, uncouple, history."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from kobling.access.actors import Who
from kobling.cli import output
from kobling.cli.asking import who_asks
from kobling.cli.connecting import Json
from kobling.cli.output import Exit, translated
from kobling.cli.pairing import find_pair
from kobling.cli.start import vendors
from kobling.hub.services import history as histories
from kobling.hub.services import issues, matching
from kobling.hub.told.couplings import CoupledTold
from kobling.hub.told.records import HistoryTold
from kobling.records import N_, NP_, SettingsError

app = typer.Typer()

Why = Annotated[str, typer.Option(help="Why, for the record.")]


@app.command()
def couple(
    pair: str,
    table: str,
    left_id: Annotated[str, typer.Argument(help="The record of the left system.")] = "",
    right_id: Annotated[str, typer.Argument(help="The record of the right system.")] = "",
    file: Annotated[Path | None, typer.Option("--from", help="Many: a file with lines of left id,right id.")] = None,
    never: Annotated[bool, typer.Option("--never", help="Say that they are not the same, for ever.")] = False,
    why: Why = "",
    json: Json = False,
) -> None:
    """Couple two records, or many at once; the next run brings them in step."""
    who, found, now = who_asks(), find_pair(pair), datetime.now(UTC)
    if file is None and not (left_id and right_id):
        raise SettingsError(N_("Name a record of each side, or a file of many with --from."), code="which")
    many = _ids_from(file) if file is not None else [(left_id, right_id)]
    with vendors() as opener:
        if never:
            _tell({"never": matching.never_many(who, found, opener, table, many, now, why)}, NEVER, json)
        elif file is not None:
            _tell_coupled(matching.couple_many(who, found, opener, table, many, now, why), json)
        else:
            uid = issues.couple(who, found, opener, table, left_id, right_id, now, why)
            _tell({"coupling": uid}, N_("Coupled; the next run brings them in step."), json)


NEVER = N_("%(never)s remembered: no rule couples them.")


def _ids_from(file: Path) -> list[tuple[str, str]]:
    try:
        lines = list(csv.reader(file.read_text(encoding="utf-8-sig").splitlines()))
    except (OSError, UnicodeDecodeError) as wrong:
        raise SettingsError(N_("The file %(file)s cannot be read."), file=file, detail=str(wrong)) from wrong
    for number, line in enumerate(lines, 1):
        if line and (len(line) != 2 or not all(each.strip() for each in line)):
            raise SettingsError(N_("Line %(line)s of %(file)s is not “left id,right id”."), line=number, file=file)
    return [(left.strip(), right.strip()) for left, right in filter(None, lines)]


def _tell(data: dict[str, Any], text: str, json: bool) -> None:
    if json:
        output.as_json(data)
    else:
        output.say(text, data)


def _tell_coupled(done: matching.Applied, json: bool) -> None:
    if json:
        output.as_json(CoupledTold.of(done))
    else:
        said = NP_(
            "%(number)s coupled; the next run brings it in step.",
            "%(number)s coupled; the next run brings them in step.",
        )
        output.say(said, {"number": done.coupled})
        rows = [(left, right, translated(why)) for left, right, why in done.refused]
        if rows:
            names = ("Left", "Right", "Why")
            output.table(translated("Not coupled"), tuple(translated(each) for each in names), rows)
    if done.refused:
        raise typer.Exit(Exit.NOT_IN_STEP)


@app.command()
def uncouple(
    pair: str,
    table: str,
    record: Annotated[list[str] | None, typer.Argument(help="Records of either side.")] = None,
    every: Annotated[bool, typer.Option("--all", help="All of the table.")] = False,
    why: Why = "",
    json: Json = False,
) -> None:
    """Remove couplings, and nothing else; the records stay as they are and are left alone."""
    who, found, now = who_asks(), find_pair(pair), datetime.now(UTC)
    if bool(record) == every:
        raise SettingsError(N_("Name the records, or say --all."), code="which")
    with vendors() as opener:
        if record and len(record) == 1:
            issues.uncouple(who, found, opener, table, record[0], now, why)
            _tell({"uncoupled": record[0]}, N_("Uncoupled; both records stay as they are."), json)
            return
        number = matching.uncouple_many(who, found, opener, table, now, record if not every else None, why)
    _tell({"uncoupled": number}, N_("%(uncoupled)s uncoupled; the records stay as they are."), json)


@app.command(name="history")
def show_history(
    pair: str,
    record: str,
    table: Annotated[str, typer.Option(help="The table, where several have a record of that id.")] = "",
    side: Annotated[str, typer.Option(help="left or right, where both have one.")] = "",
    json: Json = False,
) -> None:
    """Say why each field of a record is as it is: when, by which run, asked by whom, from what to what."""
    found = histories.history(who_asks(), find_pair(pair), record, table=table, side=side)
    if json:
        output.as_json(HistoryTold.of(found))
    else:
        _print_history(found)
    raise typer.Exit(Exit.NOT_IN_STEP if found.empty else Exit.OK)


def _print_history(found: histories.History) -> None:
    for each in found.couplings:
        place = {"table": each.table.name, "left": each.left_id, "right": each.right_id}
        place["who"] = output.who(found.people[each.coupled_by])
        output.say(N_("Coupled in %(table)s: %(left)s ↔ %(right)s, by %(who)s."), place)
    rows = [
        (
            c.at,
            output.shown(c.side),
            c.field,
            c.before,
            c.after,
            translated(c.reason),
            output.who(Who(c.who_kind, c.who)),
            c.run,
            output.shown(c.state),
        )
        for c in found.changes
    ]
    names = ("When", "Side", "Field", "Before", "After", "Why", "Who", "Run", "State")
    output.table("", tuple(translated(n) for n in names), rows, translated("Kobling has never changed this record."))
    for decision in found.decisions:
        told = {"choice": decision.choice, "other": decision.other_id, "why": decision.why}
        told["who"] = output.who(found.people[decision.decided_by])
        output.say(N_("%(who)s decided: %(choice)s %(other)s %(why)s"), told)
    for event in HistoryTold.of(found).events:
        told = {"what": output.in_words(event.what), "who": output.who(Who(event.by_kind, event.by)), "why": event.why}
        output.say(N_("%(at)s %(who)s: %(what)s %(why)s"), {**told, "at": output.cell(event.at)})
