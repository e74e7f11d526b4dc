"""What the executor makes of each outcome: nothing is sent twice, nobody uncoupled by mistake, each record told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from kobling.hub.models import MirrorRow, SyncIssue, WriteIntent
from kobling.mapping import DeletionPolicy
from kobling.records import (
    Busy,
    Misunderstood,
    NotThere,
    Refused,
    SettingsError,
    SignInExpired,
    StaleVersion,
    Unreachable,
)
from kobling.sdk.memory import MemoryResource
from kobling.sdk.outcomes import Confirmed, Declined, NotSent
from tests.engine.bench import Bench

pytestmark = pytest.mark.django_db(transaction=True)


def firms(bench: Bench, number: int = 3) -> list[str]:
    return [bench.companies.put({"title": f"Firma {n}", "mail": f"{n}@x.example"}).external_id for n in range(number)]


def there(bench: Bench, name: str) -> str:
    return next(each.external_id for each in bench.contacts.all() if each.fields["Name"] == name)


def forgetful(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The contacts carry writes out and report nothing."""

    async def write(self: MemoryResource, writes: Any, report: Any) -> None:
        for each in writes:
            self._send(each)

    monkeypatch.setattr(type(bench.contacts), "write", write)


def test_a_connector_that_forgets_an_outcome_fails_loudly_and_doubles_nothing(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    firms(bench)
    with monkeypatch.context() as patch:
        forgetful(bench, patch)
        run = bench.run()
    assert run.state == "failed" and run.error["code"] == "no_outcome"
    assert bench.run().state == "done"
    assert len(bench.contacts.all()) == bench.couplings() == 3


def test_what_came_back_without_a_record_is_read_at_once(bench: Bench) -> None:
    bench.contacts._answers_record = False
    firms(bench)
    assert bench.run().state == "done"
    assert MirrorRow.objects.filter(feed__resource="contacts").count() == 3


@pytest.mark.parametrize("policy", list(DeletionPolicy))
def test_what_was_made_and_could_not_be_read_yet_is_neither_gone_nor_made_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, policy: DeletionPolicy
) -> None:
    """A reading back that fails, and a feed that shows the record late: it is coupled, and it waits."""
    bench.change("customers", deletion=policy)
    bench.contacts._answers_record = False
    one = firms(bench, 1)[0]

    async def unreachable(*_: Any) -> Any:
        raise Unreachable("503")

    async def nothing(self: MemoryResource, bookmark: Any) -> Any:
        page = await MemoryResource.read(self, bookmark)
        return replace(page, records=[], bookmark=dict(bookmark or {"log": 0}), more=False)

    with monkeypatch.context() as patch:
        patch.setattr(bench.contacts, "get_many", unreachable)
        patch.setattr(bench.contacts, "read", nothing.__get__(bench.contacts))
        bench.run()
        bench.companies.edit(one, {"mail": "new@x.example"})
        bench.run()
    assert len(bench.contacts.all()) == bench.couplings() == 1
    assert bench.issues() == []
    bench.run(full=True)
    bench.run()
    assert bench.contacts.all()[0].fields["Email"] == "new@x.example"


def test_not_there_said_of_a_record_that_is_there_uncouples_nobody(bench: Bench) -> None:
    """A line or a record that it refers to vanished; the record itself stands."""
    one = firms(bench)[0]
    bench.run()
    contact = there(bench, "Firma 0")
    bench.contacts.mischief.refusals[contact] = NotThere("no such line")
    bench.companies.edit(one, {"mail": "new@x.example"})
    run = bench.run()
    assert bench.couplings() == 3 and bench.issues() == [("refused", "open")]
    assert not MirrorRow.objects.filter(external_id=contact, gone=True).exists()
    assert run.state == "partly_done"
    bench.contacts.mischief.refusals.clear()
    bench.run()
    assert bench.contacts._rows[contact].record.fields["Email"] == "new@x.example" and bench.issues() == []


@pytest.mark.parametrize("error", [SettingsError("403"), SignInExpired("401"), Misunderstood("?")])
def test_what_is_not_allowed_for_one_record_asks_about_it_and_the_rest_goes_on(bench: Bench, error: Any) -> None:
    ids = firms(bench)
    bench.run()
    bench.contacts.mischief.refusals[there(bench, "Firma 1")] = error
    for each in ids:
        bench.companies.edit(each, {"mail": f"new-{each}@x.example"})
    run = bench.run()
    assert run.state == "partly_done"
    assert bench.issues() == [("refused", "open")]
    assert sum(each["Email"].startswith("new-") for each in bench.fields_right()) == 2
    assert bench.pair.right.healthy is not False


def test_a_version_that_moves_alone_is_learned(bench: Bench) -> None:
    one = firms(bench, 1)[0]
    bench.run()
    contact = there(bench, "Firma 0")
    row = bench.contacts._rows[contact]
    row.record = replace(row.record, version="77")
    bench.contacts._touch(contact, row)
    bench.companies.edit(one, {"mail": "new@x.example"})
    assert bench.run().state == "done"
    assert bench.contacts.all()[0].fields["Email"] == "new@x.example"


def test_a_stale_version_is_read_again_and_sent_once_more(bench: Bench) -> None:
    """The version moved after the reading, and no feed told of it; nothing that we read did."""
    one = firms(bench, 1)[0]
    bench.run()
    bench.run()
    row = bench.contacts._rows[there(bench, "Firma 0")]
    row.record = replace(row.record, version="77")
    bench.companies.edit(one, {"mail": "new@x.example"})
    assert bench.run().state == "done"
    assert bench.contacts.all()[0].fields["Email"] == "new@x.example"
    assert [each.expected for each in bench.contacts.sent if each.operation == "update"] == ["1", "77"]


