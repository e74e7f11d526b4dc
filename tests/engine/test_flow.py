"""The order of a run's steps, without a database or a vendor: what follows what, and what a failure holds up."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from kobling.engine import requests as ask
from kobling.engine.flow import FOLLOWING, PROVING_ROUNDS, StepFailed, approved_flow, sync_flow
from kobling.engine.requests import Failure, Observed, Planned, PlannedAgain, Span, Step, Swept, Window, Work

WINDOW = Window(Span(3, 10), Span(5, 20), "right")
BROKEN = Failure(kind="Misunderstood", summary="?", outcome="failed")
HELD = Failure(kind="Blocked", summary="?", outcome="blocked")


def work(**given: Any) -> Work:
    nothing: dict[str, Any] = {
        "feeds": [],
        "tables": ["t"],
        "leftovers": [],
        "proofs": [],
        "depends": {},
        "refreshes": [],
        "reports": [],
        "tables_of": {},
        "confirmed": [],
        "dry": False,
        "full": False,
        "single": False,
    }
    return Work(**{**nothing, **given})


class Said:
    """Answers each step from a script, in order, then as if there were nothing more; notes what was asked."""

    def __init__(self, given: Work, script: Mapping[type[Step[Any]], list[Any]] | None = None) -> None:
        self.work, self.script, self.asked = given, {kind: list(each) for kind, each in (script or {}).items()}, []

    asked: list[Step[Any]]

    def __call__(self, step: Step[Any]) -> Any:
        self.asked.append(step)
        if self.script.get(type(step)):
            answer = self.script[type(step)].pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer
        return NOTHING[type(step)](self.work)

    def kinds(self, *of: type[Step[Any]]) -> list[Step[Any]]:
        return [each for each in self.asked if not of or isinstance(each, of)]


NOTHING: dict[type[Step[Any]], Callable[[Work], Any]] = {
    **dict.fromkeys(
        (
            *(ask.LookUp, ask.Fetch, ask.Brake, ask.Execute, ask.Arrive, ask.ExecuteAgain, ask.ExecuteApproved),
            *(
                ask.Finish,
                ask.Fail,
                ask.ReportBegin,
                ask.ReportChunk,
                ask.Report,
                ask.GiveUp,
                ask.Plan,
                ask.PlanPointed,
            ),
        ),
        lambda _: None,
    ),
    ask.Begin: lambda given: given,
    ask.Observe: lambda _: Observed(False, 0, 1),
    ask.Sweep: lambda _: Swept(),
    ask.OpenWindow: lambda _: WINDOW,
    ask.Index: lambda _: False,
    ask.Written: lambda _: [],
    ask.PlanAgain: lambda _: PlannedAgain(0, 0),
    ask.Stale: lambda _: [],
    ask.Echoes: lambda _: [],
}
ONE_TABLE = [
    ask.Begin(),
    ask.OpenWindow("t"),
    ask.Brake("t", WINDOW, []),
    ask.Index("t", "left", 10),
    ask.Index("t", "right", 20),
    ask.Plan("t", "right", 0, WINDOW, 5),
    ask.Arrive("t", "right", 20),
    ask.Plan("t", "left", 0, WINDOW, 3),
    ask.Arrive("t", "left", 10),
    ask.Finish("t"),
    ask.PlanPointed("t", FOLLOWING),
    ask.Echoes(),
]


def played(given: Work, **script: list[Any]) -> Said:
    said = Said(given, {getattr(ask, name): answers for name, answers in script.items()})
    sync_flow(said)
    return said


def test_every_step_is_scripted() -> None:
    kinds = {
        each for each in vars(ask).values() if isinstance(each, type) and issubclass(each, Step) and each is not Step
    }
    assert kinds == set(NOTHING)


def test_a_table_is_keyed_planned_from_its_first_side_and_arrived_at() -> None:
    assert played(work()).asked == ONE_TABLE


def test_the_left_side_comes_first_where_it_is_first() -> None:
    said = played(work(), OpenWindow=[Window(WINDOW.left, WINDOW.right, "left")])
    assert [each.side for each in said.kinds(ask.Plan)] == ["left", "right"]  # type: ignore[attr-defined]


def test_what_an_earlier_run_left_is_looked_up_before_anything_even_without_a_table() -> None:
    assert played(work(tables=[], leftovers=[4, 7])).asked == [ask.Begin(), ask.LookUp(4), ask.LookUp(7)]


def test_each_feed_is_read_to_its_end_and_swept_before_any_table() -> None:
    said = played(work(feeds=[1, 2], full=True), Observe=[Observed(True, 9, 1), Observed(False, 1, 1)])
    assert said.asked[1:7] == [
        ask.Observe(1),
        ask.Observe(1),
        ask.Sweep(1, True),
        ask.Observe(2),
        ask.Sweep(2, True),
        ask.OpenWindow("t"),
    ]


def test_keying_goes_on_while_there_is_more() -> None:
    said = played(work(), Index=[True, False, True, True, False])
    assert [each.side for each in said.kinds(ask.Index)] == ["left", "left", "right", "right", "right"]  # type: ignore[attr-defined]


def test_chunks_are_planned_and_executed_one_after_another_over_both_sides() -> None:
    plans = [Planned(50, 8, 1, 1), Planned(51, 9, 1, 1), None, Planned(52, 6, 1, 1), None]
    said = played(work(), Plan=plans)
    assert said.kinds(ask.Plan, ask.Execute) == [
        ask.Plan("t", "right", 0, WINDOW, 5),
        ask.Execute(50),
        ask.Plan("t", "right", 1, WINDOW, 8),
        ask.Execute(51),
        ask.Plan("t", "right", 2, WINDOW, 9),
        ask.Plan("t", "left", 2, WINDOW, 3),
        ask.Execute(52),
        ask.Plan("t", "left", 3, WINDOW, 6),
    ]


def test_a_plan_that_is_only_shown_writes_and_tells_nothing_and_moves_no_cursor() -> None:
    given = work(dry=True, reports=["t"], proofs=["t"], refreshes=["t"])
    said = played(given, Plan=[Planned(50, 8, 1, 1), None, None])
    assert {type(each) for each in said.asked} == {
        ask.Begin,
        ask.OpenWindow,
        ask.Brake,
        ask.Index,
        ask.Plan,
        ask.Finish,
    }
    assert len(said.kinds(ask.Plan)) == 3


def test_the_brake_knows_what_a_person_released() -> None:
    assert played(work(confirmed=["t"])).kinds(ask.Brake) == [ask.Brake("t", WINDOW, ["t"])]


def test_a_single_record_is_fetched_and_neither_swept_nor_braked_nor_read_past() -> None:
    said = played(work(single=True, feeds=[1]))
    assert said.asked[1] == ask.Fetch()
    assert not said.kinds(ask.Observe, ask.Sweep, ask.Brake, ask.Echoes)
    assert said.kinds(ask.PlanPointed)


def test_what_was_written_is_proven_until_nothing_is_left_to_update() -> None:
    said = played(
        work(proofs=["t"]),
        Plan=[Planned(50, 20, 1, 1), None, None],
        Written=[["a", "b"], ["c"], []],
        PlanAgain=[PlannedAgain(60, 2), PlannedAgain(61, 0), PlannedAgain(62, 0)],
    )
    assert said.kinds(ask.Written, ask.PlanAgain, ask.ExecuteAgain) == [
        ask.Written("t", "", None),
        ask.PlanAgain("t", 1, ["a", "b"]),
        ask.ExecuteAgain(60),
        ask.PlanAgain("t", 2, ["a", "b"]),
        ask.ExecuteAgain(61),
        ask.Written("t", "b", None),
        ask.PlanAgain("t", 3, ["c"]),
        ask.ExecuteAgain(62),
        ask.Written("t", "c", None),
    ]


def test_proving_ends_after_some_rounds_whatever_is_left() -> None:
    said = played(work(proofs=["t"]), Written=[["a"], []], PlanAgain=[PlannedAgain(60, 1)] * 9)
    assert len(said.kinds(ask.PlanAgain)) == PROVING_ROUNDS == 3


def test_who_waits_to_hear_hears_of_each_chunk_once_it_was_proven_and_of_the_rest_in_the_end() -> None:
    said = played(
        work(reports=["t"], proofs=["t"]),
        Plan=[None, Planned(50, 9, 1, 1), None],
        Written=[["a"], []],
    )
    assert said.kinds(ask.ReportBegin, ask.Written, ask.ReportChunk, ask.Report, ask.Execute) == [
        ask.ReportBegin("t"),
        ask.Execute(50),
        ask.Written("t", "", 50),
        ask.Written("t", "a", 50),
        ask.ReportChunk("t", 50),
        ask.Report("t"),
    ], "and not proven a second time in the end"
    assert said.asked.index(ask.ReportBegin("t")) < said.asked.index(ask.OpenWindow("t"))


def test_proving_a_chunk_takes_numbers_that_the_next_chunk_does_not_take_again() -> None:
    said = played(
        work(reports=["t"]),
        Plan=[Planned(50, 9, 1, 1), Planned(51, 10, 1, 1), None, None],
        Written=[["a"], []],
    )
    assert [each.seq for each in said.kinds(ask.Plan)] == [0, 2, 3, 3]  # type: ignore[attr-defined]


def test_lookup_feeds_are_read_again_after_a_table_that_changes_them() -> None:
    said = played(work(refreshes=["t"]), Stale=[[8]], Observe=[Observed(True, 1, 1), Observed(False, 0, 1)])
    assert said.kinds(ask.Stale, ask.Observe) == [ask.Stale("t"), ask.Observe(8), ask.Observe(8)]
    assert not played(work(), Stale=[[8]]).kinds(ask.Stale)


def test_fields_follow_at_the_end_in_numbers_of_their_own() -> None:
    said = played(work(), PlanPointed=[70, 71, None])
    assert said.kinds(ask.PlanPointed, ask.ExecuteAgain) == [
        ask.PlanPointed("t", FOLLOWING),
        ask.ExecuteAgain(70),
        ask.PlanPointed("t", FOLLOWING + 1),
        ask.ExecuteAgain(71),
        ask.PlanPointed("t", FOLLOWING + 2),
    ]


def test_our_own_writes_are_read_past_in_the_end() -> None:
    said = played(work(), Echoes=[[3, 4]])
    assert said.asked[-3:] == [ask.Echoes(), ask.Observe(3), ask.Observe(4)]


APART = StepFailed(BROKEN, apart=True)


def test_a_table_that_fails_holds_up_those_that_depend_on_it_and_no_others() -> None:
    given = work(tables=["a", "b", "c", "d"], depends={"b": ["a"], "c": ["b"]})
    said = Said(given, {ask.Plan: [APART]})
    failures = sync_flow(said)
    assert [(each.kind, each.outcome) for each in failures] == [
        ("Misunderstood", "failed"),
        ("Blocked", "blocked"),
        ("Blocked", "blocked"),
    ]
    assert failures[1].params == {"table": "b", "missing": "a"} and failures[2].params["missing"] == "b"
    assert said.kinds(ask.Fail, ask.Finish) == [
        ask.Fail("a", BROKEN),
        ask.Fail("b", failures[1]),
        ask.Fail("c", failures[2]),
        ask.Finish("d"),
    ]
    assert [each.table for each in said.kinds(ask.OpenWindow)] == ["a", "d"]  # type: ignore[attr-defined]
    assert [each.table for each in said.kinds(ask.PlanPointed)] == ["d"], "and no field of theirs follows"  # type: ignore[attr-defined]


def test_a_failure_that_concerns_more_than_its_table_ends_the_run() -> None:
    with pytest.raises(StepFailed):
        sync_flow(Said(work(tables=["a", "b"]), {ask.Plan: [StepFailed(BROKEN)]}))


def test_a_feed_that_cannot_be_read_fails_the_tables_that_need_it() -> None:
    given = work(feeds=[1, 2], tables=["a", "b"], tables_of={"1": ["a"]})
    said = Said(given, {ask.Observe: [APART]})
    assert sync_flow(said) == [BROKEN]
    assert said.kinds(ask.Fail, ask.Finish, ask.Sweep) == [ask.Sweep(2, False), ask.Fail("a", BROKEN), ask.Finish("b")]


@pytest.mark.parametrize("problem", [APART, StepFailed(BROKEN)])
def test_a_feed_that_many_things_are_looked_up_in_ends_the_run(problem: StepFailed) -> None:
    tables = {} if problem.apart else {"1": ["t"]}
    with pytest.raises(StepFailed):
        sync_flow(Said(work(feeds=[1], tables_of=tables), {ask.Observe: [problem]}))


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"reports": ["t"]}, [ask.GiveUp("t", BROKEN)]),
        ({"reports": ["t"], "dry": True}, []),
        ({}, []),
    ],
)
def test_who_waits_to_hear_of_a_table_that_cannot_run_is_told(given: dict[str, Any], told: list[Any]) -> None:
    said = Said(work(**given), {ask.OpenWindow: [APART]})
    sync_flow(said)
    assert said.kinds(ask.GiveUp) == told


def test_a_table_that_is_only_held_up_is_not_given_up() -> None:
    said = Said(work(tables=["a", "t"], depends={"t": ["a"]}, reports=["t"]), {ask.OpenWindow: [APART]})
    sync_flow(said)
    assert not said.kinds(ask.GiveUp)


def test_an_approved_plan_reads_everything_then_does_its_chunks_and_nothing_else() -> None:
    said = Said(work(feeds=[1], tables=["a", "t"], reports=["t"], leftovers=[4]), {ask.Echoes: [[1]]})
    approved_flow(said, [50, 51])
    assert said.asked == [
        ask.Begin(),
        ask.LookUp(4),
        ask.Observe(1),
        ask.Sweep(1, False),
        ask.OpenWindow("a"),
        ask.Index("a", "left", 10),
        ask.Index("a", "right", 20),
        ask.OpenWindow("t"),
        ask.Index("t", "left", 10),
        ask.Index("t", "right", 20),
        ask.ReportBegin("t"),
        ask.ExecuteApproved(50, []),
        ask.ExecuteApproved(51, []),
        ask.Report("t"),
        ask.Finish("a"),
        ask.Finish("t"),
        ask.Echoes(),
        ask.Observe(1),
    ]


def test_an_approved_plan_whose_table_cannot_be_read_leaves_that_out_and_fails_in_the_end() -> None:
    said = Said(work(feeds=[1], tables=["a", "b"], tables_of={"1": ["b"]}), {ask.Sweep: [APART]})
    with pytest.raises(StepFailed) as failed:
        approved_flow(said, [50])
    assert failed.value.failure == BROKEN
    assert said.kinds(ask.ExecuteApproved, ask.OpenWindow, ask.Fail, ask.Finish) == [
        ask.OpenWindow("a"),
        ask.ExecuteApproved(50, ["b"]),
        ask.Finish("a"),
        ask.Fail("b", BROKEN),
    ]


@pytest.mark.parametrize("step", [ask.Plan("t", "left", 0, WINDOW, 5), ask.Fail("t", BROKEN), ask.Echoes()])
def test_a_step_survives_the_durable_engines_json(step: Step[Any]) -> None:
    assert ask.from_data(ask.as_data(step)) == step


@pytest.mark.parametrize(
    ("step", "answer"),
    [
        (ask.Plan("t", "left", 0, WINDOW, 5), Planned(1, 2, 3, 4)),
        (ask.Plan("t", "left", 0, WINDOW, 5), None),
        (ask.Echoes(), [1, 2]),
        (ask.Begin(), work(full=True)),
    ],
)
def test_an_answer_survives_it_too(step: Step[Any], answer: Any) -> None:
    import msgspec

    assert ask.answer_of(step, msgspec.to_builtins(answer)) == answer


def test_a_table_that_fails_itself_tells_its_own_failure_and_not_that_it_waits() -> None:
    own = Failure(kind="Misunderstood", summary="own", outcome="failed")
    given = work(feeds=[1, 2], tables=["a", "b"], depends={"b": ["a"]}, tables_of={"1": ["a"], "2": ["b"]})
    said = played(given, Observe=[StepFailed(BROKEN, apart=True), StepFailed(own, apart=True)])
    assert said.kinds(ask.Fail) == [ask.Fail("a", BROKEN), ask.Fail("b", own)]
