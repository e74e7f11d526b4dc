"""One organization's books: paths, versions of endpoints, pages of lists.

Fidelity: known dinero §3 – pages are 0-based and hold at most 1000
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from kobling.records import N_, Unreachable, from_json, parse_instant
from kobling.sdk.http import Answer, Api
from kobling.sdk.outcomes import current
from kobling.sdk.protocols import Clock, Write
from kobling.sdk.reading import rows_in

MOST = 1000


HORIZON = 600.0
"""Seconds for which time that passed here is believed to have passed there too: two clocks drift apart for ever."""


class Horizon:
    """The earliest that Dinero's clock can be by now: every stamp that it sent lies behind it, and time goes on."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._stamp: datetime | None = None
        self._seen = 0.0

    def saw(self, stamp: datetime) -> None:
        """Learn from a stamp that Dinero just sent."""
        known = self.now()
        if known is None or stamp > known:
            self._stamp, self._seen = stamp, self._clock.monotonic()

    def now(self) -> datetime | None:
        """None while no stamp was seen lately."""
        passed = self._clock.monotonic() - self._seen
        if self._stamp is None or passed > HORIZON:
            return None
        return self._stamp + timedelta(seconds=passed)


class Books:
    """Calls Dinero for one organization. ``seed`` keeps the ids we choose apart between connections."""

    def __init__(self, api: Api, organization: str, seed: str) -> None:
        self.api = api
        self.horizon = Horizon(api.clock)
        self._organization = organization
        self._seed = seed

    async def get(self, path: str, version: str = "v1", **params: str) -> Any:
        """Decoded JSON of a GET."""
        return await self.api.json("GET", f"/{version}/{self._organization}/{path}", params=params)

    async def send(self, method: str, path: str, body: object = None, version: str = "v1") -> Any:
        """Send a change; the decoded answer, or an empty dict where the answer is empty."""
        full = f"/{version}/{self._organization}/{path}"
        if method == "POST":
            answer = await self.api.request(method, full, json={} if body is None else body)
        else:
            answer = await self.api.request(method, full, json=body)
        if not answer.body.strip():
            return {}
        return await self._decoded(method, full, answer)

    async def file(self, path: str) -> bytes:
        """A binary answer."""
        full = f"/v1/{self._organization}/{path}"
        return (await self.api.request("GET", full, headers={"Accept": "application/octet-stream"})).body

    async def page(self, path: str, version: str = "v1", **params: str) -> tuple[list[dict[str, Any]], int]:
        """Rows of one page of a list, and how many there are before paging."""
        told = await self.get(path, version, **params)
        rows = told.get("Collection") if isinstance(told, dict) else None
        found = rows_in(rows, self.api.vendor, path)
        pagination = told.get("Pagination") or {}
        return found, int(pagination.get("ResultWithoutFilter") or len(found))

    def chosen_id(self, write: Write) -> str:
        """The uuid that a create with this key chooses, now and at every repetition."""
        return str(uuid5(NAMESPACE_URL, f"kobling/{self._seed}/{write.key}"))

    async def _decoded(self, method: str, path: str, answer: Answer) -> Any:
        try:
            return from_json(answer.body)
        except ValueError:
            raise self.api.not_json(method, path, answer, safe=False) from None


def made_id(answer: object, key: str) -> str:
    """The id that an answer to a create tells; empty where it tells none, so that the one we chose holds."""
    told = answer.get(key) if isinstance(answer, Mapping) else None
    return told if isinstance(told, str) else ""


def no_id() -> str:
    """A create was answered without the id. Raises Unreachable: what was made must be looked for."""
    current().said_nothing()
    raise Unreachable(N_("%(vendor)s answered without the record's id."), vendor="Dinero", code="no_id")


def instant(row: Mapping[str, Any], name: str) -> datetime | None:
    """A row's date-time as UTC, None when empty."""
    told = row.get(name)
    return parse_instant(told) if told else None


def second(moment: datetime) -> str:
    """An instant as changesSince wants it: UTC, whole seconds, rounded down."""
    return f"{moment.astimezone(UTC).isoformat()[:19]}Z"
