"""A client that is over: nothing of it runs, it stands in no list, and it can be brought back as it was."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from kobling.access.models import Archive, Client, Invitation, Stage
from kobling.access.naming import called_all
from kobling.access.policy import Actor, Doing, InFirm, NotFound, Way, clients_of, firms_of, on_the_way
from kobling.hub import runs
from kobling.hub.happened import What
from kobling.hub.models import Run, Schedule
from kobling.hub.runs.due import next_time
from kobling.hub.services import onboarding, stages
from kobling.hub.services.log import record
from kobling.hub.store import sql, stale
from kobling.records import N_


@dataclass(frozen=True, slots=True)
class Archivable:
    """A client that could be archived, with what would stop: schedules that are on, and runs that wait or go on."""

    client: int
    name: str
    number: str
    schedules: int
    runs: int


@dataclass(frozen=True, slots=True)
class ArchivedTold:
    """A client that is archived. ``at`` None: an invitation that was withdrawn before anybody answered."""

    client: int
    name: str
    number: str
    at: datetime | None
    by: str
    why: str


def look(actor: Actor, client: int) -> Archivable:
    """What archiving a client would stop. Raises NotFound for whoever may not."""
    row = _mine(actor, client)
    return Archivable(row.pk, row.name, row.number, _schedules(row).count(), _going(row).count())


def archive(actor: Actor, client: int, now: datetime, why: str = "") -> None:
    """Put a client away: schedules pause, runs are asked to stop, and nobody sees it but in the archive.

    An administrator of its firm does it, or the operator. Raises NotFound.
    """
    _mine(actor, client)
    with sql.together():
        row = Client.objects.select_for_update().get(pk=client)
        paused = list(_schedules(row).order_by("pk").values_list("pk", flat=True))
        Schedule.objects.filter(pk__in=paused).update(
            enabled=False, next_at=None, on_since=None, paused_at=now, paused_by=actor.key
        )
        for run in list(_going(row).values_list("pk", flat=True)):
            runs.cancel(run, now)
        Archive.objects.update_or_create(
            client=row, defaults={"at": now, "by": actor.key, "why": why.strip(), "paused": paused}
        )
        row.stage = Stage.ARCHIVED
        row.save(update_fields=["stage"])
        stale.mark([row.pk])
        record(actor, row, What.CLIENT_ARCHIVED, row.name, before={"schedules": len(paused)}, why=why.strip())


def bring_back(actor: Actor, client: int, now: datetime) -> Stage:
    """As it was before: its schedules go on from now, and its people see it again. Raises NotFound."""
    if not on_the_way(actor, Way.ARCHIVED).filter(pk=client).exists():
        raise NotFound(N_("There is no such client, or it is not yours."), code="not_found")
    with sql.together():
        row = Client.objects.select_for_update().get(pk=client)
        kept = Archive.objects.filter(client=row).first()
        for each in Schedule.objects.filter(pk__in=kept.paused if kept else (), pair__client=row, enabled=False):
            each.enabled, each.next_at, each.on_since = True, next_time(each.cron, each.time_zone, now), now
            each.paused_at, each.paused_by = None, ""
            each.save()
        row.stage = Stage.ACTIVE if kept else _before(row)
        row.save(update_fields=["stage"])
        if row.stage == Stage.INVITED:
            _invited_again(row)
        Archive.objects.filter(client=row).delete()
        stale.mark([row.pk])
        record(actor, row, What.CLIENT_BROUGHT_BACK, row.name)
    return Stage(row.stage)


def archived(actor: Actor) -> QuerySet[Client]:
    """The archive; nothing for who does not administer it."""
    return on_the_way(actor, Way.ARCHIVED).select_related("archive")


def told(rows: Sequence[Client]) -> tuple[ArchivedTold, ...]:
    """Archived clients, with who put them there. One query for the names, however many there are."""
    kept = {each.pk: getattr(each, "archive", None) for each in rows}
    names = called_all(each.by for each in kept.values() if each)
    return tuple(
        ArchivedTold(
            each.pk,
            each.name,
            each.number,
            row.at if row else None,
            names[row.by] if row else "",
            row.why if row else "",
        )
        for each in rows
        for row in [kept[each.pk]]
    )


def _mine(actor: Actor, client: int) -> Client:
    """An active client that the actor administers for its firm; the operator's are all."""
    seen = clients_of(actor, Doing.SET_UP).filter(pk=client, stage=Stage.ACTIVE)
    if not actor.is_operator:
        seen = seen.filter(firm__in=firms_of(actor, InFirm.ADD_CLIENT))
    row = seen.first()
    if row is None:
        raise NotFound(N_("There is no such client, or it is not yours."), code="not_found")
    return row


def _invited_again(client: Client) -> None:
    """The invitation that was withdrawn last stands among those that were sent, to be sent again."""
    last = Invitation.objects.filter(client=client, used_at=None).order_by("-pk").first()
    if last is not None:
        last.withdrawn_at = None
        last.save(update_fields=["withdrawn_at"])


def _before(client: Client) -> Stage:
    """Where a client stood that was never active: where its steps say."""
    return stages.progress_of(onboarding.of(client), assigned=stages.is_assigned(client)).stage


def _schedules(client: Client) -> QuerySet[Schedule]:
    return Schedule.objects.filter(pair__client=client, enabled=True)


def _going(client: Client) -> QuerySet[Run]:
    return Run.objects.filter(pair__client=client, state__in=(runs.QUEUED, runs.RUNNING)).order_by("pk")
