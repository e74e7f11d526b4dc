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
from kobling.mapping import ConflictPolicy, DeletionPolicy
from kobling.records import NotReached, Record, Refused, Unreachable
from kobling.sdk.memory import MemoryResource
from kobling.sdk.outcomes import Confirmed, Declined, Unknown
from kobling.sdk.protocols import Deletions, Page, Write
from tests.engine.bench import Bench

pytestmark = pytest.mark.django_db(transaction=True)
LOST = {"timeout": Unreachable("no answer", code="timeout"), "dropped": Unreachable("connection reset")}


class Killed(BaseException):
    """The process ends here."""


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


def ask(bench: Bench) -> Any:
    asked = runs.ask(bench.pair, "tester", bench.clock.now())
    assert runs.claim("tester", bench.clock.now()) == asked.pk
    return asked


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


def then_killed(original: Any) -> Any:
    def note(*args: Any) -> None:
        original(*args)
        raise Killed

    return note


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


def twins(bench: Bench) -> None:
    """Two orders that say the same, so that only what is coupled already tells what they made apart."""
    for _ in range(2):
        bench.left.resources["orders"].put({"subject": "Fruit"})
    invoices = bench.right.resources["invoices"]
    invoices.capabilities = replace(invoices.capabilities, idempotent_create=False)


@pytest.mark.parametrize("applied", [True, False])
@pytest.mark.parametrize("lost", [0, 1])
def test_what_another_create_made_is_not_taken_for_this_ones(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, applied: bool, lost: int
) -> None:
    twins(bench)
    invoices, number = bench.right.resources["invoices"], iter(range(9))

    async def write(writes: Any, report: Any) -> None:
        for each in writes:
            if next(number) == lost:
                if applied:
                    invoices._send(each)
                report(Unknown(each.key, None, LOST["dropped"]))
            else:
                report(invoices._send(each))

    monkeypatch.setattr(invoices, "write", write)
    assert bench.run().state == "done"
    assert bench.run().state == "done"
    assert (len(invoices.all()), bench.couplings("orders"), bench.issues()) == (2, 2, [])


@pytest.mark.parametrize(
    ("changed", "left"),
    [({"Email": "theirs@x.example"}, []), ({"VatNumber": "12345674"}, [("unknown_outcome", "open")])],
    ids=["what a match rule couples", "what only a person can tell"],
)
def test_one_that_somebody_changed_before_it_was_looked_for_is_asked_about(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, changed: dict[str, str], left: list[tuple[str, str]]
) -> None:
    """It says something else than what was sent by now, and was made since: making another one would double it."""
    bench.companies.put({"title": "Alfa", "cvr": "12345678", "mail": "ours@x.example"})
    bench.contacts.capabilities = replace(bench.contacts.capabilities, idempotent_create=False)
    bench.contacts.mischief.lost_answers = 1
    asked = ask(bench)
    with pytest.raises(Killed), monkeypatch.context() as patch:
        patch.setattr(journal, "note_lost", then_killed(journal.note_lost))
        bench.go_on(asked)
    bench.contacts.edit(bench.contacts.all()[0].external_id, changed)
    bench.go_on(asked)
    bench.run()
    assert len(bench.contacts.all()) == 1
    assert [each for each in bench.issues() if each[0] == "unknown_outcome"] == left


@pytest.mark.parametrize("told", [Deletions.FEED, Deletions.SWEEP])
def test_a_record_of_ours_that_is_deleted_before_it_was_read_is_missed(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, told: Deletions
) -> None:
    """Its create came back without it, and so did its reading-back: all that is known is that it exists."""
    bench.change("customers", deletion=DeletionPolicy.DELETE)
    bench.companies.put({"title": "Alfa"})
    bench.contacts.capabilities = replace(bench.contacts.capabilities, deletions=told)
    bench.contacts._answers_record = False

    async def unreachable(_ids: Any) -> Any:
        raise Unreachable("503")

    with monkeypatch.context() as patch:
        patch.setattr(bench.contacts, "get_many", unreachable)
        patch.setattr(bench.contacts, "get", unreachable)
        bench.run()
    assert bench.couplings() == 1
    bench.contacts.remove(bench.contacts.all()[0].external_id)
    bench.run(full=True, confirmed=["side_empty", "mass_deletion"])
    bench.run()
    assert (bench.companies.all(), bench.couplings()) == ([], 0)


