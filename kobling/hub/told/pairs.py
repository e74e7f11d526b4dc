"""Pairs as they are told: how they stand, when they run, and how their tables and fields are mapped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kobling.hub.models import Pair, Schedule
from kobling.hub.services.pairs import Status
from kobling.hub.told.said import Said
from kobling.mapping import TableMapping


@dataclass(frozen=True, slots=True)
class PairTold:
    """One pair and how it stands; ``status``: green or red; ``failure``: what the last run failed of."""

    client: str
    pair: str
    type: str
    status: str
    reason: Said
    state: str
    failure: Said | None
    last_run: int | None
    issues: int
    parked: int
    next_at: datetime | None

    @classmethod
    def of(cls, pair: Pair, status: Status) -> PairTold:
        """As it stands now."""
        return cls(
            client=pair.client.name,
            pair=pair.name,
            type=pair.pair_type,
            status="green" if status.green else "red",
            reason=status.reason,
            state=status.state,
            failure=_said(status.failure),
            last_run=status.last_run.pk if status.last_run else None,
            issues=status.issues,
            parked=status.parked,
            next_at=status.next_at,
        )


def _said(failure: Mapping[str, Any] | None) -> Said | None:
    return Said(str(failure["summary"]), failure.get("params")) if failure else None


@dataclass(frozen=True, slots=True)
class TableTold:
    """A table mapping; ``fields``: agreed name → (left fields, direction, right fields)."""

    left: str
    right: str
    direction: str
    conflict: str
    deletion: str
    depends_on: Sequence[str]
    fields: Mapping[str, tuple[str | None, str, str | None]]

    @classmethod
    def of(cls, mapping: TableMapping) -> TableTold:
        """As the pair's options shape it."""
        return cls(
            left=mapping.left,
            right=mapping.right,
            direction=mapping.direction.value,
            conflict=mapping.conflict.value,
            deletion=mapping.deletion.value,
            depends_on=list(mapping.depends_on),
            fields={
                each.key: (
                    ", ".join(each.left.paths) if each.left else None,
                    each.direction.value,
                    ", ".join(each.right.paths) if each.right else None,
                )
                for each in mapping.fields
            },
        )


@dataclass(frozen=True, slots=True)
class SetUpTold:
    """What a pair is made of."""

    options: Mapping[str, Any]
    tables: Mapping[str, TableTold]

    @classmethod
    def of(cls, pair: Pair, mappings: Mapping[str, TableMapping]) -> SetUpTold:
        """Its options and its tables."""
        return cls(pair.options, {name: TableTold.of(each) for name, each in mappings.items()})


@dataclass(frozen=True, slots=True)
class MadeTold:
    """A pair that was made."""

    pair: str
    type: str
    options: Mapping[str, Any]

    @classmethod
    def of(cls, pair: Pair) -> MadeTold:
        """As it was made."""
        return cls(pair.name, pair.pair_type, pair.options)


@dataclass(frozen=True, slots=True)
class OptionsTold:
    """The options of a pair."""

    pair: str
    options: Mapping[str, Any]

    @classmethod
    def of(cls, pair: Pair) -> OptionsTold:
        """As they stand now."""
        return cls(pair.name, pair.options)


@dataclass(frozen=True, slots=True)
class ScheduleTold:
    """When a pair runs by itself; ``next_at`` None: only when somebody asks."""

    cron: str
    time_zone: str
    enabled: bool
    next_at: datetime | None

    @classmethod
    def of(cls, row: Schedule) -> ScheduleTold:
        """As it stands now."""
        return cls(row.cron, row.time_zone, row.enabled, row.next_at)
