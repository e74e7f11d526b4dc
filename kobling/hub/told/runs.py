"""Runs, plans, reviews and undoings as they are told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from kobling.access.actors import Kind
from kobling.access.naming import who_did
from kobling.hub.models import Pair, Run
from kobling.hub.planning.forecast import Forecast, SideForecast
from kobling.hub.runs import Phase
from kobling.hub.services.plans import LeftOut, Summary, change_lines
from kobling.hub.services.reviewing import Line
from kobling.hub.services.undoing import Undo
from kobling.hub.told.said import Said
from kobling.sync.actions import AnyAction

COUNTERS = ("inserted", "modified", "deleted", "coupled", "uncoupled", "unchanged", "skipped", "failed")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is: what it is doing, with which table or resource, and how many of how many (0: not known)."""

    phase: Phase
    what: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class RunTold:
    """One run: who asked, how it ended, and what it did by table and counter."""

    run: int
    pair: str
    kind: str
    state: str
    asked_by: str
    asked_by_kind: Kind
    why: str
    started_at: datetime | None
    ended_at: datetime | None
    progress: Progress | None
    error: Mapping[str, Any] | None
    jobs: Mapping[str, Mapping[str, int]]

    @classmethod
    def of(cls, run: Run) -> RunTold:
        """As it stands now."""
        asker = who_did(run.asked_by)
        jobs = sorted(run.jobs.all(), key=lambda job: job.pk)
        return cls(
            run=run.pk,
            pair=run.pair.name,
            kind=run.kind,
            state=run.state,
            asked_by=asker.name,
            asked_by_kind=asker.kind,
            why=run.why,
            started_at=run.started_at,
            ended_at=run.ended_at,
            progress=_progress(run),
            error=run.error,
            jobs={job.table.name: {name: getattr(job, name) for name in COUNTERS} for job in jobs},
        )

    def sum(self, counter: str) -> int:
        """One counter over all tables."""
        return sum(each[counter] for each in self.jobs.values())


def _progress(run: Run) -> Progress | None:
    if not run.phase:
        return None
    told = run.summary.get("progress", {})
    return Progress(Phase(run.phase), told.get("what", ""), told.get("done", 0), told.get("total", 0))


@dataclass(frozen=True, slots=True)
class FieldTold:
    """One field, before → after."""

    field: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class ActionTold:
    """One action of a plan."""

    table: str
    do: str
    side: str
    title: str
    reason: Said
    fields: Sequence[FieldTold]

    @classmethod
    def of(cls, table: str, action: AnyAction) -> ActionTold:
        """As the plan has it."""
        return cls(
            table=table,
            do=str(action.__struct_config__.tag),
            side=str(getattr(action, "side", "")),
            title=action.title,
            reason=Said(action.reason, action.params),
            fields=[FieldTold(*each) for each in change_lines(action)],
        )


@dataclass(frozen=True, slots=True)
class AmountTold:
    """Amounts excluding VAT of one rate (or code) and currency."""

    vat: str
    currency: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class PlanTold:
    """What a plan would do: counted by table and kind of action, in money, and the first actions."""

    counts: Mapping[str, Mapping[str, int]]
    accounts: Mapping[str, Decimal]
    amounts: Sequence[AmountTold]
    actions: Sequence[ActionTold]
    more: int
    left_out: Sequence[LeftOut] = ()

    @classmethod
    def of(cls, summary: Summary, left_out: Sequence[LeftOut] = ()) -> PlanTold:
        """A plan that was counted, with what the filters leave out."""
        return cls(
            counts={table: dict(counts) for table, counts in summary.counts.items()},
            accounts=dict(sorted(summary.accounts.items())),
            amounts=[AmountTold(vat, currency, amount) for (vat, currency), amount in summary.amounts.items()],
            actions=[ActionTold.of(table, action) for table, action in summary.examples],
            more=summary.more,
            left_out=left_out,
        )


@dataclass(frozen=True, slots=True)
class SideExpected:
    """What would happen on one side; ``duplicates``: of ``create``, those that a look-alike exists of already."""

    create: int
    change: int
    couple: int
    conflict: int
    delete: int
    waits: int
    duplicates: int

    @classmethod
    def of(cls, side: SideForecast) -> SideExpected:
        """As it was counted."""
        return cls(
            create=side.create,
            change=side.change,
            couple=side.couple,
            conflict=side.conflict,
            delete=side.delete,
            waits=side.waits,
            duplicates=side.duplicates,
        )


