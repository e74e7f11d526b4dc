"""What people and the machine did, in one order."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from kobling.hub.services.activity import Done
from kobling.portal.lately import Lately


@dataclass(frozen=True, slots=True)
class Line:
    """Something that somebody did, or a run of the machine's own."""

    at: datetime
    done: Done | None = None
    run: Lately | None = None


def timeline(done: Iterable[Done], runs: Iterable[Lately], most: int) -> tuple[Line, ...]:
    """The newest of both, newest first."""
    lines = [*(Line(each.at, done=each) for each in done), *(Line(each.at, run=each) for each in runs)]
    return tuple(sorted(lines, key=lambda each: each.at, reverse=True)[:most])
