"""The few things SQL needs on both databases."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Any, TypeVar

from django.db import connection, transaction

Item = TypeVar("Item")
BATCH = 1000


def rows(statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """Run a query and return all its rows."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        found: list[tuple[Any, ...]] = cursor.fetchall()
        return found


def walk(statement: str, parameters: Sequence[Any] = (), size: int = BATCH) -> Iterator[tuple[Any, ...]]:
    """Run a query and give its rows one at a time, so that a long answer is never in memory at once."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        while batch := cursor.fetchmany(size):
            yield from batch


def one(statement: str, parameters: Sequence[Any] = ()) -> tuple[Any, ...] | None:
    """Run a query and return its first row, or None."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        row: tuple[Any, ...] | None = cursor.fetchone()
        return row


def number(statement: str, parameters: Sequence[Any] = ()) -> int:
    """Run a query and return its first value as a number, 0 without a row."""
    row = one(statement, parameters)
    return int(row[0]) if row else 0


def run(statement: str, parameters: Sequence[Any] = ()) -> int:
    """Run a statement and return how many rows it touched."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return int(cursor.rowcount)


def run_many(statement: str, parameters: Iterable[Sequence[Any]]) -> None:
    """Run a statement once per row of parameters, in batches, all or nothing.

    Outside a transaction SQLite would commit every row by itself.
    """
    with transaction.atomic(savepoint=False), connection.cursor() as cursor:
        for batch in batched(parameters, BATCH):
            cursor.executemany(statement, batch)


async def aside(function: Callable[..., Item], *arguments: Any) -> Item:
    """Ask the database on another thread while the loop goes on; a connection that broke there is made anew first."""
    return await asyncio.to_thread(_on_its_thread, function, arguments)


def _on_its_thread(function: Callable[..., Item], arguments: Sequence[Any]) -> Item:
    if connection.connection is not None and connection.errors_occurred:
        connection.close_if_unusable_or_obsolete()
    return function(*arguments)


def batched(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Cut items into lists of at most ``size``."""
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch


def places(items: Sequence[Any]) -> str:
    """Placeholders for an IN list."""
    return ", ".join(["%s"] * len(items))


def wanted(items: Sequence[Any]) -> str:
    """The head of a query that looks up each of ``items`` (``wanted.item``) by itself: ``FROM wanted CROSS JOIN …``.

    Given a long IN list, SQLite would rather walk a whole table by a shorter index.
    """
    return f"WITH wanted(item) AS (VALUES {', '.join(['(%s)'] * len(items))})"


def together() -> transaction.Atomic:
    """All or nothing; on SQLite the write lock is taken at once."""
    return transaction.atomic()


def along() -> transaction.Atomic:
    """As ``together``, and no more than a part of the transaction that there may be already."""
    return transaction.atomic(savepoint=False)


def lock_clause() -> str:
    """Row locking where the database has it; SQLite's transactions hold the whole file already."""
    return " FOR UPDATE" if connection.vendor == "postgresql" else ""


def to_db(moment: datetime | None) -> Any:
    """An instant as the database wants it as a parameter."""
    return None if moment is None else connection.ops.adapt_datetimefield_value(moment)


def instants_to_db() -> Callable[[datetime | None], Any]:
    """``to_db`` for many rows: the database is asked for once."""
    adapted: Callable[[datetime | None], Any] = connection.ops.adapt_datetimefield_value
    return adapted


def from_db(value: Any) -> datetime | None:
    """An instant as it came out of a plain query."""
    if value is None:
        return None
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
