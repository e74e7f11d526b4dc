"""Which connectors there are: every folder under ``kobling/connectors`` that holds a ``connector.py``."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pkgutil import iter_modules
from types import MappingProxyType

from kobling.sdk.protocols import ConnectorType

_HOME = "kobling.connectors"


@cache
def connector_types() -> MappingProxyType[str, ConnectorType]:
    """Connector types by name, in alphabetical order. Raises TypeError for a folder whose CONNECTOR is not one."""
    found: dict[str, ConnectorType] = {}
    for module in sorted(iter_modules(import_module(_HOME).__path__), key=lambda each: each.name):
        path = f"{_HOME}.{module.name}.connector"
        if not module.ispkg or find_spec(path) is None:
            continue
        offered = getattr(import_module(path), "CONNECTOR", None)
        if not isinstance(offered, ConnectorType) or offered.name != module.name:
            raise TypeError(f"{path} must offer CONNECTOR, a ConnectorType named {module.name!r}")
        found[offered.name] = offered
    return MappingProxyType(found)
