"""What waits for workers, by kind: how many, since when, how many go on, and how many ended in the last hour."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Min, Q

from kobling.hub import runs
from kobling.hub.models import Run, ToldFigures
from kobling.jobs.models import Job
from kobling.jobs.models import State as JobState
from kobling.mail.models import Mail
from kobling.mail.models import State as MailState
from kobling.records import N_

LOOKED_BACK = 20_000
"""So many of the last runs are looked at for today's and the last hour's: never all that ever were."""
HOUR = timedelta(hours=1)
MAIL_TRIED = timedelta(days=6)
"""A mail that was sent in the last hour was put down no longer ago: after that it has failed."""


@dataclass(frozen=True, slots=True)
class QueueTold:
    """One kind of work."""

    title: str
    waiting: int
    oldest_at: datetime | None
    going: int
    last_hour: int


@dataclass(frozen=True, slots=True)
class Counted:
    """A number; ``at_least``: there may be more than were looked at."""

    number: int
    at_least: bool


def queues(now: datetime) -> tuple[QueueTold, ...]:
    """As they stand now. A few queries, none of which looks at all that ever was."""
    return _runs(now), _figures(now), _mail(now), _jobs(now)


def runs_since(since: datetime) -> Counted:
    """How many runs were asked for since then."""
    asked = Run.objects.filter(pk__gt=_last_run() - LOOKED_BACK)
    number = asked.filter(asked_at__gte=since).count()
    return Counted(number, number >= LOOKED_BACK)


def _last_run() -> int:
    return Run.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


def _runs(now: datetime) -> QueueTold:
    waiting = Run.objects.filter(state=runs.QUEUED).exclude(kind__in=runs.BY_HAND)
    ended = Run.objects.filter(pk__gt=_last_run() - LOOKED_BACK, ended_at__gte=now - HOUR)
    return QueueTold(
        N_("Runs"),
        waiting.count(),
        waiting.order_by().aggregate(oldest=Min("asked_at"))["oldest"],
        Run.objects.filter(state=runs.RUNNING).count(),
        ended.count(),
    )


def _figures(now: datetime) -> QueueTold:
    free = Q(asking_until=None) | Q(asking_until__lte=now)
    due = ToldFigures.objects.filter(free, due_at__lte=now, connection__healthy=True, connection__revoked_at=None)
    return QueueTold(
        N_("Figures to be asked for"),
        due.count(),
        due.order_by().aggregate(oldest=Min("due_at"))["oldest"],
        ToldFigures.objects.filter(asking_until__gt=now).count(),
        ToldFigures.objects.filter(told_at__gte=now - HOUR).count(),
    )


def _mail(now: datetime) -> QueueTold:
    waiting = Mail.objects.filter(state=MailState.WAITING)
    sent = Mail.objects.filter(state=MailState.SENT, asked_at__gte=now - MAIL_TRIED, sent_at__gte=now - HOUR)
    return QueueTold(
        N_("Mail"),
        waiting.count(),
        waiting.order_by().aggregate(oldest=Min("asked_at"))["oldest"],
        Mail.objects.filter(state=MailState.GOING).count(),
        sent.count(),
    )


def _jobs(now: datetime) -> QueueTold:
    waiting = Job.objects.filter(state=JobState.WAITING)
    return QueueTold(
        N_("Jobs of pages"),
        waiting.count(),
        waiting.order_by().aggregate(oldest=Min("asked_at"))["oldest"],
        Job.objects.filter(state=JobState.GOING).count(),
        Job.objects.filter(ended_at__gte=now - HOUR).count(),
    )
