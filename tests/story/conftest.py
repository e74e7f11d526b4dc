"""A set-up world for the tests of one module, begun anew for each of them."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.story.world import World


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, Path]]:
    """A world, and a data folder in which the pair is set up and nothing was synchronised yet."""
    folder = tmp_path_factory.mktemp("world")
    with World(folder / "data", records=8) as world:
        world.set_up()
        shutil.copytree(world.folder, folder / "template")
        yield world, folder / "template"


@pytest.fixture(scope="module")
def undisturbed(stage: tuple[World, Path]) -> dict[str, Counter[str]]:
    """What both sides hold after a sync that nothing disturbed."""
    world, template = stage
    world.reset(template)
    world.finish()
    return world.names()


@pytest.fixture
def world(stage: tuple[World, Path], undisturbed: dict[str, Counter[str]]) -> World:
    """The world as it was before the first sync."""
    stage[0].reset(stage[1])
    return stage[0]
