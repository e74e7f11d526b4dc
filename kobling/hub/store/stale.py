"""Marks of clients whose figures are no longer true, made where something changes and in the same transaction.

A mark outlives whoever made it: a worker reckons the figures of marked clients anew, whatever died in between. Marks
are added and never counted together, so that nobody waits for anybody to make one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

from kobling.hub.models import Stale
from kobling.hub.store import sql

_noted: ContextVar[set[int] | None] = ContextVar("kobling_stale", default=None)

_OF_TABLE = "SELECT p.client_id FROM hub_table t JOIN hub_pair p ON p.id = t.pair_id WHERE t.id = %s"
_OF_RUN = "SELECT p.client_id FROM hub_run r JOIN hub_pair p ON p.id = r.pair_id WHERE r.id = %s"
_OF_CONNECTION = "SELECT client_id FROM hub_connection WHERE id = %s"


def mark(clients: Iterable[int]) -> None:
    """Something of these clients has changed."""
    chosen = sorted(set(clients))
    Stale.objects.bulk_create([Stale(client_id=each) for each in chosen], batch_size=sql.BATCH)
    _note(chosen)


def mark_table(table: int) -> None:
    """Something of a table's client has changed."""
    _mark_from(_OF_TABLE, table)


def mark_run(run: int) -> None:
    """Something of a run's client has changed."""
    _mark_from(_OF_RUN, run)


def mark_connection(connection: int) -> None:
    """Something of a connection's client has changed."""
    _mark_from(_OF_CONNECTION, connection)


def _mark_from(clients: str, number: int) -> None:
    sql.run(f"INSERT INTO hub_stale (client_id) {clients}", [number])
    if _noted.get() is not None:
        _note(each for (each,) in sql.rows(clients, [number]))


def _note(clients: Iterable[int]) -> None:
    noted = _noted.get()
    if noted is not None:
        noted.update(clients)


@contextmanager
def noting() -> Iterator[set[int]]:
    """The clients that this thread marks meanwhile, so that whoever acts for a person can see to them at once."""
    noted: set[int] = set()
    token = _noted.set(noted)
    try:
        yield noted
    finally:
        _noted.reset(token)


def marked(most: int) -> list[tuple[int, int]]:
    """The oldest marks: number and client."""
    return list(Stale.objects.order_by("pk").values_list("pk", "client_id")[:most])


def marks_of(clients: Sequence[int]) -> list[tuple[int, int]]:
    """The marks of some clients: number and client."""
    return list(Stale.objects.filter(client__in=clients).order_by("pk").values_list("pk", "client_id"))


def take_away(marks: Sequence[int]) -> None:
    """The figures were reckoned after these marks were seen."""
    for batch in sql.batched(sorted(marks), sql.BATCH):
        Stale.objects.filter(pk__in=batch).delete()
