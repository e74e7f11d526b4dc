"""Undo and history: exactly that record, what it was at first, and tables that are gone are told."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kobling.access.policy import Actor
from kobling.hub.happened import What
from kobling.hub.models import Schedule, WriteIntent
from kobling.hub.services import history, issues, pairs, undoing
from kobling.mapping import FieldMapping, end
from kobling.mapping.people import phone_digits
from kobling.pairs.common_options import SYNCHRONISE
from kobling.records import SettingsError, to_json
from tests.engine.bench import Bench

pytestmark = pytest.mark.django_db(transaction=True)
WHO = Actor.operator()


def test_undoing_a_run_of_a_table_that_is_gone_says_so_and_undoes_the_others(bench: Bench) -> None:
    bench.companies.put({"title": "Alfa", "cvr": "12345674"})
    run = bench.run()
    bench.mappings["others"] = replace(bench.mappings.pop("customers"), name="others")
    del bench.mappings["orders"]
    undo = undoing.prepare(WHO, run, bench.opener)
    assert not undo.actions
    assert [why for *_, why in undo.kept] == [undoing.NO_TABLE]


def test_a_field_written_three_times_goes_back_to_what_it_was_at_first(bench: Bench) -> None:
    made = bench.companies.put({"title": "Alfa", "mail": "a@x.example"})
    bench.run()
    bench.companies.edit(made.external_id, {"mail": "b@x.example"})
    run = bench.run()
    first = WriteIntent.objects.get(run=run)
    for position, change in ((998, ["b@x.example", "c@x.example"]), (999, ["c@x.example", "d@x.example"])):
        again = WriteIntent.objects.get(pk=first.pk)
        again.pk, again.position, again.changes = None, position, to_json({"email": change}).decode()
        again.save()
    bench.contacts.edit(bench.contacts.all()[0].external_id, {"Email": "d@x.example"})
    undo = undoing.prepare(WHO, run, bench.opener)
    (action,) = undo.actions["customers"]
    assert action.changes == {"email": ["d@x.example", "a@x.example"]} and undo.kept == []


def test_what_a_vendor_only_typed_otherwise_is_undone_and_no_edit_of_a_person(bench: Bench) -> None:
    phone = FieldMapping("phone", end("tel"), end("Phone"), compared=phone_digits)
    bench.change("customers", fields=(*bench.mappings["customers"].fields, phone))
    one = bench.companies.put({"title": "Alfa", "tel": "11 22 33 44"})
    bench.run()
    (other,) = bench.contacts.all()
    bench.companies.edit(one.external_id, {"tel": "55 66 77 88"})
    changed = bench.run()
    bench.contacts.edit(other.external_id, {"Phone": "55667788"})
    undo = undoing.prepare(WHO, changed, bench.opener)
    (action,) = undo.actions["customers"]
    assert (action.changes, undo.kept) == ({"phone": ["55667788", "11 22 33 44"]}, [])
    bench.contacts.edit(other.external_id, {"Phone": "55667789"})
    assert [why for *_, why in undoing.prepare(WHO, changed, bench.opener).kept] == [undoing.EDITED]


def test_what_was_made_is_deleted_though_the_vendor_types_it_otherwise(bench: Bench) -> None:
    phone = FieldMapping("phone", end("tel"), end("Phone"), compared=phone_digits)
    bench.change("customers", fields=(*bench.mappings["customers"].fields, phone))
    bench.companies.put({"title": "Alfa", "tel": "11 22 33 44"})
    made = bench.run()
    (other,) = bench.contacts.all()
    bench.contacts.edit(other.external_id, {"Phone": "11223344"})
    undo = undoing.prepare(WHO, made, bench.opener)
    assert [type(each).__name__ for each in undo.actions["customers"]] == ["Delete"] and undo.kept == []


def test_what_was_made_and_changed_in_one_run_is_deleted_once(bench: Bench) -> None:
    bench.companies.put({"title": "Alfa", "mail": "a@x.example"})
    run = bench.run()
    made = WriteIntent.objects.get(run=run)
    made.pk, made.position, made.operation = None, 999, "update"
    made.changes = to_json({"email": ["a@x.example", "a@x.example"]}).decode()
    made.save()
    undo = undoing.prepare(WHO, run, bench.opener)
    assert [type(each).__name__ for each in undo.actions["customers"]] == ["Delete"]


def test_a_history_is_of_exactly_that_record(bench: Bench) -> None:
    for number in range(12):
        bench.companies.put({"title": f"Firma {number}"}, str(number))
    bench.run()
    found = history.history(WHO, bench.pair, "1")
    assert {change.after for change in found.changes} == {"Firma 1"}
    assert len(found.couplings) == 1
    issues.uncouple(WHO, bench.pair, bench.opener, "customers", "11", bench.clock.now())
    assert history.history(WHO, bench.pair, "1").events == []
    assert [each.what for each in history.history(WHO, bench.pair, "11").events] == [What.UNCOUPLED]


def test_an_id_that_both_systems_have_asks_which_is_meant(bench: Bench) -> None:
    bench.companies.put({"title": "Left one"}, "7")
    bench.run()
    bench.contacts.put({"Name": "Right one"}, "7")
    bench.run()
    with pytest.raises(SettingsError) as caught:
        history.history(WHO, bench.pair, "7")
    assert caught.value.code == "ambiguous"
    left = history.history(WHO, bench.pair, "7", side="left")
    right = history.history(WHO, bench.pair, "7", side="right")
    assert {each.after for each in left.changes} == {"Left one"}
    assert {each.after for each in right.changes} == {"Right one"}


def test_uncoupling_an_id_that_both_systems_have_uncouples_neither_by_chance(bench: Bench) -> None:
    bench.companies.put({"title": "Left one"}, "7")
    bench.contacts.put({"Name": "Right one"}, "7")
    bench.run()
    assert bench.couplings() == 2
    with pytest.raises(SettingsError):
        issues.uncouple(WHO, bench.pair, bench.opener, "customers", "7", bench.clock.now())
    assert bench.couplings() == 2


def test_a_history_is_found_by_index(bench: Bench) -> None:
    bench.companies.put({"title": "Alfa"}, "7")
    bench.run()
    with CaptureQueriesContext(
        connection,
    ) as asked:
        history.history(WHO, bench.pair, "7")
    if connection.vendor != "sqlite":
        return
    with connection.cursor() as cursor:
        for each in asked.captured_queries:
            if "hub_writeintent" not in each["sql"] and "hub_event" not in each["sql"]:
                continue
            cursor.execute(f"EXPLAIN QUERY PLAN {each['sql']}")
            steps = [row[3] for row in cursor.fetchall()]
            scanned = [step for step in steps if step.startswith("SCAN") and "hub_" in step and "INDEX" not in step]
            assert not scanned, (each["sql"], steps)


@pytest.mark.parametrize(("chosen", "enabled"), [("auto", True), ("manual", False)])
def test_automatic_is_a_schedule_whoever_chooses_it(bench: Bench, chosen: str, enabled: bool) -> None:
    Schedule.objects.update_or_create(pair=bench.pair, defaults={"enabled": not enabled})
    kind = bench.opener.pair_types["memory"]
    bench.opener.pair_types = {"memory": replace(kind, options=(SYNCHRONISE,))}
    pairs.configure(WHO, bench.pair, bench.opener, {"synchronise": chosen})
    row = Schedule.objects.get(pair=bench.pair)
    assert row.enabled is enabled and (row.next_at is not None) is enabled
    made = pairs.create(WHO, bench.pair.client, bench.opener, "memory", {"synchronise": chosen}, name="second")
    assert Schedule.objects.get(pair=made).enabled is enabled
