"""The power fails at any moment: what was sent is in the journal, nothing is lost and nothing is doubled.

The data folder lies on a disk that drops what was not synced (``tests/power``). ``KOBLING_POWER_CUTS`` says how many
moments are tried; each is named by its number, so that a failing one is tried again alone.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.power.cut import Disk, unable
from tests.story.world import KOBLING, PAIR, World

pytestmark = [pytest.mark.story, pytest.mark.power, pytest.mark.skipif(bool(unable()), reason=unable())]
CUTS = int(os.environ.get("KOBLING_POWER_CUTS") or 6)
LONGEST = 180


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, Path]]:
    """As for kills, with few records, since every moment is a whole run and another one after it."""
    folder = tmp_path_factory.mktemp("world")
    with World(folder / "data", records=4) as world:
        world.set_up()
        shutil.copytree(world.folder, folder / "template")
        yield world, folder / "template"


@pytest.fixture(scope="module")
def changes(stage: tuple[World, Path], tmp_path_factory: pytest.TempPathFactory) -> int:
    """How many changes of the disk a whole run makes."""
    world, template = stage
    world.reset(template)
    return cut_off(world, tmp_path_factory.mktemp("whole"), fails_at=0, seed=0)[1]


def cut_off(world: World, room: Path, *, fails_at: int, seed: int) -> tuple[int, int]:
    """Synchronise on a disk whose power fails; the world's folder is what was on it. Returns (exit code, changes)."""
    with Disk(room / "disk", world.folder, fails_at=fails_at, seed=seed) as disk:
        environment = world.environment(KOBLING_DATA=str(room / "disk"))
        process = subprocess.Popen(
            [*KOBLING, "sync", PAIR], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        disk.kills(process.pid)
        code = process.wait(timeout=LONGEST)
        shutil.rmtree(world.folder)
        return code, disk.settle(world.folder)


def journaled(folder: Path) -> Counter[tuple[str, str]]:
    """Intents in the journal, by side and operation."""
    copy = folder.with_name("looked-at")
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(folder, copy)
    with sqlite3.connect(copy / "kobling.sqlite3") as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        found = database.execute("SELECT side, operation, COUNT(*) FROM hub_writeintent GROUP BY side, operation")
        return Counter({(side, operation): number for side, operation, number in found})


def reached(world: World) -> Counter[tuple[str, str]]:
    """Writes that the vendors were asked for, by side and operation."""
    crm = world.control(world.crm, "GET", "counters")["by_operation"]
    dinero = world.control(world.dinero, "GET", "counters")["by_operation"]
    kinds = {"create": "create", "revise": "update", "POST": "create", "PUT": "update"}
    found: Counter[tuple[str, str]] = Counter()
    for side, counted in (("left", crm), ("right", dinero)):
        for operation, number in counted.items():
            verb, _, what = operation.partition(" ")
            if verb in kinds and what and what != "token":
                found[side, kinds[verb]] += number
    return found


@pytest.mark.parametrize("seed", range(CUTS))
def test_a_power_cut_loses_no_intent_and_doubles_no_record(
    world: World, undisturbed: dict[str, Counter[str]], changes: int, tmp_path: Path, seed: int
) -> None:
    for vendor in (world.crm, world.dinero):
        world.control(vendor, "DELETE", "counters")
    fails_at = random.Random(f"power {seed}").randint(1, changes)
    code, _ = cut_off(world, tmp_path, fails_at=fails_at, seed=seed)
    assert code in (-signal.SIGKILL, 0, 1), f"the command ended by itself with {code}"
    lost = reached(world) - journaled(world.folder)
    assert not lost, f"requests without an intent on disk: {dict(lost)}"
    world.finish()
    assert world.names() == undisturbed
