"""What is remembered of a chunk: only by whose turn it is, and never two partners for one record."""

from __future__ import annotations

from typing import Any

import pytest

from kobling.engine import sending
from kobling.engine.sending import Sender, Target
from kobling.engine.settling import Settler
from kobling.engine.steps import Steps
from kobling.hub import runs
from kobling.hub.models import Coupling, Decision, MirrorRow, Run, SyncIssue, WriteIntent
from kobling.hub.store.journal import Fenced
from kobling.mapping import ConflictPolicy, DeletionPolicy, FieldMapping, Side, end
from kobling.mapping.references import reference
from kobling.records import NotThere, Refused, StaleVersion, Unsafe, from_json
from kobling.sdk.outcomes import Confirmed, Declined
from kobling.sdk.protocols import FieldSchema, Operation, Write
from kobling.sync.actions import Couple, Create, Update
from kobling.sync.execute import Prepared
from tests.engine.bench import CUSTOMERS, Bench

pytestmark = pytest.mark.django_db(transaction=True)


def settler(bench: Bench, epoch: int | None = None) -> Settler:
    asked = runs.ask(bench.pair, "tester", bench.clock.now())
    assert runs.claim("tester", bench.clock.now()) == asked.pk
    now = runs.new_attempt(asked.pk, "tester")
    steps = Steps(asked.pk, now, bench.opener, bench.waiting, bench.clock)
    return Settler(steps.benches["customers"], asked.pk, now if epoch is None else epoch, 0, "tester", bench.clock)


def made(name: str = "Alfa") -> tuple[Prepared, Confirmed]:
    action = Create(side=Side.RIGHT, source_id="companies-1", values={"name": name})
    return Prepared(0, action, Write("k", Operation.CREATE, {"Name": name})), Confirmed("k", "contacts-1")


def test_who_was_overtaken_remembers_nothing(bench: Bench) -> None:
    late = settler(bench, epoch=0)
    for remember in (
        lambda: late.settle([made()]),
        lambda: late.unknown(made()[0], Unsafe("?")),
        lambda: late.later([(made()[0], Unsafe("?"))]),
        lambda: late.overtaken(Side.RIGHT, [(made()[0], Declined("k", None, NotThere("?")))], ()),
        lambda: late.apply_local([], Side.LEFT, 0, 0),
    ):
        with pytest.raises(Fenced):
            remember()
    assert not Coupling.objects.exists() and not SyncIssue.objects.exists()


def test_a_partner_that_somebody_else_has_by_now_is_left_and_both_are_looked_at_again(bench: Bench) -> None:
    bench.companies.put({"title": "Alfa", "cvr": "12345674"})
    bench.contacts.put({"Name": "Alfa", "VatNumber": "12345674"})
    bench.run()
    other = bench.companies.put({"title": "Other"}).external_id
    bench.run()
    left, right = Coupling.objects.order_by("pk").values_list("left_id", "right_id")[0]
    revs = dict(MirrorRow.objects.values_list("external_id", "rev"))
    again = settler(bench)
    coupling = {"coupling": "a-new-one", "left_id": other, "right_id": right}
    again.apply_local([Couple(**coupling, base={})], Side.LEFT, 0, 0)
    assert Coupling.objects.get(right_id=right).left_id == left
    moved = {name for name, rev in MirrorRow.objects.values_list("external_id", "rev") if rev > revs.get(name, 0)}
    assert moved == {other, right}


def test_coupling_the_same_two_once_more_is_nothing_new(bench: Bench) -> None:
    bench.companies.put({"title": "Alfa"})
    bench.run()
    link = Coupling.objects.get()
    revs = dict(MirrorRow.objects.values_list("external_id", "rev"))
    action = Couple(coupling=link.uid, left_id=link.left_id, right_id=link.right_id, base={})
    settler(bench).apply_local([action], Side.LEFT, 0, 0)
    assert dict(MirrorRow.objects.values_list("external_id", "rev")) == revs
    assert Coupling.objects.get().base_left == link.base_left


