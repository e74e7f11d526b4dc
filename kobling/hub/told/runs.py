"""Runs, plans and undoings as they are told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from kobling.access.actors import Kind
from kobling.access.naming import who_did
from kobling.hub.models import Run
from kobling.hub.runs import Phase
from kobling.hub.services.plans import Summary, change_lines
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

    @classmethod
    def of(cls, summary: Summary) -> PlanTold:
        """A plan that was counted."""
        return cls(
            counts={table: dict(counts) for table, counts in summary.counts.items()},
            accounts=dict(sorted(summary.accounts.items())),
            amounts=[AmountTold(vat, currency, amount) for (vat, currency), amount in summary.amounts.items()],
            actions=[ActionTold.of(table, action) for table, action in summary.examples],
            more=summary.more,
        )


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
