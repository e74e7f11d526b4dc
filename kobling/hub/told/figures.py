"""Figures of a connection's system as they are told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kobling.hub.models import ToldFigures
from kobling.hub.told.said import Said
from kobling.records import exact
from kobling.sdk.figures import Figure


@dataclass(frozen=True, slots=True)
class FiguresTold:
    """What a system last told and when. ``waits``: it is asked, or about to be; ``failure``: why it did not tell since.

    ``next_at`` None: it is not asked by itself, since it tells none or a person must act first.
    """

    connection: str
    figures: Sequence[Figure]
    told_at: datetime | None
    waits: bool
    next_at: datetime | None
    failure: Said | None
    failed_at: datetime | None

    @classmethod
    def of(cls, row: ToldFigures, now: datetime) -> FiguresTold:
        """As it stands now."""
        error: Mapping[str, Any] | None = row.error
        return cls(
            connection=row.connection.name,
            figures=tuple(figures_of(row)),
            told_at=row.told_at,
            waits=row.asking_until is not None or (row.due_at is not None and row.due_at <= now),
            next_at=row.due_at,
            failure=None if error is None else Said(str(error["summary"]), error.get("params")),
            failed_at=row.failed_at,
        )


def figures_of(row: ToldFigures) -> list[Figure]:
    """The figures as the connector gave them."""
    return [
        Figure(name, told["number"], {currency: exact(amount) for currency, amount in told["amounts"].items()})
        for name, told in row.figures.items()
    ]
