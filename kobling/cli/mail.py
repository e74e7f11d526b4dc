"""mail: what waits to be sent and what could not be."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from kobling.access.policy import InFirm
from kobling.cli import output
from kobling.cli.asking import who_asks
from kobling.cli.connecting import Json
from kobling.cli.output import translated
from kobling.hub.services import clients
from kobling.mail import operating
from kobling.mail.digests.countries import set_country
from kobling.mail.digests.times import COUNTRIES
from kobling.mail.models import State
from kobling.mail.operating import WORDS, MailTold
from kobling.records import N_

SHOWN = 200
app = typer.Typer()
mail_app = typer.Typer(help="See what waits to be sent, and send again what could not be.", no_args_is_help=True)
app.add_typer(mail_app, name="mail")


@mail_app.command(name="list")
def list_mail(json: Json = False) -> None:
    """List the mails that wait, were refused, failed, or may have arrived."""
    found = [MailTold.of(each) for each in operating.kept(who_asks()).order_by("asked_at")[:SHOWN]]
    if json:
        output.as_json(found)
        return
    rows = [
        (
            f"#{each.id}",
            each.to,
            each.subject,
            translated(WORDS[State(each.state)]),
            str(each.tries),
            output.cell(each.next_at),
            output.in_words(each.answer),
        )
        for each in found
    ]
    names = ("Id", "To", "Subject", "State", "Tries", "Next try", "Answer")
    output.table("", tuple(translated(each) for each in names), rows, translated("No mail waits for anybody."))
    if problem := operating.not_set_up():
        output.err.print(output.in_words(problem))


@mail_app.command()
def retry(mail: Annotated[str, typer.Argument(metavar="ID", help="The id that ‘mail list’ shows.")]) -> None:
    """Send a mail again. It keeps its Message-ID, so that who has it already can tell."""
    number = mail.removeprefix("#")
    made = operating.again(who_asks(), int(number) if number.isdecimal() and len(number) < 19 else 0, datetime.now(UTC))
    output.say(N_("The mail to %(to)s is sent again by the worker."), {"to": made.to}, "green")


@mail_app.command()
def country(firm: str, code: Annotated[str, typer.Argument(help="DK, NO or SE.")]) -> None:
    """Say which country's holidays a firm has: no daily mail comes on them."""
    who = who_asks()
    found = clients.find_firm(who, firm, InFirm.ASSIGN)
    chosen = set_country(who, found, code)
    told = {"firm": found.name, "country": translated(COUNTRIES[chosen])}
    output.say(N_("%(firm)s has the holidays of %(country)s."), told, "green")


@mail_app.command()
def test(address: str) -> None:
    """Put a test mail into the outbox; the worker sends it."""
    operating.put_test(who_asks(), address, datetime.now(UTC))
    if problem := operating.not_set_up():
        output.err.print(output.in_words(problem))
    else:
        output.say(N_("A test mail to %(to)s waits for the worker. See ‘mail list’."), {"to": address}, "green")
