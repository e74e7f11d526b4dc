"""Moments at which a crash test kills the process: the named one alone, and only the time that was asked for."""

from __future__ import annotations

import os
import signal

import pytest

from kobling.sync import checkpoints


@pytest.fixture
def killed(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    monkeypatch.setattr(checkpoints, "_reached", {})
    monkeypatch.setattr(os, "kill", lambda pid, how: found.append((pid, how)))
    return found


@pytest.mark.parametrize("wanted", [None, ""])
def test_in_real_life_nothing_happens(
    killed: list[tuple[int, int]], monkeypatch: pytest.MonkeyPatch, wanted: str | None
) -> None:
    if wanted is None:
        monkeypatch.delenv("KOBLING_CRASH_AT", raising=False)
    else:
        monkeypatch.setenv("KOBLING_CRASH_AT", wanted)
    for each in (*checkpoints.NAMES, ""):
        checkpoints.reach(each)
    assert killed == []


@pytest.mark.parametrize(("wanted", "times"), [("answered", 1), ("answered:1", 1), ("answered:3", 3)])
def test_the_process_is_killed_when_the_moment_comes_that_many_times_and_no_other_moment_counts(
    killed: list[tuple[int, int]], monkeypatch: pytest.MonkeyPatch, wanted: str, times: int
) -> None:
    monkeypatch.setenv("KOBLING_CRASH_AT", wanted)
    for _ in range(5):
        checkpoints.reach(checkpoints.JOURNALED)
    for reached in range(1, 5):
        checkpoints.reach(checkpoints.ANSWERED)
        assert len(killed) == (reached >= times)
    assert killed == [(os.getpid(), signal.SIGKILL)]
