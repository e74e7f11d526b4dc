"""Schedules that are due: each time is one worker's, and nobody's trouble keeps the others waiting."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from kobling.access.actors import SCHEDULE
from kobling.access.models import Client
from kobling.hub import runs
from kobling.hub.models import Connection, Pair, Run, Schedule
from kobling.hub.models.market import Price
from kobling.hub.runs import due

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
LATER = datetime(2026, 11, 23, 14, tzinfo=UTC)
Made = Callable[..., Schedule]


@pytest.fixture
def scheduled() -> Made:
    client = Client.objects.create(name="Test ApS")

    def make(name: str = "p", pair_type: str = "t", **more: Any) -> Schedule:
        sides = [Connection.objects.create(client=client, connector="c", name=f"{name}-{at}") for at in ("l", "r")]
        pair = Pair.objects.create(client=client, pair_type=pair_type, name=name, left=sides[0], right=sides[1])
        return Schedule.objects.create(pair=pair, **{"enabled": True, "next_at": NOW, **more})

    return make


def next_at(schedule: Schedule) -> datetime | None:
    return Schedule.objects.get(pk=schedule.pk).next_at


def test_what_is_due_is_asked_for_once_and_comes_again(scheduled: Made) -> None:
    schedule, other = scheduled("a"), scheduled("b")
    assert due.ask_due(NOW) == 2
    run = Run.objects.get(pair=schedule.pair)
    assert (run.asked_by, run.why, run.kind, run.asked_at) == (SCHEDULE.key, schedule.cron, "sync", NOW)
    assert next_at(schedule) == next_at(other) == LATER
    assert due.ask_due(NOW) == 0 and Run.objects.count() == 2


@pytest.mark.parametrize(
    "more", [{"enabled": False}, {"next_at": NOW + timedelta(seconds=1)}, {"next_at": None}], ids=str
)
def test_what_is_not_due_is_left_alone(scheduled: Made, more: dict[str, Any]) -> None:
    schedule = scheduled(**more)
    assert due.ask_due(NOW) == 0 and Run.objects.count() == 0
    assert next_at(schedule) == more.get("next_at", NOW)


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize(("healthy", "asked"), [(False, 0), (True, 1), (None, 1)])
def test_a_connection_that_shows_red_waits_for_a_person(
    scheduled: Made, side: str, healthy: bool | None, asked: int
) -> None:
    schedule = scheduled()
    Connection.objects.filter(pk=getattr(schedule.pair, f"{side}_id")).update(healthy=healthy)
    assert due.ask_due(NOW) == asked == Run.objects.count()
    assert next_at(schedule) == LATER


@pytest.mark.parametrize(
    ("state", "asked"), [(runs.QUEUED, 0), (runs.RUNNING, 0), (runs.DONE, 1), (runs.FAILED, 1), (runs.CANCELLED, 1)]
)
def test_a_pair_that_still_runs_is_not_asked_again(scheduled: Made, state: str, asked: int) -> None:
    schedule = scheduled()
    runs.ask(schedule.pair, "operator:me", NOW)
    Run.objects.update(state=state)
    assert due.ask_due(NOW) == asked
    assert next_at(schedule) == LATER and Run.objects.count() == 1 + asked


def test_a_due_time_that_another_worker_took_is_not_ours(scheduled: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    schedule, real = scheduled(), due.next_time

    def meanwhile(*given: Any) -> datetime:
        Schedule.objects.filter(pk=schedule.pk).update(next_at=LATER)
        return real(*given)

    monkeypatch.setattr(due, "next_time", meanwhile)
    assert due.ask_due(NOW) == 0 and Run.objects.count() == 0


@pytest.mark.parametrize("trouble", [{"pair_type": "sold"}, {"cron": "never"}, {"time_zone": "Mars/Olympus"}], ids=str)
def test_a_pair_that_cannot_be_asked_keeps_nobody_waiting(scheduled: Made, trouble: dict[str, str]) -> None:
    Price.objects.create(pair_type="sold", amount=1, currency="DKK")
    scheduled("a", **trouble)
    good = scheduled("b")
    assert due.ask_due(NOW) == 1
    assert Run.objects.get().pair == good.pair
