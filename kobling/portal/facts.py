"""What our own tables know of clients, gathered for many at once: a bounded number of queries, no vendor asked."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import Count, Min, OuterRef, QuerySet, Subquery

from kobling.hub import runs
from kobling.hub.models import Connection, Pair, Run, Schedule, SyncIssue
from kobling.hub.runs.due import next_time
from kobling.hub.store.quiet import QUIET
from kobling.portal.models import Deadline, Wallet
from kobling.portal.states import Ended, PairFacts
from kobling.records import RateLimited, SettingsError, SignInExpired

_WHOLE = {"kind": "sync", "options__only__isnull": True, "options__undoes__isnull": True}
"""Runs of everything: one record that was sent by hand, or undone, says nothing of how a pair stands."""
_OF_SETTINGS = ("NotOffered", SettingsError.__name__, SignInExpired.__name__)


@dataclass(slots=True)
class ClientFacts:
    """Of one client: its pairs, its systems two and two, its connections with what they told, and what people entered.

    ``numbers``: the pairs' own, in the same order. ``systems``: left connector, right connector, direction, and whether
    one of them shows red.
    """

    pairs: list[PairFacts] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    systems: list[tuple[str, str, str, bool]] = field(default_factory=list)
    connections: list[Connection] = field(default_factory=list)
    threshold: Decimal | None = None
    deadlines: list[tuple[date, str]] = field(default_factory=list)


def gather(clients: Sequence[int], today: date) -> dict[int, ClientFacts]:
    """The facts of each of these clients."""
    found = {client: ClientFacts() for client in clients}
    known = {each.pk: each for each in _connections(clients)}
    for connection in known.values():
        found[connection.client_id].connections.append(connection)
    pairs = list(_pairs(clients))
    going, ended = _going(clients), _ended(pairs)
    issues = {pair: (number, oldest) for pair, number, oldest in _issues(clients)}
    for pair in pairs:
        sides = [known[pair.left_id], known[pair.right_id]]
        facts = found[pair.client_id]
        facts.numbers.append(pair.pk)
        facts.pairs.append(_of(pair, sides, going.get(pair.pk, ()), ended.get(pair.last_run), issues.get(pair.pk)))
        broken = any(each.healthy is False for each in sides)
        facts.systems.append((sides[0].connector, sides[1].connector, pair.direction, broken))
    for client, threshold in Wallet.objects.filter(client__in=clients).values_list("client", "threshold"):
        found[client].threshold = threshold
    to_come = Deadline.objects.filter(client__in=clients, day__gte=today)
    for client, day, kind in to_come.order_by("day", "kind").values_list("client", "day", "kind"):
        found[client].deadlines.append((day, kind))
    return found


def _connections(clients: Collection[int]) -> QuerySet[Connection]:
    rows = Connection.objects.filter(client__in=clients).select_related("told_figures")
    return rows.defer(*Connection.SEALED, "settings", "described").order_by("pk")


def _pairs(clients: Collection[int]) -> Iterator[Any]:
    """Each with the number of its last whole run, and when it last went through."""
    whole = Run.objects.filter(pair=OuterRef("pk"), **_WHOLE).order_by("-id")
    over = whole.filter(state__in=(runs.DONE, runs.PARTLY, runs.FAILED, runs.STOPPED))
    good = whole.filter(state__in=(runs.DONE, runs.PARTLY), error__isnull=True)
    rows = Pair.objects.filter(client__in=clients).select_related("schedule").order_by("pk").defer("options")
    yield from rows.annotate(
        last_run=Subquery(over.values("pk")[:1]), last_good_at=Subquery(good.values("ended_at")[:1])
    )


def _going(clients: Collection[int]) -> dict[int, list[Run]]:
    found: dict[int, list[Run]] = {}
    rows = Run.objects.filter(pair__client__in=clients, state__in=(runs.QUEUED, runs.RUNNING), kind="sync")
    for run in rows.order_by("pk"):
        found.setdefault(run.pair_id, []).append(run)
    return found


def _ended(pairs: Sequence[Any]) -> dict[int, Run]:
    return {run.pk: run for run in Run.objects.filter(pk__in=[each.last_run for each in pairs if each.last_run])}


def _issues(clients: Collection[int]) -> QuerySet[SyncIssue, tuple[Any, ...]]:
    """Of each pair that has some: how many wait for a person, and since when the oldest."""
    rows = SyncIssue.objects.filter(table__pair__client__in=clients, state__in=("open", "parked")).exclude(QUIET)
    counted = rows.values("table__pair").annotate(number=Count("pk"), oldest=Min("opened_at")).order_by("table__pair")
    return counted.values_list("table__pair", "number", "oldest")


def _of(
    pair: Any,
    sides: Sequence[Connection],
    going: Sequence[Run],
    last: Run | None,
    issues: tuple[int, datetime] | None,
) -> PairFacts:
    plan: Schedule | None = getattr(pair, "schedule", None)
    running = next((each for each in going if each.state == runs.RUNNING), None)
    queued = next((each for each in going if each.state == runs.QUEUED), None)
    red = [each for each in sides if each.healthy is False]
    on = plan is not None and plan.enabled
    return PairFacts(
        signed_out=any(_signed_out(each) for each in red),
        broken=bool(red),
        red_since=min(
            (at for each in red if (at := each.revoked_at or _failed_at(last) or each.checked_at)), default=None
        ),
        running=None if running is None else running.pk,
        running_since=None if running is None else running.started_at,
        limited_until=None if running is None else _instant(running.summary.get(runs.LIMITED_UNTIL)),
        queued_at=None if queued is None else queued.asked_at,
        last=None if last is None else _as_ended(last, sides),
        last_good_at=pair.last_good_at,
        open_issues=issues[0] if issues else 0,
        oldest_issue_at=issues[1] if issues else None,
        paused_at=None if plan is None or on else plan.paused_at,
        paused_by="" if plan is None or on else plan.paused_by,
        next_at=plan.next_at if plan is not None and on else None,
        expected_at=_expected(plan, pair.last_good_at) if plan is not None and on else None,
    )


def _signed_out(connection: Connection) -> bool:
    return connection.revoked_at is not None or connection.health_kind == SignInExpired.__name__


def _failed_at(last: Run | None) -> datetime | None:
    return last.ended_at if last is not None and last.state == runs.FAILED else None


def _as_ended(run: Run, sides: Sequence[Connection]) -> Ended | None:
    if run.ended_at is None:
        return None
    error: Mapping[str, Any] = run.error or {}
    kind = str(error.get("kind") or "")
    tested = [each.checked_at for each in sides if each.healthy and each.checked_at]
    mended = kind in _OF_SETTINGS and len(tested) == len(sides) and max(tested) > run.ended_at
    again_at = _instant(error.get("retry_at")) if kind == RateLimited.__name__ else None
    return Ended(run.state, run.ended_at, kind, again_at, mended)


def _expected(plan: Schedule, last_good_at: datetime | None) -> datetime | None:
    """The first time the schedule names after the last good run, or after it was set so.

    One that an older Kobling set says only when it runs next.
    """
    since = [each for each in (plan.on_since, last_good_at) if each is not None]
    if not since:
        return plan.next_at
    try:
        return next_time(plan.cron, plan.time_zone, max(since))
    except SettingsError:
        return plan.next_at


def _instant(told: object) -> datetime | None:
    return datetime.fromisoformat(str(told)) if told else None
