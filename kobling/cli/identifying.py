"""identity: numbers of companies and payment references that cannot be right."""

from __future__ import annotations

from collections import Counter
from typing import Annotated

import typer

from kobling.cli import output
from kobling.cli.asking import who_asks
from kobling.cli.connecting import Json
from kobling.cli.output import Exit, translated
from kobling.cli.pairing import find_pair
from kobling.cli.start import vendors
from kobling.hub.services import identity
from kobling.hub.told.checks import IdentitiesTold
from kobling.mapping.identity import Checked
from kobling.records import N_
from kobling.sdk.registers import Registered

app = typer.Typer()


@app.command(name="identity")
def show_identity(
    pair: str,
    online: Annotated[bool, typer.Option("--online", help="Ask the EU's register (VIES) as well.")] = False,
    most: Annotated[int, typer.Option(help="How many to show.")] = 200,
    json: Json = False,
) -> None:
    """Check numbers of companies and payment references as last read: check digits, and the register if asked."""
    counted: Counter[str] = Counter()
    wrong: list[identity.Finding] = []
    with vendors() as opener:
        for each in identity.findings(who_asks(), find_pair(pair), opener, online=online):
            counted[each.checked] += 1
            counted[each.registered] += online
            if (each.checked is Checked.DOUBTFUL or each.registered is Registered.NO) and len(wrong) < most:
                wrong.append(each)
    if json:
        output.as_json(IdentitiesTold.of(counted, wrong))
    else:
        _show(counted, wrong, online)
    raise typer.Exit(Exit.NOT_IN_STEP if wrong else Exit.OK)


def _show(counted: Counter[str], wrong: list[identity.Finding], online: bool) -> None:
    told = {"fits": counted[Checked.FITS], "doubtful": counted[Checked.DOUBTFUL], "rest": counted[Checked.NOT_CHECKED]}
    output.say(N_("%(fits)s fit, %(doubtful)s are doubtful, %(rest)s cannot be checked."), told)
    if online:
        told = {"yes": counted[Registered.YES], "no": counted[Registered.NO], "rest": counted[Registered.UNKNOWN]}
        output.say(N_("Register: %(yes)s found, %(no)s not found, %(rest)s without an answer."), told)
    rows = [
        (
            each.table,
            output.shown(each.side),
            each.title,
            translated(each.field),
            each.number,
            output.shown(each.registered if each.registered is Registered.NO else each.checked),
        )
        for each in wrong
    ]
    names: tuple[str, ...] = ("Table", "Side", "Record", "Field", "Number", "State")
    output.table("", tuple(translated(each) for each in names), rows)
