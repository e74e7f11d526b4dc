"""One OData service as one connection sees it: pages, single requests, batches, errors."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import msgspec

from kobling.records import N_, KoblingError, Misunderstood, from_json
from kobling.sdk.hosts import same_origin
from kobling.sdk.http import Answer, Api
from kobling.sdk.odata.batch import Part
from kobling.sdk.odata.query import query
from kobling.sdk.reading import rows_in
from kobling.sdk.status import Words

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Rows:
    """One page: its rows, the link to the next page and, on the last one, to later changes."""

    rows: list[Row]
    next: str | None = None
    delta: str | None = None
    count: int | None = None
    date: str = ""


def words(_status: int, body: bytes) -> Words:
    """What ``{"error": {"code", "message"}}`` says; a body that is something else says nothing."""
    try:
        error = msgspec.json.decode(body).get("error")
    except (msgspec.DecodeError, UnicodeDecodeError, AttributeError):
        return Words()
    if not isinstance(error, dict):
        return Words(text=str(error or ""))
    code = error.get("code")
    return Words(str(code) if code else None, str(error.get("message") or ""), error.get("target"))


class Service:
    """Calls one service below ``root`` (a path). ``headers`` go with every request.

    Links to further pages are followed only on the same host, since the sign-in rides along.
    """

    def __init__(self, api: Api, root: str, headers: Mapping[str, str]) -> None:
        self.api = api
        self.root = root
        self._headers = headers

    async def get(self, path: str, *, prefer: str = "", **options: str | int | None) -> Any:
        """Decoded JSON of a GET; ``options`` are named without their ``$``."""
        return await self.api.json("GET", self._path(path, options), headers=self._with(prefer))

    async def rows(self, path: str, *, prefer: str = "", **options: str | int | None) -> Rows:
        """The first page of a collection."""
        return await self._rows(self._path(path, options), prefer)

    async def follow(self, link: str, *, prefer: str = "") -> Rows:
        """A further page, by the link that the page before gave, taken as it is."""
        if not same_origin(link, self.api.base_url):
            raise Misunderstood(N_("%(vendor)s links to another address."), vendor=self.api.vendor, detail=link[:100])
        split = urlsplit(link)
        base = urlsplit(self.api.base_url).path
        told = await self._rows(split.path.removeprefix(base) + (f"?{split.query}" if split.query else ""), prefer)
        if told.next == link:
            raise Misunderstood(N_("%(vendor)s links a page to itself."), vendor=self.api.vendor, detail=link[:100])
        return told

    async def send(
        self, method: str, path: str, body: object = None, *, raw: bytes | None = None, **headers: str
    ) -> Answer:
        """Send a change; header names are written with ``_`` for ``-``."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.api.request(
            method, f"{self.root}{path}", json=body, raw=raw, headers={**self._headers, **named}
        )

    def error(self, part: Part, answer: Answer) -> KoblingError:
        """The error that a part of a batch ended with."""
        return self.api.error(part.method, part.path, answer)

    def headers(self, **more: str) -> dict[str, str]:
        """The headers of every request, and more."""
        return {**self._headers, **more}

    def decoded(self, answer: Answer) -> Row:
        """The JSON of an answer, an empty row where it has none."""
        return from_json(answer.body) if answer.body.strip() else {}

    async def _rows(self, path: str, prefer: str) -> Rows:
        answer = await self.api.request("GET", path, headers=self._with(prefer))
        try:
            told = from_json(answer.body)
        except ValueError:
            raise self.api.not_json("GET", path, answer, safe=True) from None
        rows = told.get("value") if isinstance(told, dict) else None
        return Rows(
            rows_in(rows, self.api.vendor, path[:100]),
            told.get("@odata.nextLink"),
            told.get("@odata.deltaLink"),
            told.get("@odata.count"),
            answer.headers.get("Date", ""),
        )

    def _path(self, path: str, options: Mapping[str, str | int | None]) -> str:
        return f"{self.root}{path}{query({f'${name}': value for name, value in options.items()})}"

    def _with(self, prefer: str) -> Mapping[str, str]:
        return {**self._headers, "Prefer": prefer} if prefer else self._headers


SendBatch = Callable[[Sequence[Part]], Awaitable[Sequence[Answer | None]]]
"""Sends the parts of one batch and returns their answers by place, None where there is none."""
