"""Says in the last lines of a test run what ran beside Python (``-p`` in pyproject.toml); fails one that skipped it."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tools"))
import prepare_tests

TITLES = {"postgres": "PostgreSQL", "power": "Power cuts", "browser": "Pages in a browser"}
NEEDED = {"postgres", "browser"}
"""What a run may not leave out where it could have been installed."""
_ran: Counter[str] = Counter()
_skipped: dict[str, str] = {}


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Count; with xdist only the first process hears of all."""
    for mark in TITLES:
        if mark not in report.keywords:
            continue
        if report.skipped:
            _skipped[mark] = str(report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr)
        elif report.when == "call":
            _ran[mark] += 1


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """A run that left them out where they could have run has failed."""
    if NEEDED & _skipped.keys() and prepare_tests.must_run() and session.exitstatus == 0:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_unconfigure(config: pytest.Config) -> None:
    """The last lines, below pytest's own."""
    if hasattr(config, "workerinput"):
        return
    for mark, title in TITLES.items():
        if mark in _skipped:
            print(f"{title}: SKIPPED, {_skipped[mark].removeprefix('Skipped: ')}")
        elif _ran[mark]:
            print(f"{title}: {_ran[mark]} tests ran")
