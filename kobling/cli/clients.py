"""client: the companies whose data is kept in step."""

from __future__ import annotations

from typing import Annotated

import typer

from kobling.access.policy import InFirm
from kobling.cli import output
from kobling.cli.asking import who_asks
from kobling.cli.connecting import Json
from kobling.cli.output import translated
from kobling.hub.services import clients
from kobling.hub.told.offers import ClientTold
from kobling.records import N_

app = typer.Typer()

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
