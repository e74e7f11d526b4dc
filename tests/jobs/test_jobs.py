"""Jobs: asked once, done by one worker, told to whom they are for; what a death leaves is done again or said."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError

from kobling.access.models import Person
from kobling.access.policy import Actor, NotFound
from kobling.engine.jobbing import Jobbing
from kobling.hub.told.said import Said, filled
from kobling.jobs import queue, services
from kobling.jobs.checkup import CHECK_UP, read
from kobling.jobs.models import Job, State
from kobling.jobs.working import TOLD_EVERY, Hearing
from kobling.records import Unsafe
from kobling.sdk.clock import FakeClock
from tests.jobs.conftest import OPERATOR

pytestmark = pytest.mark.django_db(transaction=True)
Kinds = Callable[..., str]
Workers = Callable[..., Jobbing]


def worked(jobbing: Jobbing, clock: FakeClock) -> bool:
    began = jobbing.work(clock.now())
    jobbing.wait(20)
    return began


def test_a_job_is_done_and_its_result_told(kind: Kinds, jobbing: Workers, clock: FakeClock) -> None:
    number = services.ask(OPERATOR, kind(lambda _who, params, _going: {"got": params["a"]}), {"a": 1}, clock.now())
    assert services.told(OPERATOR, number).state == State.WAITING
    assert worked(jobbing(), clock)
    told = services.told(OPERATOR, number)
    assert (told.state, told.result, told.is_over, told.why) == (State.DONE, {"got": 1}, True, Said(""))
    assert not worked(jobbing(), clock)


def test_asking_again_gives_the_one_that_waits_and_a_new_one_once_it_is_over(
    kind: Kinds, jobbing: Workers, clock: FakeClock
) -> None:
    name = kind(lambda *_: 1)
    first = services.ask(OPERATOR, name, {"a": 1}, clock.now())
    assert (
        services.ask(OPERATOR, name, {"a": 1}, clock.now())
        == first
        != services.ask(OPERATOR, name, {"a": 2}, clock.now())
    )
    assert worked(jobbing(), clock)
    assert services.ask(OPERATOR, name, {"a": 1}, clock.now()) != first
    several = kind(lambda *_: 1, alone=False, name="several")
    assert services.ask(OPERATOR, several, {}, clock.now()) != services.ask(OPERATOR, several, {}, clock.now())


def test_a_job_is_only_for_whom_its_kind_is(kind: Kinds, clock: FakeClock) -> None:
    stranger = Actor.of(Person.objects.create_user(username="x", is_superuser=True))
    name = kind(lambda *_: 1)
    number = services.ask(OPERATOR, name, {}, clock.now())
    for refused in (
        lambda: services.ask(stranger, name, {}, clock.now()),
        lambda: services.told(stranger, number),
        lambda: services.latest(stranger, name, {}),
        lambda: services.told(OPERATOR, number + 1),
    ):
        with pytest.raises(NotFound):
            refused()


def test_who_lost_their_right_meanwhile_has_nothing_done(kind: Kinds, jobbing: Workers, clock: FakeClock) -> None:
    done: list[Actor] = []
    anna = Person.objects.create_user(username="anna")
    told = {"kind": kind(lambda who, *_: done.append(who)), "asked_at": clock.now(), "repeatable": True}
    for asked_by in (Actor.of(anna).key, "person:999999", "schedule"):
        Job.objects.create(asked_by=asked_by, **told)
        assert worked(jobbing(), clock)
    Job.objects.create(asked_by=OPERATOR.key, only=1, **told)
    assert worked(jobbing(), clock)
    assert done == [] and set(Job.objects.values_list("state", flat=True)) == {State.FAILED}


def test_what_it_fails_of_is_told_in_words(kind: Kinds, jobbing: Workers, clock: FakeClock) -> None:
    def fails(*_: object) -> None:
        raise Unsafe("%(what)s is full.", what="The cup")

    def breaks(*_: object) -> None:
        raise KeyError("a value that nobody may see")

    said = []
    for number, work in enumerate((fails, breaks)):
        job = services.ask(OPERATOR, kind(work, name=f"k{number}"), {}, clock.now())
        assert worked(jobbing(), clock)
        why = services.told(OPERATOR, job).why
        said.append(filled(why.text, why.params))
    assert said == ["The cup is full.", "Something happened that Kobling does not know."]
    assert "nobody may see" not in str(list(Job.objects.values()))


def test_one_worker_does_it_and_a_living_one_keeps_it(kind: Kinds, jobbing: Workers, clock: FakeClock) -> None:
    begun, go_on = threading.Event(), threading.Event()
    times: list[int] = []

    def slow(*_: object) -> int:
        times.append(1)
        begun.set()
        go_on.wait(20)
        return 1

    number = services.ask(OPERATOR, kind(slow), {}, clock.now())
    mine, other = jobbing("mine"), jobbing("other")
    assert mine.work(clock.now()) and begun.wait(20)
    for _ in range(10):
        clock.turn((queue.LEASE / 2).total_seconds())
        mine.work(clock.now())
        assert not other.work(clock.now())
    go_on.set()
    mine.wait(20)
    assert (services.told(OPERATOR, number).state, times) == (State.DONE, [1])


def dead(clock: FakeClock, times: int = 1) -> None:
    """A worker claimed it and was not heard of again."""
    for _ in range(times):
        assert queue.claim("dead", clock.now()) is not None
        clock.turn((queue.LEASE).total_seconds())


def test_what_may_be_repeated_is_done_again_after_a_death(kind: Kinds, jobbing: Workers, clock: FakeClock) -> None:
    number = services.ask(OPERATOR, kind(lambda *_: "done"), {}, clock.now())
    dead(clock)
    assert worked(jobbing(), clock)
    assert services.told(OPERATOR, number).result == "done"


def test_it_is_not_tried_for_ever(kind: Kinds, jobbing: Workers, clock: FakeClock) -> None:
    number = services.ask(OPERATOR, kind(lambda *_: "done"), {}, clock.now())
    dead(clock, queue.TRIES)
    assert not worked(jobbing(), clock)
    told = services.told(OPERATOR, number)
    assert (told.state, filled(told.why.text, told.why.params)) == (
        State.FAILED,
        "Kobling was cut off each time it did this, 3 times. It is not tried again by itself.",
    )


def test_what_may_not_be_repeated_ends_with_a_sentence(kind: Kinds, jobbing: Workers, clock: FakeClock) -> None:
    times: list[int] = []
    number = services.ask(OPERATOR, kind(lambda *_: times.append(1), repeatable=False), {}, clock.now())
    dead(clock)
    assert not worked(jobbing(), clock)
    told = services.told(OPERATOR, number)
    assert (told.state, told.why.text, times) == (State.FAILED, queue.CUT_OFF, [])


def test_who_was_thought_dead_keeps_no_result(kind: Kinds, clock: FakeClock) -> None:
    services.ask(OPERATOR, kind(lambda *_: 1), {}, clock.now())
    old = queue.claim("old", clock.now())
    clock.turn((queue.LEASE).total_seconds())
    new = queue.claim("new", clock.now())
    assert old is not None and new is not None
    assert not queue.done(old[1], "of the old one", clock.now()) and not queue.renew(old[1], clock.now())
    assert queue.done(new[1], "of the new one", clock.now())
    assert Job.objects.get().result == "of the new one"


@pytest.mark.parametrize(("repeatable", "left"), [(True, State.WAITING), (False, State.FAILED)])
def test_a_worker_that_stops_gives_it_back(
    kind: Kinds, jobbing: Workers, clock: FakeClock, repeatable: bool, left: State
) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slow(_who: object, _params: object, going: Hearing) -> None:
        begun.set()
        go_on.wait(20)
        going.tell(1, 2)

    services.ask(OPERATOR, kind(slow, repeatable=repeatable), {}, clock.now())
    mine = jobbing()
    assert mine.work(clock.now()) and begun.wait(20)
    threading.Timer(0.2, go_on.set).start()
    mine.stop()
    assert Job.objects.get().state == left


def test_how_far_it_is_is_told_and_not_at_every_step(kind: Kinds, clock: FakeClock) -> None:
    number = services.ask(OPERATOR, kind(lambda *_: 1), {}, clock.now())
    claimed = queue.claim("me", clock.now())
    assert claimed is not None
    hearing = Hearing(claimed[1], clock, None)  # type: ignore[arg-type]
    hearing.tell(1, 9, Said("Looking at %(what)s", {"what": "all"}))
    hearing.tell(2, 9)
    told = services.told(OPERATOR, number)
    assert (told.done, told.total, told.doing) == (1, 9, Said("Looking at %(what)s", {"what": "all"}))
    clock.turn((TOLD_EVERY).total_seconds())
    hearing.tell(3, 9)
    assert services.told(OPERATOR, number).done == 3


def test_a_fault_of_our_own_database_is_not_the_jobs(kind: Kinds, jobbing: Workers, clock: FakeClock) -> None:
    def full(*_: object) -> None:
        fault = sqlite3.OperationalError("database or disk is full")
        fault.sqlite_errorname = "SQLITE_FULL"
        raise OperationalError from fault

    services.ask(OPERATOR, kind(full), {}, clock.now())
    mine = jobbing()
    assert worked(mine, clock)
    with pytest.raises(OperationalError):
        mine.work(clock.now())
    assert Job.objects.get().state == State.GOING
    clock.turn((queue.LEASE).total_seconds())
    assert queue.claim("another", clock.now()) is not None


def test_the_only_worker_waits_for_nobodys_lease(kind: Kinds, jobbing: Workers, clock: FakeClock) -> None:
    services.ask(OPERATOR, kind(lambda *_: 1), {}, clock.now())
    assert queue.claim("local", clock.now()) is not None
    again = jobbing("local")
    again.alone()
    assert worked(again, clock) and Job.objects.get().state == State.DONE


def test_a_kind_that_is_gone_says_so(jobbing: Workers, clock: FakeClock) -> None:
    Job.objects.create(kind="gone", asked_by=OPERATOR.key, asked_at=clock.now(), repeatable=True)
    assert worked(jobbing(), clock)
    assert "does not know how" in Job.objects.get().error["summary"]


def test_what_is_old_goes_and_what_waits_stays(clock: FakeClock) -> None:
    for state in State:
        Job.objects.create(kind="x", asked_by="x", asked_at=clock.now(), repeatable=True, state=state)
    assert queue.tidy(clock.now()) == 0
    assert queue.tidy(clock.now() + queue.ROW_LIVES + timedelta(seconds=1)) == 2
    assert set(Job.objects.values_list("state", flat=True)) == {State.WAITING, State.GOING}


def test_the_check_up_as_a_job_finds_what_doctor_finds(jobbing: Workers, clock: FakeClock) -> None:
    number = services.ask(OPERATOR, CHECK_UP.name, {}, clock.now())
    assert worked(jobbing(), clock)
    told: Any = services.told(OPERATOR, number)
    assert told.state == State.DONE, told.why
    found = read(told.result)
    assert {"Python", "Database", "Mail"} <= {each.check.text for each in found.listed}
    assert found.well + found.not_well == len(found.listed) and found.more == 0
