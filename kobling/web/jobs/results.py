"""What comes of each kind of job, as it is drawn; also where it failed, so that a template says how to go on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from kobling.jobs import checkup, files, moving
from kobling.jobs.services import JobTold
from kobling.records import N_
from kobling.web.arriving.forms import TakeInForm


@dataclass(frozen=True, slots=True)
class Result:
    """The template, what it needs besides the job where the job is done, and the page that the job belongs to."""

    template: str
    read: Callable[[JobTold], Any]
    page: str
    page_title: str


def _read_export(job: JobTold) -> Any:
    assert job.ended_at is not None
    return job.result | {"until": job.ended_at + files.KEPT}


def _read_look(job: JobTold) -> dict[str, Any]:
    coming = moving.read_look(job.result)
    return {"coming": coming, "form": TakeInForm(initial={"name": coming.name})}


_IMPORTING = ("import_client", N_("Import a client"))
RESULTS: Mapping[str, Result] = {
    checkup.CHECK_UP.name: Result(
        "operating/check_up.html", lambda job: checkup.read(job.result), "operating", N_("Operation")
    ),
    moving.EXPORT.name: Result("arriving/exported.html", _read_export, "clients", N_("Clients")),
    moving.LOOK.name: Result("arriving/coming.html", _read_look, *_IMPORTING),
    moving.IMPORT.name: Result("arriving/imported.html", lambda job: job.result, *_IMPORTING),
}


def drawn(job: JobTold) -> dict[str, Any]:
    """What templates need for a job."""
    kind = RESULTS[job.kind]
    return {"job": job, "kind": kind, "result": None if job.result is None else kind.read(job)}
