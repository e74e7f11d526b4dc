"""Issues: one open line a record, table and kind; settled, parked and woken exactly where it is said."""

from __future__ import annotations

from typing import Any

import pytest

from kobling.hub.models import SyncIssue
from kobling.hub.store import couplings, issues, mirror, pointing
from kobling.hub.store.couplings import Link
from kobling.hub.store.issues import Raised
from kobling.mapping import Side
from kobling.records import AlreadyThere, Busy, Refused, Unreachable
from tests.store.shelf import LATER, NOW, Shelf

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


def standing(table: int) -> dict[tuple[str, str], str]:
    return {(each.kind, each.subject): each.state for each in SyncIssue.objects.filter(table_id=table)}


def open_one(table: int, now: Any = NOW, **given: Any) -> SyncIssue:
    issues.open_all(table, [Raised(**{"kind": "refused", "left_id": "a", "cause": "x", **given})], now)
    return SyncIssue.objects.get(table_id=table, kind=given.get("kind", "refused"))


def test_a_kind_that_nobody_could_answer_cannot_be_raised() -> None:
    with pytest.raises(ValueError, match="nobody could answer"):
        Raised("strange")


def test_what_is_raised_is_kept_whole(shelf: Shelf) -> None:
    issue = open_one(
        shelf.mine,
        kind="waits",
        right_id="r",
        coupling="c",
        title="t" * 600,
        reason="why",
        params={"a": "1"},
        details={"b": 2},
        waits_table="other",
        waits_id="w",
    )
    assert (issue.left_id, issue.right_id, issue.coupling, issue.title) == ("a", "r", "c", "t" * 500)
    assert (issue.reason, issue.params, issue.details) == ("why", '{"a":"1"}', '{"b":2}')
    assert (issue.waits_table, issue.waits_id, issue.cause, issue.times) == ("other", "w", "x", 1)
    assert (issue.state, issue.opened_at, issue.seen_at, issue.subject) == ("open", NOW, NOW, "left:a")
    assert issues.subject(None, "r") == "right:r"


def test_the_same_refusal_twice_is_counted_and_parked_and_another_cause_starts_anew(shelf: Shelf) -> None:
    assert (open_one(shelf.mine).state, open_one(shelf.mine, LATER).state) == ("open", "parked")
    again = SyncIssue.objects.get()
    assert (again.times, again.opened_at, again.seen_at) == (2, NOW, LATER)
    other = open_one(shelf.mine, LATER, cause="y", title="new", details={"n": 1}, coupling="c", right_id="r")
    assert (other.state, other.times, other.cause, other.title) == ("open", 1, "y", "new")
    assert (other.details, other.coupling, other.right_id) == ('{"n":1}', "c", "r")
    assert open_one(shelf.mine, LATER, cause="y").times == 2


@pytest.mark.parametrize(("kind", "cause"), [("refused", ""), ("conflict", "x")])
def test_what_has_no_cause_or_is_no_refusal_is_never_parked(shelf: Shelf, kind: str, cause: str) -> None:
    states = [open_one(shelf.mine, kind=kind, cause=cause).state for _ in range(3)]
    assert states == ["open"] * 3


def test_what_was_settled_opens_as_new(shelf: Shelf) -> None:
    open_one(shelf.mine)
    SyncIssue.objects.update(state="settled", times=7)
    issue = open_one(shelf.mine, LATER)
    assert (issue.state, issue.times, issue.opened_at) == ("open", 1, LATER)


def test_a_parked_one_that_is_seen_again_stays_parked(shelf: Shelf) -> None:
    for _ in range(3):
        issue = open_one(shelf.mine)
    assert (issue.state, issue.times) == ("parked", 3)


def planned(shelf: Shelf, *, side: Side = Side.LEFT, before: Any = LATER) -> list[str]:
    """Records a and b of the left feed were planned anew; c was not."""
    shelf.mirror_everywhere("a", "b", "c")
    return issues.settle_planned(shelf.mine, side, shelf.feeds[side], (0, 2), before)


