"""What other packages add: shown where people look, and said where it cannot be used."""

from __future__ import annotations

from collections.abc import Iterator

from rich.markup import escape

from kobling.cli import output
from kobling.hub.told.said import filled
from kobling.pairs.registry import pairs
from kobling.sdk.extensions import OURSELVES, LeftOut
from kobling.sdk.registry import connectors


def added() -> Iterator[tuple[str, str]]:
    """Connectors and pairs of other packages, each with its package."""
    for offers in (connectors(), pairs()):
        yield from ((name, offers.packages[name]) for name in offers.found if offers.packages[name] != OURSELVES)


def left_out() -> tuple[LeftOut, ...]:
    """Connectors and pairs that cannot be used."""
    # A package whose metadata is broken is found broken by both.
    found = {(each.name, str(each.error)): each for each in (*connectors().left_out, *pairs().left_out)}
    return tuple(found.values())


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
