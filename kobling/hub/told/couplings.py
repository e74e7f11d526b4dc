"""Couplings as they are told: those there are, and what became of coupling and mending many at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from kobling.access.actors import Kind, Who
from kobling.hub.models import Coupling
from kobling.hub.services.matching import Applied
from kobling.hub.services.mending import Mended


@dataclass(frozen=True, slots=True)
class LinkTold:
    """A coupling of a table, and who made it."""

    coupling: str
    table: str
    left_id: str
    right_id: str
    coupled_at: datetime
    coupled_by: str
    coupled_by_kind: Kind

    @classmethod
    def of(cls, row: Coupling, who: Who) -> LinkTold:
        """As it is kept; ``who`` made it."""
        return cls(row.uid, row.table.name, row.left_id, row.right_id, row.coupled_at, who.name, who.kind)


@dataclass(frozen=True, slots=True)
class MatchedTold:
    """What matching did; ``refused``: (left, right, why) of two that could not be coupled."""

    coupled: int
    asked: int
    created: int
    refused: Sequence[tuple[str, str, str]]

    @classmethod
    def of(cls, done: Applied) -> MatchedTold:
        """As it was done."""
        return cls(done.coupled, done.asked, done.created, tuple(done.refused))


@dataclass(frozen=True, slots=True)
class NotCoupled:
    """Two that could not be coupled, and why."""

    left: str
    right: str
    why: str


@dataclass(frozen=True, slots=True)
class CoupledTold:
    """What coupling many by name did."""

    coupled: int
    refused: Sequence[NotCoupled]

    @classmethod
    def of(cls, done: Applied) -> CoupledTold:
        """As it was done."""
        return cls(done.coupled, [NotCoupled(*each) for each in done.refused])


@dataclass(frozen=True, slots=True)
class MendedTold:
    """What mending did; ``found``: both records are there after all; ``refused``: (coupling, why)."""

    done: int
    found: int
    refused: Sequence[tuple[str, str]]

    @classmethod
    def of(cls, done: Mended) -> MendedTold:
        """As it was done."""
        return cls(done.done, done.found, tuple(done.refused))
