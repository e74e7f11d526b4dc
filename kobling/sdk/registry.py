"""Which connectors there are: every folder under ``kobling/connectors`` that holds a ``connector.py``, and what other
packages offer in the entry point group ``kobling.connectors``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pkgutil import iter_modules

from kobling.sdk.extensions import Offers, gather
from kobling.sdk.protocols import ConnectorType

GROUP = "kobling.connectors"
_HOME = "kobling.connectors"
_SPELLING = re.compile(r"[a-z][a-z0-9_]*")


@cache
def connectors() -> Offers[ConnectorType]:
    """Connector types, ours and those of other packages. Raises TypeError for a folder of ours that holds none."""
    return gather(GROUP, _own(), _connector, _SPELLING)


def connector_types() -> Mapping[str, ConnectorType]:
    """Connector types by name, in alphabetical order."""
    return connectors().found


def _own() -> dict[str, ConnectorType]:
    found: dict[str, ConnectorType] = {}
    for module in sorted(iter_modules(import_module(_HOME).__path__), key=lambda each: each.name):
        path = f"{_HOME}.{module.name}.connector"
        if module.ispkg and find_spec(path) is not None:
            found[module.name] = _connector(module.name, getattr(import_module(path), "CONNECTOR", None))
    return found


def _connector(name: str, offered: object) -> ConnectorType:
    if not isinstance(offered, ConnectorType) or offered.name != name:
        raise TypeError(f"expected a ConnectorType named {name!r}, got {type(offered).__name__}")
    return offered
