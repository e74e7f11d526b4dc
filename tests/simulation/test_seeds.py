"""Whatever people do and whatever goes wrong: when all is quiet both sides are in step, and every loss is explained."""

from __future__ import annotations

import os

import pytest

from tests.simulation.scenario import play, shrunk

pytestmark = pytest.mark.django_db(transaction=True)
FIRST = int(os.environ.get("KOBLING_SEEDS_FROM") or 0)
SEEDS = int(os.environ.get("KOBLING_SEEDS") or 300)
ONE = int(os.environ.get("KOBLING_SEED") or 0)


@pytest.mark.parametrize("seed", range(FIRST, FIRST + SEEDS))
def test_when_all_is_quiet_both_sides_are_in_step(seed: int) -> None:
    played = play(seed)
    if played.wrong:
        pytest.fail(str(shrunk(played)), pytrace=False)


def test_replay() -> None:
    played = play(ONE)
    print(played)
    assert not played.wrong
