"""Loaded before pytest-django reads the settings (``-p`` in pyproject.toml): tests work in a temporary data folder."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

from kobling.storage import make_web_key

_ROOM = "KOBLING_TESTS_FOLDER"
_outermost = _ROOM not in os.environ
if _outermost:
    os.environ[_ROOM] = tempfile.mkdtemp(prefix="kobling-tests-")
_room = Path(os.environ[_ROOM])
_folder = Path(tempfile.mkdtemp(prefix="data-", dir=_room))

_OF_OPERATORS = ("DATABASE_URL", "LANGUAGE", "CLIENT", "AS", "ALLOW_HOSTS", "CRASH_AT", "DEMO_DATA")

for _name in _OF_OPERATORS:
    os.environ.pop(f"KOBLING_{_name}", None)
os.environ["KOBLING_DATA"] = str(_folder)
with closing(sqlite3.connect(_folder / "kobling.sqlite3")) as _begun:
    # Tests have a database of their own; commands that they call find a folder that was begun.
    _begun.execute("PRAGMA user_version = 1")
make_web_key(_folder)
if os.environ.get("KOBLING_TEST_DATABASE_URL"):
    os.environ["KOBLING_DATABASE_URL"] = os.environ["KOBLING_TEST_DATABASE_URL"]


def pytest_unconfigure() -> None:
    """Leave nothing behind: each process its own folder, the first one the room of all."""
    shutil.rmtree(_room if _outermost else _folder, ignore_errors=True)
