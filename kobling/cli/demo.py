"""demo: the main job on simulated vendors, told step by step."""

from __future__ import annotations

import threading
from typing import Annotated

import typer
from rich.markup import escape

from kobling.cli import demo_environment, output
from kobling.cli.output import Exit
from kobling.cli.stand_ins import StandIns, package
from kobling.pairs.registry import pair_types
from kobling.records import N_

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
) -> None:
    """Bring two simulated systems into step, and tell what happens on the way."""
    from kobling.cli.demo_pairs import VENDORS
    from kobling.cli.demo_story import Story

    with package().SimulatorThread(["simply_crm", "dinero", *VENDORS], seed=seed, records=records) as simulators:
        in_step = Story(simulators).tell() & _further(simulators)
        if not once:
            output.out.print()
            output.say(N_("The simulators stay up; look around from another terminal, with:"))
            output.out.print(
                f"  export KOBLING_DATA={demo_environment.folder().name} KOBLING_ALLOW_HOSTS=127.0.0.1", markup=False
            )
            for command in ("pair list", "payments simply-crm-dinero", "jobs", "plan simply-crm-dinero"):
                output.out.print(f"  .venv/bin/kobling {command}", markup=False)
            output.say(N_("Stop with Ctrl-C."))
            threading.Event().wait()
    raise typer.Exit(Exit.OK if in_step else Exit.NOT_IN_STEP)
