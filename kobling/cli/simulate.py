"""simulate: stand-ins of the vendors, for trying things out."""

from __future__ import annotations

import asyncio
import json as json_module
from typing import Annotated

import typer

from kobling.cli import output
from kobling.cli.stand_ins import StandIn, package, told
from kobling.records import N_

app = typer.Typer()


@app.command()
def simulate(
    vendor: Annotated[list[str] | None, typer.Option(help="Which vendor; may be given several times.")] = None,
    port_base: Annotated[int, typer.Option(help="The first port; each vendor takes two.")] = 0,
    seed: Annotated[int, typer.Option(help="Another seed, another world.")] = 1,
    records: Annotated[int, typer.Option(help="Customers on each side.")] = 200,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object per vendor.")] = False,
) -> None:
    """Run stand-ins of the vendors until stopped; they speak the vendors' public protocols."""

    def announce(running: StandIn) -> None:
        if json:
            document = {
                "vendor": running.vendor,
                "url": running.url,
                "control_url": running.control_url,
                "credentials": running.credentials,
            }
            print(json_module.dumps(document), flush=True)
            return
        output.say(N_("%(vendor)s at %(url)s (control: %(control)s)"), dict(told(running)))
        for name, value in running.credentials.items():
            output.out.print(f"  {name}={value}", markup=False)

    simulators = package()
    wanted = [each.replace("-", "_") for each in vendor or simulators.vendors()]
    asyncio.run(simulators.serve(wanted, port_base=port_base or None, seed=seed, records=records, announce=announce))
