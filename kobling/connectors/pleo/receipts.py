"""Where the files of expenses can be fetched: signed links that live for a day and come with the expense.

Fidelity: known pleo §4 – {url, type, size}; the url expires after 24 hours

Links are long. Those of the last pages are kept; of the other expenses only which page they stand on, so that memory
does not grow with the month and a page is read once more instead of all of them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta

Place = tuple[str, str | None]
"""A page of items: its job, and the cursor it begins after."""

_LIVE = timedelta(hours=23)
_PAGES = 4


class Links:
    """Links by expense and file name. ``read_page`` reads a page anew and hands its links to ``keep``."""

    def __init__(self, now: Callable[[], datetime], read_page: Callable[[Place], Awaitable[None]]) -> None:
        self._now = now
        self._read_page = read_page
        self._place: dict[str, Place] = {}
        self._pages: dict[Place, tuple[datetime, dict[str, dict[str, str]]]] = {}
        self._reading = asyncio.Lock()

    def keep(self, place: Place, links: dict[str, dict[str, str]]) -> None:
        """Remember a page's links; those of the page read longest ago are dropped."""
        self._pages.pop(place, None)
        self._pages[place] = (self._now() + _LIVE, links)
        self._place |= dict.fromkeys(links, place)
        while len(self._pages) > _PAGES:
            del self._pages[next(iter(self._pages))]

    async def of(self, expense: str) -> Mapping[str, str] | None:
        """Links that are good now, by file name; None where the expense's page does not show it any more."""
        async with self._reading:
            place = self._place.get(expense)
            if place is None:
                return None
            if self._fresh(place, expense) is None:
                self._pages.pop(place, None)
                await self._read_page(place)
            return self._fresh(place, expense)

    def _fresh(self, place: Place, expense: str) -> Mapping[str, str] | None:
        until, links = self._pages.get(place, (None, {}))
        return links.get(expense) if until is not None and until > self._now() else None
