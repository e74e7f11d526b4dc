"""verify: prove that two sides are in step."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from kobling.cli import left_out, output
from kobling.cli.asking import who_asks
from kobling.cli.connecting import Json
from kobling.cli.output import Exit, translated
from kobling.cli.pairing import find_pair
from kobling.cli.start import vendors
from kobling.hub.services import verifying
from kobling.hub.told.checks import VerificationTold
from kobling.records import N_, NP_

app = typer.Typer()


@app.command()
def verify(
    pair: str,
    most: Annotated[int, typer.Option(help="How many differences to list.")] = 50,
    json: Json = False,
) -> None:
    """Read both sides afresh and compare field by field, total by total. Exit 0 only when in step."""
    with vendors() as opener:
        report = verifying.verify(who_asks(), find_pair(pair), opener, most=most)
    if json:
        output.as_json(VerificationTold.of(report))
    else:
        print_report(report)
    raise typer.Exit(Exit.OK if report.in_step else Exit.NOT_IN_STEP)


def _field(difference: verifying.Difference) -> str:
    return difference.field if difference.kind in ("field", "total") else output.shown(difference.field)


def print_report(report: verifying.Report) -> None:
    """Print what a verification found."""
    rows: list[tuple[Any, ...]] = [
        (
            each.name,
            each.in_step,
            each.differences,
            each.kept_differently,
            each.left_out,
            "; ".join(
                f"{key} {output.cell(left)} / {output.cell(right)}" for key, (left, right) in each.totals.items()
            ),
        )
        for each in report.tables
    ]
    names: tuple[str, ...] = (
        "Table",
        "In step",
        "Differences",
        "Kept differently",
        "Left out",
        "Totals left / right",
    )
    output.table("", tuple(translated(each) for each in names), rows)
    left_out.by_filters(
        (table.name, side, reason, number)
        for table in report.tables
        for (side, reason), number in sorted(table.left_out_by.items())
    )
    _print_differences(report)
    _print_control(report)
    for table in report.tables:
        for key, (number, difference) in table.rounded.items():
            told = {"table": table.name, "key": key, "number": int(number), "sum": output.amount(difference)}
            line = NP_(
                "%(table)s, %(key)s: %(number)s differs by rounding within the limit, by %(sum)s.",
                "%(table)s, %(key)s: %(number)s differ by rounding within the limit, %(sum)s together.",
            )
            output.say(line, told, "yellow")


def _print_differences(report: verifying.Report) -> None:
    rows = [
        (each.table, output.shown(each.kind), each.title, _field(each), each.left, each.right)
        for each in report.differences
    ]
    if rows:
        names = ("Table", "What", "Record", "Field", "Left", "Right")
        output.table(translated("Not in step"), tuple(translated(each) for each in names), rows)
        if report.more:
            output.say(N_("… and %(more)s more."), {"more": report.more})
    else:
        output.say(N_("In step."), style="bold green")


def _print_control(report: verifying.Report) -> None:
    rows = [(*key, *sums) for table in report.tables for key, sums in sorted(table.control.items())]
    if rows:
        names = ("Period", "Account", "VAT code", "Currency", "Left", "Right")
        output.table(translated("Control totals"), tuple(translated(each) for each in names), rows)
