"""How far each table of a run is: its own state, and that of both directions."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from kobling.access.models import Client
from kobling.hub import runs
from kobling.hub.models import Connection, Pair, Run, SyncJob, Table, WriteIntent
from kobling.hub.models.runs import PlanChunk
from kobling.hub.runs import jobs
from kobling.mapping import Side

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture
def run() -> Run:
    client = Client.objects.create(name="Test ApS")
    left, right = (Connection.objects.create(client=client, connector="c", name=name) for name in ("left", "right"))
    pair = Pair.objects.create(client=client, pair_type="t", name="test", left=left, right=right)
    Table.objects.create(pair=pair, name="a")
    Table.objects.create(pair=pair, name="b")
    return runs.ask(pair, "operator:me", NOW)


def tables(run: Run) -> list[int]:
    return list(Table.objects.filter(pair=run.pair).order_by("pk").values_list("pk", flat=True))


def job(run: Run, table: int) -> SyncJob:
    return SyncJob.objects.get(run=run, table_id=table)


def wrote(run: Run, table: int, side: Side, state: str) -> None:
    chunk, _ = PlanChunk.objects.get_or_create(run=run, table_id=table, seq=0, defaults={"actions": "", "side": "left"})
    WriteIntent.objects.create(
        run=run,
        chunk=chunk,
        position=WriteIntent.objects.count(),
        table_id=table,
        side=side.value,
        operation="create",
        key="k",
        source_id="1",
        changes="",
        state=state,
        epoch=1,
        opened_at=NOW,
    )


def test_a_table_whose_turn_has_come_runs(run: Run) -> None:
    table, other = tables(run)
    jobs.began(run.pk, table)
    assert job(run, table).state == runs.RUNNING and not SyncJob.objects.filter(table_id=other).exists()


@pytest.mark.parametrize(("before", "after"), [("", runs.RUNNING), (runs.DONE, runs.DONE), ("failed", "failed")])
def test_a_table_that_was_counted_before_runs_and_one_that_has_ended_does_not_again(
    run: Run, before: str, after: str
) -> None:
    table, other = tables(run)
    for each in (table, other):
        SyncJob.objects.create(run=run, table_id=each, state=before)
    jobs.began(run.pk, table)
    assert (job(run, table).state, job(run, other).state) == (after, before)


@pytest.mark.parametrize("side", list(Side))
@pytest.mark.parametrize(("before", "after"), [("", runs.RUNNING), (jobs.ERRORS, jobs.ERRORS)])
def test_a_direction_begins_once(run: Run, side: Side, before: str, after: str) -> None:
    table, other = tables(run)
    name, away = f"to_{side.value}", f"to_{side.other.value}"
    for each in (table, other):
        SyncJob.objects.create(run=run, table_id=each, **{name: before})
    jobs.direction_begins(run.pk, table, side)
    assert (getattr(job(run, table), name), getattr(job(run, table), away)) == (after, "")
    assert getattr(job(run, other), name) == before


@pytest.mark.parametrize("side", list(Side))
@pytest.mark.parametrize(
    ("states", "after"),
    [
        ([], runs.DONE),
        (["confirmed"], runs.DONE),
        (["confirmed", "refused"], jobs.ERRORS),
        (["unknown"], jobs.ERRORS),
        (["open"], jobs.ERRORS),
    ],
)
def test_a_direction_is_done_when_everything_written_is_confirmed(
    run: Run, side: Side, states: list[str], after: str
) -> None:
    table, other = tables(run)
    for each in states:
        wrote(run, table, side, each)
    wrote(run, table, side.other, "refused")
    wrote(run, other, side, "refused")
    for each in (table, other):
        SyncJob.objects.create(run=run, table_id=each)
    jobs.direction_done(run.pk, table, side)
    assert getattr(job(run, table), f"to_{side.value}") == after
    assert getattr(job(run, table), f"to_{side.other.value}") == getattr(job(run, other), f"to_{side.value}") == ""


@pytest.mark.parametrize("begun", [True, False])
@pytest.mark.parametrize("failure", [None, {"summary": "S", "params": {}}])
def test_a_table_ends_with_why_it_failed(run: Run, begun: bool, failure: dict[str, Any] | None) -> None:
    table, _ = tables(run)
    if begun:
        jobs.began(run.pk, table)
    jobs.ended(run.pk, table, runs.BLOCKED, NOW, failure)
    ended = job(run, table)
    assert (ended.state, ended.ended_at, ended.error) == (runs.BLOCKED, NOW, failure)
