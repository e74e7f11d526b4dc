"""One record that cannot be read leaves the others of its page alone, and is told.

What mends itself (a vendor's fault, a limit) breaks the page off instead, since reading the same bookmark again brings
it whole; only inside ``tolerant`` is a record that fails again and again told like one that is broken for good.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, TypeVar

from kobling.records import (
    N_,
    KoblingError,
    Misunderstood,
    NotReached,
    NotThere,
    RateLimited,
    Record,
    SignInExpired,
    Temporary,
)
from kobling.sdk.fitting import split
from kobling.sdk.protocols import Page, Resource, Unread
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


def rows_in(told: Any, vendor: str, detail: str = "") -> list[dict[str, Any]]:
    """The rows of an answered list; what is no object among them becomes an empty one, of which no record can be made.

    Raises Misunderstood where the answer is no list: it would read as one that has no rows, or rows of nothing.
    """
    if not isinstance(told, list):
        raise Misunderstood(N_("%(vendor)s did not answer with a list."), vendor=vendor, detail=detail)
    return [each if isinstance(each, dict) else {} for each in told]


def told_apart(rows: Iterable[Mapping[str, Any]], key: str) -> tuple[dict[str, dict[str, Any]], list[Unread]]:
    """Rows by their ids, and those that name none. Raises where it is all."""
    found, unread = dict[str, dict[str, Any]](), list[Unread]()
    for row in rows:
        if row.get(key):
            found[str(row[key])] = dict(row)
        else:
            unread.append(Unread("", _nameless(key)))
    return found, _unless_all(found, unread)


def last_with(
    rows: Sequence[Mapping[str, Any]], *names: str, otherwise: Mapping[str, Any] | None = None
) -> Mapping[str, Any]:
    """The last row that has what the next page is asked for by; ``otherwise`` where no row has and there is a place to
    go on from. Raises Misunderstood where there is none."""
    whole = [row for row in rows if all(row.get(each) for each in names)]
    if whole:
        return whole[-1]
    if otherwise is None:
        raise _nameless(", ".join(names))
    return otherwise


def ids_on(page: Page) -> list[str]:
    """Every id that a page tells of, those that cannot be read as well: none of these has vanished.

    Raises what is wrong with a record that names none, since nobody can say then what is gone.
    """
    raise_for(page.unread, ())
    return [record.external_id for record in page.records] + [each.external_id for each in page.unread]


def raise_for(unread: Iterable[Unread], wanted: Collection[str]) -> None:
    """Raise what is wrong with the first of these records, or with one that names no id: it may be one of them."""
    for each in unread:
        if not each.external_id or each.external_id in wanted:
            raise each.error


def _nameless(key: str) -> Misunderstood:
    return Misunderstood(N_("An answer holds a record without its id."), detail=key, code="nameless")


@dataclass(frozen=True, slots=True)
class Found:
    """What became of ids that were asked for: records, those that the vendor says are not there, those not readable."""

    records: list[Record]
    gone: list[str]
    unread: list[Unread]


async def found_of(resource: Resource, external_ids: Sequence[str]) -> Found:
    """Ask for records by their ids, and tell those that are gone from those that only cannot be read.

    ``get_many`` leaves both out; so what it leaves out is asked for once more by itself, unless it reads everything
    anyway. Raises what concerns more than one record.
    """
    try:
        records, complete = list(await resource.get_many(external_ids)), True
    except (Temporary, SignInExpired):
        raise
    except (KoblingError, *SHAPES):
        records, complete = [], False
    records, unread = split(records)
    known = {record.external_id for record in records} | {each.external_id for each in unread}
    missing = sorted(set(external_ids) - known)
    if complete and resource.capabilities.many_by_all:
        return Found(records, missing, unread)
    gone = list[str]()
    for each in missing:
        try:
            kept, odd = split([await resource.get(each)])
            records, unread = records + kept, unread + odd
        except NotThere:
            gone.append(each)
        except (RateLimited, NotReached, SignInExpired):
            raise
        except KoblingError as error:
            unread.append(Unread(each, error))
        except SHAPES as strange:
            unread.append(Unread(each, misunderstood(strange, "record")))
    return Found(records, gone, unread)


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


def _unless_all(found: Collection[object], unread: list[Unread]) -> list[Unread]:
    if not found and len(unread) >= _FEW:
        raise unread[0].error
    return unread


def _named(row: Row, name: Callable[[Row], Any]) -> str:
    try:
        return str(name(row) or "")
    except SHAPES:
        return ""