def test_what_was_just_coupled_can_be_pointed_to_at_once(bench: Bench) -> None:
    """A record that refers to one of its own kind, made a moment ago in the same chunk's first group."""
    parent = FieldMapping(
        "parent", end("parent", codec=reference("customers")), end("Parent", codec=reference("customers"))
    )
    bench.change("customers", fields=(*CUSTOMERS.fields, parent))
    mother = bench.companies.put({"title": "Mother"}).external_id
    bench.run()
    bench.companies.put({"title": "Child", "parent": mother})
    assert bench.run().state == "done"
    child = next(each for each in bench.contacts.all() if each.fields["Name"] == "Child")
    assert child.fields["Parent"] == Coupling.objects.get(left_id=mother).right_id


def test_the_resolver_forgets_what_it_did_not_find_before(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    one = settler(bench)
    forgot: list[int] = []
    monkeypatch.setattr(type(one.bench.resolver), "forget", lambda _self: forgot.append(1))
    one.settle([])
    assert forgot == []
    one.settle([made()])
    assert forgot == [1]


def test_an_update_of_what_is_gone_is_a_deletion_and_no_refusal(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    one = bench.companies.put({"title": "Alfa"}).external_id
    bench.run()
    contact = bench.contacts.all()[0].external_id
    bench.companies.edit(one, {"mail": "a@x.example"})
    write = bench.contacts.write

    async def removed_first(writes: Any, report: Any) -> None:
        bench.contacts.remove(contact)
        await write(writes, report)

    monkeypatch.setattr(bench.contacts, "write", removed_first)
    bench.run()
    assert MirrorRow.objects.get(external_id=contact).gone
    assert ("refused", "open") not in bench.issues() and ("refused", "parked") not in bench.issues()


def test_a_create_that_is_told_as_not_there_is_refused_and_nobody_asks_for_it(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has no id to ask by: what it refers to is not there."""
    bench.companies.put({"title": "Alfa"})

    async def write(writes: Any, report: Any) -> None:
        for each in writes:
            report(Declined(each.key, None, NotThere("Its customer is not there.")))

    monkeypatch.setattr(bench.contacts, "write", write)
    before = bench.contacts.calls.copy()
    assert bench.run().state == "partly_done"
    assert bench.issues() == [("refused", "open")]
    assert bench.contacts.calls["get_many"] == before["get_many"]
    assert bench.contacts.calls["get"] == before["get"]


def test_an_answer_that_cannot_say_which_one_asks(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Several could be it: nothing is sent again, and a person looks."""
    bench.companies.put({"title": "Alfa"})
    bench.contacts.mischief.lost_answers = 1

    async def several(_write: Write) -> None:
        raise Unsafe("Several.", code="several")

    monkeypatch.setattr(bench.contacts, "find_created", several)
    bench.run()
    assert bench.issues() == [("unknown_outcome", "open")]
    assert WriteIntent.objects.get().state == "unknown" and len(bench.contacts.sent) == 1


def test_what_moved_under_a_lost_version_is_left_to_the_next_plan(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The record moved twice: its version, and a field that is mapped. It is not sent again over that."""
    one = bench.companies.put({"title": "Alfa", "mail": "old@x.example"}).external_id
    bench.run()
    contact = bench.contacts.all()[0].external_id
    bench.companies.edit(one, {"mail": "ours@x.example"})
    write, edited = bench.contacts.write, []

    async def edited_first(writes: Any, report: Any) -> None:
        if not edited:
            edited.append(bench.contacts.edit(contact, {"Limit": 7}))
        await write(writes, report)

    monkeypatch.setattr(bench.contacts, "write", edited_first)
    bench.run()
    sent = [each for each in bench.contacts.sent if each.operation == "update"]
    assert len(sent) == 1 and bench.contacts.all()[0].fields["Email"] == "old@x.example"
    bench.run()
    assert bench.contacts.all()[0].fields["Email"] == "ours@x.example"
    assert bench.companies.all()[0].fields["limit"] == 7


def test_what_was_never_in_the_mirror_is_not_sent_again_under_another_version(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.companies.put({"title": "Alfa", "mail": "old@x.example"})
    bench.run()
    contact = bench.contacts.all()[0].external_id
    asked: list[str] = []

    async def stale(writes: Any, report: Any) -> None:
        for each in writes:
            asked.append(each.operation)
            report(Declined(each.key, each.external_id, StaleVersion("It was changed.")))

    monkeypatch.setattr(sending.mirror, "by_ids", lambda *_: {})
    monkeypatch.setattr(bench.contacts, "write", stale)
    one = settler(bench)
    action = Update(side=Side.RIGHT, coupling="u", external_id=contact, other_id="x", changes={"email": ["a", "b"]})
    update = Prepared(0, action, Write("k", Operation.UPDATE, {"Email": "b"}, contact, "1"))
    Sender(one.bench, 0, one, bench.waiting, bench.clock).send(
        Target(Side.RIGHT, bench.contacts, bench.companies), [update]
    )
    assert asked == [Operation.UPDATE]


def test_a_run_that_was_never_told_to_begin_counts_from_now(bench: Bench) -> None:
    one = settler(bench)
    Run.objects.filter(pk=one.run).update(started_at=None)
    bench.clock.turn(60)
    assert one._began() == bench.clock.now()


def test_what_both_sides_changed_to_the_same_value_is_agreed(bench: Bench) -> None:
    """Else the next change of it on one side would look like a change on both."""
    bench.change("customers", conflict=ConflictPolicy.ASK)
    one = bench.companies.put({"title": "Alfa", "mail": "old@x.example"}).external_id
    bench.run()
    contact = bench.contacts.all()[0].external_id
    bench.companies.edit(one, {"mail": "same@x.example"})
    bench.contacts.edit(contact, {"Email": "same@x.example"})
    bench.run()
    for side, edit in (
        ("left", lambda v: bench.companies.edit(one, {"mail": v})),
        ("right", lambda v: bench.contacts.edit(contact, {"Email": v})),
    ):
        edit(f"{side}@x.example")
        bench.run()
        assert bench.issues() == []
        assert bench.companies.all()[0].fields["mail"] == bench.contacts.all()[0].fields["Email"] == f"{side}@x.example"


def test_who_survives_an_uncoupling_is_left_alone_and_it_is_said_why(bench: Bench) -> None:
    bench.change("customers", deletion=DeletionPolicy.UNCOUPLE)
    bench.companies.put({"title": "Alfa"})
    bench.run()
    (contact,) = bench.contacts.all()
    bench.companies.remove(bench.companies.all()[0].external_id)
    bench.run(confirmed=["side_empty", "mass_deletion"])
    bench.run()
    assert bench.companies.all() == [] and bench.contacts.all() == [contact]
    said = {(each.side, each.external_id): (each.choice, each.decided_by, each.why) for each in Decision.objects.all()}
    assert said["right", contact.external_id] == (
        "ignore",
        "tester",
        "The other record was deleted; the rule says to uncouple.",
    )


def test_a_refusal_names_the_field_by_its_label_and_keeps_what_the_vendor_said(bench: Bench) -> None:
    bench.contacts._schema["Email"] = FieldSchema("Email", label="E-mail address")
    one = bench.companies.put({"title": "Alfa", "mail": "a@x.example"}).external_id
    error = Refused("%(field)s is not accepted.", field="Email", code="bad", vendor_text="no", detail="d")
    error.params = {"field": "Email"}
    bench.run(kind="plan")

    async def refused(writes: Any, report: Any) -> None:
        for each in writes:
            report(Declined(each.key, None, error))

    bench.contacts.write = refused  # type: ignore[method-assign]
    bench.run()
    issue = SyncIssue.objects.get(kind="refused")
    assert (issue.left_id, issue.right_id, issue.title, issue.cause) == (one, None, "Alfa", "Refused:bad:Email")
    assert from_json(issue.details)["vendor_text"] == "no"
