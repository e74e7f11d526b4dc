"""The journal: opened under the current epoch, closed where it is named, asked about one chunk, table or pair."""

from __future__ import annotations

import pytest

from kobling.hub.models import Run, WriteIntent
from kobling.hub.store import journal
from kobling.hub.store.journal import Fenced
from kobling.records import Refused, Unreachable, Unsafe
from tests.store.shelf import LATER, NOW, Shelf

pytestmark = pytest.mark.django_db(transaction=True)
DONE = ("confirmed", None, None, None)


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


def states(chunk: int) -> dict[int, str]:
    return {position: each.state for position, each in journal.of_chunk(chunk).items()}


def test_nothing_is_journaled_under_another_epoch_than_the_runs(shelf: Shelf) -> None:
    run = shelf.runs[0].pk
    for epoch in (2, 4):
        with pytest.raises(Fenced):
            journal.open_intents(run, epoch, [shelf.intent(0)], NOW)
        with pytest.raises(Fenced):
            journal.fence_now(run, epoch)
    with pytest.raises(Fenced):
        journal.fence_now(run + 1000, 3)
    Run.objects.filter(pk=shelf.runs[1].pk).update(epoch=9)
    journal.fence_now(run, 3)
    journal.open_intents(run, 3, [shelf.intent(0)], NOW)
    assert states(shelf.chunk) == {0: "open"}


def test_an_intent_is_kept_whole(shelf: Shelf) -> None:
    shelf.journal(shelf.intent(4, external_id="e", coupling="c", operation="update", side="left", reason="why"))
    row = WriteIntent.objects.get()
    assert (row.run_id, row.chunk_id, row.table_id, row.epoch, row.sent) == (
        shelf.runs[0].pk,
        shelf.chunk,
        shelf.mine,
        3,
        1,
    )
    assert (row.position, row.side, row.operation, row.key, row.source_id) == (4, "left", "update", "k4", "s4")
    assert (row.external_id, row.coupling, row.reason, row.state) == ("e", "c", "why", "open")
    assert (row.changes, row.opened_at, row.closed_at) == ('{"name":[null,"x"]}', NOW, None)
    (known,) = journal.of_chunk(shelf.chunk).values()
    assert (known.key, known.external_id, known.opened_at, known.sent, known.epoch) == ("k4", "e", NOW, 1, 3)
    assert known.lost_at is None and known.slow is False


def test_what_is_closed_keeps_the_ids_that_are_not_told_again(shelf: Shelf) -> None:
    shelf.journal(shelf.intent(0, external_id="e", coupling="c"), shelf.intent(1), shelf.intent(2))
    shelf.journal(shelf.intent(0, chunk=shelf.next_chunk))
    journal.close_intents(shelf.chunk, [(0, *DONE), (1, "refused", "new", "link", '{"kind":"x"}')], LATER)
    assert states(shelf.chunk) == {0: "confirmed", 1: "refused", 2: "open"}
    assert states(shelf.next_chunk) == {0: "open"}
    one, two, three = WriteIntent.objects.filter(chunk=shelf.chunk).order_by("position")
    assert (one.external_id, one.coupling, one.error, one.closed_at) == ("e", "c", None, LATER)
    assert (two.external_id, two.coupling, two.error) == ("new", "link", '{"kind":"x"}')
    assert three.closed_at is None


@pytest.mark.parametrize("about", ["source_id", "external_id"])
@pytest.mark.parametrize(
    ("state", "closed"), [("open", True), ("unknown", True), ("confirmed", False), ("refused", False)]
)
def test_a_person_closes_only_what_nobody_knew_of_those_records(
    shelf: Shelf, about: str, state: str, closed: bool
) -> None:
    shelf.journal(shelf.intent(0, **{about: "x"}), shelf.intent(1), run=0)
    shelf.journal(shelf.intent(2, table=shelf.beside, **{about: "x"}))
    WriteIntent.objects.update(state=state, error=None)
    journal.close_by_hand(shelf.mine, ["x", "y"], Unsafe("I looked.", code="seen"), LATER)
    one, two, three = WriteIntent.objects.order_by("position")
    assert one.state == ("refused" if closed else state)
    assert (one.error is not None and "I looked." in one.error) is closed
    assert (two.state, two.error, three.state, three.error) == (state, None, state, None)


def test_a_lost_answer_is_noted_while_its_write_is_open_and_only_there(shelf: Shelf) -> None:
    shelf.journal(shelf.intent(0), shelf.intent(1), shelf.intent(2))
    shelf.journal(shelf.intent(0, chunk=shelf.next_chunk))
    journal.close_intents(shelf.chunk, [(1, *DONE)], NOW)
    slow, dropped = Unreachable("?", code="timeout"), Unreachable("?")
    journal.note_lost(shelf.chunk, [(0, slow), (1, slow), (2, dropped)], LATER)
    known = journal.of_chunk(shelf.chunk)
    assert [(known[n].lost_at, known[n].slow) for n in range(3)] == [(LATER, True), (None, False), (LATER, False)]
    assert journal.of_chunk(shelf.next_chunk)[0].lost_at is None


def test_sendings_are_counted_and_intents_withdrawn_where_they_are_named(shelf: Shelf) -> None:
    shelf.journal(shelf.intent(0), shelf.intent(1), shelf.intent(2))
    shelf.journal(shelf.intent(0, chunk=shelf.next_chunk))
    journal.count_sent(shelf.chunk, [0, 1])
    journal.count_sent(shelf.chunk, [])
    assert [each.sent for each in journal.of_chunk(shelf.chunk).values()] == [2, 2, 1]
    assert journal.of_chunk(shelf.next_chunk)[0].sent == 1
    journal.withdraw(shelf.chunk, [])
    journal.withdraw(shelf.chunk, [0, 2])
    assert set(states(shelf.chunk)) == {1} and set(states(shelf.next_chunk)) == {0}


