"""Runs: asked for, claimed with their connections, fenced by an epoch, cancelled, ended; who holds what meanwhile."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from kobling.access.models import Client
from kobling.hub import runs
from kobling.hub.models import Connection, Pair, Run
from kobling.hub.models.market import Price
from kobling.hub.runs import Phase
from kobling.records import SettingsError, SignInExpired, Unsafe

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.fixture
def client() -> Client:
    return Client.objects.create(name="Test ApS")


def connection(client: Client, name: str, connector: str = "memory") -> Connection:
    return Connection.objects.create(client=client, connector=connector, name=name)


def make_pair(client: Client, left: Connection, right: Connection, **options: Any) -> Pair:
    name = f"{left.name}-{right.name}"
    return Pair.objects.create(client=client, pair_type="t", name=name, left=left, right=right, options=options)


@pytest.fixture
def pair(client: Client) -> Pair:
    return make_pair(client, connection(client, "left", "one"), connection(client, "right", "two"))


def asked(pair: Pair, **more: Any) -> Run:
    return runs.ask(pair, "operator:me", NOW, **more)


def held(pair: Pair) -> list[str]:
    return [Connection.objects.get(pk=each).held_by for each in (pair.left_id, pair.right_id)]


def fresh(run: Run) -> Run:
    return Run.objects.get(pk=run.pk)


def running(pair: Pair, **more: Any) -> Run:
    run = asked(pair, **more)
    assert runs.claim_this(run.pk, "w", NOW) == run.pk
    return fresh(run)


def test_what_is_asked_for_waits_with_who_and_why(pair: Pair) -> None:
    run = fresh(asked(pair, kind="plan", why="because", tables=["a"]))
    assert (run.state, run.kind, run.asked_by, run.why, run.options, run.asked_at, run.epoch) == (
        runs.QUEUED,
        "plan",
        "operator:me",
        "because",
        {"tables": ["a"]},
        NOW,
        0,
    )


def test_what_is_switched_off_is_not_run_but_what_was_done_can_be_undone(pair: Pair) -> None:
    Price.objects.create(pair_type="t", amount=1, currency="DKK")
    with pytest.raises(SettingsError):
        asked(pair)
    assert Run.objects.count() == 0
    assert asked(pair, kind="undo", undoes=7).options == {"undoes": 7}


@pytest.mark.parametrize(
    ("age", "holds"), [(timedelta(0), True), (timedelta(hours=24), True), (timedelta(hours=24) + SECOND, False)]
)
def test_a_plan_holds_for_a_day(pair: Pair, age: timedelta, holds: bool) -> None:
    run = Run(pk=7, pair=pair, ended_at=NOW)
    if holds:
        runs.require_fresh(run, NOW + age)
    else:
        with pytest.raises(Unsafe) as caught:
            runs.require_fresh(run, NOW + age)
        assert (caught.value.code, caught.value.params) == ("plan_expired", {"run": 7, "hours": 24})


def test_a_plan_that_has_not_ended_is_not_executed(pair: Pair) -> None:
    with pytest.raises(Unsafe):
        runs.require_fresh(Run(pk=7, pair=pair), NOW)


def test_a_claim_takes_the_oldest_and_both_its_connections(pair: Pair) -> None:
    first, second = asked(pair), asked(pair)
    assert runs.claim("w1", NOW + SECOND) == first.pk
    run = fresh(first)
    assert (run.state, run.started_at, run.summary) == (runs.RUNNING, NOW + SECOND, {"worker": "w1"})
    assert held(pair) == [f"run-{first.pk}"] * 2
    assert runs.claim("w2", NOW) is None and fresh(second).state == runs.QUEUED


def test_a_claim_passes_over_what_is_busy_and_what_is_done_by_hand(client: Client, pair: Pair) -> None:
    free = make_pair(client, connection(client, "a"), connection(client, "b"))
    asked(free, kind=runs.BY_HAND[0])
    running(pair)
    asked(pair)
    wanted = asked(free)
    assert runs.claim("w", NOW) == wanted.pk


def test_one_busy_connection_keeps_a_run_waiting(client: Client, pair: Pair) -> None:
    other = make_pair(client, connection(client, "a"), pair.right)
    running(pair)
    assert runs.claim_this(asked(other).pk, "w", NOW) is None
    assert held(other)[0] == ""


@pytest.mark.parametrize("state", [runs.RUNNING, *runs.ENDED])
def test_only_what_waits_can_be_claimed(pair: Pair, state: str) -> None:
    run = asked(pair)
    Run.objects.filter(pk=run.pk).update(state=state)
    assert runs.claim_this(run.pk, "w", NOW) is None
    assert (held(pair), fresh(run).state, fresh(run).started_at) == (["", ""], state, None)


def test_a_table_with_a_connection_of_its_own_takes_that_as_well(client: Client, pair: Pair) -> None:
    own, nones, blank = connection(client, "own"), connection(client, "None"), connection(client, "")
    connection(Client.objects.create(name="Nabo ApS", number="2"), "own")
    pair.options = {"a_connection": "own", "b_connection": None, "c_connection": "", "d": "None", "e": ""}
    pair.save()
    assert runs.connections_of(pair) == sorted([pair.left_id, pair.right_id, own.pk])
    run = running(pair)
    assert Connection.objects.get(pk=own.pk).held_by == f"run-{run.pk}"
    for each in (nones, blank):
        assert Connection.objects.get(pk=each.pk).held_by == ""


def test_between_runs_is_only_between_them(pair: Pair) -> None:
    with runs.between_runs(pair, NOW):
        entered = True
    assert entered and held(pair) == ["", ""]
    run = running(pair)
    with pytest.raises(Unsafe) as caught, runs.between_runs(pair, NOW):
        raise AssertionError
    assert caught.value.code == "run_going_on"
    runs.end(run.pk, 0, runs.DONE, NOW)
    with runs.between_runs(pair, NOW):
        pass


def test_a_change_of_settings_that_died_keeps_nobody_waiting_for_longer_than_a_run(pair: Pair) -> None:
    Connection.objects.filter(pk=pair.left_id).update(held_by=f"settings:{NOW.isoformat()}")
    with pytest.raises(Unsafe), runs.between_runs(pair, NOW + timedelta(minutes=10) - SECOND):
        raise AssertionError
    with runs.between_runs(pair, NOW + timedelta(minutes=10)):
        pass


def test_settings_change_while_no_run_begins(pair: Pair) -> None:
    left = pair.left_id
    with pytest.raises(ZeroDivisionError), runs.held_for_settings(left, NOW):
        assert runs.claim_this(asked(pair).pk, "w", NOW) is None
        with pytest.raises(Unsafe), runs.held_for_settings(left, NOW):
            raise AssertionError
        raise ZeroDivisionError
    assert held(pair) == ["", ""]
    running(pair)
    with pytest.raises(Unsafe) as caught, runs.held_for_settings(left, NOW):
        raise AssertionError
    assert caught.value.code == "run_going_on"


def test_a_change_of_settings_that_took_too_long_lets_go_of_nothing_that_another_holds(pair: Pair) -> None:
    late = NOW + timedelta(minutes=10)
    run = asked(pair)
    with runs.held_for_settings(pair.left_id, NOW):
        assert runs.claim_this(run.pk, "w", late) == run.pk
    assert held(pair) == [f"run-{run.pk}"] * 2


@pytest.mark.parametrize(
    ("holder", "since", "is_held"),
    [
        ("", timedelta(0), False),
        ("run-7", timedelta(days=9), True),
        ("settings:", timedelta(0), True),
        ("settings:", timedelta(minutes=10) - SECOND, True),
        ("settings:", timedelta(minutes=10), False),
    ],
)
def test_a_run_holds_until_it_ends_and_a_change_of_settings_for_ten_minutes(
    holder: str, since: timedelta, is_held: bool
) -> None:
    told = f"{holder}{NOW.isoformat()}" if holder == "settings:" else holder
    assert runs.is_held(told, NOW + since) is is_held


def test_runs_by_hand_that_take_longer_than_a_quarter_of_an_hour_are_dead(client: Client, pair: Pair) -> None:
    other = make_pair(client, connection(client, "a"), connection(client, "b"))
    by_hand, by_worker = running(pair, kind=runs.BY_HAND[0]), running(other)
    late = NOW + timedelta(minutes=15)
    runs.let_go_of_dead(late)
    assert fresh(by_hand).state == runs.RUNNING
    runs.let_go_of_dead(late + SECOND)
    assert (fresh(by_hand).state, fresh(by_hand).ended_at, held(pair)) == (runs.FAILED, late + SECOND, ["", ""])
    assert fresh(by_worker).state == runs.RUNNING and held(other) == [f"run-{by_worker.pk}"] * 2


def test_a_run_that_is_given_back_waits_again_and_holds_nothing(client: Client, pair: Pair) -> None:
    other = make_pair(client, connection(client, "a"), connection(client, "b"))
    run, another = running(pair), running(other)
    runs.unclaim(run.pk)
    assert fresh(run).state == runs.QUEUED and held(pair) == ["", ""]
    assert fresh(another).state == runs.RUNNING and held(other) == [f"run-{another.pk}"] * 2
    runs.end(another.pk, 0, runs.DONE, NOW)
    runs.unclaim(another.pk)
    assert fresh(another).state == runs.DONE


def test_each_attempt_has_the_next_epoch_and_says_who_makes_it(pair: Pair) -> None:
    run = running(pair)
    runs.progress(run.pk, Phase.READ, "x")
    assert [runs.new_attempt(run.pk, each) for each in ("w1", "w2")] == [1, 2]
    assert fresh(run).epoch == 2
    assert (fresh(run).summary["worker"], fresh(run).summary["progress"]["what"]) == ("w2", "x")


def test_a_waiting_run_is_cancelled_at_once(pair: Pair) -> None:
    run, other = asked(pair), asked(pair)
    assert runs.cancel(run.pk, NOW) is True
    assert (fresh(run).state, fresh(run).cancel_asked, fresh(run).ended_at) == (runs.CANCELLED, True, NOW)
    assert fresh(other).state == runs.QUEUED and not fresh(other).cancel_asked


def test_a_running_run_is_asked_to_stop(pair: Pair) -> None:
    run = running(pair)
    runs.stop_if_cancelled(run.pk)
    assert runs.cancel(run.pk, NOW) is True
    assert (fresh(run).state, fresh(run).cancel_asked, fresh(run).ended_at) == (runs.RUNNING, True, None)
    with pytest.raises(runs.Cancelled):
        runs.stop_if_cancelled(run.pk)


@pytest.mark.parametrize("state", runs.ENDED)
def test_what_has_ended_cannot_be_cancelled(pair: Pair, state: str) -> None:
    run = asked(pair)
    Run.objects.filter(pk=run.pk).update(state=state)
    assert runs.cancel(run.pk, NOW) is False
    assert (fresh(run).state, fresh(run).cancel_asked) == (state, False)


def test_progress_keeps_its_total_while_the_same_goes_on(pair: Pair) -> None:
    run = running(pair)

    def after(phase: Phase, what: str, **more: int) -> tuple[str, dict[str, Any]]:
        runs.progress(run.pk, phase, what, **more)
        return fresh(run).phase, fresh(run).summary["progress"]

    assert after(Phase.READ, "a") == ("read", {"what": "a", "done": 0, "total": 0})
    assert after(Phase.READ, "a", done=1, total=9) == ("read", {"what": "a", "done": 1, "total": 9})
    assert after(Phase.READ, "a", done=2) == ("read", {"what": "a", "done": 2, "total": 9})
    assert after(Phase.READ, "b", done=3) == ("read", {"what": "b", "done": 3, "total": 0})
    assert after(Phase.READ, "b", total=5)[1]["total"] == 5
    assert after(Phase.WRITE, "b") == ("write", {"what": "b", "done": 0, "total": 0})
    assert after(Phase.WRITE, "b", total=0)[1]["total"] == 0
    assert fresh(run).summary["worker"] == "w"


def test_a_run_ends_with_its_summary_and_lets_go(client: Client, pair: Pair) -> None:
    other = make_pair(client, connection(client, "a"), connection(client, "b"))
    another, run = running(other), running(pair)
    runs.progress(run.pk, Phase.WRITE, "x")
    epoch = runs.new_attempt(run.pk, "w")
    failure = {"summary": "S"}
    runs.end(run.pk, epoch, runs.FAILED, NOW, failure, tables=3)
    run = fresh(run)
    assert (run.state, run.ended_at, run.phase, run.error) == (runs.FAILED, NOW, "", failure)
    assert (run.summary["tables"], run.summary["worker"], held(pair)) == (3, "w", ["", ""])
    assert fresh(another).state == runs.RUNNING and held(other) == [f"run-{another.pk}"] * 2


def test_a_run_that_went_well_has_no_error(pair: Pair) -> None:
    run = running(pair)
    runs.end(run.pk, 0, runs.DONE, NOW)
    assert fresh(run).error is None


@pytest.mark.parametrize("epoch", [0, 2])
def test_an_attempt_that_is_not_the_latest_ends_nothing(pair: Pair, epoch: int) -> None:
    run = running(pair)
    assert runs.new_attempt(run.pk, "w") == 1
    runs.end(run.pk, epoch, runs.DONE, NOW)
    assert fresh(run).state == runs.RUNNING and held(pair) == [f"run-{run.pk}"] * 2


def test_a_run_that_is_gone_ends_nothing(pair: Pair) -> None:
    run = running(pair)
    runs.end(run.pk + 1, 0, runs.DONE, NOW)
    assert fresh(run).state == runs.RUNNING


@pytest.mark.parametrize(("connectors", "red"), [((), [False, False]), (("one",), [False, None]), (("x",), [None] * 2)])
def test_the_connections_to_blame_show_red(client: Client, pair: Pair, connectors: Any, red: list[bool | None]) -> None:
    other = connection(client, "other", "one")
    runs.show_red(asked(pair).pk, connectors, SignInExpired("%(vendor)s is gone", vendor="V"))
    shown = [Connection.objects.get(pk=each) for each in (pair.left_id, pair.right_id)]
    assert [each.healthy for each in shown] == red
    assert {each.health_text for each in shown} == {"%(vendor)s is gone" if each is False else "" for each in red}
    other.refresh_from_db()
    assert other.healthy is None
