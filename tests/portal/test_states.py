"""The eleven states: which one a pair is in, what comes before what, and which of its pairs speaks for a client."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from kobling.hub import runs
from kobling.portal.states import (
    GRACE,
    URGENCY,
    Ended,
    PairFacts,
    Standing,
    State,
    late_from,
    state_of,
    state_of_client,
)

NOW = datetime(2026, 11, 30, 8, 12, tzinfo=UTC)
AGO, SOON = NOW - timedelta(hours=2), NOW + timedelta(hours=1)
TRUTHS: dict[str, tuple[State, dict[str, Any]]] = {
    "the vendor lets a run wait": (State.LIMIT, {"running": 7, "running_since": AGO, "limited_until": SOON}),
    "a run goes on": (State.RUN, {"running": 7, "running_since": AGO, "limited_until": None}),
    "paused": (State.PAUSE, {"paused_at": AGO, "paused_by": "person:3"}),
    "nobody is signed in": (State.KEY, {"signed_out": True, "broken": True, "red_since": AGO}),
    "a connection is red": (State.BAD, {"signed_out": False, "broken": True, "red_since": AGO}),
    "the last run failed": (State.BAD, {"last": Ended(runs.FAILED, AGO, "Misunderstood")}),
    "the vendor asked to wait": (State.LIMIT, {"last": Ended(runs.PARTLY, AGO, "RateLimited", SOON)}),
    "a run did not come": (State.LATE, {"expected_at": NOW - GRACE}),
    "something was left undone": (State.HALF, {"last": Ended(runs.PARTLY, AGO, "Unreachable")}),
    "a run stopped for a person": (State.YOU, {"last": Ended(runs.STOPPED, AGO, "Unsafe")}),
    "issues are open": (State.YOU, {"open_issues": 3, "oldest_issue_at": AGO}),
    "a run is queued": (State.WAIT, {"queued_at": AGO}),
    "it went through": (State.OK, {"last": Ended(runs.DONE, AGO), "last_good_at": AGO}),
    "the first run is planned": (State.WAIT, {"next_at": SOON}),
    "nothing": (State.NEVER, {}),
}


@pytest.mark.parametrize("what", TRUTHS)
def test_each_truth_alone_is_a_state(what: str) -> None:
    state, facts = TRUTHS[what]
    assert state_of(PairFacts(**facts), NOW).state is state


@pytest.mark.parametrize(("first", "second"), list(pairwise(TRUTHS)))
def test_of_two_truths_the_one_that_says_more_about_what_happens_next_is_shown(first: str, second: str) -> None:
    """Where one fact cannot be both, the earlier truth's fact stands."""
    both = {**TRUTHS[second][1], **TRUTHS[first][1]}
    assert state_of(PairFacts(**both), NOW).state is TRUTHS[first][0]


def test_all_states_are_reached() -> None:
    assert {state for state, _ in TRUTHS.values()} == set(State) and len(State) == 11


@pytest.mark.parametrize(
    ("what", "wanted"),
    [
        ("the vendor lets a run wait", Standing(State.LIMIT, AGO, SOON, run=7)),
        ("a run goes on", Standing(State.RUN, AGO, run=7)),
        ("paused", Standing(State.PAUSE, AGO, by="person:3")),
        ("nobody is signed in", Standing(State.KEY, AGO)),
        ("the last run failed", Standing(State.BAD, AGO)),
        ("the vendor asked to wait", Standing(State.LIMIT, AGO, SOON)),
        ("a run did not come", Standing(State.LATE, NOW - GRACE)),
        ("issues are open", Standing(State.YOU, AGO)),
        ("it went through", Standing(State.OK, AGO)),
        ("the first run is planned", Standing(State.WAIT, None, SOON)),
    ],
)
def test_a_state_has_the_time_that_belongs_to_it(what: str, wanted: Standing) -> None:
    assert state_of(PairFacts(**TRUTHS[what][1]), NOW) == wanted


def test_a_run_is_late_from_the_moment_that_its_grace_is_over() -> None:
    facts = PairFacts(expected_at=NOW, last_good_at=AGO)
    assert state_of(facts, NOW + GRACE - timedelta(seconds=1)).state is State.OK
    assert state_of(facts, NOW + GRACE).state is State.LATE
    assert late_from(NOW) == NOW + GRACE and late_from(None) is None


def test_a_limit_that_is_over_is_none() -> None:
    over = Ended(runs.PARTLY, AGO, "RateLimited", NOW)
    assert state_of(PairFacts(last=over), NOW).state is State.HALF
    assert state_of(PairFacts(running=7, limited_until=NOW), NOW).state is State.RUN


def test_a_failure_whose_cause_was_put_right_is_over() -> None:
    failed = Ended(runs.FAILED, AGO, "SignInExpired")
    assert state_of(PairFacts(last=failed, last_good_at=AGO), NOW).state is State.BAD
    assert state_of(PairFacts(last=replace(failed, mended=True), last_good_at=AGO), NOW).state is State.OK


def test_a_run_that_left_only_questions_went_through() -> None:
    partly = Ended(runs.PARTLY, AGO)
    assert state_of(PairFacts(last=partly, last_good_at=AGO), NOW).state is State.OK
    assert state_of(PairFacts(last=partly, last_good_at=AGO, open_issues=1), NOW).state is State.YOU


@pytest.mark.parametrize(("first", "second"), list(pairwise(State)))
def test_a_client_is_in_the_more_pressing_of_its_pairs_states(first: State, second: State) -> None:
    assert URGENCY[first] < URGENCY[second]
    assert state_of_client([Standing(second), Standing(first)]).state is first


def test_of_the_same_state_the_one_that_stands_longest_speaks_for_the_client() -> None:
    found = state_of_client([Standing(State.YOU), Standing(State.YOU, NOW), Standing(State.YOU, AGO)])
    assert found == Standing(State.YOU, AGO)


def test_the_order_of_urgency_is_the_one_that_people_are_told() -> None:
    assert " ".join(State) == "key bad you late half limit run pause wait ok never"


def test_a_client_without_pairs_never_ran() -> None:
    assert state_of_client([]) == Standing(State.NEVER)
