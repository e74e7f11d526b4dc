"""A write whose answer was lost: what a vendor is still working on is not sent again, whoever goes on with it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from kobling.engine.sending import SETTLE_AFTER_DROP, SETTLE_AFTER_TIMEOUT, Sender
from kobling.engine.settling import Settler
from kobling.hub import runs
from kobling.hub.models import MatchKey, WriteIntent
from kobling.hub.store import journal
from kobling.hub.store.journal import Fenced
from kobling.mapping import DeletionPolicy
from kobling.records import NotReached, Record, Refused, Unreachable
from kobling.sdk.memory import MemoryResource
from kobling.sdk.outcomes import Confirmed, Declined, Unknown
from kobling.sdk.protocols import Write
from tests.engine.bench import Bench
from tests.engine.lost import LOST, Killed, ask, then_killed

pytestmark = pytest.mark.django_db(transaction=True)


class StillWorking:
    """Contacts that answer nothing to a create, and make the record so many seconds after they were asked."""

    def __init__(self, bench: Bench, monkeypatch: pytest.MonkeyPatch, seconds: float, error: Unreachable) -> None:
        self.clock, self.due, self.error, self.seconds = bench.clock, [], error, seconds
        self.sent = 0
        self.resource = bench.contacts
        self.resource.capabilities = replace(self.resource.capabilities, idempotent_create=False)
        self.find = self.resource.find_created
        monkeypatch.setattr(self.resource, "write", self.write)
        monkeypatch.setattr(self.resource, "find_created", self.find_created)
        monkeypatch.setattr(self.resource, "read", self.read)
        self.plain_read = MemoryResource.read

    due: list[tuple[float, Write]]

    async def write(self, writes: Any, report: Any) -> None:
        for each in writes:
            self.sent += 1
            self.due.append((self.clock.monotonic() + self.seconds, each))
            report(Unknown(each.key, None, self.error))

    def finish(self) -> None:
        for at, each in list(self.due):
            if self.clock.monotonic() >= at:
                self.due.remove((at, each))
                self.resource.put(each.fields)

    async def find_created(self, write: Write) -> Record | None:
        self.finish()
        return await self.find(write)

    async def read(self, bookmark: Any) -> Any:
        self.finish()
        return await self.plain_read(self.resource, bookmark)


@pytest.mark.parametrize(
    ("lost", "seconds"), [("timeout", SETTLE_AFTER_TIMEOUT - 5), ("dropped", SETTLE_AFTER_DROP - 0.5)]
)
@pytest.mark.parametrize("ended", ["in this attempt", "killed", "in the next run"])
def test_a_vendor_may_finish_before_it_is_asked(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, lost: str, seconds: float, ended: str
) -> None:
    """However the attempt ended that sent it, it is looked up after the vendor had its time, and sent once."""
    bench.companies.put({"title": "Alfa"})
    vendor = StillWorking(bench, monkeypatch, seconds, LOST[lost])
    asked = ask(bench)
    if ended == "in this attempt":
        bench.go_on(asked)
    else:
        with pytest.raises(Killed), monkeypatch.context() as patch:
            patch.setattr(journal, "note_lost", then_killed(journal.note_lost))
            bench.go_on(asked)
        if ended == "killed":
            bench.go_on(asked)
        else:
            runs.end(asked.pk, asked.epoch + 1, runs.FAILED, bench.clock.now())
            bench.run()
    bench.run()
    assert [each.fields["Name"] for each in bench.contacts.all()] == ["Alfa"]
    assert vendor.sent == 1 and bench.couplings() == 1


@pytest.mark.parametrize(("lost", "slow"), [("timeout", True), ("dropped", False)])
def test_the_journal_keeps_when_an_answer_was_lost_and_whether_at_a_time_out(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, lost: str, slow: bool
) -> None:
    bench.companies.put({"title": "Alfa"})
    StillWorking(bench, monkeypatch, 1e9, LOST[lost])
    asked = ask(bench)
    monkeypatch.setattr(journal, "note_lost", then_killed(journal.note_lost))
    with pytest.raises(Killed):
        bench.go_on(asked)
    (kept,) = journal.of_chunk(WriteIntent.objects.get().chunk_id).values()
    assert (kept.state, kept.lost_at, kept.slow) == ("open", bench.clock.now(), slow)


def test_a_write_that_nobody_saw_the_end_of_is_waited_for_as_if_dropped_just_now(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.companies.put({"title": "Alfa"})
    asked = ask(bench)
    with pytest.raises(Killed), monkeypatch.context() as patch:
        patch.setattr(MemoryResource, "write", killed)
        bench.go_on(asked)
    waited = bench.clock.slept
    bench.go_on(asked)
    assert bench.clock.slept - waited >= SETTLE_AFTER_DROP
    assert len(bench.contacts.all()) == 1


async def killed(*_: Any) -> None:
    raise Killed


def test_who_was_overtaken_after_journaling_sends_nothing(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that slept between its journal and its sending: another one may have sent the same since."""
    bench.companies.put({"title": "Alfa"})
    asked = ask(bench)
    send = Sender.send

    def overtaken(self: Sender, *args: Any) -> None:
        runs.new_attempt(asked.pk, "another")
        send(self, *args)

    with pytest.raises(Fenced), monkeypatch.context() as patch:
        patch.setattr(Sender, "send", overtaken)
        bench.go_on(asked)
    assert bench.contacts.sent == []
    bench.go_on(asked)
    assert len(bench.contacts.sent) == len(bench.contacts.all()) == 1


