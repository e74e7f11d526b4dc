"""One company in Pleo: envelopes, pages by cursor.

Fidelity: known pleo §2 – {data}, {data[], pagination}; `after` is opaque; company_id almost everywhere
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from kobling.records import N_, Misunderstood, from_json
from kobling.sdk.http import Api
from kobling.sdk.reading import rows_in

Row = dict[str, Any]
PAGE = 100


@dataclass(frozen=True, slots=True)
class Rows:
    """One page, and the cursor of the next one; None on the last."""

    rows: list[Row]
    after: str | None
    total: int | None = None


class Service:
    """Calls Pleo for one company."""

    def __init__(self, api: Api, company: str) -> None:
        self.api = api
        self.company = company

    async def page(self, path: str, after: str | None = None, *, search: Any = None, **params: str) -> Rows:
        """A page of a list; with ``search`` the list is asked for by POST."""
        query = {**params, "limit": str(PAGE), **({"after": after} if after else {})}
        if search is None:
            told = await self.api.json("GET", path, params=query)
        else:
            told = await self.api.json("POST", path, params=query, json=search, safe=True)
        try:
            rows, pages = rows_in(told["data"], self.api.vendor, path), told["pagination"]
        except (KeyError, TypeError):
            raise Misunderstood(N_("%(vendor)s sent a list without its envelope."), vendor=self.api.vendor) from None
        following = pages.get("endCursor") if pages.get("hasNextPage") else None
        if following is not None and following == after:
            raise Misunderstood(N_("%(vendor)s links a page to itself."), vendor=self.api.vendor)
        return Rows(rows, following, pages.get("total"))

    async def all(self, path: str, *, search: Any = None, **params: str) -> AsyncIterator[Row]:
        """Every row of a list, page by page."""
        after: str | None = None
        while True:
            told = await self.page(path, after, search=search, **params)
            for row in told.rows:
                yield row
            if told.after is None:
                return
            after = told.after

    async def one(self, path: str, **params: str) -> Row:
        """One object."""
        return _data(await self.api.json("GET", path, params=params or None))

    async def send(self, method: str, path: str, body: object) -> Row:
        """Send a change; what comes back, empty where nothing does."""
        answer = await self.api.request(method, path, json=body)
        if not answer.body:
            return {}
        try:
            told = from_json(answer.body)
        except (ValueError, UnicodeDecodeError):
            raise self.api.not_json(method, path, answer, safe=False) from None
        return dict(told) if isinstance(told, dict) else {}


def _data(told: Any) -> Row:
    found = told.get("data") if isinstance(told, dict) else None
    return dict(found) if isinstance(found, dict) else {}
