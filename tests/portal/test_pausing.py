"""Who paused a pair, since when a schedule stands, and that a run which waits for a limit is seen."""

from __future__ import annotations

from datetime import timedelta

import pytest

from kobling.access.policy import Actor
from kobling.hub import runs
from kobling.hub.models import Schedule, Stale
from kobling.hub.services import marketplace, pairs
from tests.engine.bench import Bench

pytestmark = pytest.mark.django_db
WHO = Actor.operator("ejer")


def test_who_switches_a_schedule_off_paused_it_and_whoever_switches_it_on_ends_that(bench: Bench) -> None:
    now = bench.clock.now()
    pairs.schedule(WHO, bench.pair, now, enabled=False)
    assert Schedule.objects.get().paused_by == "", "it never was on"
    pairs.schedule(WHO, bench.pair, now)
    found = pairs.schedule(WHO, bench.pair, now, enabled=False)
    assert (found.paused_at, found.paused_by, found.on_since) == (now, WHO.key, None)
    found = pairs.schedule(WHO, bench.pair, now)
    assert (found.paused_at, found.paused_by, found.on_since) == (None, "", now)


def test_a_schedule_that_is_set_as_it_stands_is_as_late_as_before(bench: Bench) -> None:
    now, later = bench.clock.now(), bench.clock.now() + timedelta(hours=1)
    pairs.schedule(WHO, bench.pair, now)
    assert pairs.schedule(WHO, bench.pair, later).on_since == now
    assert pairs.schedule(WHO, bench.pair, later, cron="0 8 * * *").on_since == later


def test_what_is_switched_off_in_the_market_was_paused_by_who_did_it(bench: Bench) -> None:
    now = bench.clock.now()
    marketplace.activate(WHO, bench.pair.client, bench.opener, "memory", now)
    pairs.schedule(WHO, bench.pair, now)
    marketplace.deactivate(WHO, bench.pair.client, bench.opener, "memory", now)
    found = Schedule.objects.get()
    assert (found.enabled, found.paused_at, found.paused_by) == (False, now, WHO.key)


def test_a_run_that_is_made_to_wait_marks_its_client(bench: Bench) -> None:
    run = runs.ask(bench.pair, WHO.key, bench.clock.now())
    Stale.objects.all().delete()
    runs.made_to_wait(run.pk, bench.clock.now())
    assert Stale.objects.get().client_id == bench.pair.client_id
