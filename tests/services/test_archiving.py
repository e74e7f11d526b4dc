"""A client that is archived: nothing of it runs, nobody sees it, and it comes back as it was."""

from __future__ import annotations

from datetime import timedelta

import pytest

from kobling.access.models import Archive, Client, Onboarding, Stage
from kobling.access.policy import Actor, NotFound, clients_of
from kobling.hub import runs
from kobling.hub.models import Event, Pair, Run, Schedule
from kobling.hub.runs import due
from kobling.hub.services import archiving, pairs, syncing
from tests.engine.bench import Bench
from tests.services.cast import cast
from tests.services.house import NOW

pytestmark = pytest.mark.django_db
OPERATOR = Actor.operator()


def scheduled(bench: Bench) -> Schedule:
    pairs.schedule(OPERATOR, bench.pair, NOW)
    return Schedule.objects.get(pair=bench.pair)


def test_schedules_pause_and_runs_stop_and_come_back_as_they_were(bench: Bench) -> None:
    people, client = cast(bench.pair.client), bench.pair.client
    scheduled(bench)
    off = Pair.objects.create(
        client=client, pair_type="memory", name="off", left=bench.pair.left, right=bench.pair.right
    )
    Schedule.objects.create(pair=off, enabled=False)
    waiting = syncing.sync(OPERATOR, bench.pair, NOW)
    told = archiving.look(people["firm_admin"], client.pk)
    assert (told.schedules, told.runs) == (1, 1)
    archiving.archive(people["firm_admin"], client.pk, NOW, "sold")
    assert Run.objects.get(pk=waiting.pk).state == runs.CANCELLED
    assert due.ask_due(NOW + timedelta(days=2)) == 0
    assert runs.claim("a", NOW) is None
    assert not clients_of(OPERATOR).filter(pk=client.pk).exists()
    with pytest.raises(NotFound):
        syncing.sync(OPERATOR, bench.pair, NOW)
    assert archiving.bring_back(people["firm_admin"], client.pk, NOW) is Stage.ACTIVE
    assert {each.pair.name: each.enabled for each in Schedule.objects.all()} == {"test": True, "off": False}
    assert due.ask_due(NOW + timedelta(days=2)) == 1
    assert not Archive.objects.exists()
    whats = list(Event.objects.filter(client=client, what__startswith="client_").values_list("what", "why"))
    assert whats[-2:] == [("client_archived", "sold"), ("client_brought_back", "")]


def test_a_run_that_goes_on_is_asked_to_stop(bench: Bench) -> None:
    people = cast(bench.pair.client)
    going = syncing.sync(OPERATOR, bench.pair, NOW)
    assert runs.claim("a", NOW) == going.pk
    archiving.archive(people["firm_admin"], bench.pair.client.pk, NOW)
    assert Run.objects.get(pk=going.pk).cancel_asked


def test_the_archive_says_who_put_a_client_there_and_why(bench: Bench) -> None:
    people, client = cast(bench.pair.client), bench.pair.client
    archiving.archive(people["firm_admin"], client.pk, NOW, " sold ")
    (told,) = archiving.told(list(archiving.archived(people["firm_admin"])))
    assert (told.name, told.at, told.by, told.why) == (client.name, NOW, "firm_admin@people.example", "sold")
    assert not archiving.archived(people["other_firm_admin"]).exists()


def test_only_an_active_client_is_archived_and_only_an_archived_one_comes_back(bench: Bench) -> None:
    people, client = cast(bench.pair.client), bench.pair.client
    admin = people["firm_admin"]
    with pytest.raises(NotFound):
        archiving.bring_back(admin, client.pk, NOW)
    archiving.archive(admin, client.pk, NOW)
    with pytest.raises(NotFound):
        archiving.archive(admin, client.pk, NOW)
    Client.objects.filter(pk=client.pk).update(stage=Stage.VERIFICATION)
    for who in (admin, OPERATOR):
        with pytest.raises(NotFound):
            archiving.archive(who, client.pk, NOW)


def test_a_company_cannot_archive_itself_away_from_its_firm(bench: Bench) -> None:
    people, client = cast(bench.pair.client), bench.pair.client
    with pytest.raises(NotFound):
        archiving.archive(people["company_admin"], client.pk, NOW)


def test_an_invitation_that_was_withdrawn_comes_back_as_an_invitation() -> None:
    client = Client.objects.create(name="Ny", stage=Stage.ARCHIVED)
    Onboarding.objects.create(client=client, begun_at=NOW)
    assert archiving.bring_back(OPERATOR, client.pk, NOW) is Stage.INVITED
