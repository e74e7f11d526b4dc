"""What other packages add: shown where people look, and said where it cannot be used."""

from __future__ import annotations

from rich.markup import escape

from kobling.cli import output
from kobling.hub.told.said import filled
from kobling.jobs.checkup import left_out
from kobling.sdk.extensions import LeftOut


def told(one: LeftOut) -> list[str]:
    """Why it cannot be used, and what its maker needs to know."""
    return [each for each in (filled(one.error.summary, one.error.params), one.error.detail) if each]


def tell() -> None:
    """Say what cannot be used, beside a command's own answer."""
    for each in left_out():
        output.err.print(f"[yellow]{escape(told(each)[0])}[/]")


def explain(name: str) -> None:
    """Raises why a connector or pair of that name is not used, where there is one."""
    for each in left_out():
        if each.name == name:
            raise each.error
