"""doctor: is this installation well?"""

from __future__ import annotations

from typing import Annotated

import typer

from kobling.cli import output
from kobling.cli.asking import who_asks
from kobling.cli.output import Exit, translated
from kobling.hub.told.checks import CheckTold
from kobling.jobs import checkup
from kobling.jobs.checkup import Check

app = typer.Typer()


@app.command()
def doctor(json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False) -> None:
    """Check this installation: Python, data folder, keys, database, connections, schedules."""
    found = [_told(each) for each in checkup.checks(who_asks())]
    if json:
        output.as_json(found)
    else:
        rows = [("✓" if each.ok else "✗", each.check, each.found) for each in found]
        output.table("", ("", translated("Check"), translated("Found")), rows)
    raise typer.Exit(Exit.OK if all(each.ok for each in found) else Exit.SETTINGS)


def _told(each: Check) -> CheckTold:
    found = " – ".join(part for part in (output.in_words(each.found), each.detail) if part)
    return CheckTold(output.in_words(each.check), each.ok, found)
