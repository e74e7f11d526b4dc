"""How a connection stands, kept as a sentence with its parameters, so that it is told in anybody's language."""

from __future__ import annotations

from typing import Any

from kobling.hub.models import Connection
from kobling.hub.told.said import Said
from kobling.records import N_, KoblingError

_LONGEST = 500


def kept(error: KoblingError | None) -> dict[str, Any]:
    """Columns of a connection that an error made red, or that is well."""
    if error is None:
        return {"healthy": True, "health_text": "", "health_params": {}, "health_kind": ""}
    params = {name: str(value)[:_LONGEST] for name, value in error.params.items()}
    return {"healthy": False, "health_text": error.summary, "health_params": params, "health_kind": error.kind}


def remember(connection: Connection, error: KoblingError | None) -> list[str]:
    """Let a row, not saved yet, say how it stands; the names of the columns that this concerns."""
    columns = kept(error)
    for name, value in columns.items():
        setattr(connection, name, value)
    return list(columns)


def reason(connection: Connection) -> Said:
    """Why it is not well; empty where it is, or was not tried yet."""
    return Said(connection.health_text, connection.health_params)


def why_red(connection: Connection) -> Said:
    """The same with the connection's name, also of one that nobody has tried."""
    told = reason(connection) if connection.health_text else Said(N_("not tested yet"))
    return Said(N_("%(connection)s: %(why)s"), {"connection": connection.name, "why": told})
