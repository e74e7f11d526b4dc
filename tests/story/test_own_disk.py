"""Our own disk is full, read-only or damaged: it is said, nothing is lost, and work goes on when it can."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.power.cut import Disk, unable
from tests.story.world import KOBLING, PAIR, World

pytestmark = pytest.mark.story


@contextmanager
def small_disk(folder: Path, files: Path, options: str = "size=24m") -> Iterator[Path]:
    """A disk of its own with the files on it; skips where nothing can be mounted."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    if os.geteuid() or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("THE FULL DISK IS NOT TRIED: no right to mount a small one here")
    try:
        for each in files.iterdir():
            shutil.copy2(each, folder / each.name)
        folder.chmod(0o700)
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(folder: Path) -> Path:
    """Take all room there is."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            return filler


@contextmanager
def started(world: World, folder: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A command at work; ended with the test, however that ends."""
    environment = world.environment(KOBLING_DATA=str(folder), COLUMNS="1000")
    with subprocess.Popen(
        [*KOBLING, *arguments], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def first_words(process: subprocess.Popen[str]) -> str:
    """The first line that a command says on its error stream."""
    assert process.stderr is not None
    return process.stderr.readline()


def test_a_disk_that_fills_up_in_a_run_is_said_and_waited_for(
    world: World, undisturbed: dict[str, Counter[str]], tmp_path: Path
) -> None:
    with small_disk(tmp_path / "small", world.folder) as folder, started(world, folder, "sync", PAIR) as process:
        world.fault(world.dinero, kind="hold_after", match={"method": "POST", "path_regex": "/contacts$"}, times=1)
        world.until_held(world.dinero, process)
        filler = fill(folder)
        world.control(world.dinero, "DELETE", "faults")
        world.control(world.dinero, "POST", "faults/release")
        said = first_words(process)
        assert "no room left" in said, said
        assert process.poll() is None, "it waits"
        filler.unlink()
        _, told = process.communicate(timeout=120)
        assert process.returncode in (0, 1) and "Traceback" not in told
        world.folder.rename(tmp_path / "before")
        shutil.copytree(folder, world.folder)
    world.finish()
    assert world.names() == undisturbed


def test_a_disk_that_is_full_already_ends_a_command_with_words(world: World, tmp_path: Path) -> None:
    with small_disk(tmp_path / "small", world.folder) as folder:
        fill(folder)
        told = world.kobling("sync", PAIR, expect=4, KOBLING_DATA=str(folder))
        assert "no room left" in " ".join(told.split()) and "Traceback" not in told


@pytest.mark.skipif(bool(unable()), reason=unable())
@pytest.mark.power
@pytest.mark.parametrize(
    ("refusal", "said"), [("EROFS", "refuses what Kobling writes"), ("EDQUOT", "refuses"), ("ENOSPC", "no room left")]
)
def test_a_disk_that_stops_writing_in_a_run_loses_nothing(
    world: World, undisturbed: dict[str, Counter[str]], tmp_path: Path, refusal: str, said: str
) -> None:
    with (
        Disk(tmp_path / "disk", world.folder) as disk,
        started(world, tmp_path / "disk", "sync", PAIR) as process,
    ):
        world.fault(world.dinero, kind="hold_after", match={"method": "POST", "path_regex": "/products$"}, times=1)
        world.until_held(world.dinero, process)
        disk.refuses(refusal)
        world.control(world.dinero, "DELETE", "faults")
        world.control(world.dinero, "POST", "faults/release")
        told = first_words(process)
        assert said in told, told
        disk.refuses("")
        _, more = process.communicate(timeout=120)
        assert "Traceback" not in told + more
        assert process.returncode in (0, 1, 2)
        shutil.rmtree(world.folder)
        disk.settle(world.folder)
    world.finish()
    assert world.names() == undisturbed


@pytest.mark.parametrize("name", ["kobling.sqlite3", "engine.sqlite3"])
def test_a_damaged_database_is_said(world: World, name: str) -> None:
    world.kobling("sync", PAIR, expect=None)
    for each in world.folder.glob(f"{name}-*"):
        each.unlink()
    (world.folder / name).write_bytes(b"not a database at all" * 1000)
    told = " ".join(world.kobling("sync", PAIR, expect=2).split())
    assert "is damaged" in told and "Traceback" not in told


def test_a_data_folder_that_may_not_be_written_is_said(world: World, tmp_path: Path) -> None:
    with small_disk(tmp_path / "small", world.folder) as folder:
        subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
        told = " ".join(world.kobling("sync", PAIR, expect=2, KOBLING_DATA=str(folder)).split())
        assert "cannot read or write" in told and "Traceback" not in told
