"""Who works, and at what: by the locks that workers hold, and what runs and jobs say of who has them."""

from __future__ import annotations

import threading
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from kobling import storage
from kobling.hub import runs
from kobling.hub.models import Run
from kobling.hub.store import sql
from kobling.jobs.kinds import KINDS
from kobling.jobs.models import Job
from kobling.jobs.models import State as JobState

MOST = 100
_THREAD = "worker"
"""How ``kobling serve`` names the thread of the one worker that SQLite has."""
_LOCAL = "local"
_HELD = """
SELECT a.application_name, min(a.backend_start), min(host(a.client_addr))
FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
WHERE l.locktype = 'advisory' AND l.classid = %s AND l.objsubid = 2 AND l.granted
  AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
GROUP BY a.pid, a.application_name ORDER BY min(a.backend_start), a.application_name LIMIT %s
"""


@dataclass(frozen=True, slots=True)
class Doing:
    """What a worker is at: a client's run, or a job (``job``: its title). ``total`` 0: not known."""

    run: int | None
    client: str
    job: str
    done: int
    total: int
    since: datetime | None


@dataclass(frozen=True, slots=True)
class WorkerTold:
    """One worker. ``lives`` None: not known; False: it holds no lock any more, and another one takes its work over."""

    name: str
    lives: bool | None
    since: datetime | None
    where: str
    doing: tuple[Doing, ...]


def workers() -> tuple[WorkerTold, ...]:
    """Those that work, then those that are gone and whose work is still to be taken over."""
    at_work, living = _at_work(), _living()
    known = [
        WorkerTold(name, lives, since, where, tuple(at_work.pop(name, ()))) for name, lives, since, where in living
    ]
    lost = False if connection.vendor == "postgresql" else None
    return (*known, *(WorkerTold(name, lost, None, "", tuple(doing)) for name, doing in sorted(at_work.items())))


def _living() -> list[tuple[str, bool | None, datetime | None, str]]:
    if connection.vendor == "postgresql":
        held = sql.rows(_HELD, [storage.WORKER_LOCKS, MOST])
        return [(str(name), True, since, str(where or "")) for name, since, where in held]
    works = any(each.name == _THREAD for each in threading.enumerate())
    return [(_LOCAL, True if works else None, None, "")]


def _at_work() -> dict[str, list[Doing]]:
    found: dict[str, list[Doing]] = defaultdict(list)
    going = Run.objects.filter(state=runs.RUNNING).exclude(kind__in=runs.BY_HAND).order_by("pk")
    told = going.values_list("pk", "pair__client__name", "summary", "started_at")[:MOST]
    for run, client, summary, since in told:
        progress = summary.get("progress", {})
        doing = Doing(run, client, "", progress.get("done", 0), progress.get("total", 0), since)
        found[str(summary.get("worker", ""))].append(doing)
    for job in Job.objects.filter(state=JobState.GOING).order_by("pk")[:MOST]:
        title = KINDS[job.kind].title if job.kind in KINDS else job.kind
        done, total = job.progress.get("done", 0), job.progress.get("total", 0)
        found[job.worker].append(Doing(None, "", title, done, total, job.started_at))
    return found
