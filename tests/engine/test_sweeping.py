"""When deletions are looked for, and that each page is read and stored once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from kobling.engine import observing
from kobling.engine import requests as ask
from kobling.engine.observing import PAGES_PER_STEP, ROWS_PER_STEP, SWEEP_EVERY, Place
from kobling.engine.steps import Steps, do
from kobling.hub import runs
from kobling.hub.models import Feed
from kobling.hub.store import mirror
from kobling.mapping import Direction, FieldMapping, end
from kobling.mapping.codecs import NUMBER
from kobling.sdk.memory import MemoryResource
from kobling.sdk.protocols import Deletions
from tests.engine.bench import CUSTOMERS, Bench
from tests.simulation.vendor import Counting

pytestmark = pytest.mark.django_db(transaction=True)
DAY = timedelta(days=1)


def swept(bench: Bench, resource: MemoryResource, full: bool = False) -> bool:
    feed = Feed.objects.get(resource="contacts")
    return observing._is_due(feed, resource, bench.waiting, bench.clock.now(), full)


@pytest.mark.parametrize(
    ("deletions", "ago", "full", "unswept", "due"),
    [
        (Deletions.SWEEP, DAY, False, False, True),
        (Deletions.SWEEP, DAY - timedelta(seconds=1), False, False, False),
        (Deletions.SWEEP, timedelta(0), True, False, True),
        (Deletions.SWEEP, None, True, False, False),
        (Deletions.SWEEP, None, False, True, True),
        (Deletions.FEED, 9 * DAY, False, False, False),
        (Deletions.FEED, timedelta(0), True, False, True),
        (Deletions.FEED, timedelta(0), False, True, True),
        (Deletions.NONE, 9 * DAY, True, False, False),
        (Deletions.NONE, 9 * DAY, False, True, True),
    ],
)
def test_when_deletions_are_looked_for(
    bench: Bench, deletions: Deletions, ago: timedelta | None, full: bool, unswept: bool, due: bool
) -> None:
    """Once a day where only a sweep shows them, when asked for, and after a feed that began anew."""
    bench.companies.put({"title": "Alfa"})
    bench.run()
    at = None if ago is None else bench.clock.now() - ago
    Feed.objects.filter(resource="contacts").update(swept_at=at, unswept=unswept)
    bench.contacts.capabilities = replace(bench.contacts.capabilities, deletions=deletions)
    assert swept(bench, bench.contacts, full) is due
    assert SWEEP_EVERY == DAY


@pytest.mark.parametrize("number", [0, 1, 2])
def test_another_number_than_we_know_is_looked_into(bench: Bench, number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.companies.put({"title": "Alfa"})
    bench.run()

    async def count(_self: Any) -> int:
        return number

    monkeypatch.setattr(MemoryResource, "count", count, raising=False)
    bench.contacts.capabilities = replace(bench.contacts.capabilities, deletions=Deletions.SWEEP)
    assert swept(bench, bench.contacts) is (number != 1)
    bench.contacts.capabilities = replace(bench.contacts.capabilities, deletions=Deletions.FEED)
    assert swept(bench, bench.contacts) is False
    assert issubclass(Counting, MemoryResource)


def test_each_page_is_asked_for_and_stored_once(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.companies._page_size = 10
    for n in range(35):
        bench.companies.put({"title": f"Firma {n}"})
    stored: list[int] = []
    put = mirror.put
    bench.run(kind="plan", tables=[])
    feed = Feed.objects.get(resource="companies")
    Feed.objects.filter(pk=feed.pk).update(bookmark="")
    monkeypatch.setattr(mirror, "put", lambda *args: stored.append(len(args[1])) or put(*args))
    before = bench.companies.calls["read"]
    run = runs.ask(bench.pair, "tester", bench.clock.now())
    assert runs.claim("tester", bench.clock.now()) == run.pk
    place = Place(feed.pk, run.pk, runs.new_attempt(run.pk, "tester"))
    told = observing.observe(place, bench.companies, bench.waiting, bench.clock)
    assert (told.more, told.rows, told.pages) == (False, 35, 4)
    assert stored == [10, 10, 10, 5] and bench.companies.calls["read"] - before == 4


@pytest.mark.parametrize(("pages", "rows", "done"), [(2, 10_000, 2), (50, 20, 2), (50, 21, 3)])
def test_a_step_ends_after_so_many_pages_or_rows(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, pages: int, rows: int, done: int
) -> None:
    """So that a crash loses little, and progress shows."""
    assert (PAGES_PER_STEP, ROWS_PER_STEP) == (50, 5000)
    bench.companies._page_size = 10
    for n in range(45):
        bench.companies.put({"title": f"Firma {n}"})
    monkeypatch.setattr(observing, "PAGES_PER_STEP", pages)
    monkeypatch.setattr(observing, "ROWS_PER_STEP", rows)
    run = runs.ask(bench.pair, "tester", bench.clock.now())
    assert runs.claim("tester", bench.clock.now()) == run.pk
    feed = Feed.objects.create(connection=bench.pair.left, resource="companies")
    place = Place(feed.pk, run.pk, runs.new_attempt(run.pk, "tester"))
    told = observing.observe(place, bench.companies, bench.waiting, bench.clock)
    assert (told.more, told.pages) == (True, done)
    assert bench.companies.calls["read"] == done


def work_of(bench: Bench, **options: Any) -> ask.Work:
    asked = runs.ask(bench.pair, "tester", bench.clock.now(), **options)
    assert runs.claim("tester", bench.clock.now()) == asked.pk
    steps = Steps(asked.pk, runs.new_attempt(asked.pk, "tester"), bench.opener, bench.waiting, bench.clock)
    return do(steps, ask.Begin())


@pytest.mark.parametrize("kind", ["proof", "after_proof", "handed_back"])
def test_tables_with_totals_or_numbers_that_come_back_are_looked_at_once_more(bench: Bench, kind: str) -> None:
    more: dict[str, Any] = {"direction": Direction.TO_LEFT} if kind == "handed_back" else {kind: True}
    total = FieldMapping("total", end("total", codec=NUMBER), end("Total", codec=NUMBER), **more)
    bench.change("customers", fields=(*CUSTOMERS.fields, total))
    assert work_of(bench).proofs == ["customers"]


def test_what_a_run_is_about_is_told_to_its_flow(bench: Bench) -> None:
    work = work_of(bench, full=True, confirmed=["side_empty"])
    assert (work.proofs, work.full, work.confirmed, work.dry, work.single) == ([], True, ["side_empty"], False, False)
    assert work.tables == ["customers", "orders"] and work.depends == {"customers": [], "orders": ["customers"]}
    assert len(work.feeds) == 4 and sorted(map(len, work.tables_of.values())) == [1, 1, 1, 1]


def test_where_we_know_none_none_can_have_vanished(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.run()

    async def count(_self: Any) -> int:
        return 3

    monkeypatch.setattr(MemoryResource, "count", count, raising=False)
    bench.contacts.capabilities = replace(bench.contacts.capabilities, deletions=Deletions.SWEEP)
    assert swept(bench, bench.contacts) is False
