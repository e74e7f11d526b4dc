"""Runs tests with one wrong line in the core; nothing on disk is changed, so that several can run at once."""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest


class WrongLine(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Loads one module from another source than its file."""

    def __init__(self, module: str, path: str, source: str) -> None:
        self.module, self.path, self.source = module, path, source

    def find_spec(self, name: str, _path: Sequence[str] | None, _target: ModuleType | None = None) -> Any:
        """The module's place is its own file's, so that what it finds beside it stays the same."""
        if name != self.module:
            return None
        package = [str(Path(self.path).parent)] if self.path.endswith("__init__.py") else None
        return importlib.util.spec_from_file_location(name, self.path, loader=self, submodule_search_locations=package)

    def create_module(self, _spec: importlib.machinery.ModuleSpec) -> None:
        """As Python does it."""

    def exec_module(self, module: ModuleType) -> None:
        """Run the other source."""
        exec(compile(self.source, self.path, "exec"), module.__dict__)


def main() -> int:
    """``hook.py <module> <its file> <file with its source> <pytest's arguments>``: pytest's exit code."""
    module, path, source, *arguments = sys.argv[1:]
    sys.meta_path.insert(0, WrongLine(module, path, Path(source).read_text(encoding="utf-8")))
    return int(pytest.main(arguments))


if __name__ == "__main__":
    raise SystemExit(main())
