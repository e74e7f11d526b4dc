"""Jobs that pages asked for: watched while they go on, and what came of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import render

from kobling.access.policy import Actor, NotFound
from kobling.jobs import services as jobs
from kobling.web.ground.asking import Asking
from kobling.web.ground.files import sent_as
from kobling.web.ground.live import Shown, watched
from kobling.web.ground.operator import operator_of
from kobling.web.jobs.results import drawn

T = TypeVar("T")


def show(request: Asking, job: int) -> HttpResponse:
    """One job: how far it is, or what came of it."""
    return render(request, "jobs/job.html", drawn(_asked(request, lambda who: jobs.told(who, job))))


def progress(request: Asking, job: int) -> HttpResponseBase:
    """The part of the page that changes."""

    def part() -> Shown:
        found = _asked(request, lambda who: jobs.told(who, job))
        return Shown("jobs/progress.html", drawn(found), found.is_over)

    return watched(request, part)


def file(request: Asking, job: int) -> HttpResponseBase:
    """The file that a job made, for an hour after its end."""
    found = _asked(request, lambda who: jobs.file_of(who, job, request.now))
    return sent_as(request, found.name, "application/octet-stream", found.parts)


def _asked(request: Asking, look: Callable[[Actor], T]) -> T:
    """As the person; who runs the installation sees as its operator what is for nobody else."""
    try:
        return look(request.actor)
    except NotFound:
        return look(operator_of(request))
