"""What people decide is done, recorded and found again."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from kobling.access.policy import Actor
from kobling.hub.models import Event, SyncIssue
from kobling.hub.services import history, issues, undoing, verifying
from kobling.mapping import DeletionPolicy, Side
from kobling.records import SettingsError
from tests.engine.bench import Bench

pytestmark = pytest.mark.django_db(transaction=True)
NOW = datetime(2026, 11, 23, tzinfo=UTC)
WHO = Actor.operator("bogholder")


def settle(bench: Bench, kind: str, choice: str, other: str = "") -> None:
    for issue in SyncIssue.objects.filter(kind=kind, state="open"):
        issues.settle(WHO, issue, choice, bench.opener, NOW, other=other, why="fordi")


def conflict(bench: Bench) -> None:
    made = bench.companies.put({"title": "Alfa", "mail": "old@x.example"})
    bench.run()
    bench.companies.edit(made.external_id, {"mail": "left@x.example"})
    bench.contacts.edit(bench.contacts.all()[0].external_id, {"Email": "right@x.example"})
    bench.run()


@pytest.mark.parametrize(("choice", "wanted"), [("left", "left@x.example"), ("right", "right@x.example")])
def test_a_side_is_chosen_once(bench: Bench, choice: str, wanted: str) -> None:
    conflict(bench)
    settle(bench, "conflict", choice)
    assert bench.run().state == "done"
    assert bench.fields(Side.LEFT)[0]["mail"] == bench.fields(Side.RIGHT)[0]["Email"] == wanted
    bench.companies.edit(bench.companies.all()[0].external_id, {"mail": "l2@x.example"})
    bench.contacts.edit(bench.contacts.all()[0].external_id, {"Email": "r2@x.example"})
    assert bench.run().state == "partly_done", "the choice was for one time only"


def test_history_says_who_when_why_and_from_what_to_what(bench: Bench) -> None:
    conflict(bench)
    settle(bench, "conflict", "left")
    bench.run()
    found = history.history(WHO, bench.pair, bench.companies.all()[0].external_id)
    newest = next(each for each in found.changes if each.field == "email")
    assert (newest.before, newest.after, newest.state) == ("right@x.example", "left@x.example", "confirmed")
    assert newest.reason == "A person decided which side is right."
    assert Event.objects.filter(what="issue_settled", params={"choice": "left"}, who="bogholder", why="fordi").exists()


@pytest.mark.parametrize(
    ("choice", "left", "right", "coupled"), [("couple", 1, 1, 1), ("create", 2, 2, 2), ("ignore", 1, 1, 0)]
)
def test_look_alikes_are_what_a_person_says(bench: Bench, choice: str, left: int, right: int, coupled: int) -> None:
    bench.companies.put({"title": "Alfa"})
    bench.contacts.put({"Name": "ALFA"})
    bench.run()
    assert SyncIssue.objects.filter(state="open").count() == 1, "one question, not one from each side"
    settle(bench, "maybe_same", choice)
    assert bench.run().state == "done"
    bench.run()
    assert (len(bench.companies.all()), len(bench.contacts.all()), bench.couplings()) == (left, right, coupled)


def test_never_these_two_is_remembered_and_both_are_made_on_the_other_side(bench: Bench) -> None:
    bench.companies.put({"title": "Alfa"})
    bench.contacts.put({"Name": "ALFA"})
    bench.run()
    settle(bench, "maybe_same", "never")
    assert bench.run().state == "done"
    assert (len(bench.companies.all()), len(bench.contacts.all()), bench.couplings()) == (2, 2, 2)


@pytest.mark.parametrize(("choice", "left", "right"), [("restore", 1, 1), ("delete", 0, 0), ("uncouple", 0, 1)])
def test_a_vanished_record_is_what_a_person_says(bench: Bench, choice: str, left: int, right: int) -> None:
    bench.change("customers", deletion=DeletionPolicy.ASK)
    made = bench.companies.put({"title": "Alfa"})
    bench.run()
    bench.companies.remove(made.external_id)
    bench.companies.put({"title": "Beta"})
    bench.run()
    settle(bench, "deleted", choice)
    assert bench.run().state == "done"
    bench.run()
    assert (len(bench.companies.all()) - 1, len(bench.contacts.all()) - 1) == (left, right)


def test_couple_and_uncouple_by_hand(bench: Bench) -> None:
    left = bench.companies.put({"title": "Alfa", "mail": "a@x.example"})
    right = bench.contacts.put({"Name": "Helt andet", "Email": None})
    bench.run(kind="plan")
    issues.couple(WHO, bench.pair, bench.opener, "customers", left.external_id, right.external_id, NOW)
    with pytest.raises(SettingsError):
        issues.couple(WHO, bench.pair, bench.opener, "customers", left.external_id, right.external_id, NOW)
    assert bench.run().state == "done"
    assert bench.fields(Side.RIGHT) == [{"Name": "Alfa", "Email": "a@x.example"}]
    issues.uncouple(WHO, bench.pair, bench.opener, "customers", left.external_id, NOW)
    bench.companies.edit(left.external_id, {"title": "Alfa 2"})
    bench.run()
    assert bench.fields(Side.RIGHT) == [{"Name": "Alfa", "Email": "a@x.example"}]
    assert len(bench.companies.all()) == len(bench.contacts.all()) == 1


def test_verify_finds_a_difference_nobody_told_about(bench: Bench) -> None:
    bench.companies.put({"title": "Alfa", "mail": "a@x.example"})
    bench.run()
    assert verifying.verify(WHO, bench.pair, bench.opener).in_step
    resource = bench.contacts
    row = resource._rows[resource.all()[0].external_id]
    row.record = type(row.record)(
        "contacts", row.record.external_id, {**row.record.fields, "Email": "silent@x.example"}, row.record.version
    )
    report = verifying.verify(WHO, bench.pair, bench.opener)
    assert [(each.kind, each.field, each.right) for each in report.differences] == [
        ("field", "email", "silent@x.example")
    ]


def test_verify_finds_records_that_are_missing(bench: Bench) -> None:
    made = [bench.companies.put({"title": name}) for name in ("Alfa", "Beta")]
    bench.run()
    bench.contacts.remove(bench.contacts.all()[0].external_id)
    bench.companies.put({"title": "Gamma"})
    kinds = [each.kind for each in verifying.verify(WHO, bench.pair, bench.opener).differences]
    assert sorted(kinds) == ["gone", "missing"]
    assert made


def delete_by_rule(bench: Bench) -> Any:
    """A company that was coupled, deleted by a person, and whose contact a run then deleted."""
    bench.change("customers", deletion=DeletionPolicy.DELETE)
    made = bench.companies.put({"title": "Alfa", "mail": "a@x.example", "limit": 1})
    bench.companies.put({"title": "Beta"})
    bench.run()
    bench.companies.remove(made.external_id)
    run = bench.run()
    assert names(bench, Side.RIGHT) == ["Beta"]
    return run


def names(bench: Bench, side: Side) -> list[str]:
    return [each.get("Name") or each.get("title") for each in bench.fields(side)]


def undone(bench: Bench, run: Any) -> undoing.Undo:
    from kobling.hub import runs

    undo = undoing.prepare(WHO, run, bench.opener)
    asked = undoing.start(WHO, run, undo, bench.opener, NOW)
    assert runs.claim("tester", NOW) == asked.pk
    assert bench.go_on(asked).state == "done"
    return undo


def test_undo_makes_a_deleted_record_again_and_no_later_run_touches_it(bench: Bench) -> None:
    undone(bench, delete_by_rule(bench))
    assert {"Name": "Alfa", "Email": "a@x.example", "Limit": 1} in bench.fields(Side.RIGHT)
    bench.run()
    assert names(bench, Side.RIGHT) == ["Alfa", "Beta"]
    assert names(bench, Side.LEFT) == ["Beta"], "what a person deleted stays deleted"


def test_undo_of_a_deletion_asked_twice_makes_one_record(bench: Bench) -> None:
    run = delete_by_rule(bench)
    undone(bench, run)
    again = undoing.prepare(WHO, run, bench.opener)
    assert again.size == 0
    assert [why for _title, _side, _id, why in again.kept] == ["there again"]


def test_undo_restores_values_and_says_what_stays(bench: Bench) -> None:
    made = bench.companies.put({"title": "Alfa", "mail": "old@x.example", "limit": 1})
    bench.run()
    bench.companies.edit(made.external_id, {"mail": "new@x.example", "limit": 2})
    run = bench.run()
    bench.contacts.edit(bench.contacts.all()[0].external_id, {"Limit": 99})
    undo = undoing.prepare(WHO, run, bench.opener)
    assert [(title, why) for title, _side, _id, why in undo.kept] == [("Alfa: limit", "edited later")]
    asked = undoing.start(WHO, run, undo, bench.opener, NOW)
    from kobling.hub import runs

    assert runs.claim("tester", NOW) == asked.pk
    assert bench.go_on(asked).state == "done"
    assert bench.fields(Side.RIGHT) == [{"Name": "Alfa", "Email": "old@x.example", "Limit": 99}]
    bench.run()
    assert bench.fields(Side.RIGHT)[0]["Email"] == "old@x.example", "the next run does not do it again"
