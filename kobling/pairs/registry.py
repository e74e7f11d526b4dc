"""Which pairs there are: every folder here with a ``pair.py`` that names a ``PAIR``, and what other packages offer in
the entry point group ``kobling.pairs``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pathlib import Path

from kobling.pairs.base import PairType
from kobling.records import N_, SettingsError
from kobling.sdk.extensions import Offers, gather, without
from kobling.sdk.registry import connector_types

GROUP = "kobling.pairs"
_SPELLING = re.compile(r"[a-z][a-z0-9-]*")


@cache
def pairs() -> Offers[PairType]:
    """Pair types, ours and those of other packages; one whose connector there is not is left out."""
    offers = gather(GROUP, _own(), _pair, _SPELLING)
    for name, kind in offers.found.items():
        missing = next((each for each in (kind.left, kind.right) if each not in connector_types()), None)
        if missing is not None:
            summary = N_(
                "“%(name)s” of the package %(package)s needs the connector “%(connector)s”, which is not there."
            )
            package = offers.packages[name]
            error = SettingsError(summary, name=name, package=package, connector=missing, code="broken_extension")
            offers = without(offers, name, error)
    return offers


def pair_types() -> Mapping[str, PairType]:
    """All pair types by name, in alphabetical order."""
    return pairs().found


def _own() -> dict[str, PairType]:
    found: dict[str, PairType] = {}
    for folder in sorted(Path(__file__).parent.iterdir()):
        if (folder / "pair.py").exists():
            name = folder.name.replace("_", "-")
            found[name] = _pair(name, import_module(f"kobling.pairs.{folder.name}.pair").PAIR)
    return found


def _pair(name: str, offered: object) -> PairType:
    if not isinstance(offered, PairType) or offered.name != name:
        raise TypeError(f"expected a PairType named {name!r}, got {type(offered).__name__}")
    return offered