@pytest.mark.parametrize("again", ["confirmed", "declined", "unknown"])
def test_an_outcome_that_is_told_twice_counts_once(bench: Bench, monkeypatch: pytest.MonkeyPatch, again: str) -> None:
    """The first one that a connector reports stands, whatever it says of the same write afterwards."""
    bench.companies.put({"title": "Alfa"})

    async def write(self: MemoryResource, writes: Any, report: Any) -> None:
        for each in writes:
            first = self._send(each)
            assert isinstance(first, Confirmed)
            report(first)
            report(
                {
                    "confirmed": first,
                    "declined": Declined(each.key, None, Refused("no")),
                    "unknown": Unknown(each.key, None, LOST["dropped"]),
                }[again]
            )

    settled: list[int] = []
    settle = Settler.settle

    def counted(self: Settler, some: Any) -> None:
        settled.extend(each.position for each, _ in some)
        settle(self, some)

    monkeypatch.setattr(MemoryResource, "write", write)
    monkeypatch.setattr(Settler, "settle", counted)
    assert bench.run().state == "done"
    assert settled == [0] and bench.issues() == [] and bench.couplings() == 1


def test_what_we_deleted_holds_no_number_any_more(bench: Bench) -> None:
    """A number that was given back is free: whoever carries it next is nobody's double."""
    bench.change("customers", deletion=DeletionPolicy.DELETE)
    ids = [bench.companies.put({"title": f"Firma {n}", "cvr": f"1234567{n}"}).external_id for n in range(4)]
    bench.run()
    for each in bench.contacts.all():
        bench.contacts.edit(each.external_id, {"Limit": 5})
    bench.run()
    keys = MatchKey.objects.filter(table=bench.table("customers"), side="right")
    assert keys.filter(coupled=True).count() == 4
    bench.companies.remove(ids[0])
    bench.run()
    assert keys.count() == len(bench.contacts.all()) == 3
    bench.companies.put({"title": "Firma 0", "cvr": "12345670"})
    bench.run()
    assert len(bench.contacts.all()) == 4 and bench.issues() == []


