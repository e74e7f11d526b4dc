"""One run as a page watches it: how far it is, what each table did, how it ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kobling.access.naming import called
from kobling.access.policy import Actor
from kobling.hub import runs
from kobling.hub.services.syncing import find_run
from kobling.hub.told.runs import RunTold
from kobling.hub.told.said import Said
from kobling.portal.lately import STATES
from kobling.portal.states import State
from kobling.records import N_

_DOING = {runs.Phase.READ: N_("Reading %(what)s"), runs.Phase.WRITE: N_("Writing %(what)s")}


@dataclass(frozen=True, slots=True)
class Watched:
    """A run. ``state`` None: a person cancelled it. ``done`` of ``total``: of what it is at (``doing``);
    0: not known.
    """

    run: int
    pair: str
    client: int
    client_name: str
    state: State | None
    asked_by: str
    started_at: datetime | None
    ended_at: datetime | None
    doing: Said
    done: int
    total: int
    stops: bool
    why: Said
    tables: Mapping[str, Mapping[str, int]]

    @property
    def is_over(self) -> bool:
        """Whether nothing more will change."""
        return self.ended_at is not None


def watched(actor: Actor, number: int) -> Watched:
    """As it stands now. Raises NotFound, also for those of others."""
    run = find_run(actor, number)
    told, error = RunTold.of(run), _error(run.error)
    progress = told.progress
    return Watched(
        run=run.pk,
        pair=told.pair,
        client=run.pair.client_id,
        client_name=run.pair.client.name,
        state=STATES.get(told.state),
        asked_by=called(run.asked_by),
        started_at=told.started_at,
        ended_at=told.ended_at,
        doing=Said(_DOING[progress.phase], {"what": progress.what}) if progress else Said(""),
        done=progress.done if progress else 0,
        total=progress.total if progress else 0,
        stops=run.cancel_asked,
        why=error,
        tables=told.jobs,
    )


def _error(error: Mapping[str, Any] | None) -> Said:
    return Said(str(error["summary"]), error.get("params")) if error and error.get("summary") else Said("")
