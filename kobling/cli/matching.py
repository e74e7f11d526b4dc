"""match, couplings: couple a table by chosen fields, and look after couplings."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from kobling.access.actors import Who
from kobling.access.naming import named
from kobling.cli import output
from kobling.cli.asking import who_asks
from kobling.cli.connecting import Json
from kobling.cli.output import Exit, translated
from kobling.cli.pairing import find_pair
from kobling.cli.start import vendors
from kobling.hub.couplings.matcher import Rule
from kobling.hub.models import Pair
from kobling.hub.services import matching, mending
from kobling.hub.told.couplings import LinkTold, MatchedTold, MendedTold
from kobling.hub.told.said import filled
from kobling.records import N_

app = typer.Typer()


@app.command()
def match(
    pair: str,
    table: str,
    by: Annotated[
        list[str] | None, typer.Option(help="Fields that must be equal, commas between; first rule first.")
    ] = None,
    case: Annotated[bool, typer.Option("--case", help="Capital letters make a difference.")] = False,
    apply: Annotated[bool, typer.Option("--apply", help="Do it; without this it is only shown.")] = False,
    create_unmatched: Annotated[bool, typer.Option(help="Make the rest on the other side.")] = False,
    left_out: Annotated[bool, typer.Option("--left-out", help="Also records that a person left out.")] = False,
    most: Annotated[int, typer.Option(help="How many to show.")] = 50,
    after: Annotated[int, typer.Option(help="Show those after so many.")] = 0,
    why: Annotated[str, typer.Option(help="Why, for the record.")] = "",
    json: Json = False,
) -> None:
    """Couple records of a table that are the same by chosen fields: one hit couples, several ask a person."""
    who, found = who_asks(), find_pair(pair)
    rules = [
        Rule(tuple(key.strip() for key in each.split(",") if key.strip()), not case, number)
        for number, each in enumerate(by or [], 1)
    ]
    with vendors() as opener:
        if not apply:
            shown = matching.preview(who, found, table, rules, opener, after=after, limit=most, left_out=left_out)
            _show(shown, json)
            return
        options: dict[str, Any] = {"create_unmatched": create_unmatched, "left_out": left_out, "why": why}
        done = matching.apply(who, found, table, rules, opener, datetime.now(UTC), **options)
    if json:
        output.as_json(MatchedTold.of(done))
    else:
        told = {"coupled": done.coupled, "asked": done.asked, "created": done.created, "pair": found.name}
        output.say(N_("%(coupled)s coupled, %(created)s to be made by the next run."), told)
        if done.asked:
            output.say(N_("%(asked)s records wait for you: kobling issues %(pair)s"), told, "yellow")
        for left, right, reason in done.refused:
            output.out.print(f"  {left} ↔ {right}: {translated(reason)}", markup=False)
    raise typer.Exit(Exit.NOT_IN_STEP if done.asked or done.refused else Exit.OK)


def _show(found: matching.Preview, json: bool) -> None:
    if json:
        output.as_json(found)
        return
    rows: list[tuple[Any, ...]] = [
        (
            each.left,
            each.left_title,
            each.right,
            each.right_title,
            filled(each.reason, {"keys": each.keys}),
            f"{each.score} %",
        )
        for each in found.rows
    ]
    names: tuple[str, ...] = ("Left", "Record", "Right", "Record", "Why", "Names alike")
    output.table(translated("Would be coupled"), tuple(translated(each) for each in names), rows)
    rows = [
        (each.keys, each.left_size, each.right_size, _named(each.left), _named(each.right)) for each in found.groups
    ]
    if rows:
        names = ("The same", "Number left", "Number right", "Left", "Right")
        output.table(translated("A person must say"), tuple(translated(each) for each in names), rows)
    told = {"hits": found.hits, "contested": found.contested}
    told |= {"left": found.unmatched_left, "right": found.unmatched_right}
    output.say(
        N_("%(hits)s would be coupled, %(contested)s compete, and %(left)s left and %(right)s right match nobody."),
        told,
    )


def _named(members: list[tuple[str, str]]) -> str:
    return ", ".join(f"{title} ({external_id})" for external_id, title in members[:5])


@app.command()
def couplings(
    pair: str,
    table: Annotated[str, typer.Option(help="Only this table.")] = "",
    broken: Annotated[bool, typer.Option("--broken", help="Only those with a record that is not there.")] = False,
    mend: Annotated[str, typer.Option(help=f"Mend broken ones: {', '.join(mending.HOW)}.")] = "",
    coupling: Annotated[list[str] | None, typer.Option(help="Mend only this one; may be given more than once.")] = None,
    most: Annotated[int, typer.Option(help="How many to show.")] = 100,
    why: Annotated[str, typer.Option(help="Why, for the record.")] = "",
    json: Json = False,
) -> None:
    """List couplings, or the broken ones, and mend these."""
    found = find_pair(pair)
    if mend:
        _mend(found, mend, coupling, table, why, json)
    elif broken:
        _list_broken(found, table, most, json)
    else:
        _list(found, table, most, json)


def _mend(pair: Pair, how: str, which: list[str] | None, table: str, why: str, json: bool) -> None:
    now = datetime.now(UTC)
    with vendors() as opener:
        done = mending.mend(who_asks(), pair, opener, now, how, which, table=table, why=why)
    if json:
        output.as_json(MendedTold.of(done))
    else:
        output.say(N_("%(done)s mended, %(found)s were there after all."), {"done": done.done, "found": done.found})
        for uid, reason in done.refused:
            output.out.print(f"  {uid}: {translated(reason)}", markup=False)
    raise typer.Exit(Exit.NOT_IN_STEP if done.refused else Exit.OK)


def _list_broken(pair: Pair, table: str, most: int, json: bool) -> None:
    with vendors() as opener:
        found = mending.broken(who_asks(), pair, opener, table=table, limit=most)
    if json:
        output.as_json(found)
    else:
        rows = [
            (
                each.coupling,
                each.table,
                each.title,
                f"{each.left_id} {output.shown(each.left)}",
                f"{each.right_id} {output.shown(each.right)}",
                each.since,
                output.shown(each.chosen),
            )
            for each in found
        ]
        names = ("Coupling", "Table", "Record", "Left", "Right", "Since", "Chosen")
        output.table("", tuple(translated(each) for each in names), rows, translated("No coupling is broken."))
    raise typer.Exit(Exit.NOT_IN_STEP if found else Exit.OK)


def _list(pair: Pair, table: str, most: int, json: bool) -> None:
    found = mending.listed(who_asks(), pair, table=table, limit=most)
    people = named(each.coupled_by for each in found)
    told = [LinkTold.of(each, people[each.coupled_by]) for each in found]
    if json:
        output.as_json(told)
        return
    rows = [(each.coupling, each.table, each.left_id, each.right_id, each.coupled_at, _who(each)) for each in told]
    names = ("Coupling", "Table", "Left", "Right", "When", "Who")
    output.table("", tuple(translated(each) for each in names), rows, translated("Nothing is coupled yet."))


def _who(each: LinkTold) -> str:
    return output.who(Who(each.coupled_by_kind, each.coupled_by))
