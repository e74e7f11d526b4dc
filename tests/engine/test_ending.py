"""How steps and runs end: what is tried again and when, what concerns one table, and which connection shows red."""

from __future__ import annotations

import errno
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import OperationalError

from kobling.engine import attempt as attempts
from kobling.engine import requests as ask
from kobling.engine.attempt import BACKOFF, Stranded, attempt, failure_of, guarded
from kobling.engine.raising import questions
from kobling.engine.requests import Failure
from kobling.engine.settling import _labelled
from kobling.engine.steps import Steps
from kobling.hub import runs
from kobling.hub.models import Run, SyncIssue, Table
from kobling.hub.store.issues import Raised, open_all
from kobling.hub.store.journal import Fenced
from kobling.mapping import Side
from kobling.records import (
    KoblingError,
    Misunderstood,
    NotOffered,
    RateLimited,
    Refused,
    SettingsError,
    SignInExpired,
    Unreachable,
    Unsafe,
)
from kobling.sync.actions import RaiseConflict, Skip, Warn
from tests.engine.bench import Bench

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def steps(bench: Bench) -> Steps:
    asked = runs.ask(bench.pair, "tester", bench.clock.now())
    assert runs.claim("tester", bench.clock.now()) == asked.pk
    return Steps(asked.pk, runs.new_attempt(asked.pk, "tester"), bench.opener, bench.waiting, bench.clock)


