"""The power fails while keys are renewed: the old key or the new one is there, and everything opens."""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from tests.power.cut import Disk, unable
from tests.story.world import KOBLING, World

pytestmark = [pytest.mark.story, pytest.mark.power, pytest.mark.skipif(bool(unable()), reason=unable())]
CUTS = 12


def rotated(world: World, room: Path, *, fails_at: int, seed: int) -> tuple[int, int]:
    """Renew the keys on a disk whose power fails, and take what was on it. Returns (exit code, changes)."""
    room.mkdir()
    with Disk(room / "disk", world.folder, fails_at=fails_at, seed=seed) as disk:
        process = subprocess.Popen(
            [*KOBLING, "keys", "rotate", "--drop-old"],
            env=world.environment(KOBLING_DATA=str(room / "disk")),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        disk.kills(process.pid)
        code = process.wait(timeout=120)
        shutil.rmtree(world.folder)
        return code, disk.settle(world.folder)


def test_a_power_cut_in_a_rotation_loses_no_secret(world: World, tmp_path: Path) -> None:
    code, changes = rotated(world, tmp_path / "whole", fails_at=0, seed=0)
    assert code == 0 and changes > CUTS
    chance = random.Random("keys")
    for seed in range(CUTS):
        code, _ = rotated(world, tmp_path / str(seed), fails_at=chance.randint(1, changes), seed=seed)
        assert code in (0, -signal.SIGKILL)
        world.script((["test", "simply_crm"], 0), (["test", "dinero"], 0))
