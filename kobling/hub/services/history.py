"""Why is this field as it is? The chain from the record back to who, when and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from django.db.models import Model, Q, QuerySet

from kobling.access.actors import Kind, Who
from kobling.access.naming import named
from kobling.access.policy import Actor, Doing, require
from kobling.hub.models import Coupling, Decision, Event, EventRecord, Pair, SyncIssue, Table, WriteIntent
from kobling.mapping import Side
from kobling.records import N_, SettingsError, from_json

Row = TypeVar("Row", bound=Model)


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


@dataclass(frozen=True, slots=True)
class _Place:
    """One record: in which table it stands, on which side, under which id."""

    table: Table
    side: Side
    external_id: str


def history(actor: Actor, pair: Pair, record: str, limit: int = 500, *, table: str = "", side: str = "") -> History:
    """What happened to exactly that record, by its id in its system.

    ``table`` and ``side`` tell which one is meant where both systems have a record of that id. Raises SettingsError
    naming those there are when it is not told.
    """
    require(actor, Doing.SEE, pair.client)
    places = _places(pair, record, table, side)
    if len({(place.side, place.table.pk) for place in places}) > 1:
        raise SettingsError(
            N_("“%(record)s” is the id of several records: %(places)s. Say which table and side."),
            record=record,
            places=", ".join(f"{place.table.name} ({place.side.value})" for place in places),
            code="ambiguous",
        )
    links = [link for place in places for link in _links(place)]
    whole = places + [_Place(link.table, each, _id_of(link, each)) for link in links for each in Side]
    intents = _first(
        [WriteIntent.objects.filter(each).select_related("table", "run") for place in whole for each in _of(place)],
        limit,
    )
    issues = _first([_issues(place) for place in whole], limit)
    decisions = _first([Decision.objects.filter(**_key(place)).select_related("table") for place in whole], limit)
    events = _first([_events(place) for place in whole], limit)
    people = named(
        [intent.run.asked_by for intent in intents]
        + [link.coupled_by for link in links]
        + [decision.decided_by for decision in decisions]
    )
    changes = [change for intent in intents for change in _changes(intent, people)]
    return History(changes, links, decisions, issues, events, people)


def _places(pair: Pair, record: str, table: str, side: str) -> list[_Place]:
    """Where a record of that id is known, by what was mirrored, coupled, or written."""
    found = []
    for each in pair.tables.order_by("id"):
        if table and each.name != table:
            continue
        found += [place for one in Side if side in ("", one.value) and _is_known(place := _Place(each, one, record))]
    return found


def _is_known(place: _Place) -> bool:
    return (
        _links(place).exists()
        or any(WriteIntent.objects.filter(each).exists() for each in _of(place))
        or (Decision.objects.filter(**_key(place)).exists() or _issues(place).exists() or _events(place).exists())
    )


def _links(place: _Place) -> QuerySet[Coupling]:
    wanted = {f"{place.side.value}_id": place.external_id}
    return Coupling.objects.filter(table=place.table, **wanted).select_related("table")


def _issues(place: _Place) -> QuerySet[SyncIssue]:
    wanted = {f"{place.side.value}_id": place.external_id}
    return SyncIssue.objects.filter(table=place.table, **wanted).select_related("table")


def _events(place: _Place) -> QuerySet[Event]:
    about = EventRecord.objects.filter(**_key(place)).values("event")
    return Event.objects.filter(pk__in=about)


def _key(place: _Place) -> dict[str, Any]:
    return {"table": place.table, "side": place.side.value, "external_id": place.external_id}


def _of(place: _Place) -> list[Q]:
    """Writes to the record, and those that were made from it on the other side; each by an index of its own."""
    return [
        Q(table=place.table, external_id=place.external_id, side=place.side.value),
        Q(table=place.table, source_id=place.external_id, side=place.side.other.value),
    ]


def _id_of(link: Coupling, side: Side) -> str:
    return link.left_id if side is Side.LEFT else link.right_id


def _first(queries: Sequence[QuerySet[Row]], limit: int) -> list[Row]:
    """The newest rows of several queries, each once."""
    found = {row.pk: row for query in queries for row in query.order_by("-id")[:limit]}
    return [found[key] for key in sorted(found, reverse=True)[:limit]]


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
