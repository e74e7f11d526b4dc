"""issues: what a person must settle, one by one or many at once."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from kobling.cli import output
from kobling.cli.asking import who_asks
from kobling.cli.connecting import Json
from kobling.cli.output import Exit, translated
from kobling.cli.pairing import find_pair
from kobling.cli.start import vendors
from kobling.hub.models import SyncIssue
from kobling.hub.services import issues, pairs
from kobling.hub.told.records import AnswerForetold, ChoiceTold, IssueTold, NotSettled, SettledTold
from kobling.hub.told.said import filled
from kobling.records import N_, KoblingError, from_json
from kobling.sync.answers import CHOICES
from kobling.sync.doubts import INFORMATIONAL

app = typer.Typer()


@app.command(name="issues")
def list_issues(
    pair: Annotated[str, typer.Argument(help="Only this pair.")] = "",
    kind: Annotated[str, typer.Option(help="Only this kind: conflict, maybe_same, refused …")] = "",
    table: Annotated[str, typer.Option(help="Only this table.")] = "",
    error: Annotated[str, typer.Option(help="Only this error: a vendor's code, or part of its words.")] = "",
    settle: Annotated[int, typer.Option(help="Settle this issue.")] = 0,
    every: Annotated[bool, typer.Option("--all", help="Settle all that are listed.")] = False,
    choose: Annotated[str, typer.Option(help=f"One of: {', '.join(CHOICES)}.")] = "",
    other: Annotated[str, typer.Option(help="The other record, for couple and never.")] = "",
    why: Annotated[str, typer.Option(help="Why, for the record.")] = "",
    remember: Annotated[bool, typer.Option("--remember", help="Make it the rule for records like this.")] = False,
    preview: Annotated[bool, typer.Option("--preview", help="Only say what the choice would do.")] = False,
    json: Json = False,
) -> None:
    """List what a person must settle; with --settle N or --all and --choose, settle it; without --choose, say how."""
    who = who_asks()
    found = issues.listed(who, find_pair(pair) if pair else None, kind=kind, table=table, error=error)
    if settle and not choose:
        _show_choices(issues.find(who, settle), json)
        return
    if preview:
        _preview([issues.find(who, settle)] if settle else list(found), choose, other, json)
        return
    if settle or every:
        _settle([issues.find(who, settle)] if settle else list(found), choose, other, why, json, remember)
        return
    listed = list(found[:500])
    if json:
        output.as_json([IssueTold.of(each) for each in listed])
    else:
        _show(listed)
        _show_failed_runs(pair)
    waiting = any(each.kind not in INFORMATIONAL for each in listed)
    raise typer.Exit(Exit.NOT_IN_STEP if waiting else Exit.OK)


def _show_failed_runs(pair: str) -> None:
    """A run that failed settles nothing, and nobody would see why its issues stay."""
    who = who_asks()
    for each in [find_pair(pair)] if pair else pairs.listed(who):
        if failed := output.failure(pairs.status(who, each).failure):
            output.say(N_("%(pair)s: the last run failed: %(why)s"), {"pair": each.name, "why": failed})


def _show(listed: list[SyncIssue]) -> None:
    names = ("Issue", "Table", "Kind", "Record", "Reason", "Details", "Times", "State")
    rows = [
        (
            each.pk,
            each.table.name,
            each.kind,
            each.title,
            _reason(each),
            _what(each),
            each.times,
            output.shown(each.state),
        )
        for each in listed
    ]
    output.table("", tuple(translated(each) for each in names), rows, translated("No outstanding issues."))


def _show_choices(issue: SyncIssue, json: bool) -> None:
    """How this issue can be settled, and what each choice does."""
    with vendors() as opener:
        found = issues.choices(who_asks(), issue, opener)
    if json:
        output.as_json([ChoiceTold.of(each) for each in found])
    else:
        rows = [(each.choice, translated(each.does), output.shown("yes" if each.ends else "no")) for each in found]
        output.table("", tuple(translated(each) for each in (N_("Choice"), N_("What it does"), N_("Ends it"))), rows)


def _preview(chosen: list[SyncIssue], choose: str, other: str, json: bool) -> None:
    """What one answer would do to each issue; nothing is kept."""
    with vendors() as opener:
        who = who_asks()
        found = issues.preview(who, chosen, choose, opener, datetime.now(UTC), other=other)
    told = [AnswerForetold.of(each) for each in found]
    if json:
        output.as_json(told)
    else:
        shown = [
            (one.issue, each.issue.title, output.shown("yes" if one.possible else "no"), output.in_words(one.what))
            for each, one in zip(found, told, strict=True)
        ]
        names = (N_("Issue"), N_("Record"), N_("Possible"), N_("What it does"))
        output.table("", tuple(translated(each) for each in names), shown, translated("No outstanding issues."))
    raise typer.Exit(Exit.NOT_IN_STEP if any(each.problem for each in found) else Exit.OK)


def _settle(chosen: list[SyncIssue], choose: str, other: str, why: str, json: bool, remember: bool = False) -> None:
    who = who_asks()
    done = 0
    failed: list[NotSettled] = []
    with vendors() as opener:
        for issue in chosen:
            try:
                issues.settle(who, issue, choose, opener, datetime.now(UTC), other=other, why=why, remember=remember)
                done += 1
            except KoblingError as error:
                if len(chosen) == 1:
                    raise
                failed.append(NotSettled.of(issue, error))
    if json:
        output.as_json(SettledTold(done, failed))
    else:
        output.say(N_("%(done)s settled; the next run carries it out."), {"done": done})
        for each in failed:
            output.out.print(f"  {each.issue}: {output.in_words(each.why)}", markup=False)
    raise typer.Exit(Exit.NOT_IN_STEP if failed else Exit.OK)


def _reason(issue: SyncIssue) -> str:
    return filled(issue.reason, from_json(issue.params))


def _what(issue: SyncIssue) -> str:
    found = issues.details(issue)
    if found.get("vendor_text"):
        return f"{found['vendor_text']} ({found.get('code')})"
    by_text: dict[str, list[str]] = {}
    for key, values in found.get("fields", {}).items():
        shown = [output.cell(each) for each in values]
        text = shown[0] if values[1:] == [None, None] else " | ".join(shown)
        by_text.setdefault(text, []).append(key)
    parts = [f"{', '.join(keys)}: {text}" for text, keys in by_text.items()]
    if found.get("candidates"):
        parts.append(", ".join(found["candidates"][:5]))
    return "; ".join(parts)