def test_records_with_a_write_in_doubt_are_told_by_either_id_but_for_one_chunk(shelf: Shelf) -> None:
    shelf.journal(shelf.intent(0, external_id="e0"), shelf.intent(1), shelf.intent(2), shelf.intent(3))
    shelf.journal(shelf.intent(0, chunk=shelf.next_chunk, source_id="next"))
    shelf.journal(shelf.intent(1, chunk=shelf.next_chunk, table=shelf.beside, source_id="elsewhere"))
    journal.close_intents(shelf.chunk, [(1, "unknown", None, None, None), (2, *DONE)], NOW)
    asked = ["e0", "s1", "s2", "next", "elsewhere"]
    assert journal.unsettled(shelf.mine, asked) == {"s0", "e0", "s1", "next"}
    assert journal.unsettled(shelf.mine, asked, but_chunk=shelf.chunk) == {"next"}
    assert journal.unsettled(shelf.mine, ["s3"]) == {"s3"}


def test_generations_count_confirmed_creates_of_a_side(shelf: Shelf) -> None:
    same = {"source_id": "a"}
    shelf.journal(
        shelf.intent(0, **same),
        shelf.intent(1, **same),
        shelf.intent(2, **same, side="left"),
        shelf.intent(3, **same, operation="update"),
        shelf.intent(4, **same, table=shelf.beside),
        shelf.intent(5, **same),
        shelf.intent(6, source_id="b"),
    )
    journal.close_intents(shelf.chunk, [(n, *DONE) for n in (0, 1, 2, 3, 4, 6)], NOW)
    assert journal.generations(shelf.mine, "right", ["a", "c"]) == {"a": 2}


def test_couplings_that_a_run_or_a_chunk_has_written_to_come_in_order(shelf: Shelf) -> None:
    shelf.journal(
        shelf.intent(0, coupling="c"),
        shelf.intent(1, coupling="b"),
        shelf.intent(2, coupling="b"),
        shelf.intent(3, coupling="d", operation="delete"),
        shelf.intent(4, coupling="e"),
        shelf.intent(5, coupling="f", table=shelf.beside),
        shelf.intent(0, coupling="g", chunk=shelf.next_chunk),
    )
    shelf.journal(shelf.intent(0, chunk=shelf.far_chunk, coupling="h"), run=1)
    journal.close_intents(shelf.chunk, [(n, *DONE) for n in (0, 1, 2, 3, 5)], NOW)
    journal.close_intents(shelf.next_chunk, [(0, *DONE)], NOW)
    journal.close_intents(shelf.far_chunk, [(0, *DONE)], NOW)
    run = shelf.runs[0].pk
    assert journal.couplings_written(run, shelf.mine, "", 9) == ["b", "c", "g"]
    assert journal.couplings_written(run, shelf.mine, "b", 1) == ["c"]
    assert journal.couplings_written(run, shelf.mine, "", 9, chunk=shelf.next_chunk) == ["g"]


def test_what_a_chunk_made_and_how_many_writes_of_a_run_succeeded(shelf: Shelf) -> None:
    shelf.journal(
        shelf.intent(0),
        shelf.intent(1, operation="update"),
        shelf.intent(2),
        shelf.intent(3, side="left"),
        shelf.intent(4, table=shelf.beside),
        shelf.intent(0, chunk=shelf.next_chunk, source_id="n"),
    )
    shelf.journal(shelf.intent(0, chunk=shelf.far_chunk), run=1)
    journal.close_intents(shelf.chunk, [(n, *DONE) for n in (0, 1, 3, 4)], NOW)
    for chunk in (shelf.next_chunk, shelf.far_chunk):
        journal.close_intents(chunk, [(0, *DONE)], NOW)
    assert sorted(journal.made_from(shelf.chunk)) == ["s0", "s3", "s4"]
    assert journal.confirmed(shelf.runs[0].pk, shelf.mine) == {"right": 3, "left": 1}


def test_unfinished_chunks_are_those_of_a_pair_with_writes_in_doubt_oldest_first(shelf: Shelf) -> None:
    shelf.journal(shelf.intent(0, chunk=shelf.next_chunk), shelf.intent(0), shelf.intent(1))
    shelf.journal(shelf.intent(0, chunk=shelf.far_chunk, table=shelf.far), run=1)
    assert journal.unfinished_chunks(shelf.pairs[0].pk) == [shelf.chunk, shelf.next_chunk]
    journal.close_intents(shelf.chunk, [(0, *DONE), (1, "refused", None, None, None)], NOW)
    journal.close_intents(shelf.next_chunk, [(0, "unknown", None, None, None)], NOW)
    assert journal.unfinished_chunks(shelf.pairs[0].pk) == [shelf.next_chunk]
    WriteIntent.objects.filter(chunk=shelf.next_chunk).update(operation="creditnote")
    assert journal.unfinished_chunks(shelf.pairs[0].pk) == []
    assert journal.unfinished_chunks(shelf.pairs[1].pk) == [shelf.far_chunk]


def test_the_reason_of_a_hand_closed_write_is_a_refusal(shelf: Shelf) -> None:
    shelf.journal(shelf.intent(0))
    journal.close_by_hand(shelf.mine, ["s0"], Refused("No.", code="no"), LATER)
    row = WriteIntent.objects.get()
    assert (row.state, row.error, row.closed_at) == (
        "refused",
        '{"code":"no","kind":"Refused","summary":"No."}',
        LATER,
    )
