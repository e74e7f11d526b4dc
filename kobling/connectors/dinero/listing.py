"""Reading a Dinero list: everything once, then what changed, then what was deleted."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from kobling.connectors.dinero.books import MOST, Books, instant, second
from kobling.records import N_, Gone, Misunderstood, NotThere, Record, parse_instant
from kobling.sdk.protocols import Bookmark, Capabilities, FieldSchema, IdPage, Page, Unread
from kobling.sdk.reading import records_of, told_apart

_OVERLAP = timedelta(seconds=2)


class Listing:
    """The reading half of a resource that Dinero lists; ``fields`` keep Dinero's PascalCase names.

    Amounts are Decimal in major units (kroner), dates ``YYYY-MM-DD``, instants UTC. A reading takes the list and then
    the deleted rows. Lists that turn out to be ordered by UpdatedAt are read on from the last second seen, so that rows
    moving during the reading are not missed (rows of that second come twice); others by page number, and once more if
    something moved meanwhile.

    Fidelity: known dinero §3 – changesSince is inclusive, whole seconds; deleted rows come only with deletedOnly=true
    Fidelity: assumed dinero §3 – (hurts) the order of contacts is not stated: it is looked at, never relied on
    Fidelity: known dinero §3 – lists echo the names as asked for, so they are asked for in PascalCase
    """

    def __init__(
        self,
        books: Books,
        name: str,
        *,
        path: str,
        key: str,
        schema: Mapping[str, FieldSchema],
        columns: Sequence[str],
        capabilities: Capabilities,
        page_size: int = MOST,
    ) -> None:
        self.name = name
        self.capabilities = capabilities
        self._books = books
        self._path = path
        self._key = key
        self._schema = schema
        self._columns = ",".join(columns)
        self._page_size = page_size

    async def describe(self) -> Mapping[str, FieldSchema]:
        """Dinero's fields are the same everywhere; no request is made."""
        return self._schema

    async def read(self, bookmark: Bookmark | None) -> Page:
        """One page; an unchanged list costs two requests."""
        mark: dict[str, Any] = dict(bookmark or {})
        if mark.get("phase") == "gone":
            return await self._read_gone(mark)
        if "phase" not in mark:
            since = mark.get("since")
            start = second(parse_instant(since) - _OVERLAP) if since else None
            now = self._books.horizon.now()
            mark = {**mark, "phase": "rows", "from": start, "page": 0, "turn": 1, "begun": now and second(now)}
        return await self._read_rows(mark)

    async def read_ids(self, position: str | None) -> IdPage:
        """At most 1000 ids a request."""
        page = int(position or 0)
        rows, _ = await self._books.page(self._path, fields=self._key, page=str(page), pageSize=str(MOST))
        return IdPage([row[self._key] for row in rows], str(page + 1) if len(rows) == MOST else None)

    async def get(self, external_id: str) -> Record:
        """One record. Raises NotThere, for a deleted one too."""
        row = await self._books.get(f"{self._path}/{external_id}")
        if row.get("DeletedAt"):
            raise NotThere(N_("The record was deleted in Dinero."))
        record = self.record(row)
        if record.modified_at:
            self._books.horizon.saw(record.modified_at)
        return record

    async def get_many(self, external_ids: Sequence[str]) -> Sequence[Record]:
        """One request each, missing ones left out."""
        found = await asyncio.gather(*[self._get_or_none(each) for each in external_ids])
        return [each for each in found if each is not None]

    def record(self, row: dict[str, Any]) -> Record:
        """A row as a record; its version is UpdatedAt, which the vendor keeps but does not check."""
        try:
            changed = instant(row, "UpdatedAt")
            return Record(self.name, row[self._key], row, second(changed) if changed else None, changed)
        except (KeyError, TypeError, ValueError):
            raise Misunderstood(
                N_("Dinero sent a record without an id or a time of change."), detail=self.name
            ) from None

    async def whole(self, rows: Sequence[dict[str, Any]]) -> tuple[list[Record], list[Unread]]:
        """Rows of the list as records, and those that cannot be read."""
        return records_of(rows, self.record, lambda row: row[self._key])

    async def _get_or_none(self, external_id: str) -> Record | None:
        try:
            return await self.get(external_id)
        except NotThere:
            return None

    async def _list(self, since: str | None, page: int, *, deleted: bool = False) -> tuple[list[dict[str, Any]], int]:
        params = {"fields": self._columns, "page": str(page), "pageSize": str(self._page_size)}
        if since:
            params["changesSince"] = since
        if deleted:
            params["deletedOnly"] = "true"
        return await self._books.page(self._path, **params)

    async def _read_rows(self, mark: dict[str, Any]) -> Page:
        rows, total = await self._list(mark["from"], mark["page"])
        if total < mark.get("expect", 0) and not mark["page"]:
            # Fewer than must be there: the order is not by time after all.
            return Page([], {**mark, **mark["back"]}, more=True)
        stamps = [stamp for row in rows if (stamp := _stamp(row)) is not None]
        records, unread = await self.whole([row for row in rows if not row.get("DeletedAt")])
        newest = max(stamps, default=None)
        if newest:
            self._books.horizon.saw(newest)
        if not mark["page"] and "back" not in mark and mark["turn"] == 1:
            mark = {**mark, "top": _later(mark.get("since"), newest)}
        if len(rows) == self._page_size:
            return Page(records, {**mark, **self._onwards(mark, rows, stamps, total)}, True, total=total, unread=unread)
        by_time = bool(mark.get("expect"))
        if not by_time and mark["turn"] == 1 and mark["page"] and await self._moved_meanwhile(mark["top"]):
            return Page(records, {**mark, "page": 0, "turn": 2}, more=True, total=total, unread=unread)
        top = _later(mark["from"], newest) if by_time else mark["top"]
        # What was stamped before the reading began was read: the next one need not begin at the newest record.
        since = max(filter(None, (top, mark.get("begun"))), default=None)
        after = {"phase": "gone", "page": 0, "since": since, "gone_since": mark.get("gone_since")}
        return Page(records, after, more=True, total=total, unread=unread)

    def _onwards(
        self, mark: Mapping[str, Any], rows: Sequence[dict[str, Any]], stamps: Sequence[datetime], total: int
    ) -> dict[str, Any]:
        """Where the next page is: from the last second seen where the order is by time, else the next page number."""
        last = second(stamps[-1]) if stamps else None
        in_order = len(stamps) == len(rows) and all(one <= other for one, other in pairwise(stamps))
        by_number = mark["page"] and not mark.get("expect")
        if not in_order or by_number or last is None or last == mark["from"]:
            return {"page": mark["page"] + 1}
        before = [each for each in stamps if each < stamps[-1].replace(microsecond=0)]
        back = {"from": mark["from"], "page": mark["page"] + 1, "expect": 0}
        left = total - mark["page"] * self._page_size - len(before)
        return {"from": last, "page": 0, "expect": left, "back": mark.get("back", back)}

    async def _moved_meanwhile(self, top: str | None) -> bool:
        """Whether a row is newer than all of the first page: it may have moved there while we read."""
        rows, _ = await self._list(top, 0)
        return any(second(stamp) > (top or "") for row in rows if (stamp := _stamp(row)) is not None)

    async def _read_gone(self, mark: dict[str, Any]) -> Page:
        since = mark.get("gone_since")
        start = second(parse_instant(since) - _OVERLAP) if since else None
        rows, _ = await self._list(start, mark["page"], deleted=True)
        vanished, unread = told_apart(rows, self._key)
        gone = [Gone(each, instant(row, "DeletedAt")) for each, row in vanished.items()]
        newest = max((each.deleted_at for each in gone if each.deleted_at), default=None)
        top = _later(mark.get("gone_top", since), newest)
        if len(rows) == self._page_size:
            return Page([], {**mark, "page": mark["page"] + 1, "gone_top": top}, more=True, gone=gone, unread=unread)
        return Page([], {"since": mark["since"], "gone_since": top}, more=False, gone=gone, unread=unread)


def _stamp(row: Mapping[str, Any]) -> datetime | None:
    """When a row was changed; None also for a stamp that is none, which its record is told for."""
    try:
        return instant(row, "UpdatedAt")
    except (ValueError, TypeError, AttributeError):
        return None


def _later(one: str | None, other: datetime | None) -> str | None:
    if other is None:
        return one
    return max(one or "", second(other))