def test_an_update_that_was_carried_out_late_is_ours_though_its_version_moved(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Looked up too early, sent again, and refused since the first sending moved the version: it is confirmed."""
    one = bench.companies.put({"title": "Alfa", "mail": "old@x.example"}).external_id
    bench.run()
    (contact,) = bench.contacts.all()
    held: list[Write] = []
    write = MemoryResource.write

    async def late(self: MemoryResource, writes: Any, report: Any) -> None:
        if self is bench.contacts and not held:
            held.extend(writes)
            for each in writes:
                report(Unknown(each.key, each.external_id, LOST["dropped"]))
            return
        for each in held[:1]:
            if self is bench.contacts and self._rows[contact.external_id].record.version == contact.version:
                self._send(each)
        await write(self, writes, report)

    monkeypatch.setattr(MemoryResource, "write", late)
    bench.companies.edit(one, {"mail": "new@x.example"})
    asked = ask(bench)
    bench.go_on(asked)
    intent = WriteIntent.objects.get(operation="update")
    assert (intent.state, intent.sent) == ("confirmed", 2)
    assert bench.contacts.all()[0].fields["Email"] == "new@x.example" and bench.issues() == []
    assert bench.run().state == "done" and [each.operation for each in bench.contacts.sent].count("update") == 2


def test_a_vendor_that_cannot_be_asked_yet_is_asked_again_in_the_same_run(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.companies.put({"title": "Alfa"})
    bench.contacts.mischief.lost_answers = 1
    find, asked = bench.contacts.find_created, [0]

    async def late(write: Write) -> Record | None:
        asked[0] += 1
        if asked[0] < 3:
            raise Unreachable("503")
        return await find(write)

    monkeypatch.setattr(bench.contacts, "find_created", late)
    assert bench.run().state == "done"
    assert (asked[0], len(bench.contacts.sent), bench.couplings()) == (3, 1, 1)


@pytest.mark.parametrize("error", [NotReached("down"), Unreachable("503")])
def test_an_earlier_runs_write_in_doubt_holds_a_run_up_only_while_the_vendor_is_out_of_reach(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, error: Unreachable
) -> None:
    one = bench.companies.put({"title": "Alfa", "mail": "old@x.example"}).external_id
    bench.run()
    bench.companies.edit(one, {"mail": "new@x.example"})
    with monkeypatch.context() as patch:
        patch.setattr(journal, "note_lost", then_killed(journal.note_lost))
        bench.contacts.mischief.lost_answers = 1
        asked = ask(bench)
        with pytest.raises(Killed):
            bench.go_on(asked)
    runs.end(asked.pk, asked.epoch + 1, runs.FAILED, bench.clock.now())
    get, calls = bench.contacts.get, [0]

    async def late(external_id: str) -> Record:
        calls[0] += 1
        if calls[0] == 1:
            raise error
        return await get(external_id)

    monkeypatch.setattr(bench.contacts, "get", late)
    slept = bench.clock.monotonic()
    bench.run()
    held_up = bench.clock.monotonic() - slept >= 2 + SETTLE_AFTER_DROP
    assert held_up is isinstance(error, NotReached)
    bench.run()
    updates = [each for each in bench.contacts.sent if each.operation == "update"]
    assert len(updates) == 1 and bench.contacts.all()[0].fields["Email"] == "new@x.example"
    intent = WriteIntent.objects.get(operation="update")
    assert intent.state == "confirmed" and bench.issues() == []


def test_an_earlier_runs_update_that_was_carried_out_is_remembered_as_agreed(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the next change of that field on the other side would look like a change on both."""
    one = bench.companies.put({"title": "Alfa", "mail": "old@x.example"}).external_id
    bench.run()
    bench.companies.edit(one, {"mail": "new@x.example"})
    with pytest.raises(Killed), monkeypatch.context() as patch:
        patch.setattr(journal, "note_lost", then_killed(journal.note_lost))
        bench.contacts.mischief.lost_answers = 1
        bench.go_on(asked := ask(bench))
    runs.end(asked.pk, asked.epoch + 1, runs.FAILED, bench.clock.now())
    bench.contacts.edit(bench.contacts.all()[0].external_id, {"Email": "theirs@x.example", "Limit": 5})
    bench.run()
    bench.run()
    assert bench.companies.all()[0].fields["limit"] == 5