@dataclass(frozen=True, slots=True)
class Expected:
    """What would happen to a table, and how many records each side has that are the table's."""

    left: SideExpected
    right: SideExpected
    left_count: int
    right_count: int
    left_out: Mapping[str, Mapping[str, int]]

    @classmethod
    def of(cls, expected: Forecast | None) -> Expected | None:
        """As the dry run foretold it; None without one."""
        if expected is None:
            return None
        left, right = SideExpected.of(expected.left), SideExpected.of(expected.right)
        return cls(left, right, expected.left_count, expected.right_count, expected.left_out)


@dataclass(frozen=True, slots=True)
class TableReviewed:
    """What is recommended for a table, what would happen to it, and how far its newest full synchronisation is."""

    table: str
    label: str
    depends_on: Sequence[str]
    left: int
    right: int
    coupled: int
    recommendation: str
    reason: str
    forecast: Expected | None
    planned_at: datetime | None
    state: str
    to_right: str
    to_left: str
    error: Mapping[str, Any] | None
    run: int | None
    counters: Mapping[str, int]

    @classmethod
    def of(cls, line: Line) -> TableReviewed:
        """As it stands now; the label and the reason as they are written, since scripts depend on them."""
        return cls(
            table=line.table,
            label=line.label,
            depends_on=line.depends_on,
            left=line.left,
            right=line.right,
            coupled=line.coupled,
            recommendation=line.recommendation,
            reason=line.reason,
            forecast=Expected.of(line.forecast),
            planned_at=line.planned_at,
            state=line.state,
            to_right=line.to_right,
            to_left=line.to_left,
            error=line.error,
            run=line.run,
            counters=line.counters,
        )


@dataclass(frozen=True, slots=True)
class ReviewTold:
    """The review before a full synchronisation; ``overtaken_by``: a run that came after the dry run."""

    pair: str
    planned_at: datetime | None
    overtaken_by: int | None
    tables: Sequence[TableReviewed]

    @classmethod
    def of(cls, pair: Pair, lines: Sequence[Line], since: Run | None) -> ReviewTold:
        """As it stands now."""
        planned_at = next((each.planned_at for each in lines if each.planned_at), None)
        return cls(pair.name, planned_at, since.pk if since else None, [TableReviewed.of(each) for each in lines])


@dataclass(frozen=True, slots=True)
class TableSynced:
    """How far a table came in a full synchronisation."""

    table: str
    state: str
    to_right: str
    to_left: str
    error: Mapping[str, Any] | None
    counters: Mapping[str, int]

    @classmethod
    def of(cls, line: Line) -> TableSynced:
        """As it stands now."""
        return cls(line.table, line.state, line.to_right, line.to_left, line.error, line.counters)


@dataclass(frozen=True, slots=True)
class FullSyncTold:
    """How a full synchronisation ended, table by table."""

    run: int
    state: str
    error: Mapping[str, Any] | None
    tables: Sequence[TableSynced]

    @classmethod
    def of(cls, run: Run, lines: Sequence[Line]) -> FullSyncTold:
        """As it ended; ``lines`` are those of its tables."""
        return cls(run.pk, run.state, run.error, [TableSynced.of(each) for each in lines])


@dataclass(frozen=True, slots=True)
class KeptTold:
    """A record that an undoing leaves as it is, and why."""

    record: str
    side: str
    id: str
    why: str


@dataclass(frozen=True, slots=True)
class UndoTold:
    """What an undoing would do: how many records, which stay, how many are posted, which credit notes were drafted."""

    undone: int
    kept: Sequence[KeptTold]
    posted: int
    credit_notes: Sequence[str]

    @classmethod
    def of(cls, prepared: Undo, drafted: Sequence[str]) -> UndoTold:
        """As it was prepared."""
        kept = [KeptTold(*each) for each in prepared.kept]
        return cls(prepared.size, kept, len(prepared.posted), list(drafted))
