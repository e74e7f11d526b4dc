"""The mirror: revs grow by what others moved, deletions and sweeps touch the rows named, pages end where they must."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kobling.hub.models import Feed, MirrorRow
from kobling.hub.store import mirror
from kobling.mapping import Side
from kobling.records import Gone, Record
from tests.store.shelf import LATER, NOW, Shelf

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shelf() -> Shelf:
    made = Shelf()
    made.mirror_everywhere("a", "b", "c")
    return made


@pytest.fixture
def feed(shelf: Shelf) -> int:
    return shelf.feeds[Side.LEFT]


def revs(feed: int) -> dict[str, int]:
    return {each.external_id: each.rev for each in MirrorRow.objects.filter(feed_id=feed)}


def there(feed: int) -> set[str]:
    return {each.external_id for each in MirrorRow.objects.filter(feed_id=feed, gone=False)}


A = Record("things", "a", {"n": "a"}, None, None)


def test_what_moved_gets_the_next_revs_in_order_and_what_did_not_keeps_its_own(feed: int) -> None:
    assert revs(feed) == {"a": 1, "b": 2, "c": 3} and mirror.latest_rev(feed) == 3
    assert mirror.put(feed, [A, replace(A, external_id="b", fields={"n": "new"})], [Gone("c")], LATER) == 3
    assert revs(feed) == {"a": 1, "b": 5, "c": 6} and mirror.latest_rev(feed) == 6
    assert there(feed) == {"a", "b"}


def test_a_row_is_kept_whole(feed: int) -> None:
    mirror.put(feed, [replace(A, fields={"n": "x"}, version="7", modified_at=NOW)], [], LATER)
    row = MirrorRow.objects.get(feed_id=feed, external_id="a")
    assert (row.version, row.modified_at, row.seen_at, row.gone, row.sweep) == ("7", NOW, LATER, False, 0)
    snapshot = mirror.by_ids(feed, ["a"])["a"]
    assert (snapshot.version, snapshot.modified_at, snapshot.fields, snapshot.gone) == ("7", NOW, '{"n":"x"}', False)
    assert snapshot.rev == row.rev == 4


def test_a_version_that_moved_alone_is_kept_and_nobody_looks_again(feed: int) -> None:
    for version in ("7", None, "8"):
        mirror.put(feed, [replace(A, version=version)], [], LATER)
        row = MirrorRow.objects.get(feed_id=feed, external_id="a")
        assert (row.version, row.rev, row.seen_at) == (version, 1, LATER)


def test_an_unchanged_row_is_not_even_seen_anew(feed: int) -> None:
    mirror.put(feed, [A], [], LATER)
    assert MirrorRow.objects.get(feed_id=feed, external_id="a").seen_at == NOW


def test_who_comes_back_counts_as_moved_though_nothing_else_did(feed: int) -> None:
    mirror.mark_gone(feed, ["a"], NOW)
    before = mirror.latest_rev(feed)
    mirror.put(feed, [A], [], LATER)
    assert revs(feed)["a"] == before + 1 and "a" in there(feed)


def test_our_own_writes_move_nothing(feed: int) -> None:
    mirror.put_own(feed, [replace(A, fields={"n": "ours"}), replace(A, external_id="new")], LATER)
    assert revs(feed) == {"a": 1, "b": 2, "c": 3, "new": 0}
    assert mirror.by_ids(feed, ["a"])["a"].fields == '{"n":"ours"}'


def test_gone_once_is_gone_and_moves_once_and_only_there(shelf: Shelf, feed: int) -> None:
    mirror.mark_gone(feed, ["a", "b"], LATER)
    assert there(feed) == {"c"} and (revs(feed)["a"], revs(feed)["b"]) == (4, 5)
    mirror.mark_gone(feed, ["a"], LATER)
    assert revs(feed)["a"] == 4, "already gone"
    assert MirrorRow.objects.get(feed_id=feed, external_id="a").seen_at == LATER
    assert all(there(other) == {"a", "b", "c"} for other in shelf.all_feeds if other != feed)


def test_what_we_deleted_is_gone_without_a_move_and_only_there(shelf: Shelf, feed: int) -> None:
    mirror.forget_own(feed, ["a"])
    assert there(feed) == {"b", "c"} and revs(feed)["a"] == 1
    assert all(there(other) == {"a", "b", "c"} for other in shelf.all_feeds if other != feed)


def test_a_touched_row_is_planned_again_and_only_that(shelf: Shelf, feed: int) -> None:
    mirror.touch(feed, [])
    assert mirror.latest_rev(feed) == 3
    mirror.touch(feed, ["c", "a"])
    assert revs(feed) == {"c": 4, "a": 5, "b": 2} and mirror.latest_rev(feed) == 5
    assert all(revs(other) == {"a": 1, "b": 2, "c": 3} for other in shelf.all_feeds if other != feed)


def test_a_sweep_finds_what_it_did_not_meet_and_what_the_mirror_lacks(shelf: Shelf, feed: int) -> None:
    number = mirror.begin_sweep(feed)
    assert number == 1 and Feed.objects.exclude(pk=feed).filter(sweep__gt=0).count() == 0
    mirror.mark_swept(feed, number, ["a", "x"])
    mirror.mark_gone(feed, ["b"], NOW)
    assert mirror.not_swept(feed, number, 10) == ["c"]
    assert mirror.lacking(feed, ["a", "b", "x"]) == ["b", "x"], "gone and unknown ones, in the order asked"
    assert all(mirror.not_swept(other, 1, 10) == ["a", "b", "c"] for other in shelf.all_feeds if other != feed)
    assert mirror.begin_sweep(feed) == 2
    assert mirror.not_swept(feed, 2, 1) == ["a"]


def test_changes_between_two_revs_come_in_order_and_as_many_as_asked(feed: int) -> None:
    mirror.touch(feed, ["b"])
    assert [each.external_id for each in mirror.changed_between(feed, 0, 9, 9)] == ["a", "c", "b"]
    assert [each.external_id for each in mirror.changed_between(feed, 1, 3, 9)] == ["c"]
    assert [each.external_id for each in mirror.changed_between(feed, 0, 9, 2)] == ["a", "c"]
    assert [mirror.waiting(feed, *between) for between in ((0, 9), (1, 4), (1, 3), (4, 9))] == [3, 2, 1, 0]


def test_rows_are_found_by_their_ids_in_their_feed(shelf: Shelf, feed: int) -> None:
    mirror.put(shelf.other_feeds[Side.LEFT], [replace(A, external_id="d")], [], NOW)
    assert set(mirror.by_ids(feed, ["a", "d", "z"])) == {"a"}


def test_what_exists_is_counted_and_paged_in_the_order_first_seen(feed: int) -> None:
    mirror.mark_gone(feed, ["b"], NOW)
    mirror.put(feed, [replace(A, external_id="d")], [], NOW)
    assert mirror.count(feed) == 3
    (one, first), (two, second) = mirror.page(feed, 0, 2)
    assert (first, second) == ("a", "c") and one < two
    assert [each for _, each in mirror.page(feed, two, 9)] == ["d"]
