"""Reads what changed into the mirror, page by page; bookmarks move only together with what they bring."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from kobling.hub.models import Feed
from kobling.hub.store import mirror, sql
from kobling.records import from_json, to_json
from kobling.sdk.protocols import Clock, Deletions, Page, Resource
from kobling.sync import checkpoints
from kobling.sync.waiting import LoopThread

PAGES_PER_STEP = 50
ROWS_PER_STEP = 5000
SWEEP_EVERY = timedelta(hours=24)
CONFIRM_AT_ONCE = 100


def observe(feed: int, resource: Resource, waiting: LoopThread, clock: Clock) -> dict[str, Any]:
    """Read up to a step's worth of pages. The next page is fetched while the last one is stored."""
    stored = Feed.objects.values_list("bookmark", flat=True).get(pk=feed)
    bookmark = from_json(stored) if stored else None
    rows = pages = 0
    coming = waiting.submit(resource.read(bookmark))
    while True:
        page = coming.result()
        checkpoints.reach(checkpoints.OBSERVED)
        pages += 1
        rows += len(page.records) + len(page.gone)
        last = not page.more or pages >= PAGES_PER_STEP or rows >= ROWS_PER_STEP
        if not last:
            coming = waiting.submit(resource.read(page.bookmark))
        _store(feed, page, clock)
        checkpoints.reach(checkpoints.BOOKMARKED)
        if last:
            return {"more": page.more, "rows": rows, "pages": pages, "total": page.total}


def _store(feed: int, page: Page, clock: Clock) -> None:
    now = clock.now()
    with sql.together():
        mirror.put(feed, page.records, page.gone, now)
        if page.unswept:
            Feed.objects.filter(pk=feed).update(unswept=True)
        Feed.objects.filter(pk=feed).update(
            bookmark=to_json(dict(page.bookmark)).decode(), reading=page.more, read_at=now
        )


def sweep(feed: Feed, resource: Resource, waiting: LoopThread, clock: Clock, full: bool) -> dict[str, Any]:
    """Find deletions by comparing ids, when a count differs, a day has passed, or it is asked for.

    An id that is missing from the list is asked for once more by itself: no record counts as deleted on one signal.
    """
    if resource.capabilities.deletions is not Deletions.SWEEP and not feed.unswept:
        return {"gone": 0}
    now = clock.now()
    if feed.swept_at is None and not feed.unswept:
        # What was just read for the first time needs no second look at what exists.
        Feed.objects.filter(pk=feed.pk).update(swept_at=now)
        return {"gone": 0}
    fresh = feed.swept_at is not None and now - feed.swept_at < SWEEP_EVERY
    if fresh and not full and not feed.unswept and not _counts_differ(feed.pk, resource, waiting):
        return {"gone": 0}
    number = mirror.begin_sweep(feed.pk)
    position: str | None = None
    while True:
        page = waiting.run(resource.read_ids(position))
        mirror.mark_swept(feed.pk, number, page.ids)
        position = page.position
        if position is None:
            break
    gone = _confirm_gone(feed.pk, number, resource, waiting, clock)
    Feed.objects.filter(pk=feed.pk).update(swept_at=now, unswept=False)
    return {"gone": gone}


def _counts_differ(feed: int, resource: Resource, waiting: LoopThread) -> bool:
    """Whether another number of records exists than we know; where we know none, none can have vanished."""
    counted, known = getattr(resource, "count", None), mirror.count(feed)
    if counted is None or not known:
        return False
    return bool(waiting.run(counted()) != known)


def _confirm_gone(feed: int, number: int, resource: Resource, waiting: LoopThread, clock: Clock) -> int:
    gone = 0
    while missing := mirror.not_swept(feed, number, CONFIRM_AT_ONCE):
        still = waiting.run(resource.get_many(missing))
        mirror.mark_swept(feed, number, [record.external_id for record in still])
        lost = [each for each in missing if each not in {record.external_id for record in still}]
        mirror.mark_gone(feed, lost, clock.now())
        gone += len(lost)
    return gone
