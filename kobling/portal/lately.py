"""A client's last runs, for pages that only look."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Sum

from kobling.access.models import Client
from kobling.access.policy import Actor, Doing, clients_of, require
from kobling.hub import runs
from kobling.hub.models import Connection, Run, SyncJob
from kobling.hub.told.said import Said
from kobling.pairs.registry import pairs
from kobling.portal.states import State

STATES: Mapping[str, State] = {
    runs.QUEUED: State.WAIT,
    runs.RUNNING: State.RUN,
    runs.DONE: State.OK,
    runs.PARTLY: State.HALF,
    runs.FAILED: State.BAD,
    runs.STOPPED: State.YOU,
}
"""How a run's own state is shown; one that a person cancelled has none."""
_WRITTEN = ("inserted", "modified", "deleted")
_COUNTED = (*_WRITTEN, "skipped", "failed")


@dataclass(frozen=True, slots=True)
class Lately:
    """One run: how it ended in one of the eleven states, what it wrote and left out, how long it took (seconds).

    ``state`` None: a person cancelled it. ``why``: what it failed of.
    """

    run: int
    pair: str
    client: int
    left: str
    right: str
    direction: str
    state: State | None
    at: datetime
    written: int
    skipped: int
    failed: int
    took: int | None
    why: Said


def last_runs(actor: Actor, client: Client, most: int = 5) -> tuple[Lately, ...]:
    """The last synchronisations of a client, newest first."""
    require(actor, Doing.SEE, client)
    seen = clients_of(actor).filter(pk=client.pk)
    rows = Run.objects.filter(pair__client__in=seen, kind="sync").select_related("pair__left", "pair__right")
    sealed = [f"pair__{side}__{name}" for side in ("left", "right") for name in Connection.SEALED]
    found = list(rows.defer(*sealed).order_by("-pk")[:most])
    counted: Any = SyncJob.objects.filter(run__in=found).order_by().values("run")
    sums: dict[int, Any] = {
        each["run"]: each for each in counted.annotate(**{f"n_{name}": Sum(name) for name in _COUNTED})
    }
    return tuple(_lately(each, sums.get(each.pk, {})) for each in found)


def _lately(run: Run, sums: Mapping[str, int]) -> Lately:
    error: Mapping[str, Any] = run.error or {}
    kind = pairs().found.get(run.pair.pair_type)
    over = run.started_at is not None and run.ended_at is not None
    return Lately(
        run.pk,
        kind.title if kind and run.pair.name == run.pair.pair_type else run.pair.name,
        run.pair.client_id,
        run.pair.left.connector,
        run.pair.right.connector,
        run.pair.direction,
        STATES.get(run.state),
        run.started_at or run.asked_at,
        sum(sums.get(f"n_{name}", 0) for name in _WRITTEN),
        sums.get("n_skipped", 0),
        sums.get("n_failed", 0),
        int((run.ended_at - run.started_at).total_seconds()) if over else None,  # type: ignore[operator]
        Said(str(error["summary"]), error.get("params")) if error.get("summary") else Said(""),
    )
