"""Pairs: made, set up, scheduled, and how they stand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kobling.access.models import Client
from kobling.access.naming import Ambiguous, told
from kobling.access.policy import Actor, Doing, NotFound, clients_of, may, require
from kobling.hub import runs
from kobling.hub.connections.charted import require_there
from kobling.hub.connections.departments import ids_of
from kobling.hub.connections.opening import Opener
from kobling.hub.happened import What
from kobling.hub.models import Connection, Pair, Run, Schedule, SyncIssue, market
from kobling.hub.models.market import Activation
from kobling.hub.runs.due import next_time
from kobling.hub.services.log import record
from kobling.hub.store import sql, stale
from kobling.hub.store.health import why_red
from kobling.hub.store.quiet import QUIET
from kobling.hub.told.said import Said
from kobling.pairs.base import PairType
from kobling.records import N_, KoblingError, SettingsError

_SEALED = tuple(f"{side}__{name}" for side in ("left", "right") for name in Connection.SEALED)
BY_ITSELF, AUTO = "synchronise", "auto"


def create(
    actor: Actor,
    client: Client,
    opener: Opener,
    pair_type: str,
    options: Mapping[str, Any] | None = None,
    *,
    left: Connection | None = None,
    right: Connection | None = None,
    name: str = "",
    today: str = "",
) -> Pair:
    """Make a pair over two tested connections of the client. Raises SettingsError naming what is missing."""
    require(actor, Doing.SET_UP, client)
    kind = opener.pair_type_named(pair_type)
    left = left or _only_connection(client, kind.left)
    right = right or _only_connection(client, kind.right)
    for connection, wanted in ((left, kind.left), (right, kind.right)):
        if connection.client_id != client.pk or connection.connector != wanted:
            raise SettingsError(N_("%(pair)s needs a connection to %(system)s."), pair=kind.title, system=wanted)
    chosen = dict(options or {})
    activation = market.require_on(client.pk, kind.name, kind.title)
    if (given := departments(opener, kind, left, activation)) is not None:
        chosen["departments"] = given
    if "invoices_from" in {option.name for option in kind.options} and not chosen.get("invoices_from"):
        chosen["invoices_from"] = today
    kind.with_defaults(chosen)
    name = name or pair_type
    if Pair.objects.filter(client=client, name=name).exists():
        raise SettingsError(N_("The client already has a pair called “%(name)s”."), name=name, code="exists")
    pair = Pair(client=client, pair_type=pair_type, name=name, left=left, right=right, options=chosen)
    pair.direction = opener.direction(pair)
    require_there(opener, pair, options or {})
    with sql.together():
        pair.save()
        Schedule.objects.create(pair=pair, enabled=False)
        stale.mark([client.pk])
        record(actor, client, What.PAIR_MADE, name, after=chosen)
    _run_by_itself(actor, pair, opener, chosen)
    return pair


def _run_by_itself(actor: Actor, pair: Pair, opener: Opener, changes: Mapping[str, Any]) -> None:
    """“Automatic” is a schedule, whoever chooses it and wherever."""
    if BY_ITSELF in changes:
        schedule(actor, pair, opener.clock.now(), enabled=changes[BY_ITSELF] == AUTO)


def configure(actor: Actor, pair: Pair, opener: Opener, changes: Mapping[str, Any], why: str = "") -> Pair:
    """Change options; what a person did not name stays. The mappings are checked before anything is stored."""
    require(actor, Doing.SET_UP, pair.client)
    before = dict(pair.options)
    _departments_stand(opener, pair, changes)
    pair.options = {**before, **changes}
    try:
        opener.pair_type(pair).with_defaults(pair.options)
        pair.direction = opener.direction(pair)
        require_there(opener, pair, changes)
    except KoblingError:
        pair.options = before
        raise
    with sql.together():
        pair.save(update_fields=["options", "direction"])
        stale.mark([pair.client_id])
        record(actor, pair.client, What.OPTIONS_CHANGED, pair.name, before=before, after=pair.options, why=why)
    _run_by_itself(actor, pair, opener, changes)
    return pair


def schedule(
    actor: Actor,
    pair: Pair,
    now: datetime,
    *,
    cron: str | None = None,
    time_zone: str | None = None,
    enabled: bool = True,
) -> Schedule:
    """Set when a pair runs by itself. Raises SettingsError for a schedule or time zone that does not exist."""
    require(actor, Doing.SET_UP, pair.client)
    row, _ = Schedule.objects.get_or_create(pair=pair)
    before = (row.enabled, row.cron, row.time_zone)
    row.cron, row.time_zone = cron or row.cron, time_zone or row.time_zone
    row.enabled, row.next_at = enabled, next_time(row.cron, row.time_zone, now) if enabled else None
    if before != (enabled, row.cron, row.time_zone):
        row.on_since = now if enabled else None
    if enabled:
        row.paused_at, row.paused_by = None, ""
    elif before[0]:
        row.paused_at, row.paused_by = now, actor.key
    with sql.together():
        row.save()
        stale.mark([pair.client_id])
        after = {"cron": row.cron, "time_zone": row.time_zone, "enabled": enabled}
        record(actor, pair.client, What.SCHEDULE_SET, pair.name, after=after)
    return row


def find(actor: Actor, name: str, client: Client | None = None, doing: Doing = Doing.SEE) -> Pair:
    """A pair by name. Raises NotFound, and Ambiguous when several clients that are seen have one so called."""
    visible = Pair.objects.filter(client__in=clients_of(actor), name=name)
    visible = visible.select_related("client__firm", "left", "right").defer(*_SEALED)
    found = list((visible.filter(client=client) if client else visible).order_by("client"))
    if len(found) > 1:
        raise Ambiguous(
            N_("Several clients have a pair “%(name)s”: %(candidates)s. Say which client."),
            name=name,
            candidates=told(each.client for each in found),
            code="ambiguous",
        )
    if not found or not may(actor, doing, found[0].client):
        raise NotFound(N_("There is no pair “%(name)s”, or it is not yours."), name=name, code="not_found")
    return found[0]


def listed(actor: Actor, client: Client | None = None) -> list[Pair]:
    """Pairs the actor may see."""
    allowed = Pair.objects.filter(client__in=clients_of(actor, Doing.SEE)).select_related("client", "left", "right")
    allowed = allowed.defer(*_SEALED)
    return list((allowed.filter(client=client) if client else allowed).order_by("client__name", "name"))


@dataclass(frozen=True, slots=True)
class Status:
    """How a pair stands: ``green`` with both connections tested, else red with the reason.

    ``failure``: what the last synchronisation failed of (summary and params), also that of single tables.
    """

    green: bool
    reason: Said
    state: str
    last_run: Run | None
    next_at: datetime | None
    issues: int
    parked: int
    failure: Mapping[str, Any] | None = None


def status(actor: Actor, pair: Pair) -> Status:
    """Red or green with the reason, the last run, what waits for a person, and when it runs next."""
    require(actor, Doing.SEE, pair.client)
    red = [why_red(connection) for connection in (pair.left, pair.right) if not connection.healthy]
    last = pair.runs.filter(kind="sync").order_by("-id").first()
    open_issues = SyncIssue.objects.filter(table__pair=pair).exclude(state="settled").exclude(QUIET)
    planned = Schedule.objects.filter(pair=pair, enabled=True).first()
    return Status(
        green=not red,
        reason=red[0] if red else Said(""),
        state=_state(last, open_issues.count()),
        last_run=last,
        next_at=planned.next_at if planned else None,
        issues=open_issues.filter(state="open").count(),
        parked=open_issues.filter(state="parked").count(),
        failure=_failure(last),
    )


def _failure(last: Run | None) -> Mapping[str, Any] | None:
    """A run that ended well has none; a table may fail in a run that went on with the others."""
    if last is None:
        return None
    jobs = last.jobs.exclude(error=None).order_by("id")
    told: Mapping[str, Any] | None = last.error or next((each.error for each in jobs), None)
    return told


def _state(last: Run | None, issues: int) -> str:
    if last is None:
        return "never_run"
    if last.state in (runs.QUEUED, runs.RUNNING):
        return last.state
    if last.state == runs.DONE:
        return "in_step" if not issues else "needs_you"
    return "needs_you" if last.state == runs.PARTLY and last.error is None else last.state


def departments(opener: Opener, kind: PairType, left: Connection, activation: Activation | None) -> str | None:
    """The departments of an activation as a pair's option has them; None where that option is left to the pair.

    Raises SettingsError for one that the left system does not know.
    """
    if activation is None or not kind.departments or not activation.departments:
        return None
    return ",".join(ids_of(opener, left, kind.departments, activation.departments))


def _departments_stand(opener: Opener, pair: Pair, changes: Mapping[str, Any]) -> None:
    """What was chosen where the pair type was switched on cannot be widened here."""
    if "departments" not in changes:
        return
    chosen = departments(opener, opener.pair_type(pair), pair.left, market.active(pair.client_id, pair.pair_type))
    if chosen is not None and changes["departments"] != chosen:
        raise SettingsError(
            N_("Departments were chosen where “%(name)s” was switched on. Change them there."),
            field="departments",
            code="departments",
            name=pair.name,
        )


def _only_connection(client: Client, connector: str) -> Connection:
    found = list(Connection.objects.filter(client=client, connector=connector))
    if len(found) != 1:
        raise SettingsError(
            N_("%(client)s has %(number)s connections to %(system)s; connect one, or say which."),
            client=client.name,
            number=len(found),
            system=connector,
            code="connection_missing",
        )
    return found[0]
