"""setup: the assisted set-up, step by step; stock: what is there right now."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from kobling.cli import hints, output
from kobling.cli.asking import asked, who_asks
from kobling.cli.connecting import REDIRECT_URI, Json, show_and_wait
from kobling.cli.output import translated
from kobling.cli.pairing import find_pair, options_of
from kobling.cli.start import vendors
from kobling.hub.services import clients, connections, setting_up, stock
from kobling.hub.told.books import StockTold
from kobling.hub.told.offers import StepTold
from kobling.records import N_

app = typer.Typer()


@app.command(name="setup")
def set_up(
    pair_type: Annotated[str, typer.Argument(help="dynamics-sales-business-central …")],
    step: Annotated[str, typer.Argument(help="The step to do; without one: all steps and how they stand.")] = "",
    values: Annotated[list[str] | None, typer.Argument(help="name=value … (name=@file reads a file)")] = None,
    skip: Annotated[bool, typer.Option("--skip", help="Leave this step out.")] = False,
    redirect_uri: Annotated[str, typer.Option(help="Where the vendor's sign-in page sends you back.")] = REDIRECT_URI,
    json: Json = False,
) -> None:
    """Set a pair up step by step; every step can also be done by connect, pair create and pair set."""
    who = who_asks()
    with vendors() as opener:
        if step and skip:
            setting_up.skip(who, clients.find_or_add(who, asked().client), pair_type, step, opener)
        elif step:
            way = connections.SigningIn(redirect_uri, show_and_wait)
            client = clients.find_or_add(who, asked().client)
            done = setting_up.perform(who, client, pair_type, step, options_of(values), opener, way)
            if not json:
                output.say(done, None, "green")
        steps = setting_up.overview(who, clients.chosen_if_any(who, asked().client), pair_type, opener)
    if json:
        output.as_json([StepTold.of(each) for each in steps])
        return
    _show(steps)


def _show(steps: list[setting_up.StepState]) -> None:
    rows = [
        (each.step.name, translated(each.step.title), output.shown(each.state), output.in_words(each.told))
        for each in steps
    ]
    headers = (*(translated(each) for each in ("Step", "Title", "State")), "")
    output.table("", headers, rows)
    following = next((each for each in steps if each.state == setting_up.TODO), None)
    if following is None:
        output.say(N_("Everything is set up."), None, "green")
        return
    output.say(N_("Next: %(step)s."), {"step": translated(following.step.title)})
    output.say(following.step.about)
    if commands := hints.for_step(following.step):
        output.say(N_("With: %(commands)s"), {"commands": commands})
    if following.asks:
        asks = [(one.name, translated(one.label), translated(one.help)) for one in following.asks]
        output.table("", tuple(translated(each) for each in ("Setting", "Label", "Help")), asks)


@app.command(name="stock")
def show_stock(pair: str, items: list[str], json: Json = False) -> None:
    """Show what is in stock of some items, asked of the accounting system right now."""
    found = find_pair(pair)
    with vendors() as opener:
        levels = stock.availability(who_asks(), found, items, opener, datetime.now(UTC))
    if json:
        output.as_json([StockTold.of(each) for each in levels])
        return
    rows = [(one.number, one.amount if one.amount is not None else "–", one.unit, one.asked_at) for one in levels]
    output.table("", tuple(translated(each) for each in ("Item", "In stock", "Unit", "At")), rows)
