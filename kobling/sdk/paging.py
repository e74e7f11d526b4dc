"""Reading page by page: whole readings, ids, groups."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from typing import TypeVar

from kobling.sdk.protocols import Bookmark, Page, Resource

T = TypeVar("T")


async def pages(resource: Resource, bookmark: Bookmark | None = None) -> AsyncIterator[Page]:
    """Every page of one reading; the last page's bookmark is where the next reading resumes."""
    while True:
        page = await resource.read(bookmark)
        yield page
        bookmark = page.bookmark
        if not page.more:
            return


async def all_ids(resource: Resource) -> AsyncIterator[str]:
    """Every id that exists now, for a deletion sweep."""
    position: str | None = None
    while True:
        page = await resource.read_ids(position)
        for each in page.ids:
            yield each
        position = page.position
        if position is None:
            return


def groups(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """Cut a sequence into groups of at most ``size``."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
