"""demo: the main job on simulated vendors, told step by step; then the pages of a firm that has these as clients."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from kobling.cli import demo_environment, output, serving
from kobling.cli.output import Exit
from kobling.cli.stand_ins import StandIns, package
from kobling.pairs.registry import pair_types
from kobling.records import N_

if TYPE_CHECKING:
    from kobling.cli.demo_firm import DemoFirm

app = typer.Typer()


def _further(simulators: StandIns) -> bool:
    """The other pairs, one after the other; whether all are in step but for what waits for a person."""
    from kobling.cli.demo_pairs import chapters

    good = True
    for number, each in enumerate(chapters(simulators), start=7):
        output.out.print()
        title = f"{number}. {pair_types()[each.pair_type].title} · {each.client}"
        output.out.rule(escape(title), align="left", style="dim")
        good = each.tell() and good
    return good


@app.command()
def demo(
    once: Annotated[bool, typer.Option("--once", help="Stop after printing.")] = False,
    records: Annotated[int, typer.Option(help="Customers on each side.")] = 60,
    seed: Annotated[int, typer.Option(help="Another seed, another world.")] = 1,
    port: Annotated[int, typer.Option("--port", help="The port that the pages listen at.")] = 8000,
) -> None:
    """Bring two simulated systems into step, and tell what happens on the way; then show the pages of a firm."""
    from kobling.cli.demo_firm import open_firm
    from kobling.cli.demo_pairs import VENDORS
    from kobling.cli.demo_story import Story

    started: AbstractContextManager[Any] = package().SimulatorThread(
        ["simply_crm", "dinero", *VENDORS], seed=seed, records=records
    )
    # What is wrong with the port is said before the story, not after it.
    door = nullcontext() if once else serving.listening("127.0.0.1", port)
    with door as opened, started as simulators:
        in_step = Story(simulators).tell() & _further(simulators)
        made = open_firm(datetime.now(UTC))
        output.out.print()
        told = {"firm": made.firm.name, "number": made.firm.clients.count()}
        output.say(N_("%(firm)s is the demo's accounting firm, with %(number)s clients in every state."), told)
        if opened is not None:
            serving.show(opened, lambda address: _tell_who(made, address))
    raise typer.Exit(Exit.OK if in_step else Exit.NOT_IN_STEP)


def _tell_who(made: DemoFirm, address: str) -> None:
    """A link for each of the two whom one may be; the simulators stay up meanwhile."""
    from kobling.hub.services import joining

    now = datetime.now(UTC)
    for person, who in ((made.admin, N_("administrator")), (made.bookkeeper, N_("bookkeeper"))):
        link = f"{address}/sign-in/{joining.sign_in_link(made.who, person, now)}/"
        told = {"name": person.called, "who": output.translated(who), "link": link}
        output.say(N_("Sign in as %(name)s, %(who)s, at %(link)s (works once)."), told)
    output.say(N_("Mail goes into the folder %(folder)s."), {"folder": str(demo_environment.mail_folder())})
