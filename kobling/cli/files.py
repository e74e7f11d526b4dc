"""file: preview, make, list, download, mark as transferred, read the answer, withdraw; profiles."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import typer

from kobling.access.policy import Doing
from kobling.cli import left_out, output
from kobling.cli.asking import who_asks
from kobling.cli.connecting import Json, pairs_of
from kobling.cli.output import Exit, translated
from kobling.cli.start import vendors
from kobling.files import PROFILES, Profile, first_lines, profile_from_json
from kobling.files.profile import XLSX
from kobling.hub.exports.wishes import NOT_THERE, Preview, Wish
from kobling.hub.models import Connection, FileExport
from kobling.hub.services import connections, exporting
from kobling.hub.told.files import AnswerTold, ExportedTold, FileTold, LeftTold, PreviewTold, ProfileTold
from kobling.pairs.file_exports import HELD
from kobling.records import N_, NP_, SettingsError

app = typer.Typer()

file_app = typer.Typer(help="Documents as files (xlsx, csv, txt) for people to carry.", no_args_is_help=True)
app.add_typer(file_app, name="file")

From = Annotated[str, typer.Argument(help="The connection that the documents come from.")]
ProfileName = Annotated[str, typer.Option(help="A profile's name, or @file with one of your own (JSON).")]
Since = Annotated[str, typer.Option(help="Only documents from this day (YYYY-MM-DD).")]
Numbers = Annotated[list[str] | None, typer.Option("--number", help="Only the document of this number.")]
Departments = Annotated[list[str] | None, typer.Option("--department", help="Only of this department.")]
Vat = Annotated[list[str] | None, typer.Option("--vat", help="A VAT code: 25=3, 0=6 …")]
Again = Annotated[bool, typer.Option("--again", help="Also documents that are in a file already.")]
Form = Annotated[str, typer.Option(help="The form of the file: xlsx for people, csv for programs.")]
CustomerNumbers = Annotated[str, typer.Option(help="Customer numbers there: same, +100000 or 17=100017.")]
Why = Annotated[str, typer.Option(help="Why, for the log.")]


@file_app.command()
def profiles(json: Json = False) -> None:
    """List the profiles that come along."""
    if json:
        output.as_json([ProfileTold.of(each) for each in PROFILES.values()])
        return
    rows = [
        (each.name, translated(each.title), ", ".join((each.extension, *each.forms)), translated(each.note))
        for each in PROFILES.values()
    ]
    output.table("", tuple(translated(each) for each in ("Name", "Title", "Form", "Note")), rows)


@file_app.command()
def preview(
    connection: From,
    profile: ProfileName = "",
    since: Since = "",
    number: Numbers = None,
    department: Departments = None,
    vat: Vat = None,
    again: Again = False,
    form: Form = "",
    customer_numbers: CustomerNumbers = "",
    json: Json = False,
) -> None:
    """Show what a file would hold, what is left out and why. Nothing is made."""
    with vendors() as opener:
        found = _connection(connection)
        chosen = _profile(profile or exporting.source_of(found).profile).made_as(form)
        wish = _wish(chosen, since, number, department, vat, again, customer_numbers)
        shown = exporting.preview(who_asks(), found, opener, wish)
    if json:
        output.as_json(PreviewTold.of(shown))
        return
    _show(shown, wish.profile)
    raise typer.Exit(Exit.NOT_IN_STEP if {HELD, NOT_THERE} & shown.left_out.keys() else Exit.OK)


@file_app.command()
def make(
    connection: From,
    profile: ProfileName = "",
    since: Since = "",
    number: Numbers = None,
    department: Departments = None,
    vat: Vat = None,
    again: Again = False,
    form: Form = "",
    customer_numbers: CustomerNumbers = "",
    as_shown: Annotated[str, typer.Option(help="The digest of the preview: anything else is not made.")] = "",
    to: Annotated[Path | None, typer.Option(help="Write the file here as well.")] = None,
    why: Why = "",
    json: Json = False,
) -> None:
    """Make a file and keep it. Its documents go out in no other file, and over no pair."""
    who = who_asks()
    with vendors() as opener:
        found = _connection(connection)
        chosen = _in_form(_profile(profile or exporting.source_of(found).profile), form, to, as_shown)
        wish = _wish(chosen, since, number, department, vat, again, customer_numbers)
        made = exporting.make(who, found, opener, wish, datetime.now(UTC), as_shown=as_shown, why=why)
    if to is not None:
        to.write_bytes(exporting.download(who, made.pk)[1])
    if json:
        output.as_json(FileTold.of(made))
        return
    told = {"file": made.pk, "number": made.number_of_documents, "totals": _totals(made.totals)}
    said = NP_(
        "File %(file)s holds %(number)s document: %(totals)s.", "File %(file)s holds %(number)s documents: %(totals)s."
    )
    output.say(said, told, "green")
    output.say(N_("Fetch it: kobling file download %(file)s"), {"file": made.pk})
    if made.left_out:
        left_out.counted(made.left_out)
        output.say(N_("Which ones, and why: kobling file left %(file)s"), {"file": made.pk})


@file_app.command(name="list")
def list_files(json: Json = False) -> None:
    """List files: what they hold and what became of them."""
    who = who_asks()
    found = exporting.listed(who)
    if json:
        output.as_json([FileTold.of(each) for each in found])
        return
    rows = [
        (
            each.pk,
            each.connection.client.name,
            each.connection.name,
            each.profile,
            each.number_of_documents,
            _totals(each.totals),
            each.made_at,
            _state(each),
        )
        for each in found
    ]
    names: tuple[str, ...] = ("File", "Client", "Connection", "Profile", "Documents", "Totals", "Made", "State")
    empty = translated("No files yet. Make one with 'kobling file make'.")
    output.table("", tuple(translated(each) for each in names), rows, empty)


@file_app.command()
def show(number: int, json: Json = False) -> None:
    """Show the documents of a file and what the other system said of each."""
    who = who_asks()
    rows = exporting.documents(who, exporting.find(who, number, Doing.SEE))
    if json:
        output.as_json([ExportedTold.of(each) for each in rows])
        return
    cells = [(each.number, each.amount, each.currency, output.shown(each.state), each.reason) for each in rows]
    names: tuple[str, ...] = ("Number", "Amount", "Currency", "State", "Reason")
    output.table("", tuple(translated(each) for each in names), cells)


@file_app.command()
def left(number: int, json: Json = False) -> None:
    """Show what was left out of a file when it was made, and why."""
    who = who_asks()
    export = exporting.find(who, number, Doing.SEE)
    found = [LeftTold.of(each) for each in exporting.left_out(who, export)]
    if json:
        output.as_json(found)
        return
    left_out.counted(export.left_out)
    left_out.listed(found, export.left_out)


@file_app.command()
def download(number: int, to: Annotated[Path | None, typer.Option(help="Where to put it.")] = None) -> None:
    """Write a file, the same bytes each time."""
    export, content = exporting.download(who_asks(), number)
    place = to or Path(
        f"{export.connection.name}-{export.pk}.{export.layout.get('extension', 'csv')}".replace("/", "-")
    )
    _named_as_it_is(place, str(export.layout.get("extension", "csv")))
    place.write_bytes(content)
    output.say(N_("Written to %(file)s."), {"file": str(place)})


@file_app.command()
def transferred(number: int) -> None:
    """Say that a file was taken to the other system; that is said once."""
    who = who_asks()
    with vendors() as opener:
        exporting.mark_transferred(who, exporting.find(who, number), opener, datetime.now(UTC))
    output.say(N_("Saved."))


@file_app.command()
def acknowledge(
    number: int,
    answer: Path,
    profile: Annotated[str, typer.Option(help="A profile that says how the answer looks (@file, JSON).")] = "",
    json: Json = False,
) -> None:
    """Read the other system's answer or error file back; what it refused may go out again."""
    who = who_asks()
    export, content, form = exporting.find(who, number), answer.read_bytes(), _profile(profile) if profile else None
    told = exporting.acknowledge(who, export, content, datetime.now(UTC), form)
    refused = [each for each in told.told if not each.taken]
    if json:
        output.as_json(AnswerTold.of(told))
    else:
        counted = {"taken": len(told.told) - len(refused), "refused": len(refused)}
        output.say(N_("%(taken)s taken, %(refused)s refused."), counted)
        for each in refused:
            output.out.print(f"  {each.number}: {each.reason}", markup=False)
        for read in (each for each in told.told if each.written):
            output.say(N_("“%(written)s” was read as %(number)s."), {"written": read.written, "number": read.number})
        for line, text in told.unknown:
            output.say(N_("Line %(line)s is not understood: %(text)s"), {"line": line, "text": text}, "yellow")
    raise typer.Exit(Exit.NOT_IN_STEP if refused or told.unknown else Exit.OK)


