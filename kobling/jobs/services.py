"""Asking for jobs and watching them; access is the kind's to say."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kobling.access.policy import Actor, NotFound
from kobling.hub.store import sql
from kobling.hub.told.said import Said
from kobling.jobs import files
from kobling.jobs.kind import Params
from kobling.jobs.kinds import KINDS
from kobling.jobs.models import Job, State
from kobling.records import N_, to_json


@dataclass(frozen=True, slots=True)
class JobTold:
    """A job as it stands. ``doing`` and ``done`` of ``total``: how far it is; ``why``: what it failed of.

    ``result`` is the kind's own to read, None until it is done.
    """

    id: int
    kind: str
    params: Params
    title: str
    state: State
    asked_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    doing: Said
    done: int
    total: int
    why: Said
    result: Any

    @property
    def is_over(self) -> bool:
        """Whether nothing more will change."""
        return self.ended_at is not None

    @classmethod
    def of(cls, row: Job) -> JobTold:
        """As the row says."""
        going, error = row.progress or {}, row.error or {}
        return cls(
            id=row.pk,
            kind=row.kind,
            params=row.params,
            title=KINDS[row.kind].title,
            state=State(row.state),
            asked_at=row.asked_at,
            started_at=row.started_at,
            ended_at=row.ended_at,
            doing=Said(going.get("what", ""), going.get("params")),
            done=going.get("done", 0),
            total=going.get("total", 0),
            why=Said(error.get("summary", ""), error.get("params")),
            result=row.result,
        )


@dataclass(frozen=True, slots=True)
class FileTold:
    """A file that a job made; ``parts`` are read while they are taken."""

    name: str
    parts: Iterator[bytes]


def ask(actor: Actor, kind: str, params: Params, now: datetime, file: Iterable[bytes] | None = None) -> int:
    """Have a job done by a worker. Returns its id: of the one that waits or goes on already, where one is enough.

    ``file``: parts of what a kind that is not ``alone`` works on; kept for an hour after the job's end.
    """
    known = KINDS[kind]
    known.require(actor, params)
    assert file is None or not known.alone
    told = {
        "kind": kind,
        "params": dict(params),
        "asked_by": actor.key,
        "only": actor.only,
        "repeatable": known.repeatable,
        "asked_at": now,
    }
    if not known.alone:
        with sql.together():
            made = Job.objects.create(**told).pk
            files.keep(made, file or ())
        return made
    return Job.objects.get_or_create(once=_once(kind, params), defaults=told)[0].pk


def told(actor: Actor, job: int) -> JobTold:
    """One job. Raises NotFound, also for those of others."""
    return JobTold.of(_found(actor, job))


def file_of(actor: Actor, job: int, now: datetime) -> FileTold:
    """The file that a job made. Raises NotFound where it made none, or an hour after its end."""
    row = _found(actor, job)
    kind = KINDS[row.kind]
    if kind.file is None or row.state != State.DONE or not files.is_kept(row, now):
        raise NotFound(N_("There is no such thing, or it is not yours."), code="not_found")
    return FileTold(kind.file(row.result), files.parts(row.pk, row.epoch))


def latest(actor: Actor, kind: str, params: Params) -> JobTold | None:
    """The last one that was asked for with these params; None where there is none."""
    KINDS[kind].require(actor, params)
    row = Job.objects.filter(kind=kind, params=dict(params)).order_by("-pk").first()
    return JobTold.of(row) if row else None


def _found(actor: Actor, job: int) -> Job:
    row = Job.objects.filter(pk=job, kind__in=KINDS).first()
    if row is None:
        raise NotFound(N_("There is no such thing, or it is not yours."), code="not_found")
    KINDS[row.kind].require(actor, row.params)
    return row


def _once(kind: str, params: Mapping[str, Any]) -> str:
    return f"{kind}:{hashlib.sha256(to_json(dict(params))).hexdigest()[:32]}"
