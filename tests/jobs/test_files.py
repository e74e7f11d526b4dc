"""Files of jobs: given with the asking or made by the work, had by whoever may watch, gone an hour after the end."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from kobling.access.models import Person
from kobling.access.policy import Actor, NotFound
from kobling.engine.jobbing import Jobbing
from kobling.jobs import files, queue, services
from kobling.jobs.kind import Going
from kobling.jobs.models import FilePart, Job
from kobling.jobs.working import Hearing
from kobling.sdk.clock import FakeClock
from tests.jobs.conftest import OPERATOR

pytestmark = pytest.mark.django_db(transaction=True)
Kinds = Callable[..., str]
Workers = Callable[..., Jobbing]
CONTENT = b"0123456789" * (files.AT_ONCE // 4)
"""Several parts."""


@pytest.fixture
def making(kind: Kinds, tmp_path: Path) -> str:
    """A kind that makes a file of what it was given, the other way round."""

    def work(_who: Actor, params: Any, going: Going) -> dict[str, Any]:
        path = tmp_path / "given"
        had = files.lay_down(going.job, path, going.clock.now())
        path.write_bytes(path.read_bytes()[::-1])
        going.keep(path)
        path.unlink()
        return {"had": had}

    return kind(work, alone=False, file=lambda _: "made.bin")


def done(name: str, jobbing: Workers, clock: FakeClock, content: bytes = CONTENT) -> int:
    parts = [content[at : at + files.AT_ONCE] for at in range(0, len(content), files.AT_ONCE)]
    number = services.ask(OPERATOR, name, {}, clock.now(), parts)
    worker = jobbing()
    worker.work(clock.now())
    worker.wait(20)
    return number


def test_what_is_given_is_worked_on_and_what_is_made_can_be_had(
    making: str, jobbing: Workers, clock: FakeClock
) -> None:
    number = done(making, jobbing, clock)
    told = services.file_of(OPERATOR, number, clock.now())
    assert (told.name, b"".join(told.parts)) == ("made.bin", CONTENT[::-1])
    assert FilePart.objects.count() > 4


def test_a_file_is_nobodys_but_those_who_may_watch_its_job(making: str, jobbing: Workers, clock: FakeClock) -> None:
    number = done(making, jobbing, clock)
    stranger = Actor.of(Person.objects.create_user("x", "x@x.example"))
    with pytest.raises(NotFound):
        services.file_of(stranger, number, clock.now())


def test_a_job_that_is_not_done_or_makes_none_has_no_file(
    making: str, kind: Kinds, jobbing: Workers, clock: FakeClock
) -> None:
    waiting = services.ask(OPERATOR, making, {}, clock.now(), [b"x"])
    plain = services.ask(OPERATOR, kind(lambda *_: 1, name="plain"), {}, clock.now())
    worker = jobbing()
    Job.objects.filter(pk=waiting).update(asked_at=clock.now() + timedelta(hours=1))
    worker.work(clock.now())
    worker.wait(20)
    for each in (waiting, plain, 0):
        with pytest.raises(NotFound):
            services.file_of(OPERATOR, each, clock.now())


def test_an_hour_after_its_end_a_file_is_gone(making: str, jobbing: Workers, clock: FakeClock) -> None:
    number = done(making, jobbing, clock)
    clock.turn((files.KEPT - timedelta(seconds=1)).total_seconds())
    queue.tidy(clock.now())
    assert services.file_of(OPERATOR, number, clock.now())
    clock.turn(1)
    with pytest.raises(NotFound):
        services.file_of(OPERATOR, number, clock.now())
    queue.tidy(clock.now())
    assert not FilePart.objects.exists()
    assert services.told(OPERATOR, number).is_over, "that it was made is still told"


def test_a_worker_of_the_past_changes_no_file(making: str, jobbing: Workers, clock: FakeClock, tmp_path: Path) -> None:
    services.ask(OPERATOR, making, {}, clock.now(), [b"abc"])
    claimed = queue.claim("old", clock.now())
    assert claimed
    clock.turn((queue.LEASE + timedelta(seconds=1)).total_seconds())
    worker = jobbing()
    worker.work(clock.now())
    worker.wait(20)
    late = tmp_path / "late"
    late.write_bytes(b"late")
    Hearing(claimed[1], clock, None).keep(late)  # type: ignore[arg-type]
    assert b"".join(services.file_of(OPERATOR, claimed[0].pk, clock.now()).parts) == b"cba"


def test_one_that_is_kept_no_longer_is_not_laid_down(
    making: str, jobbing: Workers, clock: FakeClock, tmp_path: Path
) -> None:
    number = done(making, jobbing, clock)
    clock.turn(files.KEPT.total_seconds() - 1)
    assert files.lay_down(number, tmp_path / "in time", clock.now())
    clock.turn(1)
    assert not files.lay_down(number, tmp_path / "late", clock.now())


def test_a_file_that_is_dropped_while_it_is_sent_is_not_cut_but_broken_off(
    making: str, jobbing: Workers, clock: FakeClock
) -> None:
    told = services.file_of(OPERATOR, done(making, jobbing, clock), clock.now())
    next(told.parts)
    FilePart.objects.filter(number=1).delete()
    with pytest.raises(FilePart.DoesNotExist):
        list(told.parts)
