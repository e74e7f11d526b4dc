"""Whole syncs between two memory systems."""

from __future__ import annotations

from decimal import Decimal

import pytest

from kobling.mapping import ConflictPolicy, DeletionPolicy, Direction, Side
from kobling.records import Refused
from tests.engine.bench import Bench

pytestmark = pytest.mark.django_db(transaction=True)


def test_new_records_are_created_on_the_other_side(bench: Bench) -> None:
    bench.companies.put({"title": "Bøgh ApS", "cvr": "DK 1234 5674", "mail": "a@b.example", "limit": Decimal("10.50")})
    bench.contacts.put({"Name": "Lone 🦄", "VatNumber": None, "Email": "l@b.example", "Limit": None})
    run = bench.run()
    assert run.state == "done"
    assert bench.counts(run) == {"inserted": 2}
    assert {"Name": "Bøgh ApS", "VatNumber": "12345674", "Email": "a@b.example", "Limit": Decimal("10.5")} in (
        bench.fields(Side.RIGHT)
    )
    assert {"title": "Lone 🦄", "mail": "l@b.example"} in bench.fields(Side.LEFT)
    assert bench.couplings() == 2


def test_a_second_run_without_changes_sends_nothing(bench: Bench) -> None:
    for n in range(30):
        bench.companies.put({"title": f"Firma {n}", "cvr": None, "mail": "", "limit": None})
    bench.run()
    sent = len(bench.contacts.sent)
    run = bench.run()
    assert run.state == "done"
    assert len(bench.contacts.sent) == sent == 30
    assert bench.companies.sent == []


def test_changes_flow_both_ways_per_field(bench: Bench) -> None:
    made = bench.companies.put({"title": "Alfa", "cvr": None, "mail": "old@a.example", "limit": 5})
    bench.run()
    bench.companies.edit(made.external_id, {"mail": "new@a.example"})
    there = bench.contacts.all()[0]
    bench.contacts.edit(there.external_id, {"Limit": 7})
    run = bench.run()
    assert run.state == "done"
    assert bench.fields(Side.LEFT) == [{"title": "Alfa", "cvr": None, "mail": "new@a.example", "limit": 7}]
    assert bench.fields(Side.RIGHT) == [{"Name": "Alfa", "Email": "new@a.example", "Limit": 7}]


def test_both_changed_the_same_field_asks_a_person(bench: Bench) -> None:
    made = bench.companies.put({"title": "Alfa", "mail": "old@a.example"})
    bench.run()
    bench.companies.edit(made.external_id, {"mail": "left@a.example", "title": "Alfa 2"})
    bench.contacts.edit(bench.contacts.all()[0].external_id, {"Email": "right@a.example"})
    run = bench.run()
    assert run.state == "partly_done"
    assert bench.issues() == [("conflict", "open")]
    assert bench.run().state == "partly_done", "a conflict stays open until somebody settles it"
    assert bench.fields(Side.RIGHT) == [{"Name": "Alfa 2", "Email": "right@a.example"}]
    assert bench.fields(Side.LEFT) == [{"title": "Alfa 2", "mail": "left@a.example"}]


def test_a_policy_settles_conflicts_and_keeps_the_losing_value_in_the_journal(bench: Bench) -> None:
    bench.change("customers", conflict=ConflictPolicy.RIGHT)
    made = bench.companies.put({"title": "Alfa", "mail": "old@a.example"})
    bench.run()
    bench.companies.edit(made.external_id, {"mail": "left@a.example"})
    bench.contacts.edit(bench.contacts.all()[0].external_id, {"Email": "right@a.example"})
    assert bench.run().state == "done"
    assert bench.fields(Side.LEFT) == [{"title": "Alfa", "mail": "right@a.example"}]


def test_records_with_the_same_cvr_are_coupled_not_doubled(bench: Bench) -> None:
    bench.companies.put({"title": "Alfa ApS", "cvr": "12345674", "mail": "a@a.example"})
    bench.contacts.put({"Name": "ALFA", "VatNumber": "DK12345674", "Email": None})
    run = bench.run()
    assert run.state == "done"
    assert bench.counts(run)["coupled"] == 1
    assert bench.fields(Side.RIGHT) == [{"Name": "Alfa ApS", "VatNumber": "DK12345674", "Email": "a@a.example"}]


