"""An entity set as a resource: read page by page, then by time of change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from kobling.records import N_, Misunderstood, Record, Refused, parse_instant
from kobling.sdk.odata.query import all_of, bare, instant
from kobling.sdk.odata.service import Row, Rows, Service
from kobling.sdk.paging import groups
from kobling.sdk.protocols import Bookmark, Capabilities, IdPage, Page, Unread
from kobling.sdk.reading import records_of
from kobling.sdk.status import http_date

ETAG = "@odata.etag"
_ASKED_AT_ONCE = 40
"""Ids in one filter: keeps an address below the 2,000 characters that every server and proxy takes."""


@dataclass(frozen=True, slots=True)
class Spec:
    """One entity set. ``columns`` are asked for by name; ``modified`` is the time of change, empty where there is none.

    ``overlap`` is read again at each polling: a change becomes visible only when its transaction ends.
    """

    name: str
    path: str
    key: str
    columns: tuple[str, ...]
    modified: str = ""
    expand: str = ""
    where: str = ""
    overlap: timedelta = timedelta(seconds=60)
    page: int = 1000
    can: Capabilities = field(default_factory=Capabilities)


class Table:
    """Reads one entity set; implements the reading half of ``Resource``.

    Fields have the vendor's names; numbers are exact. The version is the ETag. Raises as ``Api.request`` does.
    """

    def __init__(self, service: Service, spec: Spec) -> None:
        self.name = spec.name
        self.capabilities = spec.can
        self.spec = spec
        self.service = service

    async def read(self, bookmark: Bookmark | None) -> Page:
        """A page: everything first, then what changed since, ordered by time of change."""
        mark = dict(bookmark) if bookmark and bookmark.get("phase") else await self.start()
        if not mark:
            return Page([], {}, more=False)
        told = await self.continued(mark)
        records, unread = self.records(told.rows)
        latest = max([str(mark.get("at") or ""), *(instant(each.modified_at) for each in records if each.modified_at)])
        mark.setdefault("until", _spelled(told.date))
        if told.next:
            kept = {"at": latest} if mark["phase"] == "changes" else {}
            return Page(
                records,
                {**mark, **kept, "next": told.next, "since": mark.get("since") or mark["at"]},
                True,
                unread=unread,
            )
        if not self.spec.modified:
            return Page(records, {}, more=False, unread=unread)
        at = latest if mark["phase"] == "changes" else str(mark["at"])
        return Page(records, {"phase": "changes", "at": _earlier(at, mark["until"])}, more=False, unread=unread)

    async def start(self) -> dict[str, Any]:
        """Where a first reading begins: the latest change there is, taken before anything is read.

        Nothing while the set is empty, since there is no time to go on from.
        """
        if not self.spec.modified:
            return {"phase": "all", "at": ""}
        told = await self.rows(select=self.spec.modified, orderby=f"{self.spec.modified} desc", top=1)
        if not told.rows:
            return {}
        stamp = instant(parse_instant(told.rows[0][self.spec.modified]))
        return {"phase": "all", "at": stamp, "until": _spelled(told.date)}

    async def continued(self, mark: Mapping[str, Any]) -> Rows:
        """The page that a bookmark stands for. A link that is no longer good is given up for a fresh start."""
        if mark.get("next"):
            try:
                return await self.service.follow(str(mark["next"]), prefer=self.prefer())
            except Refused:
                mark = {**mark, "at": mark.get("since") or mark["at"]}
        if mark["phase"] == "all":
            return await self.rows(select=self.select(), expand=self.spec.expand)
        since = instant(parse_instant(str(mark["at"])) - self.spec.overlap)
        where = f"{self.spec.modified} ge {since}"
        order = self.spec.modified
        return await self.rows(where, select=self.select(), expand=self.spec.expand, orderby=order)

    async def read_ids(self, position: str | None) -> IdPage:
        """A page of ids."""
        if position:
            told = await self.service.follow(position, prefer=self.prefer())
        else:
            told = await self.rows(select=self.spec.key)
        return IdPage([str(row[self.spec.key]) for row in told.rows], told.next)

    async def get(self, external_id: str) -> Record:
        """One record. Raises NotThere."""
        path = f"{self.spec.path}({external_id})"
        told = await self.service.get(path, prefer=self.prefer(), select=self.select(), expand=self.spec.expand)
        return self.record(told)

    async def get_many(self, external_ids: Sequence[str]) -> Sequence[Record]:
        """Records by id, many in a request."""
        found: list[Record] = []
        for group in groups(list(external_ids), _ASKED_AT_ONCE):
            where = bare(self.spec.key, group)
            told = await self.rows(where, select=self.select(), expand=self.spec.expand)
            found += [self.record(row) for row in told.rows]
        return found

    async def rows(self, where: str = "", **options: str | int | None) -> Rows:
        """The first page of a query on this set."""
        return await self.service.rows(
            self.spec.path, prefer=self.prefer(), filter=all_of(where, self.spec.where), **options
        )

    def prefer(self) -> str:
        """The page size that we ask for."""
        return f"odata.maxpagesize={self.spec.page}"

    def select(self) -> str:
        """The columns that are read."""
        return ",".join(dict.fromkeys((self.spec.key, *self.spec.columns, *filter(None, [self.spec.modified]))))

    def record(self, row: Row) -> Record:
        """A row as a record, annotations left out. Raises Misunderstood for a row without its key."""
        try:
            external_id = str(row[self.spec.key])
            changed = row.get(self.spec.modified) if self.spec.modified else None
            moment = parse_instant(changed) if changed else None
        except (KeyError, ValueError, AttributeError, TypeError):
            raise Misunderstood(
                N_("%(vendor)s sent a record without an id or a time of change."),
                vendor=self.service.api.vendor,
                detail=self.name,
            ) from None
        return Record(self.name, external_id, self.fields(row), row.get(ETAG), moment)

    def records(self, rows: Sequence[Row]) -> tuple[list[Record], list[Unread]]:
        """Rows as records, and those that cannot be read."""
        return records_of(rows, self.record, lambda row: row[self.spec.key])

    def fields(self, row: Row) -> dict[str, Any]:
        """The row's own fields."""
        return {name: value for name, value in row.items() if "@" not in name}


def _spelled(date: str) -> str:
    """The vendor's own time, from a Date header; empty where there is none."""
    moment = http_date(date)
    return "" if moment is None else instant(moment)


def _earlier(at: str, until: object) -> str:
    """A record from a time when the vendor's clock was ahead must not pull the cursor into its future."""
    return min(at, str(until)) if until else at
