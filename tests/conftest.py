"""Shared fixtures. The data folder of tests is a fresh temporary one."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

_FOLDER = tempfile.mkdtemp(prefix="kobling-tests-")
os.environ["KOBLING_DATA"] = _FOLDER
os.environ.pop("KOBLING_DATABASE_URL", None)
if os.environ.get("KOBLING_TEST_DATABASE_URL"):
    os.environ["KOBLING_DATABASE_URL"] = os.environ["KOBLING_TEST_DATABASE_URL"]
os.environ.pop("KOBLING_LANGUAGE", None)


def pytest_sessionfinish() -> None:
    """Leave nothing behind."""
    import shutil

    shutil.rmtree(Path(_FOLDER), ignore_errors=True)


def _hypothesis() -> None:
    """The same examples every time, so that a red run is a red change; ``KOBLING_EXPLORE=1`` looks for new ones."""
    from hypothesis import settings

    settings.register_profile("same", derandomize=True)
    settings.register_profile("explore", derandomize=False)
    settings.load_profile("explore" if os.environ.get("KOBLING_EXPLORE") else "same")


_hypothesis()
