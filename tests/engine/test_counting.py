"""What a chunk did, counted once; and what makes an approved action still the one that was shown."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from kobling.engine import approved
from kobling.engine.executing import Chunk
from kobling.engine.finishing import counts_of, finish_chunk
from kobling.hub.models import Moved, PlanChunk, Run, SyncJob, Table
from kobling.hub.planning.worth import worth_of
from kobling.hub.store import journal
from kobling.hub.store.journal import Fenced
from kobling.hub.store.moved import day_of
from kobling.mapping import Side
from kobling.sync.actions import (
    Agree,
    AnyAction,
    Couple,
    Create,
    Delete,
    Point,
    RaiseConflict,
    Skip,
    Uncouple,
    Update,
    Warn,
)
from tests.engine.bench import Bench
from tests.store.shelf import NOW, Shelf

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


def create(source: str, **given: Any) -> Create:
    return Create(side=Side.RIGHT, source_id=source, values={}, **given)


def update(coupling: str, **given: Any) -> Update:
    return Update(side=Side.RIGHT, coupling=coupling, external_id=f"r{coupling}", other_id=f"l{coupling}", **given)


CHANGED = {"changes": {"name": ["a", "b"]}}
ACTIONS: list[AnyAction] = [
    create("s1"),
    create("s2"),
    update("c1", **CHANGED),
    Delete(side=Side.RIGHT, coupling="c2", external_id="r2"),
    Couple(coupling="c3", left_id="l3", right_id="r3", base={}),
    Uncouple(coupling="c4", left_id="l4", right_id="r4"),
    Skip(side=Side.LEFT, external_id="l5", why="waits"),
    RaiseConflict(kind="conflict", coupling="c6", left_id="l6", right_id="r6", fields={}),
    RaiseConflict(kind="maybe_same", left_id="l7", right_id=None, candidates=["x"]),
    Agree(coupling="c8", base={}),
    Warn(kind="doubtful_number", left_id="l9", right_id=None),
    Point(side=Side.LEFT, external_id="l10", awaited="x"),
]


def chunk(shelf: Shelf, rows: int = 20, **given: Any) -> Chunk:
    PlanChunk.objects.filter(pk=shelf.chunk).update(rows=rows)
    told = {"side": Side.LEFT, "after": 0, "upto": 42, "other_upto": 7, "actions": ACTIONS, **given}
    return Chunk(shelf.chunk, shelf.runs[0].pk, 3, **told)


def written(shelf: Shelf) -> None:
    """Of the first four actions the creates succeeded and were refused, the update succeeded, the delete is open."""
    shelf.journal(
        shelf.intent(0), shelf.intent(1), shelf.intent(2, operation="update"), shelf.intent(3, operation="delete")
    )
    done = [(at, state, None, None, None) for at, state in ((0, "confirmed"), (1, "refused"), (2, "confirmed"))]
    journal.close_intents(shelf.chunk, done, NOW)


COUNTED = {"total": 20, "inserted": 1, "modified": 1, "failed": 2, "coupled": 1, "uncoupled": 1, "skipped": 3}
UNCHANGED = 20 - 10
"""Ten records have an action of their own; a warning and what points to others are told beside."""


def test_what_became_of_a_chunks_rows_is_counted_from_actions_and_journal(shelf: Shelf) -> None:
    written(shelf)
    assert {name: n for name, n in counts_of(chunk(shelf)).items() if n} == {**COUNTED, "unchanged": UNCHANGED}


def test_a_confirmed_delete_counts_as_deleted_and_more_actions_than_rows_as_nothing_unchanged(shelf: Shelf) -> None:
    written(shelf)
    journal.close_intents(shelf.chunk, [(3, "confirmed", None, None, None)], NOW)
    counted = counts_of(chunk(shelf, rows=2))
    assert (counted["deleted"], counted["failed"], counted["unchanged"], counted["total"]) == (1, 1, 0, 2)


def test_two_actions_about_one_coupling_are_one_row(shelf: Shelf) -> None:
    both = [update("c1", **CHANGED), Agree(coupling="c1", base={}), update("c2", **CHANGED)]
    assert counts_of(chunk(shelf, rows=5, actions=both))["unchanged"] == 3


def job(shelf: Shelf, table: int | None = None) -> dict[str, int]:
    found = SyncJob.objects.filter(run=shelf.runs[0], table_id=table or shelf.mine).first()
    names = (*COUNTED, "unchanged")
    return {name: getattr(found, name) for name in names if found is not None and getattr(found, name)}


def test_a_chunk_counts_once_however_often_it_is_finished_and_moves_its_own_cursor(shelf: Shelf) -> None:
    written(shelf)
    bench: Any = SimpleNamespace(table=shelf.mine)
    assert finish_chunk(chunk(shelf), bench, NOW, moves_cursor=True) == 20
    assert finish_chunk(chunk(shelf), bench, NOW, moves_cursor=True) == 20
    assert job(shelf) == {**COUNTED, "unchanged": UNCHANGED}
    cursors = Table.objects.values_list("pk", "cursor_left", "cursor_right")
    assert {pk: (left, right) for pk, left, right in cursors} == {
        shelf.mine: (42, 0),
        shelf.beside: (0, 0),
        shelf.far: (0, 0),
    }
    assert PlanChunk.objects.get(pk=shelf.chunk).done and not PlanChunk.objects.get(pk=shelf.next_chunk).done


def test_chunks_of_a_table_add_up(shelf: Shelf) -> None:
    bench: Any = SimpleNamespace(table=shelf.mine)
    SyncJob.objects.create(run=shelf.runs[0], table_id=shelf.mine, total=5, skipped=1)
    assert finish_chunk(chunk(shelf, rows=12), bench, NOW, moves_cursor=False) == 17
    assert job(shelf)["skipped"] == 4
    assert Table.objects.get(pk=shelf.mine).cursor_left == 0, "proving and following move no cursor"


def test_who_was_overtaken_counts_nothing(shelf: Shelf) -> None:
    Run.objects.filter(pk=shelf.runs[0].pk).update(epoch=4)
    with pytest.raises(Fenced):
        finish_chunk(chunk(shelf), SimpleNamespace(table=shelf.mine), NOW, moves_cursor=True)  # type: ignore[arg-type]
    assert job(shelf) == {} and not PlanChunk.objects.get(pk=shelf.chunk).done


SAME = [
    (create("s1"), create("s1"), True),
    (create("s1"), Create(side=Side.RIGHT, source_id="s1", values={"a": 1}), False),
    (create("s1", restores="c"), create("s1"), False),
    (update("c1", **CHANGED), update("c1", **CHANGED, version="9"), True),
    (update("c1", **CHANGED), update("c1", changes={}), False),
    (update("c1", **CHANGED, agree={"x": 1}), update("c1", **CHANGED), False),
    (
        Couple(coupling="c", left_id="l", right_id="r", base={"a": 1}),
        Couple(coupling="c", left_id="l", right_id="r", base={}),
        False,
    ),
    (Agree(coupling="c", base={"a": 1}), Agree(coupling="c", base={"a": 1}), True),
    (Agree(coupling="c", base={"a": 1}), Agree(coupling="c", base={"a": 2}), False),
    (
        Delete(side=Side.LEFT, coupling="c", external_id="x"),
        Delete(side=Side.LEFT, coupling="c", external_id="x"),
        True,
    ),
    (Uncouple(coupling="c", left_id="l", right_id="r"), Delete(side=Side.LEFT, coupling="c", external_id="x"), False),
]


@pytest.mark.parametrize(("shown", "found", "same"), SAME)
def test_an_approved_action_is_the_same_by_what_it_writes(shown: Any, found: Any, same: bool) -> None:
    now = {approved._mark(shown): found}
    confirmed = approved._confirmed(shown, now)
    if not same:
        assert isinstance(confirmed, Skip) and confirmed.why == approved.MOVED
    elif isinstance(shown, Update):
        assert confirmed == update("c1", **CHANGED, version="9"), "with the newest version of its record"
    else:
        assert confirmed == shown


def test_what_nobody_plans_any_more_is_skipped_on_its_side_with_its_title() -> None:
    skipped = approved._confirmed(create("s1", title="Alfa"), {})
    assert skipped == Skip(side=Side.RIGHT, external_id="", why="moved", title="Alfa")
    assert approved._confirmed(Agree(coupling="c", base={}), {}).side is Side.LEFT  # type: ignore[union-attr]


def test_actions_are_told_apart_by_kind_side_and_record() -> None:
    different = [
        create("s1"),
        create("s2"),
        Create(side=Side.LEFT, source_id="s1", values={}),
        update("c1", **CHANGED),
        update("c2", **CHANGED),
        Delete(side=Side.RIGHT, coupling="c1", external_id="r"),
        Delete(side=Side.LEFT, coupling="c1", external_id="r"),
        Couple(coupling="c1", left_id="l", right_id="r", base={}),
        Agree(coupling="c1", base={}),
        Uncouple(coupling="c1", left_id="l", right_id="r"),
    ]
    assert len({approved._mark(each) for each in different}) == len(different)


@pytest.mark.parametrize(
    ("action", "left", "right"),
    [
        (create("s1"), ["s1"], []),
        (create("s1", alone=True), [], []),
        (update("c1", **CHANGED), ["lc1"], ["rc1"]),
        (Delete(side=Side.RIGHT, coupling="c", external_id="x"), [], ["x"]),
        (Couple(coupling="c", left_id="l", right_id="r", base={}), ["l"], ["r"]),
        (Uncouple(coupling="c", left_id="l", right_id="r"), ["l"], ["r"]),
        (Agree(coupling="c", base={}), [], []),
    ],
)
def test_the_records_to_look_at_again_are_those_that_an_action_is_about(
    action: AnyAction, left: list[str], right: list[str]
) -> None:
    assert [approved._ids(action, side) for side in Side] == [left, right]


@pytest.mark.parametrize(
    ("journaled", "checked"), [((), [True, True, True]), ((1,), [True, False, False]), ((0, 1, 2), [False] * 3)]
)
def test_what_was_begun_stays_and_what_needs_no_vendor_was_done_before_it(
    journaled: tuple[int, ...], checked: list[bool]
) -> None:
    actions: list[AnyAction] = [
        create("s1"),
        update("c1", **CHANGED),
        Couple(coupling="c", left_id="l", right_id="r", base={}),
    ]
    assert [approved._is_checked(at, each, journaled) for at, each in enumerate(actions)] == checked


def test_questions_about_records_of_either_side_are_a_row_each(bench: Bench) -> None:
    """Also where only the right record is known."""
    for n in range(2):
        bench.contacts.put({"Name": f"Firma {n}", "VatNumber": "12345674"})
    run = bench.run()
    assert bench.counts(run) == {"skipped": 2}
    bench.companies.put({"title": "Other", "cvr": "12345682"})
    bench.companies.put({"title": "Another", "cvr": "12345682"})
    assert bench.counts(bench.run()) == {"skipped": 2}


def document(source: str, values: dict[str, Any]) -> Create:
    return Create(side=Side.RIGHT, source_id=source, values=values)


def lines(*amounts: str, currency: str = "DKK") -> dict[str, Any]:
    return {"currency": currency, "lines": [{"amount": each} for each in amounts]}


def test_what_a_chunk_wrote_counts_once_for_its_day_and_only_what_was_confirmed(shelf: Shelf) -> None:
    made = [document("s1", lines("100.50", "0.25")), document("s2", lines("7"))]
    shelf.journal(shelf.intent(0), shelf.intent(1))
    journal.close_intents(shelf.chunk, [(0, "confirmed", None, None, None), (1, "refused", None, None, None)], NOW)
    for _ in range(2):
        finish_chunk(chunk(shelf, actions=made), SimpleNamespace(table=shelf.mine), NOW, moves_cursor=True)  # type: ignore[arg-type]
    rows = Moved.objects.order_by("currency").values_list("day", "currency", "records", "amount")
    assert list(rows) == [(day_of(NOW), "", 1, 0), (day_of(NOW), "DKK", 0, Decimal("100.75"))]


def test_days_of_the_books_end_where_bookkeepers_live() -> None:
    assert day_of(datetime(2026, 11, 29, 23, 30, tzinfo=UTC)).isoformat() == "2026-11-30"


def test_a_document_of_quantities_is_worth_its_lines_without_vat_and_one_that_cannot_be_reckoned_nothing() -> None:
    invoice = {"lines": [{"quantity": "3", "price": "33.335", "discount": "10", "vat": "25", "currency": "SEK"}]}
    broken = {"currency": "DKK", "lines": [{"quantity": "x", "price": "1"}, {"amount": "5"}, {"price": "1"}]}
    whole = [document("a", invoice), document("b", broken), document("c", {"lines": 5})]
    assert worth_of(whole) == {"SEK": Decimal("90.00"), "DKK": Decimal("5")}
