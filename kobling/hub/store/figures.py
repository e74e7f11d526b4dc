"""Figures that systems told, and when each is asked next: one row a connection, claimed by one worker at a time."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Q

from kobling.hub.models import Connection, SyncJob, ToldFigures
from kobling.hub.store import sql, stale
from kobling.hub.store.issues import error_as_data
from kobling.records import N_, KoblingError, Misunderstood, SettingsError, Temporary
from kobling.sdk.figures import Figure

EVERY = timedelta(hours=1)
LEASE = timedelta(minutes=15)
"""Longer than any answer takes: who asked and died is asked for again after it."""

_MANY, _MUCH, _CODE = 10**9, Decimal(10) ** 15, 3
"""More of anything, or a longer name of a currency, is no figure of a company that keeps books with us."""

APART = timedelta(minutes=5)
"""Runs that follow each other closely do not have the vendor asked after each."""


def enrol(now: datetime, most: int) -> int:
    """Connections that work and were never asked get their turn. Returns how many."""
    fresh = Connection.objects.filter(healthy=True, revoked_at=None, told_figures=None).order_by("pk")[:most]
    rows = [ToldFigures(connection=each, due_at=now) for each in fresh.only("pk")]
    ToldFigures.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows)


@dataclass(frozen=True, slots=True)
class Turn:
    """One asking of a connection, which is one worker's until then."""

    connection: int
    epoch: int
    until: datetime


def claim(now: datetime, most: int) -> list[tuple[Connection, Turn]]:
    """Connections whose turn it is; each is one worker's."""
    due = ToldFigures.objects.filter(due_at__lte=now, connection__healthy=True, connection__revoked_at=None)
    due = due.filter(Q(asking_until=None) | Q(asking_until__lte=now))
    mine = []
    for row in due.select_related("connection").order_by("due_at", "pk")[:most]:
        taken = ToldFigures.objects.filter(pk=row.pk, epoch=row.epoch, due_at=row.due_at)
        turn = Turn(row.pk, row.epoch + 1, now + LEASE)
        if taken.update(epoch=turn.epoch, due_at=turn.until, asking_until=turn.until):
            mine.append((row.connection, turn))
    return mine


def keep(turn: Turn, figures: Sequence[Figure], now: datetime) -> bool:
    """Store what was told; False for an answer to an older asking. A turn that was asked for meanwhile stays.

    Raises Misunderstood for what no figure can be.
    """
    return _close(
        turn,
        now,
        now + EVERY,
        {"figures": _as_data(figures), "told_at": now, "error": None, "failed_at": None},
    )


def keep_none(turn: Turn, now: datetime) -> bool:
    """The system tells no figures, and is not asked again until it is tested anew."""
    return _close(turn, now, None, {"figures": {}, "told_at": None, "error": None, "failed_at": None})


def failed(turn: Turn, error: KoblingError, now: datetime) -> bool:
    """The last figures stay with their time, and why there are no newer ones is kept beside them.

    What a person must mend is not tried again by itself: asking on with a dead key may get us locked out.
    """
    again: datetime | None = now + EVERY
    if isinstance(error, Temporary) and error.retry_at is not None:
        again = max(now + EVERY, error.retry_at)
    if isinstance(error, SettingsError):
        again = None
    return _close(turn, now, again, {"error": error_as_data(error), "failed_at": now})


def give_back(turn: Turn, now: datetime) -> None:
    """Who asked does not wait for the answer: it is somebody else's turn at once."""
    mine = ToldFigures.objects.filter(pk=turn.connection, epoch=turn.epoch, asking_until=turn.until)
    mine.update(asking_until=None, due_at=now)


def _close(turn: Turn, now: datetime, again: datetime | None, told: Mapping[str, Any]) -> bool:
    with sql.together():
        mine = ToldFigures.objects.filter(pk=turn.connection, epoch=turn.epoch, asking_until=turn.until)
        row = mine.select_for_update().first()
        if row is None:
            return False
        asked_for_meanwhile = row.due_at != turn.until
        due = row.due_at if asked_for_meanwhile else again
        ToldFigures.objects.filter(pk=turn.connection).update(asking_until=None, due_at=due, **told)
        stale.mark_connection(turn.connection)
    return True


def ask_for(connections: Collection[int], who: str, now: datetime) -> None:
    """Ask these connections' systems next, whenever their turn would have been; ``who`` is an actor's key."""
    rows = [ToldFigures(connection_id=each) for each in sorted(connections)]
    with sql.together():
        ToldFigures.objects.bulk_create(rows, ignore_conflicts=True)
        for each in sorted(connections):
            ToldFigures.objects.filter(pk=each).update(due_at=now, asked_at=now, asked_by=who)


def works_again(connection: int, now: datetime) -> None:
    """A connection was tested and is well: whatever kept it from being asked may be over."""
    ToldFigures.objects.filter(pk=connection).filter(Q(due_at=None) | Q(due_at__gt=now)).update(due_at=now)


def run_ended(run: int, connections: Collection[int], now: datetime) -> None:
    """A run that moved something has its systems asked soon; one that moved nothing changes no figure."""
    moved = Q(inserted__gt=0) | Q(modified__gt=0) | Q(deleted__gt=0)
    if not SyncJob.objects.filter(moved, run_id=run).exists():
        return
    for row in ToldFigures.objects.filter(pk__in=connections, due_at__gt=now).exclude(told_at=None).order_by("pk"):
        soon = max(now, row.told_at + APART) if row.told_at else now
        ToldFigures.objects.filter(pk=row.pk, due_at__gt=soon).update(due_at=soon)


def _as_data(figures: Sequence[Figure]) -> dict[str, dict[str, Any]]:
    for each in figures:
        sane = abs(each.number or 0) < _MANY and all(abs(amount) < _MUCH for amount in each.amounts.values())
        if not sane or any(len(currency) > _CODE for currency in each.amounts):
            raise Misunderstood(N_("A figure that was told cannot be one."), detail=each.name, code="absurd_figure")
    return {
        each.name: {
            "number": each.number,
            "amounts": {currency: str(amount) for currency, amount in sorted(each.amounts.items())},
        }
        for each in figures
    }
