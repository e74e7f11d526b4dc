"""Reads what changed into the mirror, page by page; bookmarks move only together with what they bring."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.db.models import F

from kobling.engine.requests import Observed, Swept
from kobling.hub.models import Decision, Feed, SyncIssue
from kobling.hub.store import issues, journal, mirror, sql
from kobling.hub.store.issues import Raised, as_text, cause_of, error_as_data
from kobling.mapping import Side
from kobling.records import (
    N_,
    KoblingError,
    NotReached,
    RateLimited,
    Temporary,
    from_json,
    to_json,
)
from kobling.sdk.fitting import fits, fitting
from kobling.sdk.paging import groups
from kobling.sdk.protocols import Bookmark, Clock, Deletions, Page, Reporting, Resource, Unread
from kobling.sdk.reading import found_of, tolerant
from kobling.sync import checkpoints
from kobling.sync.waiting import LoopThread

PAGES_PER_STEP = 50
ROWS_PER_STEP = 5000
SWEEP_EVERY = timedelta(hours=24)
CONFIRM_AT_ONCE = 100
TOLERANT_AFTER = 3
"""After so many readings in a row that broke off at the vendor's fault, a record that it fails at is left out."""
UNREADABLE, NAMELESS = "unreadable", "nameless"
_NAMELESS = N_("A record came without its id, so that nobody can say which one it is; it is not kept in step.")

log = structlog.get_logger("kobling.reading")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a feed's records are planned: (table, side) of each, and the attempt that reads."""

    feed: int
    run: int
    epoch: int
    tables: Sequence[tuple[int, Side]] = ()


def observe(place: Place, resource: Resource, waiting: LoopThread, clock: Clock) -> Observed:
    """Read up to a step's worth of pages. The next page is fetched while the last one is stored."""
    feed = Feed.objects.get(pk=place.feed)
    bookmark = from_json(feed.bookmark) if feed.bookmark else None
    if not feed.reading:
        _read_unreadable(place, resource, waiting, clock)
    patient = feed.failures >= TOLERANT_AFTER
    rows = pages = 0
    coming = waiting.submit(_read(resource, bookmark, patient))
    while True:
        page = _page(place.feed, coming)
        checkpoints.reach(checkpoints.OBSERVED)
        pages += 1
        rows += len(page.records) + len(page.gone)
        last = not page.more or pages >= PAGES_PER_STEP or rows >= ROWS_PER_STEP
        if not last:
            coming = waiting.submit(_read(resource, page.bookmark, patient))
        _store(place, page, clock)
        checkpoints.reach(checkpoints.BOOKMARKED)
        if last:
            return Observed(page.more, rows, pages, page.total)


async def _read(resource: Resource, bookmark: Bookmark | None, patient: bool) -> Page:
    if not patient:
        return fitting(await resource.read(bookmark))
    with tolerant():
        return fitting(await resource.read(bookmark))


def _page(feed: int, coming: Future[Page]) -> Page:
    try:
        return coming.result()
    except Temporary as error:
        if not isinstance(error, RateLimited | NotReached):
            Feed.objects.filter(pk=feed).update(failures=F("failures") + 1)
        raise


def _store(place: Place, page: Page, clock: Clock) -> None:
    """A page and its bookmark, together, and only by the attempt whose turn it is."""
    now = clock.now()
    with sql.together():
        journal.fence(place.run, place.epoch)
        mirror.put(place.feed, page.records, page.gone, now)
        tell_unread(place, page.unread, now)
        more = {"unswept": True} if page.unswept else {}
        Feed.objects.filter(pk=place.feed).update(
            bookmark=to_json(dict(page.bookmark)).decode(), reading=page.more, read_at=now, failures=0, **more
        )


def tell_unread(place: Place, unread: Sequence[Unread], now: datetime) -> None:
    """A record that cannot be read is told where it would have been planned; it is tried again in each run.

    One that came without its id cannot be asked for again, so that a person looks for it.
    """
    if not unread:
        return
    log.warning("records could not be read", feed=place.feed, records=[each.external_id for each in unread])
    for table, side in place.tables:
        ids = [each.external_id for each in unread if each.external_id]
        said = Decision.objects.filter(table_id=table, side=side.value, choice="ignore", external_id__in=ids)
        left_out = set(said.values_list("external_id", flat=True))
        told = [each for each in unread if each.external_id and each.external_id not in left_out]
        issues.open_all(table, [_raised(each, side) for each in told], now)
        nameless = next((each for each in unread if not each.external_id), None)
        if nameless is not None:
            issues.open_all(table, [_raised_of_none(nameless)], now)


