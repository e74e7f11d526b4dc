"""What a kind of job is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from kobling.access.policy import Actor
from kobling.hub.connections.opening import Opener
from kobling.hub.told.said import NOTHING, Said
from kobling.sdk.protocols import Clock


class Going(Protocol):
    """How a job that goes on is heard of, and what its worker lends it."""

    opener: Opener
    """For kinds that ask a vendor."""
    clock: Clock

    @property
    def job(self) -> int:
        """Whose file was given with the asking: ``files.lay_down``."""

    def tell(self, done: int, total: int = 0, what: Said = NOTHING) -> None:
        """Say how far it is. Called often; ends the job here where its worker stops or it is no longer its own."""

    def keep(self, path: Path) -> None:
        """Keep the file that was made: whoever may watch the job may have it for an hour after its end."""


Params = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Kind:
    """``require`` raises NotFound for whoever may not ask for it, nor watch it; asked again before it is done.

    ``work`` gives what is kept as the result: JSON, with sentences unfilled. ``repeatable``: where its worker died it
    is done again from its beginning, else it ends and says so. ``alone``: while one waits or goes on with the same
    params, asking again gives that one. ``file``: the name of the file that it makes, of its result.
    """

    name: str
    title: str
    require: Callable[[Actor, Params], None]
    work: Callable[[Actor, Params, Going], Any]
    repeatable: bool
    alone: bool = True
    file: Callable[[Any], str] | None = None
