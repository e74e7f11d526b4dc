"""How two resources and their fields stand to each other: data only."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any

from kobling.mapping.codecs import TEXT, Codec, Resolver
from kobling.mapping.identity import Check


class Side(StrEnum):
    """One of the two sides of a pair."""

    LEFT = "left"
    RIGHT = "right"

    @property
    def other(self) -> Side:
        return Side.RIGHT if self is Side.LEFT else Side.LEFT


class Direction(StrEnum):
    """Which way values may flow."""

    BOTH = "both"
    TO_RIGHT = "to_right"
    TO_LEFT = "to_left"

    def allows(self, target: Side) -> bool:
        """Whether values may flow towards ``target``."""
        return self is Direction.BOTH or (self is Direction.TO_RIGHT) == (target is Side.RIGHT)


class ConflictPolicy(StrEnum):
    """Who wins when both sides moved the same field."""

    ASK = "ask"
    LEFT = "left"
    RIGHT = "right"
    NEWEST = "newest"


class DeletionPolicy(StrEnum):
    """What happens when a coupled record vanished on one side."""

    ASK = "ask"
    RESTORE = "restore"
    UNCOUPLE = "uncouple"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class End:
    """One side of a field mapping: the vendor's field names, and the codec between them and the agreed value."""

    paths: tuple[str, ...]
    codec: Codec = TEXT


def end(*paths: str, codec: Codec = TEXT) -> End:
    """Short for an End over the named vendor fields."""
    return End(paths, codec)


@dataclass(frozen=True, slots=True)
class FieldMapping:
    """Field ↔ field. ``key`` is the agreed name.

    ``clear``: an emptied field may empty the other side (off for legal ids and bank accounts).
    ``proof``: never written, only compared after a write and by verify (totals), equal within ``tolerance``.
    ``frozen``: only written when the record is created. ``after_proof``: only written once all proofs hold (booking).
    ``needed``: a table without this field would be wrong (an invoice without lines), so it may not be left out.
    ``check`` looks at check digits; a value that cannot be right is told, and goes on.
    """

    key: str
    left: End | None
    right: End | None
    direction: Direction = Direction.BOTH
    policy: ConflictPolicy | None = None
    clear: bool = True
    proof: bool = False
    frozen: bool = False
    after_proof: bool = False
    tolerance: Decimal = Decimal(0)
    needed: bool = False
    label: str = ""
    check: Check | None = None

    def end(self, side: Side) -> End | None:
        return self.left if side is Side.LEFT else self.right


@dataclass(frozen=True, slots=True)
class MatchRule:
    """How unlinked records find each other: equal values of all ``keys``.

    ``silent`` rules couple by themselves (legal and external ids); others only suggest, and a person decides.
    """

    keys: tuple[str, ...]
    silent: bool = True
    ignore_case: bool = True


@dataclass(frozen=True, slots=True)
class Balance:
    """How two systems' ways of rounding are settled: a total that differs by at most ``limit`` is made equal by adding
    the difference to ``field`` of ``side``, which that system adds to its total. Larger differences ask a person."""

    total: str
    field: str
    side: Side
    limit: Decimal


@dataclass(frozen=True, slots=True)
class Comparison:
    """What is compared before the first transfer, by agreed keys: a ``number`` that must mean the same on both sides,
    an ``identity`` and a ``name`` that tell whether it does. Nothing is sent until every difference was settled."""

    number: str
    identity: str
    name: str


@dataclass(frozen=True, slots=True)
class Posting:
    """An amount of a record as the books see it: the month (YYYY-MM), an account or product, a VAT code, a currency."""

    period: str
    account: str
    vat: str
    currency: str
    amount: Decimal


OPERATORS = frozenset({"equals", "differs", "at_least", "filled", "empty", "in"})


@dataclass(frozen=True, slots=True)
class Condition:
    """A filter on a vendor field. ``operator`` is one of OPERATORS.

    ``keeps_name``: a record that this condition leaves out (blocked, inactive) is still the same kind of thing, so that
    nothing is made beside it without a person's word.
    """

    path: str
    operator: str
    value: Any = None
    keeps_name: bool = False


@dataclass(frozen=True, slots=True)
class TableMapping:
    """Resource ↔ resource.

    ``leading`` decides values that differ when two records are coupled for the first time.
    ``left_constants``/``right_constants`` are vendor fields set on creates alone. ``locked_left``/``locked_right``:
    a record for which all the conditions hold is posted: never updated (but for ``unlocked`` fields) or deleted.
    ``only_coupled``: records without a coupling are left alone until a person couples or creates them.
    ``reports``: the left side hands its records out and waits to hear what became of each (field key → the short code
    to give when that field is wrong).
    ``permits``: what a person may allow for a record that is held back (a short word → the option and value that make
    it the rule). ``ready`` looks before each run at what must be set up for this table; raises NotOffered naming it.
    ``compare``: numbers that are compared before the first transfer. ``asks_about_new``: a record made by hand on the
    side that never leads is asked about, since the other side would make it a second time.
    ``postings`` says what a record of either side, in agreed values, comes to in the books, as finely as its
    counterpart (the second argument) tells it; verify adds them up.
    ``refreshes`` are reference resources that change when this table is written, read again afterwards.
    """

    name: str
    left: str
    right: str
    fields: tuple[FieldMapping, ...]
    match: tuple[MatchRule, ...] = ()
    direction: Direction = Direction.BOTH
    conflict: ConflictPolicy = ConflictPolicy.ASK
    deletion: DeletionPolicy = DeletionPolicy.ASK
    leading: Side = Side.LEFT
    depends_on: tuple[str, ...] = ()
    left_filter: tuple[Condition, ...] = ()
    right_filter: tuple[Condition, ...] = ()
    left_constants: Mapping[str, Any] = field(default_factory=dict)
    right_constants: Mapping[str, Any] = field(default_factory=dict)
    create_left: bool = True
    create_right: bool = True
    locked_left: tuple[Condition, ...] = ()
    locked_right: tuple[Condition, ...] = ()
    unlocked: frozenset[str] = frozenset()
    balance: Balance | None = None
    only_coupled: bool = False
    refreshes: tuple[str, ...] = ()
    reports: Mapping[str, str] | None = None
    permits: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    ready: Callable[[Resolver], None] | None = None
    postings: Callable[[Mapping[str, Any], Mapping[str, Any]], Iterable[Posting]] | None = None
    compare: Comparison | None = None
    asks_about_new: bool = False
    title_key: str = "name"
    label: str = ""

    @property
    def handed_back(self) -> frozenset[str]:
        """Keys that one side alone decides while records are made on both: a number that it gives comes back."""
        if self.direction is not Direction.BOTH:
            return frozenset()
        return frozenset(
            each.key
            for each in self.fields
            if each.direction is not Direction.BOTH and each.left and each.right and not (each.proof or each.frozen)
        )

    def resource(self, side: Side) -> str:
        return self.left if side is Side.LEFT else self.right

    def filter(self, side: Side) -> tuple[Condition, ...]:
        return self.left_filter if side is Side.LEFT else self.right_filter

    def constants(self, side: Side) -> Mapping[str, Any]:
        return self.left_constants if side is Side.LEFT else self.right_constants

    def locked(self, side: Side) -> tuple[Condition, ...]:
        return self.locked_left if side is Side.LEFT else self.locked_right

    def may_create(self, side: Side) -> bool:
        allowed = self.create_left if side is Side.LEFT else self.create_right
        return allowed and self.direction.allows(side)
