"""What verifications, comparisons of numbers and checks of identities and of the installation found, as told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from kobling.hub.services.identity import Finding
from kobling.hub.services.numbering import Comparison
from kobling.hub.services.verifying import Difference, Report, TableReport
from kobling.sync.comparing import KINDS, Known, Line


@dataclass(frozen=True, slots=True)
class ControlTold:
    """One sum of the books on both sides."""

    period: str
    account: str
    vat: str
    currency: str
    left: Decimal
    right: Decimal


@dataclass(frozen=True, slots=True)
class LeftOut:
    """How many records of a side are left out for one reason: a field that a filter does not take, or “by choice”."""

    side: str
    reason: str
    number: int


@dataclass(frozen=True, slots=True)
class TableVerified:
    """What was compared of one table."""

    name: str
    in_step: int
    kept_differently: int
    left_out: int
    left_out_by: Sequence[LeftOut]
    differences: int
    totals: Mapping[str, Sequence[Decimal]]
    rounded: Mapping[str, Sequence[Decimal]]
    control: Sequence[ControlTold]

    @classmethod
    def of(cls, made: TableReport) -> TableVerified:
        """As it was found."""
        return cls(
            name=made.name,
            in_step=made.in_step,
            kept_differently=made.kept_differently,
            left_out=made.left_out,
            left_out_by=[LeftOut(*key, number) for key, number in sorted(made.left_out_by.items())],
            differences=made.differences,
            totals=made.totals,
            rounded=made.rounded,
            control=[ControlTold(*key, *sums) for key, sums in sorted(made.control.items())],
        )


@dataclass(frozen=True, slots=True)
class VerificationTold:
    """Whether both sides are in step, and what is not."""

    in_step: bool
    tables: Sequence[TableVerified]
    differences: Sequence[Difference]
    more: int

    @classmethod
    def of(cls, report: Report) -> VerificationTold:
        """As it was found."""
        return cls(report.in_step, [TableVerified.of(each) for each in report.tables], report.differences, report.more)


@dataclass(frozen=True, slots=True)
class NumberOf:
    """A record that a number belongs to."""

    id: str
    number: str
    identity: str
    name: str

    @classmethod
    def of(cls, known: Known | None) -> NumberOf | None:
        """As one system has it."""
        return None if known is None else cls(known.external_id, known.number, known.identity, known.name)


@dataclass(frozen=True, slots=True)
class NumberTold:
    """One number and what both systems mean by it."""

    kind: str
    number: str
    settled: bool
    left: NumberOf | None
    right: NumberOf | None

    @classmethod
    def of(cls, line: Line) -> NumberTold:
        """As it was compared."""
        return cls(line.kind, line.number, line.settled, NumberOf.of(line.left), NumberOf.of(line.right))


@dataclass(frozen=True, slots=True)
class NumbersTold:
    """Numbers compared; ``counts``: kind → how many in all, and open."""

    table: str
    counts: Mapping[str, Mapping[str, int]]
    lines: Sequence[NumberTold]

    @classmethod
    def of(cls, found: Comparison) -> NumbersTold:
        """As they were compared."""
        counts = {kind: {"all": found.counts[kind], "open": found.open[kind]} for kind in KINDS if found.counts[kind]}
        return cls(found.table, counts, [NumberTold.of(each) for each in found.lines])


@dataclass(frozen=True, slots=True)
class IdentityTold:
    """A number that was checked."""

    table: str
    side: str
    id: str
    title: str
    field: str
    number: str
    checked: str
    registered: str

    @classmethod
    def of(cls, each: Finding) -> IdentityTold:
        """As it was found."""
        return cls(
            table=each.table,
            side=each.side.value,
            id=each.external_id,
            title=each.title,
            field=each.field,
            number=each.number,
            checked=each.checked.value,
            registered=each.registered.value,
        )


@dataclass(frozen=True, slots=True)
class IdentitiesTold:
    """Numbers that were checked; ``counts``: how many by what was said of them; ``wrong``: the first that are."""

    counts: Mapping[str, int]
    wrong: Sequence[IdentityTold]

    @classmethod
    def of(cls, counted: Mapping[str, int], wrong: Sequence[Finding]) -> IdentitiesTold:
        """As they were found."""
        return cls(dict(counted), [IdentityTold.of(each) for each in wrong])


@dataclass(frozen=True, slots=True)
class CheckTold:
    """One thing that was looked at in this installation, whether it is well, and what was found."""

    check: str
    ok: bool
    found: str