def test_what_is_known_to_exist_and_was_not_read_is_not_planned_with(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A change of its counterpart waits for its first reading: nobody knows what it would overwrite."""
    one = bench.companies.put({"title": "Alfa", "mail": "ours@x.example"}).external_id
    bench.contacts._answers_record = False

    async def unreachable(*_: Any) -> Any:
        raise Unreachable("503")

    with monkeypatch.context() as patch:
        patch.setattr(bench.contacts, "get_many", unreachable)
        bench.run()
        patch.setattr(bench.contacts, "read", nothing)
        bench.companies.edit(one, {"mail": "new@x.example"})
        bench.run()
    assert [each.operation for each in bench.contacts.sent] == ["create"]
    bench.run()
    bench.run()
    assert bench.contacts.all()[0].fields["Email"] == "new@x.example"


async def nothing(_bookmark: Any) -> Page:
    return Page([], {"log": 0}, False)


@pytest.mark.parametrize("operation", ["update", "delete"])
def test_while_nobody_can_ask_whether_a_record_is_gone_its_write_stays_in_doubt(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, operation: str
) -> None:
    """The writes beside it get their outcomes, and the run goes on when the vendor can be asked."""
    bench.change("customers", deletion=DeletionPolicy.DELETE)
    ones = [bench.companies.put({"title": f"Firma {n}"}).external_id for n in range(3)]
    bench.run()
    first = bench.contacts.all()[0].external_id
    for each in ones:
        bench.companies.edit(each, {"mail": "new@x.example"}) if operation == "update" else bench.companies.remove(each)
    write, asked = bench.contacts.write, [0]

    async def vanishing(writes: Any, report: Any) -> None:
        if bench.contacts._exists(first):
            bench.contacts.remove(first)
        await write(writes, report)

    async def at_first_unreachable(external_ids: Any) -> Any:
        asked[0] += 1
        if asked[0] == 1:
            raise Unreachable("503")
        return await MemoryResource.get_many(bench.contacts, external_ids)

    monkeypatch.setattr(bench.contacts, "write", vanishing)
    monkeypatch.setattr(bench.contacts, "get_many", at_first_unreachable)
    assert bench.run(confirmed=["mass_deletion", "side_empty"]).state == "done"
    assert asked[0] >= 1
    bench.run(confirmed=["mass_deletion", "side_empty"])
    left = [each.fields["Email"] for each in bench.contacts.all()]
    assert left == (["new@x.example"] * 2 if operation == "update" else [])
    assert not WriteIntent.objects.filter(state__in=("open", "unknown")).exists()
    assert bench.issues() == ([("deleted_but_changed", "open")] if operation == "update" else [])


@pytest.mark.parametrize("ended", ["in this attempt", "in the next run"])
def test_a_lost_update_is_not_sent_over_what_somebody_typed_since(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, ended: str
) -> None:
    """Nothing guards a record without a version, but looking for the update shows what stands there."""
    bench.change("customers", conflict=ConflictPolicy.ASK)
    bench.contacts.capabilities = replace(bench.contacts.capabilities, version_token=False)
    one = bench.companies.put({"title": "Alfa", "mail": "old@x.example"}).external_id
    bench.run()
    contact = bench.contacts.all()[0].external_id
    bench.companies.edit(one, {"mail": "ours@x.example"})
    bench.contacts.mischief.lost_requests = 1
    if ended == "in this attempt":
        get = bench.contacts.get

        async def typed(external_id: str) -> Record:
            bench.contacts.edit(contact, {"Email": "theirs@x.example"})
            return await get(external_id)

        monkeypatch.setattr(bench.contacts, "get", typed)
        bench.run()
    else:
        with pytest.raises(Killed), monkeypatch.context() as patch:
            patch.setattr(journal, "note_lost", then_killed(journal.note_lost))
            bench.go_on(asked := ask(bench))
        bench.contacts.edit(contact, {"Email": "theirs@x.example"})
        runs.end(asked.pk, asked.epoch + 1, runs.FAILED, bench.clock.now())
    bench.run()
    assert bench.contacts.all()[0].fields["Email"] == "theirs@x.example"
    assert bench.issues() == [("conflict", "open")]
    assert not WriteIntent.objects.filter(state__in=("open", "unknown")).exists()
