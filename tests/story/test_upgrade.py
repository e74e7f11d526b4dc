"""A run that an older Kobling parked: told and ended, nothing of it unpickled, and the next run goes on from there."""

from __future__ import annotations

import base64
import pickle
import signal
import sqlite3
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.story.world import PAIR, World

pytestmark = pytest.mark.story


class Bomb:
    """Does something when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return Path.touch, (self.path,)


def test_a_run_of_an_older_version_is_told_and_the_next_one_goes_on(
    world: World, undisturbed: dict[str, Counter[str]], tmp_path: Path
) -> None:
    killed = world.begin("sync", PAIR, KOBLING_CRASH_AT="answered:4")
    assert killed.wait(timeout=120) == -signal.SIGKILL
    bomb = base64.b64encode(pickle.dumps(Bomb(tmp_path / "went off"))).decode()
    with sqlite3.connect(world.folder / "engine.sqlite3") as engine:
        engine.execute(
            "UPDATE workflow_status SET application_version = '1', serialization = 'py_pickle', inputs = ?", [bomb]
        )
        engine.execute("UPDATE operation_outputs SET serialization = 'py_pickle', output = ?", [bomb])
    engine.close()
    world.finish()
    first = next(each for each in world.kobling("jobs", "--json") if each["run"] == 1)
    assert first["state"] == "failed" and first["error"]["code"] == "older_version"
    assert not (tmp_path / "went off").exists()
    assert world.names() == undisturbed
