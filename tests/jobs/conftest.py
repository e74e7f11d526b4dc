"""Kinds of jobs for tests, a clock, and who asks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.utils import translation

from kobling.access.policy import Actor, require_installation
from kobling.engine.jobbing import Jobbing
from kobling.jobs import kinds
from kobling.jobs.kind import Going, Kind, Params
from kobling.sdk.clock import FakeClock

OPERATOR = Actor.operator("root")
Work = Callable[[Actor, Params, Going], Any]


@pytest.fixture(autouse=True)
def in_english() -> Iterator[None]:
    translation.deactivate()
    yield
    translation.deactivate()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def kind(monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Adds a kind that does what is given."""

    def add(
        work: Work,
        repeatable: bool = True,
        alone: bool = True,
        name: str = "tried",
        file: Callable[[Any], str] | None = None,
    ) -> str:
        made = Kind(name, "Tried", lambda actor, _: require_installation(actor), work, repeatable, alone, file)
        monkeypatch.setattr(kinds, "KINDS", {**kinds.KINDS, name: made})
        for module in ("services", "working"):
            monkeypatch.setattr(f"kobling.jobs.{module}.KINDS", kinds.KINDS)
        return name

    return add


@pytest.fixture
def jobbing(clock: FakeClock) -> Callable[..., Jobbing]:
    def one(name: str = "me") -> Jobbing:
        return Jobbing(clock, name, None)  # type: ignore[arg-type]

    return one