def failing(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def do(*_: Any) -> Any:
        raise error

    monkeypatch.setattr(attempts, "do", do)


ECHOES = ask.Echoes()


def test_a_steps_answer_is_data(steps: Steps, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "do", lambda *_: ask.Planned(1, 2, 3, 4))
    assert guarded(steps, ECHOES) == {"ok": {"chunk": 1, "upto": 2, "rows": 3, "size": 4}}


@pytest.mark.parametrize(
    ("error", "outcome", "red"),
    [
        (SettingsError("The key is wrong.", code="key"), "failed", True),
        (SignInExpired("Sign in again."), "failed", True),
        (NotOffered("No such table."), "failed", False),
        (Misunderstood("?"), "failed", False),
        (Unsafe("Too many."), "stopped", False),
        (Unreachable("503"), "temporary", False),
        (runs.Cancelled("Cancelled."), "cancelled", False),
    ],
)
def test_an_error_says_what_it_means_for_the_run_and_shows_red_what_a_person_must_set(
    bench: Bench, steps: Steps, monkeypatch: pytest.MonkeyPatch, error: KoblingError, outcome: str, red: bool
) -> None:
    failing(monkeypatch, error)
    told = guarded(steps, ECHOES)["failed"]
    assert (told["kind"], told["summary"], told["outcome"]) == (error.kind, error.summary, outcome)
    bench.pair.left.refresh_from_db()
    assert (bench.pair.left.healthy is False) is red


def test_who_was_overtaken_says_nothing(steps: Steps, monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch, Fenced("?"))
    with pytest.raises(Fenced):
        guarded(steps, ECHOES)


@pytest.mark.parametrize(
    ("fault", "code", "outcome"),
    [(KeyError("a-secret"), "fault", "failed"), (OperationalError("gone"), "database", "temporary")],
)
def test_a_fault_of_ours_is_told_without_its_text_and_a_lost_database_is_tried_again(
    steps: Steps, monkeypatch: pytest.MonkeyPatch, fault: Exception, code: str, outcome: str
) -> None:
    failing(monkeypatch, fault)
    told = guarded(steps, ECHOES)["failed"]
    assert (told["code"], told["outcome"]) == (code, outcome)
    assert str(fault.args[0]) not in str(told)
    if code == "fault":
        assert told["detail"] == "Echoes: KeyError"


def test_where_nothing_can_be_recorded_the_attempt_stops_where_it_is(
    steps: Steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing(monkeypatch, OSError(errno.ENOSPC, "full"))
    with pytest.raises(Stranded) as stranded:
        guarded(steps, ECHOES)
    assert stranded.value.problem.code == "disk_full"


def test_an_error_is_kept_with_when_to_try_again(bench: Bench) -> None:
    at = bench.clock.now() + timedelta(seconds=90)
    kept = failure_of(RateLimited("Wait %(n)s.", retry_at=at, code="429", detail="d", n=5))
    assert (kept.kind, kept.summary, kept.params, kept.code, kept.detail) == (
        "RateLimited",
        "Wait %(n)s.",
        {"n": "5"},
        "429",
        "d",
    )
    assert (kept.retry_at, kept.outcome) == (at.isoformat(), "temporary")
    assert failure_of(Refused("No.")).retry_at is None


class Durable:
    """Answers the first step from a script of failures, then as the real one would."""

    def __init__(self, steps: Steps, *failures: KoblingError) -> None:
        self.steps, self.failures, self.calls = steps, list(failures), 0

    def __call__(self, step: Any) -> dict[str, Any]:
        self.calls += 1
        if self.failures:
            return {"failed": failure_of(self.failures.pop(0)).as_data()}
        return guarded(self.steps, step)


def test_what_mends_itself_is_tried_again_after_growing_pauses_and_then_left_to_the_next_run(steps: Steps) -> None:
    slept: list[float] = []
    durable = Durable(steps, *[Unreachable("503")] * 9)
    assert attempt(steps, durable, slept.append) == "partly_done"
    assert slept == list(BACKOFF) == [2, 5, 15, 60, 180, 600] and durable.calls == 7


def test_what_mends_itself_in_between_costs_only_its_pauses(steps: Steps) -> None:
    slept: list[float] = []
    assert attempt(steps, Durable(steps, *[Unreachable("503")] * 2), slept.append) == "done"
    assert slept == [2, 5]


@pytest.mark.parametrize(("seconds", "waited"), [(90, 90), (0, 0.5), (-60, 0.5)])
def test_a_vendor_that_says_when_is_asked_then(bench: Bench, steps: Steps, seconds: float, waited: float) -> None:
    slept: list[float] = []
    error = RateLimited("429", retry_at=bench.clock.now() + timedelta(seconds=seconds))
    attempt(steps, Durable(steps, error), slept.append)
    assert slept == [waited]


@pytest.mark.parametrize(("error", "state"), [(Unsafe("?"), "stopped"), (Misunderstood("?"), "failed")])
def test_what_no_retry_mends_ends_the_run_at_once_and_is_kept(
    bench: Bench, steps: Steps, error: KoblingError, state: str
) -> None:
    slept: list[float] = []
    assert attempt(steps, Durable(steps, error), slept.append) == state and slept == []
    run = Run.objects.get(pk=steps.run)
    assert (run.state, run.error["kind"]) == (state, error.kind)
    assert run.ended_at == bench.clock.now()


@pytest.mark.parametrize(
    ("kind", "state", "ended"),
    [
        ("conflict", "open", "partly_done"),
        ("conflict", "parked", "partly_done"),
        ("conflict", "settled", "done"),
        ("doubtful_number", "open", "done"),
    ],
)
def test_a_run_is_partly_done_while_a_question_of_its_tables_is_open(
    bench: Bench, steps: Steps, kind: str, state: str, ended: str
) -> None:
    table = Table.objects.get_or_create(pair=bench.pair, name="customers")[0].pk
    open_all(table, [Raised(kind, "not-read")], bench.clock.now())
    SyncIssue.objects.update(state=state)
    assert attempt(steps, Durable(steps), lambda _: None) == ended


def failure(outcome: str, kind: str = "Misunderstood") -> Failure:
    return Failure(kind=kind, summary=f"{kind} {outcome}", outcome=outcome)


FAILED, STOPPED, BLOCKED = failure("failed"), failure("stopped"), failure("blocked")


@pytest.mark.parametrize(
    ("failures", "tables", "ended"),
    [
        ([], 2, ("done", None)),
        ([BLOCKED], 2, ("done", None)),
        ([FAILED], 2, ("partly_done", FAILED)),
        ([FAILED, BLOCKED], 2, ("failed", FAILED)),
        ([BLOCKED, FAILED], 3, ("partly_done", FAILED)),
        ([FAILED, STOPPED], 2, ("stopped", STOPPED)),
        ([BLOCKED, STOPPED], 9, ("stopped", STOPPED)),
    ],
)
def test_a_run_whose_tables_failed_one_by_one_ends_by_the_worst_of_them(
    failures: list[Failure], tables: int, ended: Any
) -> None:
    many: Any = SimpleNamespace(tables=range(tables))
    assert attempts._ended(many, failures) == ended


@pytest.mark.parametrize(
    ("told", "apart"),
    [
        (FAILED, True),
        (STOPPED, True),
        (failure("failed", "NotOffered"), True),
        (failure("failed", "SettingsError"), False),
        (failure("failed", "SignInExpired"), False),
        (failure("cancelled"), False),
        (failure("temporary"), False),
    ],
)
def test_a_failure_concerns_one_table_unless_it_is_the_connections_or_a_persons(told: Failure, apart: bool) -> None:
    assert attempts._apart(told) is apart


@pytest.mark.parametrize(
    ("field", "label", "text"),
    [
        ("cf_12", "Branch", "“Branch” (cf_12) must be filled in, not cf_123"),
        ("cf_12", "cf_12", "cf_12 must be filled in, not cf_123"),
        ("cf_12", "", "cf_12 must be filled in, not cf_123"),
        (None, "Branch", "cf_12 must be filled in, not cf_123"),
        ("cf_1", "Other", "cf_12 must be filled in, not cf_123"),
    ],
)
def test_a_vendors_own_name_of_a_field_is_told_with_its_label(field: str | None, label: str, text: str) -> None:
    assert _labelled({"t": "cf_12 must be filled in, not cf_123", "n": 5}, field, label)["t"] == text


def test_questions_are_raised_with_everything_that_a_person_needs() -> None:
    conflict = RaiseConflict(
        kind="conflict", left_id="l", right_id="r", coupling="c", fields={"a": [1, 2, 3]}, candidates=["x"],
        title="Alfa", reason="why %(n)s", params={"n": "1"},
    )  # fmt: skip
    warn = Warn(kind="doubtful_number", left_id="l", right_id=None, fields={"cvr": "1"}, title="Beta", reason="odd")
    waits = Skip(
        side=Side.RIGHT, external_id="r2", why="waits", waits_for=[["t", "w"], ["u", "v"]], title="C", reason="W"
    )
    silent = [Skip(side=Side.LEFT, external_id="l3", why="moved"), Skip(side=Side.LEFT, external_id="l4", why="waits")]
    one, two, three = questions([conflict, warn, waits, *silent])
    assert (one.kind, one.left_id, one.right_id, one.coupling, one.title) == ("conflict", "l", "r", "c", "Alfa")
    assert (one.reason, one.params, one.details) == (
        "why %(n)s",
        {"n": "1"},
        {"fields": {"a": [1, 2, 3]}, "candidates": ["x"]},
    )
    assert (two.kind, two.left_id, two.right_id, two.coupling, two.title, two.reason) == (
        "doubtful_number",
        "l",
        None,
        None,
        "Beta",
        "odd",
    )
    assert two.details == {"fields": {"cvr": "1"}}
    assert (three.kind, three.left_id, three.right_id, three.waits_table, three.waits_id) == (
        "waits",
        None,
        "r2",
        "t",
        "w",
    )
    assert (three.title, three.reason) == ("C", "W")
