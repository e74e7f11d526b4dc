"""What a plan is made of: named actions as data, so that a plan can be shown, counted, stored and executed as shown."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec

from kobling.mapping import Side


class Action(msgspec.Struct, frozen=True, tag_field="do", omit_defaults=True):
    """One decision of the planner. ``title`` names the record for people; ``reason`` says why, an English sentence
    with ``%(name)s`` places filled from ``params`` after it was translated."""

    title: str = ""
    reason: str = ""
    params: dict[str, str] = {}


class Create(Action, frozen=True, tag="create", kw_only=True):
    """Make the record on ``side`` from ``source_id`` of the other side. ``restores`` names a coupling to keep.

    ``alone``: what was deleted on ``side`` as ``source_id`` is made again, coupled with nothing and left out of later
    runs (an undo).
    """

    side: Side
    source_id: str
    values: dict[str, Any]
    restores: str | None = None
    alone: bool = False


class Update(Action, frozen=True, tag="update", kw_only=True):
    """Write ``changes`` (key → [before, after]) to the record of ``side``; ``agree`` are keys equal on both sides.

    ``alone``: the other side keeps its own values on purpose (an undo), and is not asked to follow.
    """

    side: Side
    coupling: str
    external_id: str
    other_id: str
    changes: dict[str, list[Any]]
    agree: dict[str, Any] = {}
    version: str | None = None
    overwrites: dict[str, Any] = {}
    alone: bool = False


class Delete(Action, frozen=True, tag="delete", kw_only=True):
    """Delete the record of ``side``, since it vanished on the other one."""

    side: Side
    coupling: str
    external_id: str
    version: str | None = None


class Couple(Action, frozen=True, tag="couple", kw_only=True):
    """Link two records that are the same; ``base`` are the values they agree on already."""

    coupling: str
    left_id: str
    right_id: str
    base: dict[str, Any]


class Agree(Action, frozen=True, tag="agree", kw_only=True):
    """Both sides came to the same values by themselves: remember them, send nothing."""

    coupling: str
    base: dict[str, Any]


class Uncouple(Action, frozen=True, tag="uncouple", kw_only=True):
    """Forget a link; no record is touched."""

    coupling: str
    left_id: str
    right_id: str


class Skip(Action, frozen=True, tag="skip", kw_only=True):
    """Leave a record for now. ``waits_for`` are [mapping, external id] of records it depends on."""

    side: Side
    external_id: str
    why: str
    waits_for: list[list[str]] = []


class RaiseConflict(Action, frozen=True, tag="conflict", kw_only=True):
    """A person must decide. ``fields`` are key → [base, left, right]; ``candidates`` ids of the other side.

    ``asks``: whose record the question is about, where the other one is left out and asks nothing itself.
    """

    kind: str
    coupling: str | None = None
    left_id: str | None = None
    right_id: str | None = None
    fields: dict[str, list[Any]] = {}
    candidates: list[str] = []
    asks: Side | None = None


class Warn(Action, frozen=True, tag="warn", kw_only=True):
    """Something to tell of a record that nobody has to settle. ``fields`` are key → the value it is about."""

    kind: str
    left_id: str | None = None
    right_id: str | None = None
    fields: dict[str, Any] = {}


class Point(Action, frozen=True, tag="point", kw_only=True):
    """A field of the record of ``side`` points to ``awaited``: once that is coupled, this is planned again."""

    side: Side
    external_id: str
    awaited: str


AnyAction = Create | Update | Delete | Couple | Agree | Uncouple | Skip | RaiseConflict | Warn | Point

_encoder = msgspec.json.Encoder(decimal_format="number")
_decoder = msgspec.json.Decoder(list[AnyAction], float_hook=Decimal)


def to_blob(actions: Sequence[AnyAction]) -> bytes:
    """Encode actions for storing; numbers stay exact."""
    return _encoder.encode(actions)


def from_blob(blob: bytes) -> list[AnyAction]:
    """Decode what ``to_blob`` made."""
    return _decoder.decode(blob)
