"""Who asks, and for which client: held while one command runs, and never longer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kobling.cli.start import actor

if TYPE_CHECKING:
    from kobling.access.policy import Actor


@dataclass(frozen=True, slots=True)
class Asked:
    """What was said before the command: as whom, and for which client."""

    person: str = ""
    client: str = ""


# Not Click's own context: Typer brings a Click of its own and does not say which one is running.
_running: ContextVar[Asked] = ContextVar("asked")


@contextmanager
def asking(person: str, client: str) -> Iterator[None]:
    """While a command runs, this is what it was asked."""
    token = _running.set(Asked(person, client))
    try:
        yield
    finally:
        _running.reset(token)


def asked() -> Asked:
    """What was said before the command that runs. Raises LookupError outside of one."""
    return _running.get()


def who_asks() -> Actor:
    """Who asks, for the client named and then for no other. Raises NotFound where there is no such person or client."""
    return actor(asked().person, asked().client)
