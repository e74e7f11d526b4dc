"""A set-up world for the tests of one module, begun anew for each of them."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.story.dynamics import PAIR as SALES
from tests.story.dynamics import Dynamics
from tests.story.expenses import Expenses
from tests.story.staffing import Staffing
from tests.story.world import PAIR as CRM_DINERO
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


@pytest.fixture(scope="module")
def staffing_stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Staffing, Path]]:
    """RecMan and Unimicro, empty of customers, connected, the pair made; numbers were not compared yet."""
    folder = tmp_path_factory.mktemp("staffing")
    with Staffing(folder / "data") as world:
        world.set_up()
        shutil.copytree(world.folder, folder / "template")
        world.begin_with_numbers()
        shutil.copytree(world.folder, folder / "compared")
        yield world, folder


@pytest.fixture
def staffing(staffing_stage: tuple[Staffing, Path]) -> Staffing:
    """As it was made."""
    staffing_stage[0].reset(staffing_stage[1] / "template")
    return staffing_stage[0]


@pytest.fixture
def ready_staffing(staffing_stage: tuple[Staffing, Path]) -> Staffing:
    """Numbers compared while there was nothing to settle."""
    staffing_stage[0].reset(staffing_stage[1] / "compared")
    return staffing_stage[0]


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[World]:
    """Simply CRM_DINERO and Dinero with one customer and one product, in step."""
    with World(tmp_path / "data", records=0) as world:
        world.set_up("booking=when_approved")
        world.control(world.crm, "POST", "records/Accounts", {"accountname": "Bøgh Byg ApS", "bill_country": "Danmark"})
        world.control(world.crm, "POST", "records/Products", {"productname": "Mursten", "productcode": "M1"})
        world.kobling("sync", CRM_DINERO, expect=None)
        yield world


@pytest.fixture(scope="module")
def trade(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dynamics]:
    """Dynamics 365 Sales and Business Central, coupled and at rest."""
    with Dynamics(tmp_path_factory.mktemp("trade") / "data", records=6) as world:
        world.set_up("orders=to_business_central")
        world.kobling("sync", SALES, expect=None)
        world.kobling("issues", SALES, "--kind", "maybe_same", "--all", "--choose", "couple", expect=None)
        world.kobling("sync", SALES, expect=None)
        world.kobling("sync", SALES, expect=None)
        yield world