@file_app.command()
def withdraw(number: int, why: Why = "") -> None:
    """Take a file back that was not transferred: its documents are free again."""
    who = who_asks()
    freed = exporting.withdraw(who, exporting.find(who, number), datetime.now(UTC), why)
    output.say(
        NP_(
            "File %(file)s is withdrawn; %(number)s document is free again.",
            "File %(file)s is withdrawn; %(number)s documents are free again.",
        ),
        {"file": number, "number": freed},
    )


def _connection(name: str) -> Connection:
    return connections.find(who_asks(), name)


def _wish(
    profile: Profile,
    since: str,
    numbers: list[str] | None,
    departments: list[str] | None,
    vat: list[str] | None,
    again: bool,
    customer_numbers: str,
) -> Wish:
    try:
        day = date.fromisoformat(since) if since else None
    except ValueError:
        raise SettingsError(N_("“%(value)s” is no date. Write it YYYY-MM-DD."), field="since", value=since) from None
    codes = pairs_of([part.strip() for each in vat or () for part in each.split(",") if part.strip()])
    return Wish(profile, day, tuple(numbers or ()), tuple(departments or ()), codes, again, customer_numbers)


def _in_form(profile: Profile, form: str, to: Path | None, as_shown: str) -> Profile:
    """The profile in the form asked for, else in the one that the file's name says. What was shown has one already."""
    named = to.suffix.removeprefix(".").casefold() if to is not None else ""
    made = profile.made_as(form or (named if named in profile.forms and not as_shown else ""))
    if to is not None:
        _named_as_it_is(to, made.extension)
    return made


