"""pair: list, make, set up, schedule; payments: the overview and receipts."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from kobling.access.policy import Doing
from kobling.cli import extensions, output
from kobling.cli.asking import asked, who_asks
from kobling.cli.connecting import Json, pairs_of
from kobling.cli.output import translated
from kobling.cli.start import vendors
from kobling.hub.models import Pair
from kobling.hub.services import clients, connections, overview, pairs
from kobling.hub.told.books import PayerTold
from kobling.hub.told.offers import PairTypeTold
from kobling.hub.told.pairs import MadeTold, OptionsTold, PairTold, ScheduleTold, SetUpTold
from kobling.pairs.registry import pair_types
from kobling.records import N_, from_json

app = typer.Typer()

pair_app = typer.Typer(help="Make, set up and look at pairs.", no_args_is_help=True)
app.add_typer(pair_app, name="pair")


def find_pair(name: str) -> Pair:
    """A pair by name, for the client asked about."""
    return pairs.find(who_asks(), name)


def options_of(given: list[str] | None) -> dict[str, Any]:
    """``fields``, ``policies`` and ``tables`` are JSON; everything else is text."""
    chosen: dict[str, Any] = dict(pairs_of(given or []))
    for name in ("fields", "policies", "tables"):
        if name in chosen:
            chosen[name] = from_json(chosen[name])
    return chosen


@pair_app.command(name="types")
def list_types(json: Json = False) -> None:
    """List the pairs on offer with their options."""
    kinds = pair_types()
    if json:
        output.as_json([PairTypeTold.of(kind) for kind in kinds.values()])
        return
    for kind in kinds.values():
        rows = [
            (o.name, translated(o.label), o.default, ", ".join(o.choices), translated(o.help)) for o in kind.options
        ]
        headers = tuple(translated(each) for each in ("Option", "Label", "Default", "Choices", "Help"))
        output.table(f"{kind.name}: {kind.title}", headers, rows)
    extensions.tell()


@pair_app.command(name="create")
def create(
    pair_type: Annotated[str, typer.Argument(help="simply-crm-dinero …")],
    options: Annotated[list[str] | None, typer.Argument(help="option=value …")] = None,
    left: Annotated[str, typer.Option(help="The left connection, where there are several.")] = "",
    right: Annotated[str, typer.Option(help="The right connection, where there are several.")] = "",
    name: Annotated[str, typer.Option(help="What to call the pair.")] = "",
    json: Json = False,
) -> None:
    """Make a pair over two connections. Nothing is synchronised yet: look at 'kobling plan' first."""
    who = who_asks()
    client = clients.chosen(who, asked().client, Doing.SET_UP)
    with vendors() as opener:
        made = pairs.create(
            who,
            client,
            opener,
            pair_type,
            options_of(options),
            left=connections.find(who, left, client) if left else None,
            right=connections.find(who, right, client) if right else None,
            name=name,
            today=datetime.now(UTC).date().isoformat(),
        )
    if json:
        output.as_json(MadeTold.of(made))
    else:
        output.say(N_("The pair %(pair)s is made. See what would happen: kobling plan %(pair)s"), {"pair": made.name})


@pair_app.command(name="set")
def set_options(pair: str, options: list[str], json: Json = False) -> None:
    """Change options of a pair: option=value …"""
    found = find_pair(pair)
    who = who_asks()
    with vendors() as opener:
        pairs.configure(who, found, opener, options_of(options))
    if json:
        output.as_json(OptionsTold.of(found))
    else:
        output.say(N_("Saved."))


@pair_app.command(name="schedule")
def set_schedule(
    pair: str,
    cron: Annotated[str, typer.Option(help="Five fields: minute hour day month weekday.")] = "",
    time_zone: Annotated[str, typer.Option(help="Like Europe/Copenhagen.")] = "",
    off: Annotated[bool, typer.Option("--off", help="Do not run by itself.")] = False,
    json: Json = False,
) -> None:
    """Set when a pair runs by itself; every third hour unless said otherwise."""
    row = pairs.schedule(
        who_asks(),
        find_pair(pair),
        datetime.now(UTC),
        cron=cron or None,
        time_zone=time_zone or None,
        enabled=not off,
    )
    if json:
        output.as_json(ScheduleTold.of(row))
    elif row.enabled:
        output.say(N_("Runs next at %(time)s (UTC)."), {"time": output.cell(row.next_at)})
    else:
        output.say(N_("Runs only when somebody asks."))


@pair_app.command(name="list")
def list_pairs(json: Json = False) -> None:
    """List pairs: status, last run, issues, next run."""
    who = who_asks()
    found = [(each, pairs.status(who, each)) for each in pairs.listed(who)]
    if json:
        output.as_json([PairTold.of(pair, status) for pair, status in found])
        return
    rows = [
        (
            pair.client.name,
            pair.name,
            translated("green") if status.green else translated("red"),
            output.in_words(status.reason) or output.failure(status.failure) or output.shown(status.state),
            status.last_run.ended_at if status.last_run else None,
            status.issues + status.parked,
            status.next_at,
        )
        for pair, status in found
    ]
    headers = tuple(
        translated(each) for each in ("Client", "Pair", "Status", "Reason", "Last run", "Issues", "Next run")
    )
    output.table("", headers, rows, translated("No pairs yet. Make one with 'kobling pair create'."))


@pair_app.command(name="show")
def show(pair: str, json: Json = False) -> None:
    """Show one pair: status, options, tables and their fields."""
    found = find_pair(pair)
    status = pairs.status(who_asks(), found)
    with vendors() as opener:
        tables = opener.mappings(found)
    told, made = PairTold.of(found, status), SetUpTold.of(found, tables)
    if json:
        output.as_json(told, made)
        return
    why = output.in_words(told.reason)
    output.say(N_("%(pair)s: %(light)s %(reason)s"), {"pair": found.name, "light": told.status, "reason": why})
    if failed := output.failure(status.failure):
        output.say(N_("The last run failed: %(why)s"), {"why": failed})
    arrows = {"both": "↔", "to_right": "→", "to_left": "←"}
    for name, each in made.tables.items():
        rows = [(key, left, arrows[way], right) for key, (left, way, right) in each.fields.items()]
        output.table(f"{name}: {each.left} ↔ {each.right}", (translated("Field"), "", "", ""), rows)


@app.command()
def payments(
    pair: str,
    receipt: Annotated[str, typer.Option(help="Fetch the document of this invoice.")] = "",
    to: Annotated[Path, typer.Option(help="Where to put the document.")] = Path("receipt.pdf"),
    json: Json = False,
) -> None:
    """Payment history: paid, open and overdue per customer, with the documents."""
    found = find_pair(pair)
    who = who_asks()
    if receipt:
        with vendors() as opener:
            to.write_bytes(overview.receipt(who, found, opener, receipt))
        output.say(N_("Written to %(file)s."), {"file": str(to)})
        return
    with vendors() as opener:
        customers = overview.payments(who, found, opener, datetime.now(UTC).date())
    if json:
        output.as_json([PayerTold.of(each) for each in customers])
        return
    rows = [
        (each.name, currency, sums["paid"], sums["open"], sums["overdue"], len(each.documents))
        for each in customers
        for currency, sums in each.sums().items()
    ]
    headers = tuple(translated(each) for each in ("Customer", "Currency", "Paid", "Open", "Overdue", "Documents"))
    output.table("", headers, rows, translated("No booked invoices yet."))
