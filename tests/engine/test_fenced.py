"""Every step that writes, here or at a vendor, does so only for the attempt whose turn it is."""

from __future__ import annotations

from typing import Any

import pytest

from kobling.engine import requests as ask
from kobling.engine.requests import Failure
from kobling.engine.steps import Steps, do
from kobling.hub import runs
from kobling.hub.models import Coupling, Feed, MirrorRow, PlanChunk, Run, SyncJob, Table, WriteIntent
from kobling.hub.store.journal import Fenced
from kobling.mapping import Side
from kobling.sync.actions import Create, to_blob
from tests.engine.bench import Bench
from tests.engine.test_telling import HandingOut

pytestmark = pytest.mark.django_db(transaction=True)
BROKEN = Failure(kind="Misunderstood", summary="?", outcome="failed")


class Overtaken:
    """A chunk that is planned, and two attempts: one whose turn it was, one whose turn it is."""

    def __init__(self, bench: Bench, *, hands_out: bool = True) -> None:
        self.source = HandingOut(bench.companies)
        if hands_out:
            bench.left.resources["companies"] = self.source
            bench.change("customers", reports={"limit": "bad_limit"})
        self.bench, self.one = bench, bench.companies.put({"title": "Alfa"}).external_id
        asked = runs.ask(bench.pair, "tester", bench.clock.now())
        assert runs.claim("tester", bench.clock.now()) == asked.pk
        self.run = asked.pk
        self.late = self._attempt()
        for feed in do(self.late, ask.Begin()).feeds:
            do(self.late, ask.Observe(feed))
        self.window = do(self.late, ask.OpenWindow("customers"))
        actions = [Create(side=Side.RIGHT, source_id=self.one, values={"name": "Alfa"})]
        self.chunk = PlanChunk.objects.create(
            run_id=self.run,
            table_id=bench.table("customers"),
            seq=0,
            side="left",
            actions=to_blob(actions).decode(),
            size=1,
            rows=1,
            upto=1,
        ).pk
        self.source.heard.clear()
        self.now = self._attempt()

    def _attempt(self) -> Steps:
        bench = self.bench
        epoch = runs.new_attempt(self.run, "tester")
        return Steps(self.run, epoch, bench.opener, bench.waiting, bench.clock)

    def feed(self, resource: str = "companies") -> int:
        return Feed.objects.get(resource=resource).pk

    def ready_for(self, name: str) -> list[Any]:
        """Make sure that there is something to do, and say what stands before it is done."""
        if name == "report a chunk":
            do(self.now, ask.Execute(self.chunk))
        self.bench.companies.put({"title": "Beta"})
        return self.stands()

    def stands(self) -> list[Any]:
        """Everything that a step could change."""
        kept = [
            list(model.objects.order_by("pk").values())
            for model in (Coupling, MirrorRow, WriteIntent, SyncJob, Table, PlanChunk)
        ]
        kept += [list(Run.objects.values("state", "epoch", "ended_at", "error"))]
        return [*kept, list(self.source.heard), self.bench.contacts.all(), self.bench.contacts.sent.copy()]


@pytest.fixture
def overtaken(bench: Bench) -> Overtaken:
    return Overtaken(bench)


STEPS: dict[str, Any] = {
    "observe": lambda it: ask.Observe(it.feed()),
    "execute": lambda it: ask.Execute(it.chunk),
    "execute again": lambda it: ask.ExecuteAgain(it.chunk),
    "execute approved": lambda it: ask.ExecuteApproved(it.chunk, []),
    "arrive": lambda it: ask.Arrive("customers", "left", 9),
    "finish": lambda _: ask.Finish("customers"),
    "fail": lambda _: ask.Fail("customers", BROKEN),
    "report": lambda _: ask.Report("customers"),
    "report a chunk": lambda it: ask.ReportChunk("customers", it.chunk),
}


@pytest.mark.parametrize("name", STEPS)
def test_who_was_overtaken_changes_nothing(overtaken: Overtaken, name: str) -> None:
    before = overtaken.ready_for(name)
    with pytest.raises(Fenced):
        do(overtaken.late, STEPS[name](overtaken))
    assert overtaken.stands() == before


@pytest.mark.parametrize("name", STEPS)
def test_whose_turn_it_is_may(overtaken: Overtaken, name: str) -> None:
    """Else the test above would prove nothing."""
    before = overtaken.ready_for(name)
    do(overtaken.now, STEPS[name](overtaken))
    assert overtaken.stands() != before


def test_a_sweep_that_was_overtaken_takes_nothing_for_gone(bench: Bench) -> None:
    overtaken = Overtaken(bench, hands_out=False)  # What a source hands out is never swept.
    overtaken.bench.companies.remove(overtaken.one)
    Feed.objects.update(unswept=True)
    with pytest.raises(Fenced):
        do(overtaken.late, ask.Sweep(overtaken.feed(), True))
    assert not MirrorRow.objects.filter(gone=True).exists()
    do(overtaken.now, ask.Sweep(overtaken.feed(), True))
    assert MirrorRow.objects.filter(gone=True).count() == 1


@pytest.mark.parametrize(("name", "moves"), [("execute", True), ("execute again", False), ("execute approved", False)])
def test_a_chunk_is_counted_and_done_and_moves_the_cursor_where_it_is_in_the_window(
    overtaken: Overtaken, name: str, moves: bool
) -> None:
    do(overtaken.now, STEPS[name](overtaken))
    job = SyncJob.objects.get(run_id=overtaken.run, table_id=overtaken.bench.table("customers"))
    assert (PlanChunk.objects.get(pk=overtaken.chunk).done, job.inserted, job.total) == (True, 1, 1)
    assert Table.objects.get(pk=job.table_id).cursor_left == (1 if moves else 0)
