"""market: what can be switched on, and switching it on and off; credentials: the keys that were given."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from kobling.access.policy import Doing
from kobling.cli import extensions, output
from kobling.cli.asking import asked, who_asks
from kobling.cli.connecting import Json
from kobling.cli.output import translated
from kobling.cli.start import vendors
from kobling.hub.services import clients, connections, credentials, marketplace
from kobling.hub.told.keys import CredentialTold
from kobling.hub.told.offers import ActivatedTold, OfferTold
from kobling.records import N_

app = typer.Typer()

market_app = typer.Typer(help="See what can be switched on, at what price; switch it on and off.", no_args_is_help=True)
credentials_app = typer.Typer(help="See the keys that were given; name and revoke them.", no_args_is_help=True)
app.add_typer(market_app, name="market")
app.add_typer(credentials_app, name="credentials")

Why = Annotated[str, typer.Option(help="Why, for the log.")]


@market_app.command(name="list")
def list_offers(json: Json = False) -> None:
    """List what can be switched on, its price and whether it is on."""
    who = who_asks()
    client = clients.chosen_if_any(who, asked().client)
    with vendors() as opener:
        offers = marketplace.offers(who, client, opener)
    if json:
        output.as_json([OfferTold.of(each) for each in offers])
        return
    rows = [
        (each.kind.name, translated(each.kind.title), each.price or translated("free"), _state(each)) for each in offers
    ]
    output.table("", tuple(translated(each) for each in ("Name", "Title", "Price", "State")), rows)
    for each in offers:
        if each.kind.about:
            output.say(each.kind.about)
    extensions.tell()
    if not any(each.may_activate for each in offers):
        output.say(N_("Only an administrator can switch something on."), None, "yellow")


def _state(offer: marketplace.Offer) -> str:
    if offer.active is None:
        return translated("can be used") if offer.usable else translated("off")
    return ", ".join([offer.active.mode, *offer.active.departments])


@market_app.command()
def price(
    pair_type: str,
    amount: Annotated[str, typer.Argument(help="With a point: 249.00; 0: nothing.")],
    currency: Annotated[str, typer.Argument(help="NOK, DKK, SEK, EUR …")],
    per: Annotated[str, typer.Argument(help="month, year or once")] = "month",
) -> None:
    """Say what a pair type costs (the operator alone). Who has it already keeps the old price."""
    with vendors() as opener:
        shown = marketplace.set_price(who_asks(), opener, pair_type, amount, currency, per)
    output.say(N_("The price of %(name)s is %(price)s."), {"name": pair_type, "price": shown or "0"})


@market_app.command()
def activate(
    pair_type: str,
    mode: Annotated[str, typer.Option(help="full or csv")] = "",
    department: Annotated[list[str] | None, typer.Option(help="A department that gets access; none: all.")] = None,
    agree: Annotated[str, typer.Option(help="The price you agree to, as 'market list' shows it.")] = "",
    all_departments: Annotated[bool, typer.Option("--all-departments", help="All departments from now on.")] = False,
    json: Json = False,
) -> None:
    """Switch a pair type on, or change how it is used (administrators)."""
    who = who_asks()
    client = clients.find_or_add(who, asked().client)
    chosen = [] if all_departments else department or None
    with vendors() as opener:
        made = marketplace.activate(
            who, client, opener, pair_type, datetime.now(UTC), mode=mode, departments=chosen, price=agree
        )
    if json:
        output.as_json(ActivatedTold.of(made))
    else:
        output.say(N_("%(name)s is switched on (%(mode)s)."), {"name": pair_type, "mode": made.mode}, "green")


@market_app.command()
def deactivate(pair_type: str, why: Why = "") -> None:
    """Switch a pair type off. Nothing is deleted; keys stay until they are revoked."""
    who = who_asks()
    client = clients.chosen(who, asked().client, Doing.SET_UP)
    with vendors() as opener:
        marketplace.deactivate(who, client, opener, pair_type, datetime.now(UTC), why)
    output.say(N_("%(name)s is switched off."), {"name": pair_type})


@credentials_app.command(name="list")
def list_credentials(json: Json = False) -> None:
    """List the keys that were given, whom they serve and whether they still work."""
    who = who_asks()
    found = credentials.listed(who)
    if json:
        output.as_json([CredentialTold.of(each) for each in found])
        return
    rows = [
        (
            each.connection.client,
            each.connection.name,
            each.connection.connector,
            each.connection.account_name,
            ", ".join(each.departments) or translated("all"),
            output.shown(each.state),
            each.connection.created_at,
        )
        for each in found
    ]
    names: tuple[str, ...] = ("Client", "Name", "System", "Account", "Departments", "State", "Made")
    empty = translated("No connections yet. Make one with 'kobling connect'.")
    output.table("", tuple(translated(each) for each in names), rows, empty)


@credentials_app.command()
def revoke(name: str, why: Why = "") -> None:
    """Forget a key. Delete it in the vendor's own list as well: that is not reached from here."""
    who = who_asks()
    found = connections.find(who, name)
    credentials.revoke(who, found, datetime.now(UTC), why)
    output.say(N_("The key of %(name)s is forgotten. Delete it in the other system as well."), {"name": name})


@credentials_app.command()
def rename(name: str, new: str) -> None:
    """Give a key another name."""
    who = who_asks()
    found = connections.find(who, name)
    credentials.rename(who, found, new)
    output.say(N_("Saved."))
