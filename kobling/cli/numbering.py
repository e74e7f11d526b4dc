"""numbers: customer numbers compared before the first transfer, and settled."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from kobling.cli import output
from kobling.cli.asking import who_asks
from kobling.cli.connecting import Json
from kobling.cli.output import Exit, translated
from kobling.cli.pairing import find_pair
from kobling.cli.start import vendors
from kobling.hub.services import numbering
from kobling.hub.told.checks import NumbersTold
from kobling.records import N_, SettingsError
from kobling.sync.comparing import KINDS, Known

app = typer.Typer()

_WHAT = {
    "match": N_("the same number and the same customer"),
    "collision": N_("the same number, but another customer?"),
    "renumbered": N_("the same customer, but another number?"),
    "double": N_("several have this number"),
    "unnumbered": N_("no number that can be used"),
    "only_left": N_("will be made on the right"),
    "only_right": N_("only there: left alone"),
}
_HELP = {
    "collision": N_("same LEFT RIGHT if it is the same customer; else correct the number in one of the systems."),
    "renumbered": N_("same LEFT RIGHT if it is the same customer; else make LEFT."),
    "double": N_("Give each a number of its own, or leave LEFT."),
    "unnumbered": N_("Give it a number; where the other system has it already, that number. Or leave LEFT."),
    "only_left": N_("--all only_left lets all of them be made; make LEFT or leave LEFT one by one."),
    "only_right": N_(
        "--all only_right leaves all of them alone; same LEFT RIGHT if it has another number there; leave - RIGHT."
    ),
}


@app.command()
def numbers(
    pair: str,
    answer: Annotated[
        list[str] | None, typer.Argument(help="same LEFT RIGHT, make LEFT, leave LEFT, leave - RIGHT")
    ] = None,
    everything: Annotated[str, typer.Option("--all", help="Settle all of a kind: only_left or only_right.")] = "",
    matches: Annotated[bool, typer.Option("--matches", help="List also what agrees.")] = False,
    most: Annotated[int, typer.Option(help="How many to show.")] = 200,
    why: Annotated[str, typer.Option(help="Why, for the record.")] = "",
    json: Json = False,
) -> None:
    """Compare customer numbers of both systems before the first transfer, and settle what differs."""
    who, found, now = who_asks(), find_pair(pair), datetime.now(UTC)
    with vendors() as opener:
        if everything:
            numbering.settle_all(who, found, opener, everything, now, why)
        if answer:
            choice, left, right = _read(answer)
            numbering.settle(who, found, opener, choice, left, right, now, why)
        options: dict[str, Any] = {"settled": matches, "read": not (answer or everything), "most": most}
        compared = numbering.compare(who, found, opener, **options)
    if json:
        output.as_json(NumbersTold.of(compared))
    else:
        _show(compared, found.name)
    raise typer.Exit(Exit.NOT_IN_STEP if compared.open.total() else Exit.OK)


def _read(answer: list[str]) -> tuple[str, str, str]:
    """The word, and the ids of the left and of the right record; a dash stands for none."""
    if len(answer) not in (2, 3):
        raise SettingsError(N_("Write same LEFT RIGHT, make LEFT, leave LEFT, or leave - RIGHT."), code="misfit")
    word, left, right = [*answer, "-"][:3]
    return word, left.strip("-"), right.strip("-")


def _show(found: numbering.Comparison, pair: str) -> None:
    rows = [(*_known(each.left), *_known(each.right), translated(_WHAT[each.kind])) for each in found.lines]
    headers = ("Left", "Number", "Record", "Right", "Number", "Record", "What")
    if rows:
        output.table(translated("Customer numbers"), tuple(translated(each) for each in headers), rows)
    counted = [(translated(_WHAT[kind]), found.counts[kind], found.open[kind]) for kind in KINDS if found.counts[kind]]
    output.table("", tuple(translated(each) for each in ("What", "Records", "To settle")), counted)
    if not found.open.total():
        output.say(N_("Everything is settled. The next run may begin: kobling plan %(pair)s"), {"pair": pair}, "green")
        return
    for kind in KINDS:
        if found.open[kind]:
            output.out.print(f"{translated(_WHAT[kind])}: {translated(_HELP[kind])}", markup=False)


def _known(each: Known | None) -> tuple[str, str, str]:
    if each is None:
        return "–", "", ""
    return each.external_id, each.number or "–", f"{each.name} ({each.identity})" if each.identity else each.name
