"""What the planner looks at: the two sides as last seen, and what they agreed on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from kobling.mapping import Side

_COUPLINGS = UUID("6b0f1c8e-7a0c-5d53-9d0e-0c5a0d6c2f11")


def coupling_id(mapping: str, left_id: str, right_id: str) -> str:
    """The coupling's id, the same whenever the same two records are coupled again."""
    return str(uuid5(_COUPLINGS, f"{mapping}\n{left_id}\n{right_id}"))


@dataclass(frozen=True, slots=True)
class Seen:
    """One side's record in agreed values. ``locked``: posted, so that no value but the unlocked ones may change.

    ``left_out`` are keys whose value cannot be carried now: nobody reads or writes them; ``lacking`` are those of them
    that people hear of, and why. ``points_to``: (mapping, id)
    of records after whose coupling some of these can be.
    ``outside``: by which conditions it left the scope (``status: Cancel``), where that is to be asked about; ``over``:
    it is at its end. ``thawed``: it may be written whole again. ``beyond``: keys that point to what is left out.
    """

    external_id: str
    values: Mapping[str, Any]
    version: str | None = None
    modified_at: datetime | None = None
    locked: bool = False
    in_scope: bool = True
    waits: tuple[tuple[str, str, str], ...] = ()
    problems: Mapping[str, Any] = field(default_factory=dict)
    left_out: frozenset[str] = frozenset()
    points_to: tuple[tuple[str, str], ...] = ()
    outside: str = ""
    over: bool = False
    thawed: bool = False
    beyond: tuple[str, ...] = ()
    lacking: Mapping[str, Any] = field(default_factory=dict)


def roundings_of(*values: Mapping[str, Any]) -> int:
    """How often the lines of a document are rounded, by whichever side tells more: each once; one with a discount three
    times, its worth and its discount on one side and what is left of it on the other."""
    return max(_of_lines(each.get("lines")) for each in values)


def _of_lines(lines: Any) -> int:
    if not isinstance(lines, list):
        return 0
    return sum(3 if isinstance(each, Mapping) and each.get("discount") else 1 for each in lines)


@dataclass(frozen=True, slots=True)
class Pairing:
    """A coupled pair of records under work; a side that is None has vanished."""

    coupling: str
    left_id: str
    right_id: str
    base_left: Mapping[str, Any]
    base_right: Mapping[str, Any]
    left: Seen | None
    right: Seen | None
    policy: str | None = None
    busy: bool = False

    def base(self, side: Side) -> Mapping[str, Any]:
        return self.base_left if side is Side.LEFT else self.base_right

    def seen(self, side: Side) -> Seen | None:
        return self.left if side is Side.LEFT else self.right

    def id_of(self, side: Side) -> str:
        return self.left_id if side is Side.LEFT else self.right_id


@dataclass(frozen=True, slots=True)
class Hits:
    """Who shares a match rule's key with a lone record: on the other side, on its own (rivals), and coupled ones.

    ``left_alone`` are those of the other side that a person left out, where the key is no identity.
    """

    others: tuple[str, ...] = ()
    rivals: tuple[str, ...] = ()
    taken: tuple[str, ...] = ()
    left_alone: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Done:
    """What a document became on the other side, by the number that people know; ``against``: key → what it says there,
    of what does not agree."""

    number: str
    against: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Loner:
    """A record without a coupling. ``hits`` hold one entry per match rule, in order.

    ``decision``: what a person said: ``create``, ``ignore``, ``couple:<id>``, or ``ask`` (a person still has to say).
    ``others`` are the hits' records.
    ``done``: it was done on the other side before it was known here.
    ``busy``: a write with unknown outcome is open. ``parked``: it failed twice and nobody asked to retry.
    """

    side: Side
    seen: Seen
    hits: tuple[Hits, ...] = ()
    others: Mapping[str, Seen] = field(default_factory=dict)
    never: frozenset[str] = frozenset()
    decision: str | None = None
    parked: bool = False
    busy: bool = False
    done: Done | None = None