def _raised(each: Unread, side: Side) -> Raised:
    left, right = (each.external_id, None) if side is Side.LEFT else (None, each.external_id)
    error = each.error
    return Raised(
        UNREADABLE,
        left,
        right,
        title=each.external_id,
        reason=error.summary,
        params=as_text(error.params),
        details=error_as_data(error),
        cause=cause_of(error),
    )


def _raised_of_none(each: Unread) -> Raised:
    return Raised(NAMELESS, reason=_NAMELESS, details=error_as_data(each.error), cause=cause_of(each.error))


def _read_unreadable(place: Place, resource: Resource, waiting: LoopThread, clock: Clock) -> None:
    """What could not be read before is asked for by itself; what can be read now is planned like any change."""
    for table, side in place.tables:
        open_ones = SyncIssue.objects.filter(table_id=table, kind=UNREADABLE).exclude(state="settled")
        ids = [each for each in open_ones.values_list(f"{side.value}_id", flat=True) if each]
        for some in groups(ids, CONFIRM_AT_ONCE):
            try:
                found = waiting.run(found_of(resource, some))
            except KoblingError:
                continue
            with sql.together():
                journal.fence(place.run, place.epoch)
                mirror.put(place.feed, found.records, [], clock.now())
                mirror.mark_gone(place.feed, found.gone, clock.now())
                done = [_subject(each, side) for each in (*(each.external_id for each in found.records), *found.gone)]
                issues.settle_kind(table, [UNREADABLE], done)


def _subject(external_id: str, side: Side) -> str:
    return issues.subject(external_id, None) if side is Side.LEFT else issues.subject(None, external_id)


def sweep(place: Place, resource: Resource, waiting: LoopThread, clock: Clock, full: bool) -> Swept:
    """Find deletions by comparing ids, when a count differs, a day has passed, or it is asked for.

    An id that is missing from the list is asked for once more by itself: no record counts as deleted on one signal.
    One that is in the list and not in the mirror is fetched.
    """
    feed = Feed.objects.get(pk=place.feed)
    now = clock.now()
    if not _is_due(feed, resource, waiting, now, full):
        if feed.swept_at is None:
            Feed.objects.filter(pk=feed.pk).update(swept_at=now)
        return Swept()
    number = mirror.begin_sweep(feed.pk)
    position: str | None = None
    fetched = 0
    while True:
        page = waiting.run(resource.read_ids(position))
        ids = [each for each in page.ids if fits(each)]
        fetched += _fetch_lacking(place, ids, resource, waiting, clock)
        mirror.mark_swept(feed.pk, number, ids)
        position = page.position
        if position is None:
            break
    gone = _confirm_gone(place, number, resource, waiting, clock)
    Feed.objects.filter(pk=feed.pk).update(swept_at=now, unswept=False)
    return Swept(gone, fetched)


def _is_due(feed: Feed, resource: Resource, waiting: LoopThread, now: datetime, full: bool) -> bool:
    if isinstance(resource, Reporting):
        # What is not handed out any more is not gone: its source keeps it to itself from then on.
        return False
    if feed.unswept:
        return True
    if feed.swept_at is None or resource.capabilities.deletions is Deletions.NONE:
        # What was just read for the first time needs no second look at what exists.
        return False
    if full:
        return True
    if resource.capabilities.deletions is not Deletions.SWEEP:
        return False
    return now - feed.swept_at >= SWEEP_EVERY or _counts_differ(feed.pk, resource, waiting)


def _fetch_lacking(
    place: Place, external_ids: Sequence[str], resource: Resource, waiting: LoopThread, clock: Clock
) -> int:
    fetched = 0
    for some in groups(mirror.lacking(place.feed, external_ids), CONFIRM_AT_ONCE):
        found = waiting.run(found_of(resource, some))
        with sql.together():
            journal.fence(place.run, place.epoch)
            mirror.put(place.feed, found.records, [], clock.now())
            tell_unread(place, found.unread, clock.now())
        fetched += len(found.records)
    return fetched


def _counts_differ(feed: int, resource: Resource, waiting: LoopThread) -> bool:
    """Whether another number of records exists than we know; where we know none, none can have vanished."""
    counted, known = getattr(resource, "count", None), mirror.count(feed)
    if counted is None or not known:
        return False
    return bool(waiting.run(counted()) != known)


def _confirm_gone(place: Place, number: int, resource: Resource, waiting: LoopThread, clock: Clock) -> int:
    gone = 0
    while missing := mirror.not_swept(place.feed, number, CONFIRM_AT_ONCE):
        found = waiting.run(found_of(resource, missing))
        still = [each.external_id for each in found.records] + [each.external_id for each in found.unread]
        with sql.together():
            journal.fence(place.run, place.epoch)
            mirror.mark_swept(place.feed, number, sorted(still))
            mirror.mark_gone(place.feed, found.gone, clock.now())
            tell_unread(place, found.unread, clock.now())
        gone += len(found.gone)
    return gone
