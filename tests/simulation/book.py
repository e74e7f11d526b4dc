"""The scenario's own log: who did what, in order, in words for people and as facts for the oracle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kobling.mapping import Side
from tests.simulation.tables import FIELDS

Where = tuple[str, Side, str]
"""A record: its table, side and id."""


@dataclass(frozen=True, slots=True)
class Typed:
    """A value that a person typed, or left empty, at a moment."""

    at: int
    value: Any
    by: Where | None = None
    """The record that it was typed into, where that is not clear."""


@dataclass(frozen=True, slots=True)
class Done:
    """A write of ours that a vendor carried out."""

    at: int
    key: str
    operation: str
    where: Where
    before: Mapping[str, Any]
    after: Mapping[str, Any]


@dataclass(slots=True)
class Book:
    """What happened so far. ``wrong`` is what must never happen and did."""

    lines: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    typed: dict[Where, dict[str, list[Typed]]] = field(default_factory=dict)
    born: dict[Where, str] = field(default_factory=dict)
    """Who made a record: ``person`` or ``us``."""
    died: dict[Where, tuple[int, str]] = field(default_factory=dict)
    done: list[Done] = field(default_factory=list)
    values: dict[Where, dict[str, list[Any]]] = field(default_factory=dict)
    """Everything that a field ever said, whoever wrote it."""
    unseen: set[tuple[Where, str]] = field(default_factory=set)
    """What a person typed, never shown to anybody, and was overwritten where no version guards it."""
    undone: dict[tuple[Where, str], int] = field(default_factory=dict)
    left_out: dict[Where, str] = field(default_factory=dict)
    """Records that are nobody's counterpart, and by whose word."""
    made_anew: dict[Where, int] = field(default_factory=dict)
    """Records that a person said to make on the other side (again)."""
    conflicts: dict[tuple[Where, str], list[Any]] = field(default_factory=dict)
    """Values that stood against each other when a person was asked."""
    questions: dict[Where, set[str]] = field(default_factory=dict)
    deletions_said: set[Where] = field(default_factory=set)
    """Survivors that a person said to delete."""
    undoing: set[Where] = field(default_factory=set)
    """Records that a person said to take away again."""
    coupled_since: dict[tuple[str, str, str], int] = field(default_factory=dict)
    met_anew: dict[tuple[str, str, str], int] = field(default_factory=dict)
    """Records that a person coupled: whatever they agreed on before is forgotten."""

    @property
    def now(self) -> int:
        return len(self.lines)

    def tell(self, text: str) -> int:
        """Write a line down; returns its number."""
        self.lines.append(text)
        return len(self.lines)

    def blame(self, text: str) -> None:
        """Something happened that must never happen."""
        if text not in self.wrong:
            self.wrong.append(text)
            self.tell(f"  !! {text}")

    def person_typed(self, where: Where, fields: Mapping[str, Any]) -> None:
        """A person typed these vendor fields."""
        table, side, _ = where
        for each in FIELDS[table]:
            if each.on(side) in fields:
                self.typed.setdefault(where, {}).setdefault(each.key, []).append(Typed(self.now, fields[each.on(side)]))

    def says(self, where: Where, fields: Mapping[str, Any]) -> None:
        """A record says this from now on."""
        for name, value in fields.items():
            known = self.values.setdefault(where, {}).setdefault(name, [])
            if value not in known:
                known.append(value)

    def ever(self, where: Where, name: str) -> list[Any]:
        """All that a vendor field of a record ever said."""
        return self.values.get(where, {}).get(name, [])


def spell(where: Where) -> str:
    """A record for people."""
    table, side, external_id = where
    return f"{side.value} {table} {external_id[:14]}"
