"""The brake: improbable plans stop and ask. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kobling.mapping import Side, TableMapping
from kobling.records import N_, Unsafe


@dataclass(frozen=True, slots=True)
class Counts:
    """What is known before a mapping is planned: records now, coupled ones, and coupled ones newly vanished."""

    left: int
    right: int
    coupled: int
    gone_left: int = 0
    gone_right: int = 0


@dataclass(frozen=True, slots=True)
class Limits:
    """When deletions are too many to be believed: more than ``share`` of the coupled records and at least ``few``."""

    share: float = 0.10
    few: int = 5


def brake(mapping: TableMapping, counts: Counts, limits: Limits | None = None) -> Iterator[Unsafe]:
    """Say why a plan made from these counts must be confirmed by a person; nothing when it looks sane."""
    limits = limits or Limits()
    for side, now, gone in ((Side.LEFT, counts.left, counts.gone_left), (Side.RIGHT, counts.right, counts.gone_right)):
        if not counts.coupled:
            continue
        if now == 0:
            yield Unsafe(
                N_("All %(coupled)s coupled records of %(table)s vanished from the %(side)s side at once."),
                coupled=counts.coupled,
                table=mapping.name,
                side=side.value,
                code="side_empty",
            )
        elif gone >= limits.few and gone > counts.coupled * limits.share:
            yield Unsafe(
                N_("%(gone)s of %(coupled)s coupled records of %(table)s vanished from the %(side)s side."),
                gone=gone,
                coupled=counts.coupled,
                table=mapping.name,
                side=side.value,
                code="mass_deletion",
            )
