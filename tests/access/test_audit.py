"""What was done says who by kind and id: nobody is taken for the machine by being called like it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from importlib import import_module

import pytest
from django.apps import apps

from kobling.access.actors import KOBLING, SCHEDULE, Kind
from kobling.access.models import FirmMember, FirmRole, Person
from kobling.access.naming import named, who_did
from kobling.access.policy import Actor
from kobling.cli import output
from kobling.hub.happened import What
from kobling.hub.models import Activation, Coupling, Decision, Event, FileExport, Run
from kobling.hub.models import Schedule as ScheduleRow
from kobling.hub.runs import due
from kobling.hub.services import exporting, history, issues, marketplace, matching, reviewing, syncing
from kobling.mapping import Side
from kobling.records import Unsafe
from tests.services.house import NOW, SOURCES, WISH, House

pytestmark = pytest.mark.django_db
NAMES = ("operator", "schedule", "Kobling", "person:1", "operator:operator")


@pytest.fixture
def house(monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    monkeypatch.setattr(exporting, "SOURCES", SOURCES)
    made = House()
    yield made
    made.close()


def impostor(house: House, name: str) -> Actor:
    """A firm admin who is called like something else."""
    person = Person.objects.create_user(username=name)
    FirmMember.objects.create(firm=house.client.firm, person=person, role=FirmRole.ADMIN)
    return Actor.of(person)


@pytest.mark.parametrize("name", NAMES)
def test_a_person_called_like_the_machine_is_a_person_wherever_it_is_noted(house: House, name: str) -> None:
    who = impostor(house, name)
    pair, opener = house.pair, house.opener
    before = Event.objects.latest("pk").pk
    marketplace.activate(who, house.client, opener, "memory", NOW)
    marketplace.deactivate(who, house.client, opener, "sold", NOW)
    issues.couple(who, pair, opener, "customers", house.alone, house.partner, NOW)
    matching.never_many(who, pair, opener, "customers", [(house.left_id, house.partner)], NOW)
    issues.settle(who, house.issue, "left", opener, NOW)
    made = exporting.make(who, pair.left, opener, WISH, NOW)
    exporting.mark_transferred(who, made, opener, NOW)
    asked = [syncing.sync(who, pair, NOW), syncing.plan(who, pair, NOW), reviewing.prepare(who, pair, NOW)]
    kept = [Run.objects.get(pk=each.pk).asked_by for each in asked]
    kept += [Activation.objects.get(pair_type="memory").activated_by, Activation.objects.get(pair_type="sold").ended_by]
    kept += [Coupling.objects.get(left_id=house.alone).coupled_by, *_said(house)]
    kept += [FileExport.objects.get(pk=made.pk).made_by, FileExport.objects.get(pk=made.pk).transferred_by]
    assert set(kept) == {who.key} == {f"person:{who.person}"}
    assert (who_did(who.key).kind, who_did(who.key).name) == (Kind.PERSON, name)
    noted = Event.objects.filter(pk__gt=before)
    assert {(each.who, each.who_kind, each.who_id) for each in noted} == {(name, "person", str(who.person))}
    assert noted.count() >= 7


def _said(house: House) -> list[str]:
    return list(Decision.objects.filter(table__pair=house.pair).values_list("decided_by", flat=True))


def test_the_machines_own_doings_are_told_from_each_other_and_from_everybody(house: House) -> None:
    root = Actor.operator("root")
    keys = [root.key, SCHEDULE.key, KOBLING.key, impostor(house, "schedule").key]
    assert len(set(keys)) == 4
    shown = [output.who(each) for each in named(keys).values()]
    assert shown == ["root (operator)", "(the schedule)", "(Kobling itself)", "schedule"]


def test_a_scheduled_run_is_the_schedules(house: House) -> None:
    Run.objects.filter(pk=house.waiting_run.pk).delete()
    ScheduleRow.objects.create(pair=house.pair, enabled=True, next_at=NOW)
    house.pair.left.__class__.objects.update(healthy=True)
    assert due.ask_due(datetime(2026, 11, 23, 1, tzinfo=UTC)) == 1
    run = Run.objects.latest("id")
    assert run.asked_by == "schedule" and who_did(run.asked_by).kind is Kind.SCHEDULE


def test_people_are_shown_by_what_they_are_called_now_and_stay_themselves(house: House) -> None:
    who = impostor(house, "bodil")
    issues.couple(who, house.pair, house.opener, "customers", house.alone, house.partner, NOW)
    Person.objects.filter(pk=who.person).update(username="bodil.hansen")
    other = Person.objects.create_user(username="bodil")
    found = history.history(Actor.operator(), house.pair, house.alone)
    assert found.people[found.couplings[0].coupled_by].name == "bodil.hansen"
    assert Actor.of(other).key != who.key
    event = Event.objects.get(what="coupled")
    assert (event.who, event.who_id) == ("bodil", str(who.person))


def test_a_change_tells_the_name_and_kind_of_who_asked_for_its_run(house: House) -> None:
    Run.objects.filter(pk=house.synced.pk).update(asked_by="operator:root")
    changes = history.history(Actor.operator(), house.pair, house.left_id).changes
    assert {(each.who, each.who_kind) for each in changes if each.run == house.synced.pk} == {("root", Kind.OPERATOR)}


def test_what_kobling_couples_by_itself_is_nobody_elses(house: House) -> None:
    from kobling.hub.couplings import comparing

    bench = house.opener.benches(house.numbered)["numbered"]
    comparing._remember(bench, [(house.alone, house.partner)], NOW)
    (said,) = Decision.objects.filter(table_id=bench.table, side=Side.LEFT.value)
    assert who_did(said.decided_by).kind is Kind.KOBLING


def test_a_file_that_was_transferred_says_by_whom_in_words(house: House) -> None:
    who = impostor(house, "bodil")
    exporting.mark_transferred(who, house.file, house.opener, NOW)
    with pytest.raises(Unsafe) as again:
        exporting.mark_transferred(Actor.operator(), house.file, house.opener, NOW)
    assert again.value.params["who"] == "bodil"


@pytest.mark.parametrize("name", ["schedule", "operator", "person:7", "bodil"])
def test_what_was_noted_before_kinds_were_keeps_its_name_and_claims_no_kind(house: House, name: str) -> None:
    Run.objects.update(asked_by=name)
    Coupling.objects.update(coupled_by="")
    import_module("kobling.hub.migrations.0003_audit").names_become_keys(apps, None)
    (kept,) = set(Run.objects.values_list("asked_by", flat=True))
    assert (who_did(kept).kind, who_did(kept).name) == (Kind.UNKNOWN, name)
    assert set(Coupling.objects.values_list("coupled_by", flat=True)) == {""}
    old = Event.objects.create(who=name, what="settings_changed")
    assert (old.who_kind, old.who_id) == ("unknown", "")


def test_whoever_is_gone_is_told_by_their_key() -> None:
    person = Person.objects.create_user(username="gone")
    key = Actor.of(person).key
    person.delete()
    assert (who_did(key).kind, who_did(key).name) == (Kind.PERSON, key)


def test_a_long_name_is_stored() -> None:
    from kobling.hub.services.log import record

    record(Actor.operator("x" * 500), None, What.MATCHED, "")
    person = Person.objects.create_user(username="y" * 150)
    record(Actor.of(person), None, What.MATCHED, "")
    assert {len(each.who) for each in Event.objects.all()} == {150}
