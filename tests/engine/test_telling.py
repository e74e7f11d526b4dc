"""A source that hands records out hears what became of each, in its own language, some at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import pytest
from django.utils import translation

from kobling.engine.steps import telling
from kobling.hub.models import SyncIssue, Table
from kobling.hub.runs import reporting
from kobling.hub.store import couplings
from kobling.hub.store.couplings import Link
from kobling.hub.store.issues import Raised, open_all
from kobling.records import NotOffered, Refused
from kobling.sdk.memory import MemoryResource
from kobling.sdk.protocols import Told
from tests.engine.bench import Bench, benches

pytestmark = pytest.mark.django_db(transaction=True)


class HandingOut(MemoryResource):
    """Companies that are handed out until their result is told; ``heard`` is everything that was said."""

    def __init__(self, plain: MemoryResource) -> None:
        self.__dict__ = plain.__dict__
        self.heard: list[Any] = []
        self.results: dict[str, Told] = {}

    async def begin(self) -> None:
        self.heard.append("begin")

    async def awaited(self) -> Sequence[str]:
        return [each.external_id for each in self.all() if each.external_id not in self.results]

    async def tell(self, told: Sequence[Told]) -> None:
        self.heard.append([each.external_id for each in told])
        self.results |= {each.external_id: each for each in told}

    async def end(self) -> None:
        self.heard.append("end")

    async def give_up(self, reason: str) -> None:
        self.heard.append(reason)


@pytest.fixture
def bench() -> Iterator[Bench]:
    for bench in benches():
        bench.left.resources["companies"] = HandingOut(bench.companies)
        bench.change("customers", reports={"limit": "bad_limit"})
        yield bench


@pytest.fixture
def source(bench: Bench) -> HandingOut:
    found = bench.companies
    assert isinstance(found, HandingOut)
    return found


def test_it_hears_that_the_work_began_then_what_was_made_and_in_the_end_that_it_is_complete(
    bench: Bench, source: HandingOut
) -> None:
    ids = [bench.companies.put({"title": f"Firma {n}"}).external_id for n in range(2)]
    assert bench.run().state == "done"
    assert source.heard == ["begin", ids, [], "end"] or source.heard == ["begin", ids, "end"]
    made = {each.fields["Name"]: each.external_id for each in bench.contacts.all()}
    assert [source.results[each].target_id for each in ids] == [made["Firma 0"], made["Firma 1"]]
    assert all(each.done and each.at == bench.clock.now() for each in source.results.values())


def test_a_record_that_cannot_go_is_told_with_its_reason_in_the_pairs_language(
    bench: Bench, source: HandingOut
) -> None:
    odd = bench.companies.put({"title": "Alfa", "limit": "a lot"}).external_id
    with translation.override("sv"):
        bench.run()
    told = source.results[odd]
    assert (told.done, told.kind) == (False, "bad_limit")
    assert told.reason == "“a lot” er ikke et tal.", "Danish, whatever the worker speaks"


def test_many_are_told_some_at_a_time(bench: Bench, source: HandingOut, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telling, "TOLD_AT_ONCE", 2)
    for n in range(5):
        bench.companies.put({"title": f"Firma {n}"})
    bench.run()
    assert [len(each) for each in source.heard if isinstance(each, list) and each] == [2, 2, 1]


def test_what_another_table_made_of_records_nobody_waits_for_is_not_told(bench: Bench, source: HandingOut) -> None:
    known = bench.companies.put({"title": "Alfa"}).external_id
    source.results[known] = Told(known, True, bench.clock.now())
    bench.run()
    assert all(each in ("begin", "end", []) for each in source.heard)


def test_a_table_that_cannot_run_is_given_up_in_words(bench: Bench, source: HandingOut) -> None:
    bench.companies.put({"title": "Alfa"})

    async def read(_: Any) -> Any:
        raise NotOffered("The %(what)s is missing.", what="journal")

    bench.contacts.read = read  # type: ignore[method-assign]
    bench.run()
    assert source.heard == ["The journal is missing."]


def result(bench: Bench, *raised: Raised, coupled: bool = False, language: str = "en") -> list[Told]:
    table = Table.objects.get_or_create(pair=bench.pair, name="customers")[0].pk
    if coupled:
        couplings.save(table, [Link("c", "a", "r", {}, {})], bench.clock.now(), "x")
    open_all(table, raised, bench.clock.now())
    now = datetime.fromisoformat("2026-11-23T08:00:00+00:00")
    made = bench.opener.benches(bench.pair)["customers"]
    return reporting.results(made, ["a", "b"], now, language, {"r"})


FIELDS = {"fields": {"limit": [["“%(value)s” is odd.", {"value": "x"}], None, None]}}


@pytest.mark.parametrize(
    ("raised", "told"),
    [
        ({"kind": "conflict", "coupling": "c", "reason": "Both changed."}, ("Both changed.", "")),
        ({"kind": "totals", "coupling": "c", "reason": "Apart by %(n)s.", "params": {"n": "1"}}, ("Apart by 1.", "")),
        ({"kind": "bad_value", "reason": "Bad.", "details": FIELDS}, ("“x” is odd.", "bad_limit")),
        ({"kind": "conflict", "reason": "Bad.", "details": FIELDS}, ("Bad. “x” is odd.", "bad_limit")),
        ({"kind": "bad_value", "reason": "Bad.", "details": {"fields": {"name": ["Odd.", None, None]}}}, ("Odd.", "")),
        (
            {
                "kind": "refused",
                "details": {"summary": "No %(x)s.", "params": {"x": "way"}, "code": "E1", "field": "limit"},
            },
            ("No way.", "E1"),
        ),
        ({"kind": "refused", "details": {"summary": "No.", "field": "limit"}}, ("No.", "bad_limit")),
        ({"kind": "waits", "reason": "Waits."}, ("Waits.", "")),
    ],
)
def test_why_a_record_is_not_there_as_it_should_be(bench: Bench, raised: dict[str, Any], told: tuple[str, str]) -> None:
    (one,) = result(bench, Raised(left_id="a", **raised), coupled=True)
    assert (one.external_id, one.done, one.reason, one.kind) == ("a", False, *told)


@pytest.mark.parametrize(
    "raised",
    [
        Raised("waits", "a", coupling="c"),
        Raised("altered", "a", coupling="c"),
        Raised("doubtful_number", "a"),
        Raised("conflict", "other"),
    ],
)
def test_what_keeps_nobody_from_being_there_is_no_reason(bench: Bench, raised: Raised) -> None:
    (one,) = result(bench, raised, coupled=True)
    assert (one.done, one.target_id, one.reason) == (True, "r", "")


def test_a_settled_question_is_no_reason_and_one_that_waits_for_nothing_has_no_result(bench: Bench) -> None:
    result(bench, Raised("conflict", "a"))
    SyncIssue.objects.update(state="settled")
    assert result(bench) == []


def test_a_failure_is_said_in_the_language_asked_for() -> None:
    failure = {"summary": "Both sides changed the same field.", "params": {}}
    assert reporting.said(failure) == "Begge sider har ændret det samme felt."
    assert reporting.said(failure, "en") == "Both sides changed the same field."
    assert reporting.said({"summary": "No %(x)s.", "params": {"x": "way"}}, "en") == "No way."


def test_a_refused_record_is_told_by_the_vendors_own_code(bench: Bench, source: HandingOut) -> None:
    class Always(dict[str, Any]):
        def get(self, _key: str, _default: Any = None) -> Any:
            return Refused("No.", code="E7")

    one = bench.companies.put({"title": "Alfa"}).external_id
    bench.contacts.mischief = replace(bench.contacts.mischief, refusals=Always())
    bench.run()
    assert (source.results[one].done, source.results[one].kind) == (False, "E7")


def test_a_source_that_waits_for_nothing_is_told_nothing(bench: Bench, source: HandingOut) -> None:
    """A pair may be set to report what one of its systems does not ask for."""
    bench.left.resources["companies"] = plain = MemoryResource("companies", clock=bench.clock, seed="companies")
    bench.change("customers", reports={"limit": "bad_limit"})
    plain.put({"title": "Alfa"})
    assert bench.run().state in ("done", "partly_done")
    assert source.heard == []


@pytest.mark.parametrize(("options", "language"), [({}, "da"), ({"language": ""}, "da"), ({"language": "sv"}, "sv")])
def test_a_pair_may_choose_the_language_of_its_results(options: dict[str, str], language: str) -> None:
    steps: Any = SimpleNamespace(pair=SimpleNamespace(options=options))
    assert telling._language(steps) == language
