"""Questions about look-alikes: asked once, answered from either side, closed when answered."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from kobling.access.policy import Actor
from kobling.hub.models import SyncIssue, Table
from kobling.hub.services.issues import decide
from kobling.mapping import Condition, Side
from tests.engine.bench import Bench, benches

pytestmark = pytest.mark.django_db(transaction=True)
NOW = datetime(2026, 11, 23, tzinfo=UTC)
WHO = Actor.operator("bogholder")


@pytest.fixture
def bench() -> Iterator[Bench]:
    yield from benches()


@pytest.mark.parametrize("leading", list(Side))
@pytest.mark.parametrize("asked", list(Side))
def test_an_answer_counts_whichever_side_it_was_given_on(bench: Bench, leading: Side, asked: Side) -> None:
    bench.change("customers", leading=leading)
    ids = {
        Side.LEFT: bench.companies.put({"title": "Alfa"}).external_id,
        Side.RIGHT: bench.contacts.put({"Name": "ALFA"}).external_id,
    }
    bench.run()
    assert ("maybe_same", "open") in bench.issues()
    table = Table.objects.get(name="customers").pk
    decide(WHO, table, asked, ids[asked], "couple", NOW, other=ids[asked.other])
    bench.companies.edit(ids[Side.LEFT], {"mail": "x@x.example"})
    bench.contacts.edit(ids[Side.RIGHT], {"Limit": 5})
    bench.run()
    assert bench.couplings() == 1
    assert bench.issues() == []


def test_a_record_that_is_left_out_keeps_its_name(bench: Bench) -> None:
    bench.change("customers", right_filter=(Condition("Blocked", "empty", keeps_name=True),))
    bench.companies.put({"title": "Alfa"})
    bench.contacts.put({"Name": "alfa", "Blocked": "All"})
    bench.run()
    assert len(bench.contacts.all()) == 1
    issue = SyncIssue.objects.get()
    assert (issue.kind, issue.reason) == (
        "maybe_same",
        "A record that is left out (blocked or inactive) looks the same. Is it?",
    )


def test_an_identity_of_a_left_out_record_is_not_taken_silently(bench: Bench) -> None:
    bench.change("customers", right_filter=(Condition("Blocked", "empty", keeps_name=True),))
    bench.companies.put({"title": "Alfa", "cvr": "12345674"})
    bench.contacts.put({"Name": "Beta", "VatNumber": "12345674", "Blocked": "All"})
    bench.run()
    assert bench.couplings() == 0
    assert [kind for kind, _ in bench.issues()] == ["maybe_same"]


def test_a_record_of_another_kind_does_not_hold_the_name(bench: Bench) -> None:
    bench.change("customers", right_filter=(Condition("IsPerson", "differs", True),))
    bench.companies.put({"title": "Alfa"})
    bench.contacts.put({"Name": "Alfa", "IsPerson": True})
    bench.run()
    assert len(bench.contacts.all()) == 2
