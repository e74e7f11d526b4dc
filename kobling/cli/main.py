"""The ``kobling`` command."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from kobling import __version__, log
from kobling.cli import demo_environment, output
from kobling.cli.asking import asking
from kobling.cli.start import FOR_GOOD, actor, command_of, start_django
from kobling.records import N_, KoblingError, Misunderstood

app = typer.Typer(
    name="kobling",
    help="Keeps business apps and accounting systems in step, two-way and exact.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def everywhere(
    context: typer.Context,
    client: Annotated[str, typer.Option(envvar="KOBLING_CLIENT", help="The client, by name or number.")] = "",
    person: Annotated[str, typer.Option("--as", envvar="KOBLING_AS", help="Act as this person.")] = "",
    _wanted: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Say which.")] = False,
) -> None:
    """Kobling. Run 'kobling COMMAND --help' for a command's options."""
    from kobling.portal.renewing import right_after

    context.with_resource(asking(person, client))
    if context.invoked_subcommand not in FOR_GOOD:
        context.with_resource(right_after(lambda: datetime.now(UTC)))
    # Whatever the command does with them: who or what is named wrongly is told before anything is shown or done.
    actor(person, client)


def load_commands(command: str = "init") -> None:
    """Add the commands; Django is started first, since they use its models."""
    start_django(command)
    if app.registered_groups:
        return
    from kobling.cli.commands import ALL

    for each in ALL:
        app.add_typer(each)


def run(arguments: list[str] | None = None) -> Any:
    """Run the command line. Exit codes: 0 fine, 1 not in step, 2 settings, 3 confirm first, 4 try later, 5 a fault."""
    given = sys.argv[1:] if arguments is None else arguments
    json = "--json" in given
    if "demo" in given[:1]:
        demo_environment.prepare()
    log.hook()
    try:
        load_commands(command_of(given))
        app(given, standalone_mode=True)
    except KoblingError as error:
        sys.exit(output.tell_error(error, json))
    except KeyboardInterrupt:
        output.err.print(output.translated("Interrupted. What was done stays done; start again to go on."))
        sys.exit(130)
    except Exception as fault:  # noqa: BLE001 - people get a sentence, support the redacted traceback
        sys.exit(output.tell_error(of_ours(fault), json))


def of_ours(fault: Exception) -> KoblingError:
    """What happened, as an error of ours; the log keeps where it happened, without a value."""
    from kobling.hub.store import faults

    told = faults.told(fault)
    if told is not None:
        return told
    log.get("kobling.cli").error("a command failed", exc_info=fault)
    return Misunderstood(
        N_("Something happened that Kobling does not know."), detail=type(fault).__name__, code="fault"
    )


if __name__ == "__main__":
    run()
