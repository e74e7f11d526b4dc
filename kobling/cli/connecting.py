"""connect, connections, test, probe."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from kobling.access.policy import Doing
from kobling.cli import extensions, output
from kobling.cli.asking import asked, who_asks
from kobling.cli.output import Exit, translated
from kobling.cli.start import vendors
from kobling.hub.services import clients, connections, figures
from kobling.hub.told.connections import ConnectedTold, HealthTold, SettingTold
from kobling.records import N_, SettingsError
from kobling.sdk.registry import connector_types

app = typer.Typer()

REDIRECT_URI = "http://localhost:8642/signed-in"
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


def pairs_of(given: list[str]) -> dict[str, str]:
    """Read ``name=value`` arguments; ``name=@file`` reads the value from a file, so that keys stay off the screen."""
    found = {}
    for each in given:
        name, equals, value = each.partition("=")
        if not equals or not name:
            raise SettingsError(N_("“%(text)s” is not of the form name=value."), text=each, code="usage")
        if value.startswith("@"):
            with open(value[1:], encoding="utf-8") as file:
                value = file.read().strip()
        found[name.strip().replace("-", "_")] = value
    return found


@app.command()
def connect(
    connector: Annotated[str, typer.Argument(help="The system: simply_crm, dinero …")],
    settings: Annotated[list[str] | None, typer.Argument(help="name=value … (name=@file reads a file)")] = None,
    name: Annotated[str, typer.Option(help="What to call the connection.")] = "",
    redirect_uri: Annotated[str, typer.Option(help="Where the vendor's sign-in page sends you back.")] = REDIRECT_URI,
    moved: Annotated[bool, typer.Option("--moved", help="Another account: the same company moved.")] = False,
    json: Json = False,
) -> None:
    """Connect a system: settings are tested at once and stored encrypted. Without settings: what is needed."""
    who = who_asks()
    connector = connector.replace("-", "_")
    if not settings:
        _explain(connector, json)
        return
    with vendors() as opener:
        client = clients.find_or_add(who, asked().client)
        way = connections.SigningIn(redirect_uri, show_and_wait)
        given = pairs_of(settings)
        made, health = connections.connect(who, client, opener, connector, given, name, way, moved=moved)
    if json:
        output.as_json(ConnectedTold.of(made, health))
        return
    output.say(N_("Connected to %(account)s (%(connector)s %(version)s)."), _health(made, health), "green")
    if health.notes:
        output.say(N_("Not offered there: %(names)s."), {"names": ", ".join(health.notes)}, "yellow")


def show_and_wait(url: str) -> str:
    """Send a person to the vendor's page; they paste the address they were sent back to."""
    output.err.print(translated("Open this page, sign in and allow access:"))
    output.err.print(url, markup=False, soft_wrap=True)
    output.err.print(translated("Then paste the whole address you were sent to (it need not open):"))
    return sys.stdin.readline()


def _health(made: Any, health: Any) -> dict[str, str]:
    return {"account": health.account_name, "connector": made.connector, "version": health.version}


def _explain(connector: str, json: bool) -> None:
    kinds = connector_types()
    if connector not in kinds:
        extensions.explain(connector)
        raise SettingsError(
            N_("There is no connector “%(name)s”. Known: %(known)s."), name=connector, known=", ".join(kinds)
        )
    settings = kinds[connector].settings
    if json:
        output.as_json([SettingTold.of(each) for each in settings])
        return
    rows = [
        (s.name, translated(s.label), translated(s.help), "*" if s.required else "", s.default or ", ".join(s.choices))
        for s in settings
    ]
    headers = (translated("Setting"), translated("Label"), translated("Help"), translated("Required"), "")
    output.table(kinds[connector].title, headers, rows)


@app.command(name="connections")
def list_connections(json: Json = False) -> None:
    """List connections and their health."""
    found = connections.listed(who_asks())
    if json:
        output.as_json(found)
        return
    rows = [
        (each.client, each.name, each.connector, each.account_name, _light(each.healthy), output.in_words(each.reason))
        for each in found
    ]
    headers = tuple(translated(each) for each in ("Client", "Name", "System", "Account", "Status", "Reason"))
    output.table("", headers, rows, translated("No connections yet. Make one with 'kobling connect'."))


def _light(healthy: bool | None) -> str:
    return translated("green") if healthy else translated("red")


@app.command(name="figures")
def show_figures(name: str, json: Json = False) -> None:
    """Show how a company stands right now: Pleo's missing receipts, what waits to be exported, the wallet."""
    who = who_asks()
    with vendors() as opener:
        found = figures.figures(who, connections.find(who, name, doing=Doing.SPEND), opener)
    if json:
        output.as_json(found)
        return
    rows = [
        (
            output.shown(each.name),
            "–" if each.number is None else each.number,
            ", ".join(f"{output.amount(amount)} {currency}" for currency, amount in sorted(each.amounts.items())),
        )
        for each in found
    ]
    output.table("", tuple(translated(each) for each in ("What", "Number", "Amount")), rows)


@app.command()
def test(name: str, json: Json = False) -> None:
    """Test a connection's sign-in now."""
    who = who_asks()
    with vendors() as opener:
        found = connections.find(who, name, doing=Doing.SPEND)
        health = connections.test(who, found, opener)
    if json:
        output.as_json(HealthTold.of(found, health))
    else:
        output.say(N_("Connected to %(account)s (%(connector)s %(version)s)."), _health(found, health), "green")


@app.command()
def probe(name: str, json: Json = False) -> None:
    """Ask a real account read-only questions and compare with the contract: a redacted report to send in."""
    who = who_asks()
    with vendors() as opener:
        findings = connections.probe(who, connections.find(who, name, doing=Doing.SPEND), opener)
    wrong = [each for each in findings if each.ok is False]
    if json:
        output.as_json(findings)
    else:
        marks = {True: "✓", False: "✗", None: "?"}
        rows = [(marks[each.ok], each.topic, each.observed, each.contract) for each in findings]
        headers = ("", translated("Question"), translated("Observed"), translated("Contract"))
        output.table(translated("Probe of %(name)s") % {"name": name}, headers, rows)
    raise typer.Exit(Exit.NOT_IN_STEP if wrong else Exit.OK)
