"""Looking for a lost write: what is ours already, what somebody changed since, what was never read."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from kobling.hub import runs
from kobling.hub.models import MirrorRow, WriteIntent
from kobling.hub.store import journal
from kobling.mapping import ConflictPolicy, DeletionPolicy
from kobling.records import Record, Unreachable, from_json
from kobling.sdk.memory import MemoryResource
from kobling.sdk.outcomes import Unknown
from kobling.sdk.protocols import Deletions, Page
from tests.engine.bench import Bench
from tests.engine.lost import LOST, Killed, ask, then_killed

pytestmark = pytest.mark.django_db(transaction=True)


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


def test_a_connector_that_takes_anothers_record_for_it_is_not_believed(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.companies.put({"title": "Alfa"})
    bench.run()
    (coupled,) = bench.contacts.all()
    bench.companies.put({"title": "Beta"})
    bench.contacts.mischief.lost_requests = 1

    async def whatever_is_there(_write: Any) -> Record:
        return coupled

    monkeypatch.setattr(bench.contacts, "find_created", whatever_is_there)
    bench.run()
    assert bench.issues() == [("unknown_outcome", "open")] and bench.couplings() == 1


@pytest.mark.parametrize("operation", ["create", "update"])
def test_what_came_back_without_its_record_is_read_at_once(bench: Bench, operation: str) -> None:
    bench.contacts._answers_record = operation != "create"
    one = bench.companies.put({"title": "Alfa", "mail": "a@x.example"}).external_id
    bench.run()
    if operation == "update":
        bench.contacts._answers_record = False
        bench.companies.edit(one, {"mail": "b@x.example"})
        bench.run()
    (contact,) = bench.contacts.all()
    kept = MirrorRow.objects.get(external_id=contact.external_id)
    assert from_json(kept.fields) == contact.fields and kept.version == contact.version


def test_a_record_that_is_found_and_cannot_be_kept_stays_in_doubt(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its id is longer than any that can be remembered: it is not coupled, and not made again."""
    bench.companies.put({"title": "Alfa"})
    bench.contacts.mischief.lost_answers = 1

    async def odd(_write: Any) -> Record:
        return Record("contacts", "x" * 5000, {"Name": "Alfa"})

    monkeypatch.setattr(bench.contacts, "find_created", odd)
    bench.run()
    assert bench.issues() == [("unknown_outcome", "open")]
    assert bench.couplings() == 0 and len(bench.contacts.sent) == 1


@pytest.mark.parametrize("edited", [True, False])
def test_a_lost_deletion_is_not_sent_over_what_somebody_typed_since(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, edited: bool
) -> None:
    bench.change("customers", deletion=DeletionPolicy.DELETE)
    bench.contacts.capabilities = replace(bench.contacts.capabilities, version_token=False)
    one = bench.companies.put({"title": "Alfa"}).external_id
    bench.companies.put({"title": "Beta"})
    bench.run()
    contact = next(each.external_id for each in bench.contacts.all() if each.fields["Name"] == "Alfa")
    bench.companies.remove(one)
    bench.contacts.mischief.lost_requests = 1
    get = bench.contacts.get

    async def typed(external_id: str) -> Record:
        if edited:
            bench.contacts.edit(contact, {"Email": "theirs@x.example"})
        return await get(external_id)

    monkeypatch.setattr(bench.contacts, "get", typed)
    bench.run(confirmed=["mass_deletion"])
    bench.run(confirmed=["mass_deletion"])
    assert len(bench.contacts.all()) == (2 if edited else 1)
    assert bench.issues() == ([("deleted_but_changed", "open")] if edited else [])
    assert not WriteIntent.objects.filter(state__in=("open", "unknown")).exists()
