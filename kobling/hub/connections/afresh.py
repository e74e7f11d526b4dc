"""Reads a whole resource afresh into the mirror, and notices what is gone."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from kobling.hub.connections.opening import Opener
from kobling.hub.models import Feed, Pair
from kobling.hub.planning.workbench import Workbench
from kobling.hub.store import mirror, sql
from kobling.mapping import Side
from kobling.sdk.fitting import fits, fitting
from kobling.sdk.protocols import Reporting, Resource
from kobling.sdk.reading import found_of, ids_on

PAGE = 500
Told = Callable[[str, int], None]


def read_tables(pair: Pair, opener: Opener, benches: Iterable[Workbench], told: Told) -> None:
    """Read both sides of these tables, and what is looked up beside them."""
    done: set[int] = set()
    tables = list(benches)
    for side, connection in ((Side.LEFT, pair.left), (Side.RIGHT, pair.right)):
        wanted = [*opener.reference_resources(pair, side), *(each.mapping.resource(side) for each in tables)]
        for name in dict.fromkeys(wanted):
            feed, _ = Feed.objects.get_or_create(connection=connection, resource=name)
            if feed.pk not in done:
                done.add(feed.pk)
                _read_all(feed.pk, opener.connector(connection).resources[name], opener, told)


def _read_all(feed: int, resource: Resource, opener: Opener, told: Told) -> None:
    number = mirror.begin_sweep(feed)
    bookmark, more, seen = None, True, 0
    while more:
        page = fitting(opener.waiting.run(resource.read(bookmark)))
        with sql.together():
            mirror.put(feed, page.records, page.gone, opener.clock.now())
            mirror.mark_swept(feed, number, [each for each in ids_on(page) if fits(each)])
        bookmark, more, seen = page.bookmark, page.more, seen + len(page.records)
        told(resource.name, seen)
    if isinstance(resource, Reporting):
        # What is not handed out any more is not gone: its source keeps it to itself from then on.
        return
    while missing := mirror.not_swept(feed, number, PAGE):
        found = opener.waiting.run(found_of(resource, missing))
        mirror.put(feed, found.records, [], opener.clock.now())
        mirror.mark_swept(feed, number, sorted(set(missing) - set(found.gone)))
        mirror.mark_gone(feed, found.gone, opener.clock.now())
