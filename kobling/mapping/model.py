"""How two resources and their fields stand to each other: data only."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any

from kobling.mapping.codecs import TEXT, Codec, Resolver
from kobling.mapping.identity import Check
from kobling.records import exact
from kobling.records.arithmetic import leeway


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
    ``proof``: never written, only compared after a write and by verify (totals, and the currency they are in).
    ``by_line``: ways of rounding may part them by half a coin for each rounding of their lines and for their VAT.
    ``frozen``: only written when the record is created. ``after_proof``: only written once all proofs hold (booking).
    ``needed``: a table without this field would be wrong (an invoice without lines), so it may not be left out.
    ``check`` looks at check digits; a value that cannot be right is told, and goes on.
    ``legal``: an authority gave the number to one party. ``listed``: it is the code of an entry in a list that both
    systems keep alike.
    ``scopes``: a record that points here to one that the pair leaves out is left out as well (a prospect's contact).
    ``compared``: the form in which two texts are compared, where they are carried as they were typed (phones).
    ``light``: where its value cannot be carried, the record goes without it and the field is told; any other field
    holds its record back. Raises ValueError for a light field without which the record would be another one.
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
    by_line: bool = False
    needed: bool = False
    label: str = ""
    check: Check | None = None
    compared: Callable[[str], str] | None = None
    legal: bool = False
    listed: bool = False
    scopes: bool = False
    light: bool = False

    def __post_init__(self) -> None:
        if self.light and (self.legal or self.listed or self.needed or self.proof or self.after_proof or self.scopes):
            raise ValueError(f"{self.key}: a record does not go without this field")

    def same(self, one: Any, other: Any) -> bool:
        """Whether two agreed values of this field say the same."""
        if one == other:
            return True
        if self.compared is None or not isinstance(one, str) or not isinstance(other, str):
            return False
        return self.compared(one) == self.compared(other)

    def near(self, one: Any, other: Any, roundings: int) -> bool:
        """Whether two values agree as far as they are to be proven: amounts as far as so many roundings may part them,
        texts as a whole, and one of several amounts that a side may mean."""
        if self.same(one, other):
            return True
        if isinstance(other, list):
            return any(self.near(one, each, roundings) for each in other)
        if one is None or other is None or isinstance(one, str) or isinstance(other, str):
            return False
        return bool(abs(exact(one) - exact(other)) <= (leeway(roundings) if self.by_line else 0))

    def end(self, side: Side) -> End | None:
        return self.left if side is Side.LEFT else self.right


class Evidence(StrEnum):
    """What it proves that two records have equal keys.

    ``LEGAL``: a number that an authority gave to one party. ``LISTED``: the code of an entry in a list that both
    systems keep alike (a currency, a unit). ``PARTS``: coupled records that make it what it is together (a price's
    group, item and unit). ``AGREEING``: a key that people type or systems count up; it proves nothing unless more
    agrees. ``HINT``: it is worth a question.
    """

    LEGAL = "legal"
    LISTED = "listed"
    PARTS = "parts"
    AGREEING = "agreeing"
    HINT = "hint"


@dataclass(frozen=True, slots=True)
class MatchRule:
    """How unlinked records find each other: equal values of all ``keys``, and what that proves.

    A rule couples by itself (``silent``) on every evidence but a hint; ``AGREEING`` ones only where all of ``agrees``
    are filled on both sides and agree, and ask a person otherwise. Raises ValueError for a rule that says neither.
    """

    keys: tuple[str, ...]
    evidence: Evidence = Evidence.HINT
    agrees: tuple[str, ...] = ()
    ignore_case: bool = True

    def __post_init__(self) -> None:
        if bool(self.agrees) != (self.evidence is Evidence.AGREEING):
            raise ValueError(f"match rule {self.keys}: what people type couples only together with what agrees")
        if self.evidence is Evidence.PARTS and len(self.keys) < 2:
            raise ValueError(f"match rule {self.keys}: one part alone is no identity")

    @property
    def silent(self) -> bool:
        return self.evidence is not Evidence.HINT


@dataclass(frozen=True, slots=True)
class Balance:
    """How two systems' ways of rounding are settled: a total that differs by at most ``limit``, and by no more than its
    lines explain, is made equal by adding the difference to ``field`` of ``side``, which that system adds to its total.
    Larger differences ask a person."""

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
class LivesOn:
    """Where a document of the right side is found once it is done and gone (an order that was invoiced): the record of
    ``resource`` whose ``path`` holds the agreed value of ``key``. ``shown``: the field that people know it by."""

    resource: str
    path: str
    key: str
    shown: str


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
    A coupled record that a condition no longer takes is asked about, unless the condition says what that means:
    ``carried``: a field of the table tells the other side; ``over``: with one of these values the record is at its end;
    ``kept``: with one of these it is kept in step, though nothing new is taken up so (a draft that we made).
    History kept out (``at_least``) asks nothing.
    """

    path: str
    operator: str
    value: Any = None
    keeps_name: bool = False
    carried: bool = False
    over: tuple[Any, ...] = ()
    kept: tuple[Any, ...] = ()


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
    ``thaws``: a right record for which all of these hold (a draft of our own that was refused at posting) is written
    whole again, frozen fields too, when the left side says something else.
    ``lives_on``: where a record is looked for before it is made, since it may have been done there before it was known.
    ``match``: rules that couple by themselves first. Raises ValueError for one that claims what its fields do not show.
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
    thaws: tuple[Condition, ...] = ()
    lives_on: LivesOn | None = None
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

    def __post_init__(self) -> None:
        silent = [rule.silent for rule in self.match]
        if silent != sorted(silent, reverse=True):
            raise ValueError(f"{self.name}: match rules that couple by themselves come first")
        for rule in self.match:
            given = [each for each in self.fields if each.key in rule.keys]
            for evidence, shown in ((Evidence.LEGAL, "legal"), (Evidence.LISTED, "listed")):
                if rule.evidence is evidence and given and not any(getattr(each, shown) for each in given):
                    raise ValueError(f"{self.name}: no field of match rule {rule.keys} is {shown}")
            if rule.silent and any(each.light for each in given):
                raise ValueError(f"{self.name}: a field of match rule {rule.keys} is light")
        if any(each.light for each in self.fields if each.key == self.title_key):
            raise ValueError(f"{self.name}: nothing goes without its name")

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

    def same(self, key: str, one: Any, other: Any) -> bool:
        """Whether two agreed values of the field with that key say the same."""
        return bool(one == other) or any(each.key == key and each.same(one, other) for each in self.fields)

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
