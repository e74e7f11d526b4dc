"""couple, uncouple, history."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from kobling.cli import output
from kobling.cli.connecting import Json
from kobling.cli.main import app, asked
from kobling.cli.output import Exit, translated
from kobling.cli.pairing import find_pair
from kobling.cli.start import actor, vendors
from kobling.hub.services import history as histories
from kobling.hub.services import issues
from kobling.records import N_

Why = Annotated[str, typer.Option(help="Why, for the record.")]


@app.command()
def couple(pair: str, table: str, left_id: str, right_id: str, why: Why = "", json: Json = False) -> None:
    """Couple two records; the next run brings them in step."""
    with vendors() as opener:
        uid = issues.couple(
            actor(asked.person), find_pair(pair), opener, table, left_id, right_id, datetime.now(UTC), why
        )
    if json:
        output.as_json({"coupling": uid})
    else:
        output.say(N_("Coupled; the next run brings them in step."))


@app.command()
def uncouple(pair: str, table: str, record: str, why: Why = "", json: Json = False) -> None:
    """Remove a coupling; both records stay as they are and are left alone."""
    with vendors() as opener:
        issues.uncouple(actor(asked.person), find_pair(pair), opener, table, record, datetime.now(UTC), why)
    if json:
        output.as_json({"uncoupled": record})
    else:
        output.say(N_("Uncoupled; both records stay as they are."))


@app.command(name="history")
def show_history(pair: str, record: str, json: Json = False) -> None:
    """Say why each field of a record is as it is: when, by which run, asked by whom, from what to what."""
    found = histories.history(actor(asked.person), find_pair(pair), record)
    if json:
        output.as_json(_as_data(found))
    else:
        _print_history(found)
    raise typer.Exit(Exit.NOT_IN_STEP if found.empty else Exit.OK)


def _as_data(found: histories.History) -> dict[str, Any]:
    return {
        "couplings": [
            {"table": c.table.name, "left_id": c.left_id, "right_id": c.right_id, "by": c.coupled_by}
            for c in found.couplings
        ],
        "changes": found.changes,
        "decisions": [
            {"choice": d.choice, "other_id": d.other_id, "by": d.decided_by, "why": d.why, "at": d.decided_at}
            for d in found.decisions
        ],
        "issues": [{"kind": i.kind, "state": i.state, "reason": i.reason} for i in found.issues],
    }


def _print_history(found: histories.History) -> None:
    for each in found.couplings:
        place = {"table": each.table.name, "left": each.left_id, "right": each.right_id, "who": each.coupled_by}
        output.say(N_("Coupled in %(table)s: %(left)s ↔ %(right)s, by %(who)s."), place)
    rows = [
        (
            c.at,
            output.shown(c.side),
            c.field,
            c.before,
            c.after,
            translated(c.reason),
            c.who,
            c.run,
            output.shown(c.state),
        )
        for c in found.changes
    ]
    names = ("When", "Side", "Field", "Before", "After", "Why", "Who", "Run", "State")
    output.table("", tuple(translated(n) for n in names), rows, translated("Kobling has never changed this record."))
    for decision in found.decisions:
        told = {"who": decision.decided_by, "choice": decision.choice, "other": decision.other_id, "why": decision.why}
        output.say(N_("%(who)s decided: %(choice)s %(other)s %(why)s"), told)
