"""Systems are asked for figures beside the runs: when, by whom, and what failure, death and an old answer change."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from kobling.access.policy import Actor
from kobling.engine.asking import AT_ONCE, Asking
from kobling.hub import runs
from kobling.hub.models import Connection, Stale, SyncJob, ToldFigures
from kobling.hub.services import connections, credentials
from kobling.hub.services import figures as service
from kobling.hub.store import figures as store
from kobling.portal import renewing
from kobling.portal.models import ClientFigures
from kobling.records import Misunderstood, RateLimited, SettingsError, SignInExpired, Unreachable
from kobling.sdk.figures import MISSING_RECEIPTS, TO_EXPORT, WALLET, Figure
from kobling.sdk.memory import MemoryConnector
from kobling.sdk.protocols import ConnectorType
from tests.engine.bench import Bench

pytestmark = pytest.mark.django_db(transaction=True)
WHO = Actor.operator("ejer")
TOLD = [
    Figure(MISSING_RECEIPTS, 9, {"DKK": Decimal("100.00")}),
    Figure(TO_EXPORT, 23, {"DKK": Decimal("41280.75")}),
    Figure(WALLET, None, {"DKK": Decimal("3120.00")}),
]


class Telling(MemoryConnector):
    """A system that tells figures, or fails, when it is let."""

    def __init__(self, bench: Bench) -> None:
        super().__init__(*bench.left.resources.values())
        self.answer: Sequence[Figure] | Exception = TOLD
        self.asked = 0
        self.never = False

    async def figures(self) -> Sequence[Figure]:
        self.asked += 1
        if self.never:
            await asyncio.Event().wait()
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
def system(bench: Bench) -> Iterator[Telling]:
    made = Telling(bench)
    old = bench.opener.connector_types
    bench.opener.connector_types = {**old, "left": ConnectorType("left", "Left", (), (), lambda _settings, _ctx: made)}
    Connection.objects.filter(name="left").update(healthy=True)
    Connection.objects.filter(name="right").update(healthy=None)
    yield made


@pytest.fixture
def asking(bench: Bench, system: Telling) -> Asking:
    return Asking(bench.opener)


def asked(bench: Bench, asking: Asking) -> int:
    """Ask whose turn it is, and hear all answers. Returns how many were asked."""
    number = asking.ask(bench.clock.now())
    for each in list(asking._asked.values()):
        each.answer.exception(timeout=30)
    asking.hear(bench.clock.now())
    return number


def told() -> ToldFigures:
    return ToldFigures.objects.get(connection__name="left")


def later(bench: Bench, **span: int) -> datetime:
    bench.clock.turn(timedelta(**span).total_seconds())
    return bench.clock.now()


def test_a_connection_that_works_is_asked_by_itself_and_its_client_is_marked(bench: Bench, asking: Asking) -> None:
    assert asked(bench, asking) == 1
    row = told()
    assert (row.told_at, row.due_at, row.asking_until, row.error) == (
        bench.clock.now(),
        bench.clock.now() + store.EVERY,
        None,
        None,
    )
    renewing.renew_marked(bench.clock.now())
    found = ClientFigures.objects.get()
    assert (found.missing_receipts, found.ready_count, found.ready_sum) == (9, 23, Decimal("41280.75"))
    assert (found.wallet, found.figures_at) == (3120, bench.clock.now())


def test_it_is_asked_every_hour_and_not_between(bench: Bench, asking: Asking, system: Telling) -> None:
    asked(bench, asking)
    later(bench, minutes=59)
    assert asked(bench, asking) == 0
    later(bench, minutes=1)
    assert asked(bench, asking) == 1 and system.asked == 2


@pytest.mark.parametrize("how", [{"healthy": False}, {"healthy": None}, {"revoked": True}])
def test_a_connection_that_does_not_work_is_not_asked(
    bench: Bench, asking: Asking, system: Telling, how: dict[str, Any]
) -> None:
    asked(bench, asking)
    if how.pop("revoked", False):
        credentials.revoke(WHO, bench.pair.left, bench.clock.now())
    Connection.objects.filter(name="left").update(**how)
    later(bench, hours=2)
    assert asked(bench, asking) == 0 and system.asked == 1


def test_a_system_that_tells_none_is_not_asked_again_until_it_is_tested(bench: Bench, asking: Asking) -> None:
    Connection.objects.update(healthy=True)
    assert asked(bench, asking) == 2
    row = ToldFigures.objects.get(connection__name="right")
    assert (row.due_at, row.told_at, row.figures) == (None, None, {})
    later(bench, days=2)
    assert asked(bench, asking) == 1
    connections.test(WHO, connections.find(WHO, "left"), bench.opener)
    assert asked(bench, asking) == 1


def test_a_failure_leaves_the_last_figures_with_their_time_and_is_told(
    bench: Bench, asking: Asking, system: Telling
) -> None:
    asked(bench, asking)
    first = bench.clock.now()
    system.answer = Unreachable("Nobody there.")
    now = later(bench, hours=1)
    asked(bench, asking)
    (found,) = service.told(WHO, bench.pair.client, now)
    assert (found.told_at, found.failed_at, found.waits) == (first, now, False)
    assert found.failure is not None and found.failure.text == "Nobody there."
    assert {each.name: each.number for each in found.figures} == {MISSING_RECEIPTS: 9, TO_EXPORT: 23, WALLET: None}
    assert told().due_at == now + store.EVERY
    system.answer = TOLD
    now = later(bench, hours=1)
    asked(bench, asking)
    assert (told().error, told().failed_at, told().told_at) == (None, None, now)


def test_a_vendor_that_asks_to_wait_longer_is_not_asked_before(bench: Bench, asking: Asking, system: Telling) -> None:
    until = bench.clock.now() + timedelta(hours=5)
    system.answer = RateLimited("Wait.", retry_at=until)
    asked(bench, asking)
    assert told().due_at == until


@pytest.mark.parametrize("error", [SignInExpired("Gone."), SettingsError("Wrong token.")])
def test_what_a_person_must_mend_is_not_tried_again_by_itself_and_turns_nothing_red(
    bench: Bench, asking: Asking, system: Telling, error: Exception
) -> None:
    system.answer = error
    asked(bench, asking)
    assert told().due_at is None and Connection.objects.get(name="left").healthy is True
    later(bench, days=1)
    assert asked(bench, asking) == 0
    system.answer = TOLD
    connections.test(WHO, connections.find(WHO, "left"), bench.opener)
    assert asked(bench, asking) == 1 and told().error is None


@pytest.mark.parametrize(
    "answer",
    [
        KeyError("x"),
        [Figure(WALLET, None, {"DKK": Decimal(10) ** 15})],
        [Figure(TO_EXPORT, 10**9, {})],
        [Figure(WALLET, None, {"Kroner": Decimal(1)})],
    ],
)
def test_an_answer_that_cannot_be_is_a_failure_and_no_figure(
    bench: Bench, asking: Asking, system: Telling, answer: Any
) -> None:
    system.answer = answer
    asked(bench, asking)
    assert told().figures == {} and told().error["kind"] == Misunderstood.__name__
    assert told().due_at == bench.clock.now() + store.EVERY


def test_nobody_waits_for_an_answer_and_one_that_does_not_come_is_given_up(
    bench: Bench, asking: Asking, system: Telling
) -> None:
    system.never = True
    assert asking.ask(bench.clock.now()) == 1 and asking.waits
    assert asking.hear(bench.clock.now()) == 0
    now = later(bench, minutes=15)
    assert asking.hear(now) == 1 and not asking.waits
    assert told().error["code"] == "figures_slow" and told().due_at == now + store.EVERY


def test_who_asked_and_died_is_asked_for_again_and_the_dead_ones_answer_is_not_taken(
    bench: Bench, asking: Asking, system: Telling
) -> None:
    ((_, turn),) = claimed(bench)
    assert asked(bench, asking) == 0, "it is one worker's"
    later(bench, minutes=15)
    assert asked(bench, asking) == 1
    assert not store.keep(turn, [Figure(MISSING_RECEIPTS, 1, {})], bench.clock.now())
    assert told().figures[MISSING_RECEIPTS]["number"] == 9


def claimed(bench: Bench) -> list[tuple[Connection, store.Turn]]:
    store.enrol(bench.clock.now(), 10)
    return store.claim(bench.clock.now(), 10)


def test_two_workers_never_ask_the_same(bench: Bench, system: Telling) -> None:
    store.enrol(bench.clock.now(), 10)
    assert len(store.claim(bench.clock.now(), 10)) == 1
    assert store.claim(bench.clock.now(), 10) == []


def test_a_worker_that_stops_gives_back_what_it_has_not_heard(bench: Bench, asking: Asking, system: Telling) -> None:
    system.never = True
    asking.ask(bench.clock.now())
    asking.let_go(bench.clock.now())
    assert not asking.waits and told().asking_until is None
    system.never = False
    assert asked(bench, Asking(bench.opener)) == 1


def test_a_worker_asks_only_a_few_at_a_time(bench: Bench, asking: Asking, system: Telling) -> None:
    system.never = True
    for number in range(AT_ONCE + 2):
        Connection.objects.create(client=bench.pair.client, connector="left", name=f"left {number}", healthy=True)
    assert asking.ask(bench.clock.now()) == AT_ONCE
    assert asking.ask(bench.clock.now()) == 0


def moved(bench: Bench, **counted: int) -> None:
    run = runs.ask(bench.pair, "x", bench.clock.now())
    runs.claim("w", bench.clock.now())
    SyncJob.objects.create(run=run, table_id=bench.table("customers"), **counted)
    runs.end(run.pk, 0, runs.DONE, bench.clock.now())


@pytest.mark.parametrize(
    ("counted", "soon"),
    [({"inserted": 1}, True), ({"modified": 1}, True), ({"deleted": 1}, True), ({"skipped": 1}, False)],
)
def test_a_run_that_moved_something_has_its_systems_asked_soon(
    bench: Bench, asking: Asking, counted: dict[str, int], soon: bool
) -> None:
    bench.run()
    asked(bench, asking)
    planned = told().due_at
    now = later(bench, minutes=10)
    moved(bench, **counted)
    assert told().due_at == (now if soon else planned)


def test_runs_that_follow_each_other_closely_do_not_ask_after_each(bench: Bench, asking: Asking) -> None:
    bench.run()
    asked(bench, asking)
    at = bench.clock.now()
    later(bench, minutes=1)
    moved(bench, inserted=1)
    assert told().due_at == at + store.APART


def test_whoever_asks_now_is_answered_in_the_next_round(bench: Bench, asking: Asking, system: Telling) -> None:
    asked(bench, asking)
    now = later(bench, minutes=1)
    (found,) = service.refresh(WHO, bench.pair.client, now)
    assert found.waits and (told().asked_by, told().asked_at) == (WHO.key, now)
    assert asked(bench, asking) == 1
    (found,) = service.told(WHO, bench.pair.client, bench.clock.now())
    assert not found.waits and found.told_at == now


def test_whoever_asks_while_it_is_asked_has_it_asked_once_more(bench: Bench, asking: Asking, system: Telling) -> None:
    asking.ask(bench.clock.now())
    service.refresh(WHO, bench.pair.client, bench.clock.now())
    assert asking.ask(bench.clock.now()) == 0, "one asking of a connection at a time"
    for each in list(asking._asked.values()):
        each.answer.result(timeout=30)
    asking.hear(bench.clock.now())
    (found,) = service.told(WHO, bench.pair.client, bench.clock.now())
    assert found.waits and asked(bench, asking) == 1


def test_what_waits_for_a_person_is_asked_when_that_person_asks(bench: Bench, asking: Asking, system: Telling) -> None:
    system.answer = SettingsError("Wrong token.")
    asked(bench, asking)
    system.answer = TOLD
    service.refresh(WHO, bench.pair.client, bench.clock.now())
    assert asked(bench, asking) == 1 and told().told_at == bench.clock.now()


def test_a_client_without_a_connection_that_works_is_told_so(bench: Bench) -> None:
    with pytest.raises(SettingsError) as nothing:
        service.refresh(WHO, bench.pair.client, bench.clock.now())
    assert nothing.value.code == "nothing_to_ask"


def test_a_connector_that_cannot_be_opened_fails_softly(bench: Bench, asking: Asking) -> None:
    bench.opener.connector_types = {}
    assert asked(bench, asking) == 1
    assert told().due_at is None and told().error["kind"] == "SettingsError"
    assert Stale.objects.exists()