def test_planning_anew_settles_what_was_open_about_those_records_of_that_table(shelf: Shelf) -> None:
    shelf.raise_everywhere(
        Raised("conflict", "a", "x"), Raised("totals", "b"), Raised("waits", "c"), Raised("bad_value", None, "a")
    )
    planned(shelf)
    kept = {("waits", "left:c"): "open", ("bad_value", "right:a"): "open"}
    assert standing(shelf.mine) == {("conflict", "left:a"): "settled", ("totals", "left:b"): "settled", **kept}
    assert set(standing(shelf.beside).values()) == set(standing(shelf.far).values()) == {"open"}


def test_planning_the_right_side_settles_by_the_right_ids(shelf: Shelf) -> None:
    shelf.raise_everywhere(Raised("conflict", "a", "x"), Raised("bad_value", None, "a"))
    planned(shelf, side=Side.RIGHT)
    assert standing(shelf.mine) == {("conflict", "left:a"): "open", ("bad_value", "right:a"): "settled"}


@pytest.mark.parametrize("kind", issues.KEPT)
def test_planning_anew_leaves_what_only_a_write_or_a_reading_settles(shelf: Shelf, kind: str) -> None:
    shelf.raise_everywhere(Raised(kind, "a"))
    planned(shelf)
    assert standing(shelf.mine) == {(kind, "left:a"): "open"}


def test_planning_anew_leaves_what_this_run_raised_and_what_is_parked(shelf: Shelf) -> None:
    shelf.raise_everywhere(Raised("conflict", "a"), Raised("totals", "b"))
    SyncIssue.objects.filter(kind="totals").update(state="parked")
    planned(shelf, before=NOW)
    assert standing(shelf.mine) == {("conflict", "left:a"): "open", ("totals", "left:b"): "parked"}
    issues.settle_planned(shelf.mine, Side.LEFT, shelf.feeds[Side.LEFT], (0, 2), LATER)
    assert standing(shelf.mine) == {("conflict", "left:a"): "settled", ("totals", "left:b"): "parked"}


def test_planning_anew_names_the_look_alikes_of_the_other_side(shelf: Shelf) -> None:
    shelf.raise_everywhere(
        Raised("maybe_same", "a", "r2"),
        Raised("ambiguous", "b", "r1"),
        Raised("duplicate_identity", "c", "r3"),
        Raised("conflict", "a", "r4"),
        Raised("ambiguous", "a", None),
    )
    assert planned(shelf) == ["r1", "r2"]


def test_who_is_asked_about_by_nobody_is_told_in_the_order_asked(shelf: Shelf) -> None:
    shelf.raise_everywhere(Raised("maybe_same", "a", "x"), Raised("conflict", "b", "y"), Raised("ambiguous", "c", "z"))
    SyncIssue.objects.filter(kind="ambiguous").update(state="settled")
    assert issues.unasked(shelf.mine, Side.RIGHT, ["z", "x", "y", "a"]) == ["z", "y", "a"]
    SyncIssue.objects.filter(kind="maybe_same", table_id=shelf.mine).update(state="settled")
    assert issues.unasked(shelf.mine, Side.RIGHT, ["x"]) == ["x"]
    SyncIssue.objects.filter(table_id=shelf.beside).update(state="parked")
    assert issues.unasked(shelf.beside, Side.RIGHT, ["x"]) == []


def test_kinds_are_settled_for_subjects_of_a_table(shelf: Shelf) -> None:
    shelf.raise_everywhere(Raised("refused", "a"), Raised("conflict", "a"), Raised("refused", "b"))
    SyncIssue.objects.filter(kind="refused").update(state="parked")
    issues.settle_kind(shelf.mine, ["refused"], ["left:a"])
    assert standing(shelf.mine) == {
        ("refused", "left:a"): "settled",
        ("conflict", "left:a"): "open",
        ("refused", "left:b"): "parked",
    }
    assert "settled" not in standing(shelf.beside).values()


def test_a_kind_is_parked_for_subjects_of_a_table_where_it_is_open(shelf: Shelf) -> None:
    shelf.raise_everywhere(
        Raised("refused", "a"), Raised("conflict", "a"), Raised("refused", "b"), Raised("refused", "c")
    )
    SyncIssue.objects.filter(subject="left:c").update(state="settled")
    issues.park(shelf.mine, "refused", ["left:a", "left:c"])
    assert standing(shelf.mine) == {
        ("refused", "left:a"): "parked",
        ("conflict", "left:a"): "open",
        ("refused", "left:b"): "open",
        ("refused", "left:c"): "settled",
    }
    assert "parked" not in standing(shelf.beside).values()
    assert issues.parked(shelf.mine, ["left:a", "left:b", "left:c"]) == {"left:a"}
    assert issues.parked(shelf.beside, ["left:a"]) == set()
    SyncIssue.objects.filter(kind="conflict", table_id=shelf.mine).update(state="parked", subject="left:x")
    assert issues.parked(shelf.mine, ["left:x"]) == set(), "only refusals hold a record up"


