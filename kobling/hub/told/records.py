"""Issues, answers to them, and the history of one record, as they are told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kobling.access.actors import Kind
from kobling.hub.happened import SENTENCES
from kobling.hub.models import Event, SyncIssue
from kobling.hub.services.history import Change, History
from kobling.hub.services.issues import Foretold, details
from kobling.hub.told.said import Said
from kobling.records import KoblingError, from_json
from kobling.sync.answers import Answer


@dataclass(frozen=True, slots=True)
class IssueTold:
    """Something that a person must settle."""

    issue: int
    client: str
    pair: str
    table: str
    kind: str
    state: str
    title: str
    left_id: str | None
    right_id: str | None
    reason: Said
    details: Mapping[str, Any]
    waits_for: Sequence[str | None] | None
    times: int
    opened_at: datetime

    @classmethod
    def of(cls, issue: SyncIssue) -> IssueTold:
        """As it stands now."""
        return cls(
            issue=issue.pk,
            client=issue.table.pair.client.name,
            pair=issue.table.pair.name,
            table=issue.table.name,
            kind=issue.kind,
            state=issue.state,
            title=issue.title,
            left_id=issue.left_id,
            right_id=issue.right_id,
            reason=Said(issue.reason, from_json(issue.params)),
            details=details(issue),
            waits_for=[issue.waits_table, issue.waits_id] if issue.waits_table else None,
            times=issue.times,
            opened_at=issue.opened_at,
        )


@dataclass(frozen=True, slots=True)
class ChoiceTold:
    """What may be answered to an issue; ``ends``: the question does not come back for the same values."""

    choice: str
    does: Said
    ends: bool

    @classmethod
    def of(cls, answer: Answer) -> ChoiceTold:
        """As it may be answered now."""
        return cls(answer.choice, Said(answer.does), answer.ends)


@dataclass(frozen=True, slots=True)
class AnswerForetold:
    """Whether an answer can be given to an issue, and what it would do, or why it cannot."""

    issue: int
    possible: bool
    what: Said

    @classmethod
    def of(cls, tried: Foretold) -> AnswerForetold:
        """As it was tried."""
        what = Said(tried.does) if tried.problem is None else Said(tried.problem.summary, tried.problem.params)
        return cls(tried.issue.pk, tried.problem is None, what)


@dataclass(frozen=True, slots=True)
class NotSettled:
    """An issue that an answer could not be given to, and why."""

    issue: int
    why: Said

    @classmethod
    def of(cls, issue: SyncIssue, error: KoblingError) -> NotSettled:
        """As it was refused."""
        return cls(issue.pk, Said(error.summary, error.params))


@dataclass(frozen=True, slots=True)
class SettledTold:
    """How many issues one answer settled, and which it could not."""

    settled: int
    failed: Sequence[NotSettled]


@dataclass(frozen=True, slots=True)
class CouplingTold:
    """A coupling of the record."""

    table: str
    left_id: str
    right_id: str
    by: str
    by_kind: Kind


@dataclass(frozen=True, slots=True)
class DecisionTold:
    """What a person decided about the record."""

    choice: str
    other_id: str
    by: str
    by_kind: Kind
    why: str
    at: datetime


@dataclass(frozen=True, slots=True)
class EventTold:
    """What somebody did about the record."""

    what: Said
    subject: str
    by: str
    by_kind: Kind
    why: str
    at: datetime

    @classmethod
    def of(cls, event: Event) -> EventTold:
        """As it was kept; one that an older version kept under another name shows that name."""
        known = {each.value: sentence for each, sentence in SENTENCES.items()}
        said = Said(known.get(event.what, event.what), event.params)
        return cls(said, event.subject, event.who, Kind(event.who_kind), event.why, event.at)


@dataclass(frozen=True, slots=True)
class IssueNoted:
    """An issue about the record."""

    kind: str
    state: str
    reason: Said


@dataclass(frozen=True, slots=True)
class HistoryTold:
    """Everything about one record."""

    couplings: Sequence[CouplingTold]
    changes: Sequence[Change]
    decisions: Sequence[DecisionTold]
    issues: Sequence[IssueNoted]
    events: Sequence[EventTold]

    @classmethod
    def of(cls, found: History) -> HistoryTold:
        """As it was found."""
        people = found.people
        return cls(
            couplings=[
                CouplingTold(c.table.name, c.left_id, c.right_id, people[c.coupled_by].name, people[c.coupled_by].kind)
                for c in found.couplings
            ],
            changes=found.changes,
            decisions=[
                DecisionTold(
                    d.choice, d.other_id, people[d.decided_by].name, people[d.decided_by].kind, d.why, d.decided_at
                )
                for d in found.decisions
            ],
            issues=[IssueNoted(i.kind, i.state, Said(i.reason, from_json(i.params))) for i in found.issues],
            events=[EventTold.of(each) for each in found.events],
        )
