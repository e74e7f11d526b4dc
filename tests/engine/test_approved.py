"""An approved plan does what it showed, only where it would be planned again, once, within a day."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from kobling.access.policy import Actor
from kobling.hub import runs
from kobling.hub.models import Decision, Run, WriteIntent
from kobling.hub.services import syncing, undoing
from kobling.mapping import ConflictPolicy
from kobling.records import Unsafe
from tests.engine.bench import Bench

pytestmark = pytest.mark.django_db(transaction=True)


def approve(bench: Bench, shown: Run) -> Run:
    asked = syncing.sync_planned(Actor.operator(), bench.pair, shown, bench.clock.now())
    assert runs.claim("tester", bench.clock.now()) == asked.pk
    return bench.go_on(asked)


def names(bench: Bench) -> list[str]:
    return sorted(each["Name"] for each in bench.fields_right())


def test_it_does_all_that_it_showed(bench: Bench) -> None:
    kept = bench.companies.put({"title": "Alfa", "mail": "a@x.example"})
    bench.run()
    bench.companies.put({"title": "Beta"})
    bench.companies.edit(kept.external_id, {"mail": "b@x.example"})
    bench.contacts.put({"Name": "Gamma", "VatNumber": "12345674"})
    bench.companies.put({"title": "Gamma", "cvr": "12345674"})
    shown = bench.run(kind="plan")
    run = approve(bench, shown)
    assert run.state == "done" and names(bench) == ["Alfa", "Beta", "Gamma"]
    assert bench.couplings() == 3
    assert next(each for each in bench.fields_right() if each["Name"] == "Alfa")["Email"] == "b@x.example"


def _made_there(bench: Bench, _one: str) -> None:
    bench.contacts.put({"Name": "Alfa ApS", "VatNumber": "12345674"})


def _renamed(bench: Bench, one: str) -> None:
    bench.companies.edit(one, {"title": "Omega ApS"})


def _removed(bench: Bench, one: str) -> None:
    bench.companies.remove(one)


def _ignored(bench: Bench, one: str) -> None:
    Decision.objects.create(
        table_id=bench.table("customers"),
        side="left",
        external_id=one,
        choice="ignore",
        decided_by="x",
        decided_at=bench.clock.now(),
    )


@pytest.mark.parametrize("meanwhile", [_made_there, _renamed, _removed, _ignored])
def test_a_create_is_left_out_when_it_would_not_be_planned_again(
    bench: Bench, meanwhile: Callable[[Bench, str], None]
) -> None:
    """Nobody has read what happened meanwhile: the run reads first."""
    one = bench.companies.put({"title": "Alfa ApS", "cvr": "12345674"}).external_id
    shown = bench.run(kind="plan")
    meanwhile(bench, one)
    before = len(bench.contacts.all())
    approve(bench, shown)
    assert len(bench.contacts.all()) == before and bench.contacts.sent == []


@pytest.mark.parametrize("side", ["source", "target"])
def test_an_update_is_left_out_when_either_side_moved(bench: Bench, side: str) -> None:
    one = bench.companies.put({"title": "Alfa", "mail": "a@x.example"}).external_id
    bench.run()
    other = bench.contacts.all()[0].external_id
    bench.companies.edit(one, {"mail": "b@x.example"})
    shown = bench.run(kind="plan")
    if side == "source":
        bench.companies.edit(one, {"mail": "c@x.example"})
    else:
        bench.contacts.edit(other, {"Email": "d@x.example"})
    approve(bench, shown)
    assert bench.contacts.all()[0].fields["Email"] == ("a@x.example" if side == "source" else "d@x.example")


def test_an_update_goes_when_only_another_field_moved_and_with_the_newest_version(bench: Bench) -> None:
    one = bench.companies.put({"title": "Alfa", "mail": "a@x.example", "note": "1"}).external_id
    bench.run()
    other = bench.contacts.all()[0].external_id
    bench.companies.edit(one, {"mail": "b@x.example"})
    shown = bench.run(kind="plan")
    bench.contacts.edit(other, {"Unmapped": "x"})
    assert approve(bench, shown).state == "done"
    assert bench.contacts.all()[0].fields["Email"] == "b@x.example"


def test_two_that_carry_one_identity_by_now_are_not_both_made(bench: Bench) -> None:
    bench.companies.put({"title": "Alfa", "cvr": "12345674"})
    shown = bench.run(kind="plan")
    bench.companies.put({"title": "Alfa again", "cvr": "12345674"})
    approve(bench, shown)
    assert bench.contacts.all() == []


def test_it_is_executed_once(bench: Bench) -> None:
    bench.companies.put({"title": "Alfa"})
    shown = bench.run(kind="plan")
    approve(bench, shown)
    with pytest.raises(Unsafe) as caught:
        approve(bench, shown)
    assert caught.value.code == "plan_used" and len(bench.contacts.all()) == 1


def test_it_expires_when_asked_for_and_when_its_turn_comes_late(bench: Bench) -> None:
    bench.companies.put({"title": "Alfa"})
    shown = bench.run(kind="plan")
    asked = syncing.sync_planned(Actor.operator(), bench.pair, shown, bench.clock.now())
    bench.clock.turn(timedelta(hours=25).total_seconds())
    with pytest.raises(Unsafe) as caught:
        syncing.sync_planned(Actor.operator(), bench.pair, shown, bench.clock.now())
    assert caught.value.code == "plan_expired"
    assert runs.claim("tester", bench.clock.now()) == asked.pk
    run = bench.go_on(asked)
    assert run.state == "stopped" and run.error["code"] == "plan_expired" and bench.contacts.all() == []


def test_a_table_that_cannot_be_read_first_is_left_alone_and_told(bench: Bench, monkeypatch: Any) -> None:
    from kobling.records import Misunderstood

    bench.companies.put({"title": "Alfa"})
    shown = bench.run(kind="plan")
    with monkeypatch.context() as patch:

        async def broken(_bookmark: Any) -> Any:
            raise Misunderstood("?")

        patch.setattr(bench.contacts, "read", broken)
        run = approve(bench, shown)
    assert run.state == "failed" and bench.contacts.all() == []


def test_an_older_plan_answers_no_question_that_a_run_asked_since(bench: Bench) -> None:
    """The plan was made before both sides changed, so that it knows nothing of the question."""
    bench.change("customers", conflict=ConflictPolicy.ASK)
    one = bench.companies.put({"title": "Alfa", "mail": "a@x.example"}).external_id
    bench.run()
    bench.contacts.edit(bench.contacts.all()[0].external_id, {"Email": "theirs@x.example"})
    shown = bench.run(kind="plan")
    bench.companies.edit(one, {"mail": "ours@x.example"})
    bench.run()
    assert bench.issues() == [("conflict", "open")]
    approve(bench, shown)
    assert bench.issues() == [("conflict", "open")]
    bench.run()
    assert bench.issues() == [("conflict", "open")] and len(bench.contacts.sent) == 1


def test_an_older_plan_asks_nothing_that_a_run_has_settled_since(bench: Bench) -> None:
    bench.change("customers", conflict=ConflictPolicy.ASK)
    one = bench.companies.put({"title": "Alfa", "mail": "a@x.example"}).external_id
    bench.run()
    contact = bench.contacts.all()[0].external_id
    bench.contacts.edit(contact, {"Email": "theirs@x.example"})
    bench.companies.edit(one, {"mail": "ours@x.example"})
    shown = bench.run(kind="plan")
    bench.contacts.edit(contact, {"Email": "ours@x.example"})
    bench.run()
    assert bench.issues() == []
    approve(bench, shown)
    assert bench.issues() == []


def test_a_plan_that_nobody_planned_after_asks_what_it_showed(bench: Bench) -> None:
    bench.change("customers", conflict=ConflictPolicy.ASK)
    one = bench.companies.put({"title": "Alfa", "mail": "a@x.example"}).external_id
    bench.run()
    bench.contacts.edit(bench.contacts.all()[0].external_id, {"Email": "theirs@x.example"})
    bench.companies.edit(one, {"mail": "ours@x.example"})
    approve(bench, bench.run(kind="plan"))
    assert bench.issues() == [("conflict", "open")]


def undone(bench: Bench, run: Run, meanwhile: Callable[[], Any] = lambda: None) -> Run:
    """Undo a run; something happens between a person's word and the work."""
    undo = undoing.prepare(Actor.operator(), run, bench.opener)
    asked = undoing.start(Actor.operator(), run, undo, bench.opener, bench.clock.now())
    meanwhile()
    assert runs.claim("tester", bench.clock.now()) == asked.pk
    return bench.go_on(asked)


def test_an_undo_takes_back_what_nobody_touched_since(bench: Bench) -> None:
    bench.companies.put({"title": "Alfa"})
    undone(bench, bench.run())
    assert bench.contacts.all() == [] and bench.couplings() == 0


@pytest.mark.parametrize("how", ["edited", "deleted"])
def test_an_undo_leaves_what_was_touched_since_and_does_the_rest(bench: Bench, how: str) -> None:
    """Whoever typed into a record meanwhile is not told that it is gone."""
    for name in ("Alfa", "Beta"):
        bench.companies.put({"title": name})
    run = bench.run()
    touched = next(each.external_id for each in bench.contacts.all() if each.fields["Name"] == "Alfa")

    def meanwhile() -> None:
        if how == "edited":
            bench.contacts.edit(touched, {"Email": "theirs@x.example"})
        else:
            bench.contacts.remove(touched)

    undone(bench, run, meanwhile)
    assert names(bench) == (["Alfa"] if how == "edited" else [])
    made = WriteIntent.objects.filter(operation="create").exclude(external_id=touched)
    deleted = [each.external_id for each in bench.contacts.sent if each.operation == "delete"]
    assert deleted == list(made.values_list("external_id", flat=True))