def test_coupled_records_are_asked_about_no_more_and_who_resembled_them_is_looked_at_again(shelf: Shelf) -> None:
    shelf.mirror_everywhere("r1", "r2", "r3", "r4")
    shelf.raise_everywhere(
        Raised("maybe_same", "a", "r1"),
        Raised("ambiguous", "a", "r2"),
        Raised("duplicate_identity", "a", None),
        Raised("conflict", "a", "r3"),
        Raised("maybe_same", "b", "r4"),
    )
    couplings.save(shelf.mine, [Link("c", "a", "r2", {}, {})], NOW, "x")
    SyncIssue.objects.filter(kind="ambiguous").update(state="parked")
    right = shelf.feeds[Side.RIGHT]
    before = mirror.latest_rev(right)
    issues.settle_coupled(shelf.mine, Side.LEFT, ["a"], shelf.feeds)
    assert [each.external_id for each in mirror.changed_between(right, before, 99, 9)] == ["r1"]
    assert standing(shelf.mine) == {
        ("maybe_same", "left:a"): "settled",
        ("ambiguous", "left:a"): "settled",
        ("duplicate_identity", "left:a"): "settled",
        ("conflict", "left:a"): "open",
        ("maybe_same", "left:b"): "open",
    }
    assert "settled" not in standing(shelf.beside).values()


def test_who_waited_for_a_coupled_record_is_looked_at_again_in_that_pair(shelf: Shelf) -> None:
    shelf.mirror_everywhere("a", "b", "c", "d")
    feeds = {side: {"mine": shelf.feeds[side], "beside": shelf.feeds[side]} for side in Side}
    waiting = {"waits_table": "x", "waits_id": "w"}
    issues.open_all(shelf.mine, [Raised("waits", "a", **waiting), Raised("waits", None, "b", **waiting)], NOW)
    issues.open_all(shelf.mine, [Raised("waits", "c", waits_table="x", waits_id="other")], NOW)
    issues.open_all(shelf.mine, [Raised("conflict", "d", **waiting)], NOW)
    issues.open_all(shelf.far, [Raised("waits", "d", **waiting)], NOW)
    issues.open_all(shelf.beside, [Raised("waits", "d", **waiting)], NOW)
    SyncIssue.objects.filter(table_id=shelf.beside).update(state="settled")
    pointing.replace(shelf.mine, Side.LEFT, (shelf.feeds[Side.LEFT], 0, 0), [(Side.LEFT, "c", "w")])
    issues.wake(shelf.pairs[0].pk, ["w"], feeds)
    moved = {side: [each.external_id for each in mirror.changed_between(shelf.feeds[side], 4, 99, 9)] for side in Side}
    assert moved == {Side.LEFT: ["a"], Side.RIGHT: ["b"]}
    assert pointing.due(shelf.mine, 9) == {Side.LEFT: ["c"]}


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (Refused("words", code="7", field="name"), "Refused:7:name"),
        (Refused("other words", code="7", field="name"), "Refused:7:name"),
        (AlreadyThere("words"), "AlreadyThere::"),
        (Refused("words", code="c" * 200), f"Refused:{'c' * 142}"),
        (Busy("locked", code="423"), ""),
        (Unreachable("503", code="503"), ""),
    ],
)
def test_the_cause_of_a_refusal_is_its_kind_code_and_field_never_its_words(error: Any, cause: str) -> None:
    assert issues.cause_of(error) == cause


def test_an_error_is_kept_as_what_a_person_reads() -> None:
    error = Refused("%(a)s", code="7", field="name", vendor_text="Nej", a=5)
    assert issues.error_as_data(error) == {
        "kind": "Refused",
        "summary": "%(a)s",
        "params": {"a": "5", "field": "name"},
        "code": "7",
        "field": "name",
        "vendor_text": "Nej",
    }
