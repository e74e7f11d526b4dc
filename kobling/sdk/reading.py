"""One record that cannot be read leaves the others of its page alone, and is told.

What mends itself (a vendor's fault, a limit) breaks the page off instead, since reading the same bookmark again brings
it whole; only inside ``tolerant`` is a record that fails again and again told like one that is broken for good.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

from kobling.records import (
    KoblingError,
    Misunderstood,
    NotReached,
    NotThere,
    RateLimited,
    Record,
    SignInExpired,
    Temporary,
)
from kobling.sdk.protocols import Unread
from kobling.sdk.shapes import SHAPES, misunderstood

Row = TypeVar("Row")
_FEW = 2
"""So many failures without a single success are the vendor's or ours, not the records'."""

_tolerant: ContextVar[bool] = ContextVar("tolerant", default=False)


@contextmanager
def tolerant() -> Iterator[None]:
    """Inside, a record that the vendor fails at is left out and told, so that the page goes on."""
    token = _tolerant.set(True)
    try:
        yield
    finally:
        _tolerant.reset(token)


def records_of(
    rows: Iterable[Row], make: Callable[[Row], Record], name: Callable[[Row], Any]
) -> tuple[list[Record], list[Unread]]:
    """Rows as records, and those of which none can be made; ``name`` gives a row's id. Raises where it is all."""
    found, unread = list[Record](), list[Unread]()
    for row in rows:
        try:
            found.append(make(row))
        except Misunderstood as error:
            unread.append(Unread(_named(row, name), error))
        except SHAPES as error:
            unread.append(Unread(_named(row, name), misunderstood(error, "row")))
    return found, _unless_all(found, unread)


async def each_read(
    external_ids: Sequence[str], get: Callable[[str], Awaitable[Record]]
) -> tuple[list[Record], list[Unread]]:
    """Records asked for one by one, missing ones left out. Raises what concerns more than one record."""
    told = await asyncio.gather(*[get(each) for each in external_ids], return_exceptions=True)
    found, unread = list[Record](), list[Unread]()
    for external_id, each in zip(external_ids, told, strict=True):
        if isinstance(each, Record):
            found.append(each)
        elif isinstance(each, KoblingError) and not _breaks_off(each):
            if not isinstance(each, NotThere):
                unread.append(Unread(external_id, each))
        elif isinstance(each, SHAPES):
            unread.append(Unread(external_id, misunderstood(each, "record")))
        elif isinstance(each, BaseException):
            raise each
    return found, _unless_all(found, unread)


def _breaks_off(error: KoblingError) -> bool:
    if isinstance(error, SignInExpired | RateLimited | NotReached):
        return True
    return isinstance(error, Temporary) and not _tolerant.get()


def _unless_all(found: Sequence[Record], unread: list[Unread]) -> list[Unread]:
    if not found and len(unread) >= _FEW:
        raise unread[0].error
    return unread


def _named(row: Row, name: Callable[[Row], Any]) -> str:
    try:
        return str(name(row) or "")
    except SHAPES:
        return ""
