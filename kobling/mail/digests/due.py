"""Digests whose time has come: claimed with a lease, made, and put down in the transaction that moves their time on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.db.models import Q, QuerySet

from kobling.hub.store import faults, sql
from kobling.mail.digests.countries import country_of
from kobling.mail.digests.made import letter_for
from kobling.mail.digests.times import Frequency, next_at
from kobling.mail.models import Subscription
from kobling.mail.outbox import put

log = structlog.get_logger("kobling.mail")
LEASE = timedelta(minutes=15)
AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class Turn:
    """One making of a digest, which is one worker's until then."""

    subscription: int
    epoch: int
    until: datetime


def is_due(now: datetime) -> bool:
    """Whether any digest's time has come."""
    return _due(now).exists()


def claim(now: datetime, most: int) -> list[tuple[Subscription, Turn]]:
    """Digests whose time has come; each is one worker's."""
    mine = []
    for row in _due(now).order_by("due_at", "pk")[:most]:
        turn = Turn(row.pk, row.epoch + 1, now + LEASE)
        taken = _due(now).filter(pk=row.pk, epoch=row.epoch)
        if taken.update(epoch=turn.epoch, claimed_until=turn.until):
            mine.append((row, turn))
    return mine


def make(now: datetime) -> int:
    """Make some of those that are due. Returns how many were put down. One that cannot be made holds up no other."""
    made = 0
    for row, turn in claim(now, AT_ONCE):
        try:
            made += _make(row, turn, now)
        except Exception as fault:
            if faults.told(fault) is not None:
                raise
            log.error("a digest cannot be made", subscription=row.pk, exc_info=fault)
    return made


def _make(row: Subscription, turn: Turn, now: datetime) -> bool:
    letter = letter_for(row, now)
    after = next_at(Frequency(row.frequency), now, country_of(row.person_id, row.client))
    with sql.together():
        # Who has changed what they want meanwhile has counted the epoch on.
        mine = Subscription.objects.filter(pk=turn.subscription, epoch=turn.epoch, claimed_until=turn.until)
        if not mine.update(due_at=after, claimed_until=None):
            return False
        return letter is not None and put(letter, now, once=_once(row), client=row.client)


def _once(row: Subscription) -> str:
    assert row.due_at is not None
    return f"digest:{row.person_id}:{row.client_id or 'all'}:{row.due_at.isoformat()}"


def _due(now: datetime) -> QuerySet[Subscription]:
    free = Q(claimed_until=None) | Q(claimed_until__lte=now)
    return Subscription.objects.filter(free, due_at__lte=now, on=True)