def test_the_same_name_alone_asks_instead_of_doubling(bench: Bench) -> None:
    bench.companies.put({"title": "Bøgh & Søn", "cvr": None})
    bench.contacts.put({"Name": "boegh og soen", "VatNumber": None})
    run = bench.run()
    assert run.state == "partly_done"
    assert {kind for kind, _ in bench.issues()} == {"maybe_same"}
    assert len(bench.companies.all()) == len(bench.contacts.all()) == 1


def test_a_record_waits_for_the_one_it_depends_on_and_goes_by_itself(bench: Bench) -> None:
    bench.contacts._required = ("Email",)
    company = bench.companies.put({"title": "Alfa", "mail": ""})
    bench.left.resources["orders"].put({"subject": "F1", "company": company.external_id})
    run = bench.run()
    assert {kind for kind, _ in bench.issues()} == {"refused", "waits"}
    bench.companies.edit(company.external_id, {"mail": "a@a.example"})
    run = bench.run()
    assert run.state == "done", bench.issues()
    assert bench.right.resources["invoices"].all()[0].fields["Contact"] == bench.contacts.all()[0].external_id


def test_an_order_goes_in_the_same_run_as_its_customer(bench: Bench) -> None:
    company = bench.companies.put({"title": "Alfa"})
    bench.left.resources["orders"].put({"subject": "F1", "company": company.external_id})
    assert bench.run().state == "done"
    assert bench.couplings("orders") == 1


def test_the_same_error_twice_parks_the_record_and_the_others_go_on(bench: Bench) -> None:
    bench.contacts._required = ("Email",)
    bench.companies.put({"title": "Bad", "mail": None})
    bench.companies.put({"title": "Good", "mail": "g@g.example"})
    bench.run()
    assert bench.issues() == [("refused", "open")]
    bench.run()
    assert bench.issues() == [("refused", "parked")]
    calls = bench.contacts.calls["write"]
    bench.run()
    assert bench.contacts.calls["write"] == calls
    assert [each["Name"] for each in bench.fields(Side.RIGHT)] == ["Good"]


def test_a_lost_answer_is_looked_up_and_never_sent_twice(bench: Bench) -> None:
    for n in range(10):
        bench.companies.put({"title": f"Firma {n}"})
    bench.contacts.mischief.lost_answers = 4
    bench.contacts.mischief.lost_requests = 0
    run = bench.run()
    assert run.state == "done"
    assert len(bench.contacts.all()) == 10
    assert len(bench.contacts.sent) == 10


def test_lost_requests_are_sent_again(bench: Bench) -> None:
    for n in range(10):
        bench.companies.put({"title": f"Firma {n}"})
    bench.contacts.mischief.lost_requests = 3
    assert bench.run().state == "done"
    assert len(bench.contacts.all()) == 10


@pytest.mark.parametrize(
    ("policy", "left", "right", "issues"),
    [
        (DeletionPolicy.ASK, 0, 1, ["deleted"]),
        (DeletionPolicy.DELETE, 0, 0, []),
        (DeletionPolicy.RESTORE, 1, 1, []),
        (DeletionPolicy.UNCOUPLE, 0, 1, []),
    ],
)
def test_deletions_follow_the_policy(
    bench: Bench, policy: DeletionPolicy, left: int, right: int, issues: list[str]
) -> None:
    bench.change("customers", deletion=policy)
    made = bench.companies.put({"title": "Alfa"})
    bench.companies.put({"title": "Beta"})
    bench.run()
    bench.companies.remove(made.external_id)
    bench.run()
    bench.run()
    assert [kind for kind, _ in bench.issues()] == issues
    assert len(bench.companies.all()) == left + 1
    assert len(bench.contacts.all()) == right + 1


def test_an_emptied_side_stops_the_run(bench: Bench) -> None:
    bench.change("customers", deletion=DeletionPolicy.DELETE)
    made = [bench.companies.put({"title": f"Firma {n}"}) for n in range(8)]
    bench.run()
    for each in made:
        bench.companies.remove(each.external_id)
    run = bench.run()
    assert run.state == "stopped"
    assert run.error["code"] == "side_empty"
    assert len(bench.contacts.all()) == 8
    bench.run(confirmed=["side_empty", "mass_deletion"])
    assert bench.contacts.all() == []


