"""Asking for runs: everything, one record, an approved plan; and cancelling them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from kobling.access.policy import Actor, Doing, NotFound, clients_of, require
from kobling.hub import runs
from kobling.hub.connections.opening import Opener
from kobling.hub.happened import What
from kobling.hub.models import Pair, Run
from kobling.hub.services.log import record
from kobling.hub.store import sql
from kobling.records import N_, SettingsError, Unsafe


def sync(
    actor: Actor, pair: Pair, now: datetime, *, full: bool = False, confirmed: tuple[str, ...] = (), why: str = ""
) -> Run:
    """Ask for a run of all tables. ``confirmed`` names brakes that a person has looked at."""
    require(actor, Doing.WORK, pair.client)
    options: dict[str, Any] = {"full": full}
    if confirmed:
        options["confirmed"] = list(confirmed)
        record(actor, pair.client, What.BRAKE_RELEASED, pair.name, after=list(confirmed), why=why)
    return runs.ask(pair, actor.key, now, why=why, **options)


def plan(actor: Actor, pair: Pair, now: datetime) -> Run:
    """Ask what would happen; nothing is sent."""
    require(actor, Doing.PLAN, pair.client)
    return runs.ask(pair, actor.key, now, kind="plan")


def sync_planned(actor: Actor, pair: Pair, shown: Run, now: datetime) -> Run:
    """Execute exactly what a plan showed, once; records that moved since are left for the next plan.

    Raises Unsafe for a plan that is too old, or was executed already.
    """
    require(actor, Doing.WORK, pair.client)
    with sql.together():
        shown = Run.objects.select_for_update().get(pk=shown.pk)
        if shown.pair_id != pair.pk or shown.kind != "plan" or shown.state != runs.DONE:
            raise SettingsError(N_("Run %(run)s is not a finished plan of this pair."), run=shown.pk, code="no_plan")
        runs.require_fresh(shown, now)
        if pair.runs.filter(kind="sync", options__plan=shown.pk).exists():
            raise Unsafe(N_("The plan %(run)s was executed already. Make a new one."), run=shown.pk, code="plan_used")
        chunks = list(shown.chunks.order_by("id").values_list("pk", flat=True))
        record(actor, pair.client, What.PLAN_APPROVED, f"{pair.name} #{shown.pk}")
        return runs.ask(pair, actor.key, now, chunks=chunks, plan=shown.pk)


def sync_one(actor: Actor, pair: Pair, opener: Opener, table: str, external_id: str, now: datetime) -> Run:
    """Ask for one record of the left side to be sent. Raises SettingsError where the direction does not allow it."""
    require(actor, Doing.WORK, pair.client)
    kind = opener.pair_type(pair)
    if not kind.single_record(kind.with_defaults(pair.options)):
        raise SettingsError(
            N_(
                "A single record can only be sent from %(left)s to %(right)s, and this pair does not send that way. "
                "Change the direction first, or synchronise everything."
            ),
            left=kind.left,
            right=kind.right,
            code="wrong_direction",
        )
    tables = opener.mappings(pair)
    if table not in tables:
        raise SettingsError(
            N_("There is no table “%(table)s”. Known: %(known)s."), table=table, known=", ".join(tables)
        )
    return runs.ask(pair, actor.key, now, only={"table": table, "side": "left", "id": external_id})


def cancel(actor: Actor, run: Run, now: datetime) -> bool:
    """Ask a run to stop after the chunk it is in. False when it has ended already."""
    require(actor, Doing.WORK, run.pair.client)
    record(actor, run.pair.client, What.RUN_CANCELLED, f"{run.pair.name} #{run.pk}")
    return runs.cancel(run.pk, now)


def find_run(actor: Actor, number: int, doing: Doing = Doing.SEE) -> Run:
    """A run by number. Raises NotFound, also for those of others."""
    allowed = Run.objects.filter(pair__client__in=clients_of(actor, doing)).select_related("pair__client")
    run = allowed.filter(pk=number).first()
    if run is None:
        raise NotFound(N_("There is no run %(run)s, or it is not yours."), run=number, code="not_found")
    return run


def listed(actor: Actor, pair: Pair | None = None, limit: int = 50) -> list[Run]:
    """The latest runs the actor may see, newest first."""
    allowed = Run.objects.filter(pair__client__in=clients_of(actor, Doing.SEE)).select_related("pair__client")
    if pair is not None:
        allowed = allowed.filter(pair=pair)
    return list(allowed.prefetch_related("jobs__table").order_by("-id")[:limit])
