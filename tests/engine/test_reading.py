"""Reading into the mirror: nothing lost, nothing stored by who was overtaken, one bad record told and tried again."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from kobling.engine.attempt import guarded
from kobling.engine.observing import TOLERANT_AFTER, Place, observe
from kobling.engine.requests import Observe
from kobling.engine.steps import Steps
from kobling.hub import runs
from kobling.hub.models import Feed, MirrorRow, SyncIssue
from kobling.hub.store import finding, mirror, sql
from kobling.hub.store.journal import Fenced
from kobling.mapping import DeletionPolicy
from kobling.records import Misunderstood, NotReached, RateLimited, Record, Unreachable
from kobling.sdk.memory import MemoryResource
from kobling.sdk.protocols import Deletions, IdPage, Page, Unread
from kobling.sdk.reading import each_read, records_of, tolerant
from tests.engine.bench import Bench

pytestmark = pytest.mark.django_db(transaction=True)


def broken_at(resource: MemoryResource, bad: set[str], error: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some records of a resource cannot be read, by the list or by themselves."""
    plain, by_id, by_itself = resource.read, resource.get_many, resource.get

    async def read(bookmark: Any) -> Page:
        page = await plain(bookmark)

        async def one(external_id: str) -> Record:
            if external_id in bad:
                raise error
            return next(each for each in page.records if each.external_id == external_id)

        records, unread = await each_read([each.external_id for each in page.records], one)
        return replace(page, records=records, unread=unread)

    async def get_many(ids: Any) -> Any:
        return [each for each in await by_id(ids) if each.external_id not in bad]

    async def get(external_id: str) -> Record:
        record = await by_itself(external_id)
        if external_id in bad:
            raise error
        return record

    for name, method in (("read", read), ("get_many", get_many), ("get", get)):
        monkeypatch.setattr(resource, name, method)


