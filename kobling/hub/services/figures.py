"""Figures that a system tells about a company right now: nothing is stored."""

from __future__ import annotations

from collections.abc import Sequence

from kobling.access.policy import Actor, Doing, require
from kobling.hub.connections.opening import Opener
from kobling.hub.models import Connection
from kobling.records import N_, SettingsError
from kobling.sdk.figures import Figure, Figured


def figures(actor: Actor, connection: Connection, opener: Opener) -> Sequence[Figure]:
    """What the connection's system tells. Raises SettingsError for one that tells nothing."""
    require(actor, Doing.SPEND, connection.client)
    connector = opener.connector(connection)
    if not isinstance(connector, Figured):
        raise SettingsError(N_("%(system)s tells no figures."), system=connection.connector, code="no_figures")
    return opener.waiting.run(connector.figures())
