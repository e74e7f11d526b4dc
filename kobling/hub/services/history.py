"""Why is this field as it is? The chain from the record back to who, when and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q

from kobling.access.actors import Kind, Who
from kobling.access.naming import named
from kobling.access.policy import Actor, Doing, require
from kobling.hub.models import Coupling, Decision, Event, Pair, SyncIssue, WriteIntent
from kobling.records import from_json


@dataclass(frozen=True, slots=True)
class Change:
    """One field of one record, changed once. ``state``: confirmed, refused, open, unknown."""

    at: datetime
    table: str
    field: str
    before: Any
    after: Any
    side: str
    operation: str
    reason: str
    who: str
    run: int
    state: str
    who_kind: Kind


@dataclass(frozen=True, slots=True)
class History:
    """Everything about one record, newest first."""

    changes: list[Change]
    couplings: list[Coupling]
    decisions: list[Decision]
    issues: list[SyncIssue]
    events: list[Event]
    people: dict[str, Who]
    """Who stands behind the keys in couplings and decisions."""

    @property
    def empty(self) -> bool:
        """Whether Kobling knows nothing of the record."""
        return not (self.changes or self.couplings or self.decisions or self.issues)


def history(actor: Actor, pair: Pair, record: str, limit: int = 500) -> History:
    """What happened to a record of either side, by its id in that system."""
    require(actor, Doing.SEE, pair.client)
    links = list(
        Coupling.objects.filter(table__pair=pair).filter(Q(left_id=record) | Q(right_id=record)).select_related("table")
    )
    ids = {record} | {link.left_id for link in links} | {link.right_id for link in links}
    uids = [link.uid for link in links]
    intents = (
        WriteIntent.objects.filter(table__pair=pair)
        .filter(Q(source_id__in=ids) | Q(external_id__in=ids) | Q(coupling__in=uids))
        .select_related("table", "run")
        .order_by("-id")[:limit]
    )
    told = SyncIssue.objects.filter(Q(left_id__in=ids) | Q(right_id__in=ids), table__pair=pair)
    decisions = list(Decision.objects.filter(table__pair=pair, external_id__in=ids).select_related("table"))
    people = named(
        [intent.run.asked_by for intent in intents]
        + [link.coupled_by for link in links]
        + [decision.decided_by for decision in decisions]
    )
    return History(
        changes=[change for intent in intents for change in _changes(intent, people)],
        couplings=links,
        decisions=decisions,
        issues=list(told.select_related("table").order_by("-id")),
        events=list(Event.objects.filter(client=pair.client, subject__contains=record).order_by("-id")[:limit]),
        people=people,
    )


def _changes(intent: WriteIntent, people: Mapping[str, Who]) -> Iterator[Change]:
    changed: dict[str, list[Any]] = from_json(intent.changes)
    asker = people[intent.run.asked_by]
    at = intent.closed_at or intent.opened_at
    if not changed:
        changed = {"": [None, None]}
    for field, (before, after) in changed.items():
        yield Change(
            at,
            intent.table.name,
            field,
            before,
            after,
            intent.side,
            intent.operation,
            intent.reason,
            asker.name,
            intent.run_id,
            intent.state,
            asker.kind,
        )