def test_one_way_mappings_never_write_back(bench: Bench) -> None:
    bench.change("customers", direction=Direction.TO_RIGHT)
    bench.companies.put({"title": "Alfa"})
    bench.contacts.put({"Name": "Beta"})
    bench.run()
    assert len(bench.companies.all()) == 1
    assert len(bench.contacts.all()) == 2
    assert bench.companies.sent == []


def test_a_plan_sends_nothing_and_can_be_executed_as_shown(bench: Bench) -> None:
    company = bench.companies.put({"title": "Alfa"})
    bench.left.resources["orders"].put({"subject": "F1", "company": company.external_id})
    shown = bench.run(kind="plan")
    assert shown.state == "done"
    assert bench.contacts.all() == [] and bench.contacts.sent == []
    chunks = list(shown.chunks.order_by("id").values_list("pk", flat=True))
    assert bench.run(chunks=chunks).state == "done"
    assert len(bench.contacts.all()) == 1
    assert len(bench.right.resources["invoices"].all()) == 1
    assert bench.run().state == "done"
    assert len(bench.contacts.sent) == 1


def test_an_approved_plan_leaves_out_what_moved_since(bench: Bench) -> None:
    company = bench.companies.put({"title": "Alfa"})
    bench.companies.put({"title": "Beta"})
    shown = bench.run(kind="plan")
    bench.companies.edit(company.external_id, {"title": "Alfa 2"})
    bench.run(kind="plan")
    bench.run(chunks=list(shown.chunks.values_list("pk", flat=True)))
    assert [each["Name"] for each in bench.fields(Side.RIGHT)] == ["Beta"]


def test_what_the_vendor_keeps_differently_is_told_and_does_not_loop(bench: Bench) -> None:
    original = bench.contacts._create
    bench.contacts._create = lambda key, fields: original(key, {**fields, "Name": str(fields["Name"])[:4]})
    bench.companies.put({"title": "Langt navn"})
    bench.run()
    assert bench.issues() == [("altered", "open")]
    bench.run()
    bench.run()
    assert bench.fields(Side.LEFT) == [{"title": "Langt navn"}]
    assert bench.fields(Side.RIGHT) == [{"Name": "Lang"}]
    assert len(bench.contacts.sent) == 1 and bench.companies.sent == []


def test_one_record_can_be_synchronised_alone(bench: Bench) -> None:
    bench.companies.put({"title": "Alfa"})
    wanted = bench.companies.put({"title": "Beta"})
    run = bench.run(only={"table": "customers", "side": "left", "id": wanted.external_id})
    assert run.state == "done"
    assert [each["Name"] for each in bench.fields(Side.RIGHT)] == ["Beta"]
    bench.run()
    assert sorted(each["Name"] for each in bench.fields(Side.RIGHT)) == ["Alfa", "Beta"]


def test_an_outage_ends_the_run_partly_and_the_next_one_goes_on(bench: Bench) -> None:
    from kobling.records import Unreachable

    for n in range(5):
        bench.companies.put({"title": f"Firma {n}"})
    bench.contacts.mischief.outage = Unreachable("down")
    run = bench.run()
    assert run.state == "partly_done"
    assert run.error["kind"] == "Unreachable"
    bench.contacts.mischief.outage = None
    assert bench.run().state == "done"
    assert len(bench.contacts.all()) == 5


def test_refusals_carry_the_vendors_words(bench: Bench) -> None:
    made = bench.companies.put({"title": "Alfa"})
    bench.run()
    there = bench.contacts.all()[0].external_id
    bench.contacts.mischief.refusals[there] = Refused("No", code="42", vendor_text="Kontoen er lukket", field="Name")
    bench.companies.edit(made.external_id, {"title": "Alfa 2"})
    bench.run()
    from kobling.hub.models import SyncIssue

    issue = SyncIssue.objects.get(kind="refused")
    assert "Kontoen er lukket" in issue.details
    assert issue.left_id == made.external_id
