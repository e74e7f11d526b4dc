"""Answers that are lost, and a process that ends in the middle."""

from __future__ import annotations

from typing import Any

from kobling.hub import runs
from kobling.records import Unreachable
from tests.engine.bench import Bench

LOST = {"timeout": Unreachable("no answer", code="timeout"), "dropped": Unreachable("connection reset")}


class Killed(BaseException):
    """The process ends here."""


def ask(bench: Bench) -> Any:
    asked = runs.ask(bench.pair, "tester", bench.clock.now())
    assert runs.claim("tester", bench.clock.now()) == asked.pk
    return asked


def then_killed(original: Any) -> Any:
    def note(*args: Any) -> None:
        original(*args)
        raise Killed

    return note
