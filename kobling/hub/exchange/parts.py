"""What a client owns, part by part, in the order in which it is taken in: each refers only to those before it.

Not here, and said so in the file: secrets and sign-ins; what is made anew by the next run (issues, match keys, what
records held when they were last read, cursors); people, and what they asked for by mail; plans that nobody may run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Case, Exists, F, Model, OuterRef, Q, QuerySet, TextField, Value, When

from kobling.hub import runs
from kobling.hub.models import (
    Activation,
    Connection,
    Coupling,
    Decision,
    Event,
    EventRecord,
    ExportedDocument,
    Feed,
    FileExport,
    MirrorRow,
    Moved,
    Pair,
    PlanChunk,
    Run,
    Schedule,
    SyncJob,
    Table,
    WriteIntent,
)
from kobling.hub.store import mirror
from kobling.records import N_

Rows = Callable[[QuerySet[Any]], QuerySet[Any]]

LEFT_OUT = (
    N_("passwords, keys and sign-ins: every connection is connected again"),
    N_("open issues: the next run finds them again"),
    N_("what records held when they were last read: the next run reads them again"),
    N_("people, their roles and what they asked for by mail"),
    N_("plans and previews, and runs that have not ended"),
)


@dataclass(frozen=True, slots=True)
class Part:
    """Rows of one model. ``of``: the way from a row to its client; ``fields``: what goes along, in the row's own names.

    ``keys`` hold who did something; ``texts`` may have such keys in them. ``instead`` are read as these expressions.
    ``set`` is what a row has here, whatever the file says. ``named``: other parts refer to its rows. ``later``: fields
    that files of an older Kobling lack, and what they are then.
    """

    name: str
    model: type[Model]
    of: str
    fields: tuple[str, ...]
    rows: Rows = lambda found: found
    keys: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    instead: Mapping[str, Any] = field(default_factory=dict)
    set: Mapping[str, Any] = field(default_factory=dict)
    named: bool = False
    allowed: Mapping[str, frozenset[str]] = field(default_factory=dict)
    later: Mapping[str, Any] = field(default_factory=dict)
    at_once: int = 1000
    """So many rows are read at a time; fewer of those that are long."""

    @property
    def member(self) -> str:
        """What it is called in the file."""
        return f"{self.name}.jsonl"

    def of_client(self, client: int) -> QuerySet[Any]:
        """A client's own rows."""
        return self.rows(self.model._default_manager.filter(**{self.of: client}))


def _ended(found: QuerySet[Any]) -> QuerySet[Any]:
    return found.filter(state__in=runs.ENDED).exclude(kind="plan")


def _of_ended(found: QuerySet[Any]) -> QuerySet[Any]:
    return found.filter(run__state__in=runs.ENDED).exclude(run__kind="plan")


def _written(found: QuerySet[Any]) -> QuerySet[Any]:
    """Stretches of which something was written."""
    return _of_ended(found).filter(Exists(WriteIntent.objects.filter(chunk=OuterRef("pk"))))


_LOST = Exists(WriteIntent.objects.filter(chunk=OuterRef("pk"), state__in=("open", "unknown")))
"""What became of a write is not known: the next run looks for it, and needs the plan for that."""


def _coupled(found: QuerySet[Any]) -> QuerySet[Any]:
    """Of coupled records it must be known that they were there, so that one deleted meanwhile is missed."""
    tables = Coupling.objects.filter
    left = Exists(tables(table__pair__left=OuterRef("feed__connection"), left_id=OuterRef("external_id")))
    right = Exists(tables(table__pair__right=OuterRef("feed__connection"), right_id=OuterRef("external_id")))
    return found.filter(Q(left) | Q(right))


def _names(told: str) -> tuple[str, ...]:
    return tuple(told.split())


PARTS: tuple[Part, ...] = (
    Part(
        "connections",
        Connection,
        "client",
        ("connector", "name", "settings", "described", "account_name", "identity", "created_at"),
        set={"secrets": "", "grant": ""},
        named=True,
    ),
    Part(
        "activations",
        Activation,
        "client",
        ("pair_type", "mode", "departments", "price", "activated_at", "activated_by", "ended_at", "ended_by"),
        keys=("activated_by", "ended_by"),
    ),
    Part(
        "pairs",
        Pair,
        "client",
        ("uid", "pair_type", "name", "left", "right", "options", "direction", "created_at"),
        named=True,
    ),
    Part(
        "schedules",
        Schedule,
        "pair__client",
        ("pair", "cron", "time_zone"),
        set={"enabled": False, "next_at": None, "on_since": None},
    ),
    Part("tables", Table, "pair__client", ("pair", "name"), named=True),
    Part(
        "couplings",
        Coupling,
        "table__pair__client",
        ("table", "uid", "left_id", "right_id", "base_left", "base_right", "policy", "coupled_at", "coupled_by"),
        keys=("coupled_by",),
    ),
    Part(
        "decisions",
        Decision,
        "table__pair__client",
        ("table", "side", "external_id", "choice", "other_id", "decided_by", "why", "decided_at"),
        keys=("decided_by",),
    ),
    Part("feeds", Feed, "connection__client", ("connection", "resource"), set={"unswept": True}, named=True),
    Part(
        "records",
        MirrorRow,
        "feed__connection__client",
        ("feed", "external_id", "seen_at"),
        rows=_coupled,
        set={"fields": "{}", "digest": mirror.NEVER_READ, "rev": 0},
    ),
    Part(
        "runs",
        Run,
        "pair__client",
        _names("pair kind state phase epoch asked_by why summary error asked_at started_at ended_at"),
        rows=_ended,
        keys=("asked_by",),
        named=True,
        allowed={"state": frozenset(runs.ENDED)},
    ),
    Part(
        "jobs",
        SyncJob,
        "run__pair__client",
        _names(
            "run table inserted modified deleted unchanged skipped failed coupled uncoupled total state "
            "to_left to_right error ended_at"
        ),
        rows=_of_ended,
    ),
    Part(
        "chunks",
        PlanChunk,
        "run__pair__client",
        ("run", "table", "seq", "side", "size", "rows", "actions", "done"),
        rows=_written,
        instead={"actions": Case(When(_LOST, then=F("actions")), default=Value("[]"), output_field=TextField())},
        named=True,
        at_once=20,
    ),
    Part(
        "journal",
        WriteIntent,
        "run__pair__client",
        _names(
            "run chunk position table side operation key source_id external_id coupling changes reason state "
            "error epoch sent opened_at closed_at"
        ),
        rows=_of_ended,
    ),
    Part("moved", Moved, "pair__client", ("pair", "day", "currency", "records", "amount")),
    Part(
        "events",
        Event,
        "client",
        ("who", "who_kind", "what", "params", "subject", "before", "after", "why", "at"),
        texts=("before", "after"),
        named=True,
    ),
    Part("event_records", EventRecord, "event__client", ("event", "table", "side", "external_id")),
    Part(
        "files",
        FileExport,
        "connection__client",
        _names(
            "connection profile layout content sha256 number_of_documents totals left_out left made_at made_by "
            "transferred_at transferred_by acknowledged_at withdrawn_at"
        ),
        keys=("made_by", "transferred_by"),
        later={"left_out": {}, "left": []},
        named=True,
        at_once=2,
    ),
    Part(
        "documents",
        ExportedDocument,
        "connection__client",
        ("export", "connection", "resource", "source_id", "number", "amount", "currency", "state", "reason", "again"),
    ),
)
