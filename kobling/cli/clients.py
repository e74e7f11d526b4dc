"""client: the companies whose data is kept in step, and one of them in a file for another installation."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from kobling.access.policy import InFirm
from kobling.cli import output
from kobling.cli.asking import who_asks
from kobling.cli.connecting import Json
from kobling.cli.output import translated
from kobling.hub.services import clients, people
from kobling.hub.told.offers import ClientTold
from kobling.hub.told.said import filled
from kobling.portal import moving
from kobling.records import N_, NP_, SettingsError

app = typer.Typer()
CONNECT = N_("Connect again: %(name)s (%(connector)s), %(account)s.")

client_app = typer.Typer(help="Add and list the companies whose data is kept in step.", no_args_is_help=True)
app.add_typer(client_app, name="client")


@client_app.command()
def add(
    name: str,
    number: Annotated[str, typer.Option(help="Its number with you; any text.")] = "",
    firm: Annotated[str, typer.Option(help="The accounting firm that looks after it, by name or #id.")] = "",
    json: Json = False,
) -> None:
    """Add a client. One company alone needs none: its first connection makes the client “default”."""
    who = who_asks()
    made = clients.add(who, name, number=number, firm=clients.find_firm(who, firm, InFirm.ADD_CLIENT) if firm else None)
    if json:
        output.as_json(ClientTold.of(made))
    else:
        output.say(
            N_("The client “%(client)s” is added. Name it with --client or KOBLING_CLIENT."),
            {"client": made.name},
            "green",
        )


@client_app.command(name="list")
def list_clients(json: Json = False) -> None:
    """List the clients that are yours. Each can be named by its name, its number, or # and its id."""
    found = clients.listed(who_asks())
    if json:
        output.as_json([ClientTold.of(each) for each in found])
        return
    rows = [(f"#{each.pk}", each.name, each.number, each.firm.name if each.firm else "") for each in found]
    names = ("Id", "Client", "Number", "Firm")
    output.table("", tuple(translated(each) for each in names), rows, translated("No clients yet."))


@client_app.command(name="export")
def export_client(name: str, file: Path) -> None:
    """Write one client into one file that another installation imports. Secrets do not go along."""
    who = who_asks()
    found = moving.find(who, name)
    if file.exists():
        raise SettingsError(N_("There is a file %(file)s already."), file=str(file), code="exists")
    packed = moving.export_client(who, found.pk, datetime.now(UTC), file.absolute().parent)
    os.replace(packed.path, file)
    told = {"file": str(file), "client": packed.name, "number": packed.rows["couplings.jsonl"]}
    said = NP_(
        "%(client)s is in %(file)s, with %(number)s coupling.", "%(client)s is in %(file)s, with %(number)s couplings."
    )
    output.say(said, told, "green")


@client_app.command(name="import")
def import_client(
    file: Path,
    firm: Annotated[str, typer.Option(help="The accounting firm that looks after it, by name or #id.")] = "",
    name: Annotated[str, typer.Option(help="Another name than it had.")] = "",
    look: Annotated[bool, typer.Option("--look", help="Say what is in the file; nothing is done.")] = False,
    json: Json = False,
) -> None:
    """Take in a client from a file, wholly or not at all. Its systems are connected again afterwards."""
    who = who_asks()
    number = clients.find_firm(who, firm, InFirm.ADD_CLIENT).pk if firm else None
    if number is None and not who.is_operator:
        number = people.administered(who).pk
    if not file.is_file():
        raise SettingsError(N_("There is no file %(file)s."), file=str(file), code="no_file")
    coming = moving.look(who, file, number)
    made = None if look else moving.import_client(who, file, number, datetime.now(UTC), name)
    if json:
        output.as_json(ClientTold.of(made) if made else coming)
        return
    _tell(coming)
    if made:
        output.say(N_("%(client)s is imported. Its schedules are off."), {"client": made.name}, "green")


def _tell(coming: moving.Coming) -> None:
    told = {
        "client": coming.name,
        "by": coming.by,
        "at": f"{coming.exported_at:%Y-%m-%d %H:%M}",
        "number": coming.couplings,
    }
    said = NP_(
        "%(client)s, exported by %(by)s at %(at)s, with %(number)s coupling.",
        "%(client)s, exported by %(by)s at %(at)s, with %(number)s couplings.",
    )
    output.say(said, told)
    for connector, name, account in coming.connect:
        output.say(CONNECT, {"name": name, "connector": connector, "account": account or "–"}, "yellow")
    for each in coming.left_out:
        output.say(N_("Not in the file: %(what)s."), {"what": filled(each)})