def test_a_version_that_is_stale_for_ever_is_counted_and_parked_and_told(bench: Bench) -> None:
    one = firms(bench, 1)[0]
    bench.run()
    bench.contacts.mischief.refusals[there(bench, "Firma 0")] = StaleVersion("412", code="412")
    bench.companies.edit(one, {"mail": "new@x.example"})
    assert [bench.run().state for _ in range(3)] == ["partly_done"] * 3
    assert bench.issues() == [("refused", "parked")]


def test_what_somebody_changed_meanwhile_is_left_to_the_next_plan_without_an_issue(bench: Bench) -> None:
    one = firms(bench, 1)[0]
    bench.run()
    contact = there(bench, "Firma 0")
    bench.companies.edit(one, {"mail": "new@x.example"})

    def edited(_write: Any) -> None:
        bench.contacts.mischief.before_apply = None
        bench.contacts.edit(contact, {"Limit": 500})

    bench.contacts.mischief.before_apply = edited
    assert bench.run().state == "done"
    assert bench.run().state == "done"
    assert bench.contacts.all()[0].fields["Email"] == "new@x.example"
    assert bench.companies.all()[0].fields["limit"] == 500
    assert bench.issues() == []


def test_a_write_that_left_no_trace_twice_is_not_sent_a_third_time(bench: Bench) -> None:
    firms(bench, 1)
    bench.contacts.mischief.lost_requests = 99
    bench.run()
    assert bench.issues() == [("unknown_outcome", "open")]
    assert WriteIntent.objects.get().sent == 2
    assert WriteIntent.objects.get().state == "unknown"


@pytest.mark.parametrize("fails", [Refused("?"), Misunderstood("?")])
def test_a_look_up_that_cannot_tell_leaves_the_write_unknown(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, fails: Any
) -> None:
    firms(bench, 1)
    bench.contacts.mischief.lost_answers = 1

    async def find(*_: Any) -> Any:
        raise fails

    monkeypatch.setattr(bench.contacts, "find_created", find)
    bench.run()
    bench.run()
    assert WriteIntent.objects.get().state == "unknown" and len(bench.contacts.all()) == 1
    assert ("unknown_outcome", "open") in bench.issues()


def test_an_earlier_runs_unknown_write_that_cannot_be_asked_about_now_holds_up_nobody(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    firms(bench, 1)
    bench.contacts.mischief.lost_answers = 1

    async def down(*_: Any) -> Any:
        raise Unreachable("503")

    monkeypatch.setattr(bench.contacts, "find_created", down)
    bench.run()
    bench.companies.put({"title": "Firma 9"})
    run = bench.run()
    assert sorted(each.fields["Name"] for each in bench.contacts.all()) == ["Firma 0", "Firma 9"]
    assert run.state in ("done", "partly_done")


def test_the_same_refusal_in_other_words_is_parked_and_another_one_is_not(bench: Bench) -> None:
    firms(bench, 1)

    def refused_next(error: Refused) -> str:
        bench.contacts.mischief.refusals = dict.fromkeys(_keys(bench), error)
        bench.run()
        return SyncIssue.objects.get(kind="refused").state

    assert refused_next(Refused("Reference 8a2f", code="E1", vendor_text="Reference 8a2f")) == "open"
    assert refused_next(Refused("Reference 91bc", code="E2", vendor_text="Reference 91bc")) == "open"
    assert refused_next(Refused("Reference 77aa", code="E2", vendor_text="Reference 77aa")) == "parked"


@pytest.mark.parametrize("error", [Busy("locked", code="423"), Unreachable("503")])
def test_what_heals_by_itself_is_never_parked(bench: Bench, monkeypatch: pytest.MonkeyPatch, error: Any) -> None:
    firms(bench, 2)
    kind = NotSent if isinstance(error, Unreachable) else Declined

    async def write(self: MemoryResource, writes: Any, report: Any) -> None:
        for each in writes:
            bad = each.fields["Name"] == "Firma 0"
            report(kind(each.key, None, error) if bad else self._send(each))

    with monkeypatch.context() as patch:
        patch.setattr(type(bench.contacts), "write", write)
        states = [bench.run().state for _ in range(4)]
    assert states == ["partly_done"] * 4
    assert bench.issues() == [("refused", "open")]
    refusals = WriteIntent.objects.exclude(state="confirmed").count()
    assert refusals == (0 if kind is NotSent else 4), "what was not sent leaves no trace in the journal"
    assert bench.run().state == "done" and bench.couplings() == 2


def _keys(bench: Bench) -> list[str]:
    from kobling.mapping import Side
    from kobling.sync.execute import create_key

    return [
        create_key(str(bench.pair.uid), "customers", Side.RIGHT, each.external_id, 0) for each in bench.companies.all()
    ]


def test_a_confirmed_delete_needs_no_record(bench: Bench) -> None:
    bench.change("customers", deletion=DeletionPolicy.DELETE)
    one = firms(bench)[0]
    bench.run()
    bench.companies.remove(one)
    assert bench.run().state == "done"
    assert len(bench.contacts.all()) == bench.couplings() == 2
    assert isinstance(Confirmed("k", "1"), Confirmed)
