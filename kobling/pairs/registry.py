"""Pair types by presence: every folder here with a ``pair.py`` that names a ``PAIR``."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pathlib import Path

from kobling.pairs.base import PairType


@cache
def pair_types() -> dict[str, PairType]:
    """All pair types by name."""
    found = {}
    for folder in sorted(Path(__file__).parent.iterdir()):
        if (folder / "pair.py").exists():
            pair: PairType = import_module(f"kobling.pairs.{folder.name}.pair").PAIR
            found[pair.name] = pair
    return found