def test_one_unreadable_record_is_told_and_the_page_goes_on_and_it_is_tried_in_every_run(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [bench.companies.put({"title": f"Firma {n}"}).external_id for n in range(5)]
    bad = {ids[2]}
    broken_at(bench.companies, bad, Misunderstood("what?"), monkeypatch)
    run = bench.run()
    assert len(bench.contacts.all()) == 4 and run.state == "partly_done"
    assert bench.issues() == [("unreadable", "open")]
    assert SyncIssue.objects.get().left_id == ids[2]
    bench.run()
    assert bench.issues() == [("unreadable", "open")]
    bad.clear()
    assert bench.run().state == "done"
    assert len(bench.contacts.all()) == 5 and bench.issues() == []


def test_an_unreadable_record_that_is_gone_is_a_deletion_and_no_question_any_more(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A vendor that tells of no deletions: what is asked for again and is not there is gone."""
    bench.change("customers", deletion=DeletionPolicy.DELETE)
    ids = [bench.companies.put({"title": f"Firma {n}"}).external_id for n in range(5)]
    bench.run()
    broken_at(bench.companies, {ids[2]}, Misunderstood("what?"), monkeypatch)
    bench.companies.edit(ids[2], {"mail": "x@x.example"})
    bench.run()
    assert bench.issues() == [("unreadable", "open")] and len(bench.contacts.all()) == 5
    monkeypatch.setattr(bench.companies, "read", nothing_new)
    bench.companies.remove(ids[2])
    bench.run()
    assert bench.issues() == [] and len(bench.contacts.all()) == 4


@pytest.mark.parametrize("error", [Misunderstood("what?"), Unreachable("503")])
def test_a_record_that_cannot_be_read_by_itself_either_is_not_gone(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, error: Any
) -> None:
    bench.change("customers", deletion=DeletionPolicy.DELETE)
    ids = [bench.companies.put({"title": f"Firma {n}"}).external_id for n in range(5)]
    bench.run()
    broken_at(bench.companies, {ids[2]}, Misunderstood("what?"), monkeypatch)
    bench.companies.edit(ids[2], {"mail": "x@x.example"})

    async def get(*_: Any) -> Record:
        raise error

    monkeypatch.setattr(bench.companies, "get", get)
    for _ in range(2):
        bench.run()
    assert bench.issues() == [("unreadable", "open")] and len(bench.contacts.all()) == 5


def test_a_sweep_takes_nothing_for_gone_that_only_cannot_be_read(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is in no list of ids and left out of many: it counts as deleted when the vendor says so of itself."""
    bench.change("customers", deletion=DeletionPolicy.DELETE)
    ids = [bench.companies.put({"title": f"Firma {n}"}).external_id for n in range(5)]
    bench.run()
    bench.companies.remove(ids[4])
    monkeypatch.setattr(bench.companies, "read", nothing_new)
    plain, by_id, one = bench.companies.read_ids, bench.companies.get_many, bench.companies.get

    async def read_ids(position: str | None) -> IdPage:
        page = await plain(position)
        return replace(page, ids=[each for each in page.ids if each != ids[2]])

    async def get_many(asked: Any) -> Any:
        return [each for each in await by_id(asked) if each.external_id != ids[2]]

    async def get(external_id: str) -> Record:
        if external_id == ids[2]:
            raise Misunderstood("what?")
        return await one(external_id)

    with monkeypatch.context() as patch:
        for name, method in (("read_ids", read_ids), ("get_many", get_many), ("get", get)):
            patch.setattr(bench.companies, name, method)
        bench.run(full=True)
    assert bench.issues() == [("unreadable", "open")]
    assert sorted(each["Name"] for each in bench.fields_right()) == [f"Firma {n}" for n in range(4)]
    bench.run()
    assert bench.issues() == [] and len(bench.contacts.all()) == 4


def test_many_that_fail_for_one_are_asked_for_one_by_one(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sweep finds records that no feed told of; one of them cannot be read, and the request for all breaks off."""
    bench.run()
    ids = [bench.companies.put({"title": f"Firma {n}"}).external_id for n in range(5)]
    monkeypatch.setattr(bench.companies, "read", nothing_new)
    one = bench.companies.get

    async def get(external_id: str) -> Record:
        if external_id == ids[2]:
            raise KeyError("id")
        return await one(external_id)

    async def get_many(_: Any) -> Any:
        raise KeyError("id")

    monkeypatch.setattr(bench.companies, "get", get)
    monkeypatch.setattr(bench.companies, "get_many", get_many)
    bench.run(full=True)
    assert len(bench.contacts.all()) == 4
    issue = SyncIssue.objects.get()
    assert (issue.kind, issue.left_id) == ("unreadable", ids[2])


@pytest.mark.parametrize("asked", [0, 1])
def test_where_many_are_found_by_reading_all_nothing_is_asked_for_twice(bench: Bench, asked: int) -> None:
    ids = [bench.companies.put({"title": f"Firma {n}"}).external_id for n in range(5)]
    bench.companies.capabilities = replace(
        bench.companies.capabilities, deletions=Deletions.SWEEP, many_by_all=not asked
    )
    bench.run()
    bench.companies.remove(ids[4])
    bench.companies.calls.clear()
    bench.run(full=True)
    assert MirrorRow.objects.get(external_id=ids[4]).gone and bench.companies.calls["get"] == asked


def test_a_plan_that_is_only_shown_tells_of_what_cannot_be_read_as_well(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its reading is kept, so a later run would never hear of the record again."""
    ids = [bench.companies.put({"title": f"Firma {n}"}).external_id for n in range(3)]
    bad = {ids[1]}
    broken_at(bench.companies, bad, Misunderstood("what?"), monkeypatch)
    bench.run(kind="plan")
    assert bench.issues() == [("unreadable", "open")]
    bad.clear()
    bench.run()
    assert bench.issues() == [] and len(bench.contacts.all()) == 3


async def nothing_new(bookmark: Any) -> Page:
    return Page([], dict(bookmark or {"log": 0}), more=False)


def test_a_vendors_fault_breaks_the_page_off_and_nothing_of_it_is_skipped(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [bench.companies.put({"title": f"Firma {n}"}).external_id for n in range(5)]
    bad = {ids[2]}
    with monkeypatch.context() as patch:
        broken_at(bench.companies, bad, RateLimited("429"), patch)
        bench.run()
        assert bench.contacts.all() == [] and bench.issues() == []
    bench.run()
    assert len(bench.contacts.all()) == 5


def test_a_record_that_the_vendor_fails_at_for_ever_is_left_out_in_the_end_and_told(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [bench.companies.put({"title": f"Firma {n}"}).external_id for n in range(5)]
    broken_at(bench.companies, {ids[2]}, Unreachable("500"), monkeypatch)
    bench.run()
    assert len(bench.contacts.all()) == 4, f"left out after {TOLERANT_AFTER} readings that broke off"
    assert bench.issues() == [("unreadable", "open")]
    assert Feed.objects.get(resource="companies").failures == 0


@pytest.mark.parametrize("error", [NotReached("down"), RateLimited("429")])
def test_a_vendor_out_of_reach_is_no_records_fault(bench: Bench, monkeypatch: pytest.MonkeyPatch, error: Any) -> None:
    bench.companies.put({"title": "Firma"})
    bench.companies.mischief.outage = error
    bench.run()
    assert Feed.objects.get(resource="companies").failures == 0 and bench.issues() == []


def test_a_page_is_stored_only_by_the_attempt_whose_turn_it_is(bench: Bench) -> None:
    bench.run()
    bench.companies.put({"title": "Firma"})
    asked = runs.ask(bench.pair, "tester", bench.clock.now())
    assert runs.claim("tester", bench.clock.now()) == asked.pk
    old = Steps(asked.pk, runs.new_attempt(asked.pk, "old"), bench.opener, bench.waiting, bench.clock)
    runs.new_attempt(asked.pk, "new")
    feed = Feed.objects.get(resource="companies")
    with pytest.raises(Fenced):
        guarded(old, Observe(feed.pk))
    assert not MirrorRow.objects.filter(feed=feed).exists()
    assert Feed.objects.get(pk=feed.pk).bookmark == feed.bookmark


def test_a_sweep_fetches_what_the_mirror_lacks(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A change that no feed told of: the list of ids shows the record, and it is read."""
    bench.run()

    bench.companies.put({"title": "Told by nobody"})
    monkeypatch.setattr(bench.companies, "read", nothing_new)
    bench.run()
    assert bench.contacts.all() == []
    bench.run(full=True)
    assert [each.fields["Name"] for each in bench.contacts.all()] == ["Told by nobody"]


def test_observing_twice_from_one_bookmark_stores_the_same(bench: Bench) -> None:
    for n in range(30):
        bench.companies.put({"title": f"Firma {n}"})
    run = bench.run()
    feed = Feed.objects.get(resource="companies")
    Feed.objects.filter(pk=feed.pk).update(bookmark="")
    revs = list(MirrorRow.objects.filter(feed=feed).values_list("external_id", "rev").order_by("external_id"))
    observe(Place(feed.pk, run.pk, run.epoch), bench.companies, bench.waiting, bench.clock)
    assert list(MirrorRow.objects.filter(feed=feed).values_list("external_id", "rev").order_by("external_id")) == revs


@pytest.mark.parametrize(
    ("value", "found"),
    [("007", "a"), (7, "b"), (Decimal("7.50"), "c"), (True, "d"), ("it's 100%", "e"), (8, None), ("7", None)],
)
def test_a_record_is_found_by_exactly_the_value_of_a_field(bench: Bench, value: Any, found: str | None) -> None:
    feed = Feed.objects.create(connection=bench.pair.left, resource="numbers")
    values = {"a": "007", "b": 7, "c": Decimal("7.5"), "d": True, "e": "it's 100%"}
    records = [Record("numbers", key, {"Info.Number": each}) for key, each in values.items()]
    mirror.put(feed.pk, records, [], bench.clock.now())
    assert finding.find(feed.pk, "Info.Number", value) == found


def test_finding_uses_an_index_and_follows_changes(bench: Bench) -> None:
    feed = Feed.objects.create(connection=bench.pair.left, resource="numbers")
    made = [Record("numbers", str(n), {"code": f"C{n}"}) for n in range(50)]
    mirror.put(feed.pk, made, [], bench.clock.now())
    assert finding.find(feed.pk, "code", "C7") == "7"
    mirror.put_own(feed.pk, [Record("numbers", "7", {"code": "X"})], bench.clock.now())
    assert finding.find(feed.pk, "code", "C7") is None and finding.find(feed.pk, "code", "X") == "7"
    mirror.mark_gone(feed.pk, ["7"], bench.clock.now())
    assert finding.find(feed.pk, "code", "X") is None
    if sql.connection.vendor == "sqlite":
        statement = (
            f"EXPLAIN QUERY PLAN SELECT external_id FROM hub_mirrorrow WHERE feed_id = {feed.pk} AND NOT gone"
            " AND json_extract(fields, '$.\"code\"') = 'C8' ORDER BY id LIMIT 1"
        )
        assert "mirror_find_" in str(sql.rows(statement))


def test_a_page_of_nothing_but_unreadable_rows_is_the_vendors_or_our_fault() -> None:
    def make(row: dict[str, str]) -> Record:
        if "id" not in row:
            raise Misunderstood("no id")
        return Record("r", row["id"], row)

    records, unread = records_of([{"id": "1"}, {"x": "2"}], make, lambda row: row["id"])
    assert [each.external_id for each in records] == ["1"]
    assert [each.external_id for each in unread] == [""] and isinstance(unread[0], Unread)
    with pytest.raises(Misunderstood):
        records_of([{"x": "1"}, {"x": "2"}], make, lambda row: row["id"])


async def test_only_the_tolerant_leave_out_what_may_mend_itself() -> None:
    async def get(external_id: str) -> Record:
        if external_id == "2":
            raise Unreachable("503")
        return Record("r", external_id, {})

    with pytest.raises(Unreachable):
        await each_read(["1", "2", "3"], get)
    with tolerant():
        records, unread = await each_read(["1", "2", "3"], get)
    assert [each.external_id for each in records] == ["1", "3"] and [each.external_id for each in unread] == ["2"]


def test_where_deletions_cannot_be_seen_nobody_looks_for_them(bench: Bench) -> None:
    bench.companies.capabilities = replace(bench.companies.capabilities, deletions=Deletions.NONE)
    bench.companies.put({"title": "Alfa"})
    for _ in range(3):
        bench.run(full=True)
    assert bench.companies.calls["read_ids"] == 0


def test_what_could_not_be_read_is_asked_for_by_its_own_side_and_a_vendor_that_fails_holds_up_nothing(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody is asked for a record of the other system, nor for one without an id."""
    left, right = (
        resource.put({name: "Alfa"}).external_id
        for resource, name in ((bench.companies, "title"), (bench.contacts, "Name"))
    )
    with monkeypatch.context() as patch:
        broken_at(bench.contacts, {right}, Misunderstood("?"), patch)
        bench.run()
    assert ("unreadable", "open") in bench.issues()
    asked: list[str] = []

    async def unreachable(external_ids: Any) -> Any:
        asked.extend(external_ids)
        raise Unreachable("503")

    for resource in (bench.companies, bench.contacts):
        monkeypatch.setattr(resource, "get_many", unreachable)
        monkeypatch.setattr(resource, "get", lambda each: unreachable([each]))
    bench.companies.put({"title": "Beta"})
    bench.run()
    assert set(asked) == {right} and left not in asked
    assert "Beta" in {each.fields["Name"] for each in bench.contacts.all()}
