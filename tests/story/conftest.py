"""Stages that several story modules share."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.story.expenses import Expenses


@pytest.fixture(scope="module")
def pleo_stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Expenses, Path]]:
    """The pair set up, and synchronised once, so that Pleo knows accounts, tags and tax codes."""
    folder = tmp_path_factory.mktemp("expenses")
    with Expenses(folder / "data") as world:
        world.set_up()
        shutil.copytree(world.folder, folder / "template")
        yield world, folder / "template"


@pytest.fixture
def pleo_world(pleo_stage: tuple[Expenses, Path]) -> Expenses:
    pleo_stage[0].reset(pleo_stage[1])
    for system in (pleo_stage[0].pleo, pleo_stage[0].central):
        knobs = pleo_stage[0].control(system, "GET", "config")
        assert knobs, "knobs are told"
    return pleo_stage[0]


@pytest.fixture
def ready(pleo_world: Expenses) -> Iterator[Expenses]:
    """The pair set up, nothing synchronised; knobs of Business Central are turned back afterwards."""
    world = pleo_world
    yield world
    world.control(world.central, "POST", "config", {"allow_posting_from": "0001-01-01", "digital_voucher": False})
    world.control(world.central, "POST", "config", {"mandatory_dimensions": {}, "templates": []})


@pytest.fixture
def taught(ready: Expenses) -> Expenses:
    """Synchronised once, so that Pleo knows accounts, tags and VAT codes."""
    ready.sync()
    return ready
