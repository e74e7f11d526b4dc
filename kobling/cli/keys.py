"""init, keys: the data folder and the installation's own keys."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer
from django.conf import settings

from kobling.cli import output
from kobling.cli.asking import asked
from kobling.cli.connecting import Json
from kobling.cli.output import Exit, translated
from kobling.cli.start import actor
from kobling.hub.services import keys
from kobling.hub.told.keys import RenewedTold
from kobling.records import N_

app = typer.Typer()

keys_app = typer.Typer(help="Renew the keys that stored secrets are sealed with.", no_args_is_help=True)
app.add_typer(keys_app, name="keys")


@app.command()
def init() -> None:
    """Begin a data folder in the place that KOBLING_DATA names, or say that it is there."""
    output.say(N_("Kobling's data is in %(folder)s."), {"folder": str(settings.HOME.folder)})


@keys_app.command()
def rotate(
    drop_old: Annotated[
        bool, typer.Option("--drop-old", help="Take the old keys away when nothing needs them.")
    ] = False,
    json: Json = False,
) -> None:
    """Make a new key and seal all stored secrets with it, while workers run. Nothing is lost if it is cut off."""
    done = keys.rotate(actor(asked().person), drop_old=drop_old)
    told = {"sealed": done.sealed, "keys": done.keys, "names": ", ".join(done.unreadable)}
    if json:
        output.as_json(done)
    else:
        output.say(N_("%(sealed)s connections are sealed with the new key; the file holds %(keys)s keys."), told)
        if done.unreadable:
            output.say(N_("No key opens what is stored of: %(names)s. The old keys stay."), told, "red")
    raise typer.Exit(Exit.SETTINGS if done.unreadable else Exit.OK)


@keys_app.command()
def renew(
    yes: Annotated[bool, typer.Option("--yes", help="Do it, without asking.")] = False, json: Json = False
) -> None:
    """Make key files that are lost anew. What only they opened is forgotten: connect those systems again."""
    sentence = N_("Restore the key files from a back-up if there is one. Otherwise: forget what only they opened?")
    if not yes and (json or not typer.confirm(translated(sentence))):
        raise typer.Exit(Exit.CONFIRM)
    forgotten = keys.renew(actor(asked().person), datetime.now(UTC))
    if json:
        output.as_json(RenewedTold.of(forgotten))
    elif forgotten:
        output.say(N_("Connect again: %(names)s."), {"names": ", ".join(forgotten)}, "yellow")
    else:
        output.say(N_("The key files are there, and everything opens."))
