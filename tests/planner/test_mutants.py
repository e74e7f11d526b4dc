"""The properties kill every seeded bug; one that survives shows a hole in the properties."""

from __future__ import annotations

import sys
from importlib import util
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

import kobling.sync
from kobling.mapping import TableMapping
from tests.planner.moves import mappings, steps
from tests.planner.mutants import MUTANTS, Mutant
from tests.planner.rules import play

HOME = Path(kobling.sync.__file__).parent
ORDER = ("evidence", "matching", "merge", "plan")


def mutated(mutant: Mutant, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The planner with one wrong line; the real one stays as it is."""
    for name in ORDER:
        source = (HOME / f"{name}.py").read_text(encoding="utf-8")
        if name == mutant.module:
            assert source.count(mutant.right) == 1, f"the mutant '{mutant.name}' no longer fits the code"
            source = source.replace(mutant.right, mutant.wrong)
        spec = util.spec_from_loader(f"kobling.sync.{name}", loader=None)
        assert spec is not None
        module = util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, f"kobling.sync.{name}", module)
        monkeypatch.setattr(kobling.sync, name, module, raising=False)
        exec(compile(source, f"{name} ({mutant.name})", "exec"), module.__dict__)
    return sys.modules["kobling.sync.plan"]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda each: each.name)
def test_the_properties_kill(mutant: Mutant, monkeypatch: pytest.MonkeyPatch) -> None:
    plan: Any = mutated(mutant, monkeypatch)

    @settings(
        max_examples=4000,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    @given(mapping=mappings, moves=steps)
    def properties(mapping: TableMapping, moves: list[Any]) -> None:
        play(mapping, moves, plan.plan)

    with pytest.raises(AssertionError):
        properties()
