"""Whatever people do on both sides, every sync obeys the rules."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings

from kobling.mapping import TableMapping
from kobling.sync.plan import plan
from tests.planner.moves import mappings, steps
from tests.planner.rules import play


@settings(max_examples=2000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(mapping=mappings, moves=steps)
def test_every_sync_obeys_the_rules(mapping: TableMapping, moves: list[Any]) -> None:
    play(mapping, moves, plan)
