"""When rows are renewed: what was marked, what time alone changed, and what a person has just done."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import datetime

import structlog

from kobling.hub.store import faults, stale
from kobling.portal.figures import AT_ONCE, renew
from kobling.portal.models import ClientFigures

log = structlog.get_logger("kobling.portal")
MARKS_AT_ONCE = 5_000
"""Marks looked at in one round: a client that is busy has many."""


def renew_marked(now: datetime, most: int = AT_ONCE) -> int:
    """Renew clients that were marked, those that wait longest first. Returns how many."""
    clients = list(dict.fromkeys(client for _, client in stale.marked(MARKS_AT_ONCE)))[:most]
    return _each(clients, now) if clients else 0


def renew_by_time(now: datetime, most: int = AT_ONCE) -> int:
    """Renew clients that time alone has changed: a run did not come, a limit is over. Returns how many."""
    due = ClientFigures.objects.filter(changes_at__lte=now).order_by("changes_at")
    clients = list(due.values_list("pk", flat=True)[:most])
    return _each(clients, now) if clients else 0


def _each(clients: Collection[int], now: datetime) -> int:
    """All at once; where that fails for a fault of ours, one by one, so that one client never holds up the others."""
    try:
        return renew(clients, now)
    except Exception as fault:
        if faults.told(fault) is not None:
            raise
        done = 0
        for client in clients:
            done += _alone(client, now)
        return done


def _alone(client: int, now: datetime) -> int:
    try:
        return renew([client], now)
    except Exception as fault:
        if faults.told(fault) is not None:
            raise
        log.error("the figures of a client cannot be reckoned", client=client, exc_info=fault)
        # Else it would be tried again in every round; its next change marks it anew.
        stale.take_away([mark for mark, _client in stale.marks_of([client])])
        ClientFigures.objects.filter(pk=client).update(changes_at=None)
        return 0


@contextmanager
def right_after(now: Callable[[], datetime]) -> Iterator[None]:
    """What a person changes meanwhile is reckoned as soon as they have done it, before anybody looks.

    For doors: around a command, or a request that changes something. Nothing depends on it, since the marks stay; of
    very many clients the workers renew the rest.
    """
    with stale.noting() as noted:
        try:
            yield
        finally:
            _soon(sorted(noted)[:AT_ONCE], now)


def _soon(clients: Collection[int], now: Callable[[], datetime]) -> None:
    try:
        renew(clients, now())
    except Exception as fault:
        # What the person did is done, and the marks see to the rest.
        log.warning("figures are renewed later", clients=len(clients), exc_info=fault)
