"""Which tests run through which line: a plugin of pytest that asks coverage, one file per worker, and their reader."""

from __future__ import annotations

import json
import os
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import coverage
import pytest

FOLDER, ROOMS = "KOBLING_COVERING", "KOBLING_ROOMS"
"""Variables that name the folder to write into, and the files to look at (with ``:`` between them)."""


class Covering:
    """Notes for each test which lines ran, threads and fixtures included, and how long it took."""

    def __init__(self, folder: Path, files: list[str]) -> None:
        worker = os.environ.get("PYTEST_XDIST_WORKER", "all")
        self.durations = folder / f"durations-{worker}.json"
        self.took: dict[str, float] = defaultdict(float)
        self.coverage = coverage.Coverage(data_file=folder / f"lines-{worker}", include=files)
        self.coverage.start()

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """What runs from here on belongs to this test."""
        self.coverage.switch_context(item.nodeid)
        yield

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Setting up counts as well: it is paid for each time."""
        self.took[report.nodeid] += report.duration

    def pytest_unconfigure(self) -> None:
        """Keep all of it."""
        self.coverage.stop()
        self.coverage.save()
        self.durations.write_text(json.dumps(self.took), encoding="utf-8")


def pytest_configure(config: pytest.Config) -> None:
    """Only in workers, and where asked to."""
    if FOLDER in os.environ and "PYTEST_XDIST_WORKER" in os.environ:
        config.pluginmanager.register(Covering(Path(os.environ[FOLDER]), os.environ[ROOMS].split(":")))


def read(folder: Path) -> tuple[dict[str, dict[int, set[str]]], dict[str, float]]:
    """(file → line → tests, test → seconds)."""
    lines: dict[str, dict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
    for each in folder.glob("lines-*"):
        data = coverage.CoverageData(basename=str(each))
        data.read()
        for path in data.measured_files():
            for line, contexts in data.contexts_by_lineno(path).items():
                lines[path][line].update(filter(None, contexts))
    took: dict[str, Any] = {}
    for each in folder.glob("durations-*.json"):
        took.update(json.loads(each.read_text(encoding="utf-8")))
    return lines, took