def _named_as_it_is(place: Path, extension: str) -> None:
    """Raises SettingsError for a text that would be called a spreadsheet, and the other way round."""
    if (place.suffix.casefold() == f".{XLSX}") != (extension == XLSX):
        raise SettingsError(
            N_("The file is of the kind %(form)s: %(file)s would say otherwise. Name it so, or choose another form."),
            field="to",
            form=extension,
            file=place.name,
        )


def _profile(name: str) -> Profile:
    if name.startswith("@"):
        return profile_from_json(Path(name[1:]).read_bytes(), PROFILES)
    if name not in PROFILES:
        raise SettingsError(
            N_("There is no profile “%(name)s”. Known: %(known)s."),
            field="profile",
            name=name,
            known=", ".join(PROFILES),
        )
    return PROFILES[name]


def _show(shown: Preview, profile: Profile) -> None:
    rows = [
        (each.number, output.shown(each.kind), each.party.name, each.day, each.amount, each.currency)
        for each in shown.documents
    ]
    names: tuple[str, ...] = ("Number", "What", "Customer", "Date", "Amount", "Currency")
    output.table("", tuple(translated(each) for each in names), rows, translated("There is nothing to export."))
    if shown.left:
        left_out.counted(shown.left_out)
        left_out.listed(PreviewTold.of(shown).left, shown.left_out)
    for line in first_lines(profile, shown.documents, 12):
        output.out.print(line, markup=False, soft_wrap=True)
    if profile.note:
        output.say(profile.note, None, "yellow")
    if shown.documents:
        output.say(N_("Make exactly this: kobling file make … --as-shown %(digest)s"), {"digest": shown.digest})


def _state(made: FileExport) -> str:
    if made.withdrawn_at is not None:
        return translated("withdrawn")
    if made.acknowledged_at is not None:
        return translated("answered")
    return translated("transferred") if made.transferred_at is not None else translated("made")


def _totals(totals: dict[str, str]) -> str:
    return ", ".join(f"{amount} {currency}" for currency, amount in sorted(totals.items()))
