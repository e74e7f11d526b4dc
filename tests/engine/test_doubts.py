"""A number in doubt is told about, and the record goes on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from kobling.access.policy import Actor
from kobling.hub.models import SyncIssue
from kobling.hub.services import identity, pairs, plans
from kobling.mapping.identity import cvr_number
from kobling.sdk.registers import Registered
from tests.engine.bench import CUSTOMERS, Bench, benches

pytestmark = pytest.mark.django_db(transaction=True)
WRONG, RIGHT = "25313764", "25313763"


@pytest.fixture
def bench() -> Iterator[Bench]:
    for bench in benches():
        fields = (replace(each, check=cvr_number) if each.key == "cvr" else each for each in CUSTOMERS.fields)
        bench.change("customers", fields=tuple(fields))
        yield bench


def test_the_record_goes_on_with_a_warning_that_nobody_has_to_settle(bench: Bench) -> None:
    bench.companies.put({"title": "Alfa", "cvr": WRONG})
    run = bench.run()
    assert run.state == "done"
    assert bench.counts(run) == {"inserted": 1}
    assert [dict(each.fields)["VatNumber"] for each in bench.contacts.all()] == [WRONG]
    issue = SyncIssue.objects.get()
    assert (issue.kind, issue.state, issue.title) == ("doubtful_number", "open", "Alfa")
    assert WRONG in issue.params
    assert pairs.status(Actor.operator(), bench.pair).state == "in_step"


def test_it_is_gone_once_the_number_was_put_right(bench: Bench) -> None:
    made = bench.companies.put({"title": "Alfa", "cvr": WRONG})
    bench.run()
    bench.run()
    assert bench.issues() == [("doubtful_number", "open")], "still true, still told"
    bench.companies.edit(made.external_id, {"cvr": RIGHT})
    bench.run()
    assert bench.issues() == []


def test_a_plan_tells_of_it_before_anything_is_sent(bench: Bench) -> None:
    bench.companies.put({"title": "Alfa", "cvr": WRONG})
    shown = plans.summarise(Actor.operator(), bench.run(kind="plan"))
    assert shown.counts["customers"] == {"create_right": 1, "warn": 1}
    assert bench.issues() == [] and bench.contacts.all() == []


def test_a_right_number_is_nothing_to_speak_of(bench: Bench) -> None:
    bench.companies.put({"title": "Alfa", "cvr": RIGHT})
    bench.run()
    assert bench.issues() == []


class Book:
    """A register by heart; what it does not know it has not, unless it is out."""

    def __init__(self, *numbers: str, out: bool = False) -> None:
        self.numbers, self.out, self.asked = numbers, out, 0

    async def ask(self, country: str, number: str) -> Registered:
        self.asked += 1
        if self.out:
            return Registered.UNKNOWN
        return Registered.YES if country + number in self.numbers else Registered.NO


def found(bench: Bench, register: Book | None = None) -> list[tuple[str, str, str]]:
    made = identity.findings(Actor.operator(), bench.pair, bench.opener, online=register is not None, register=register)
    return sorted((each.side.value, each.checked.value, each.registered.value) for each in made)


def test_numbers_are_listed_with_what_check_digits_and_register_say(bench: Bench) -> None:
    for number in (RIGHT, WRONG, "13585628", "ukendt"):
        bench.companies.put({"title": f"Firma {number}", "cvr": number})
    bench.run(kind="plan")
    register = Book(f"DK{RIGHT}")
    assert found(bench, register) == [
        ("left", "doubtful", "not_known"),
        ("left", "fits", "not_registered"),
        ("left", "fits", "registered"),
        ("left", "not_checked", "not_known"),
    ]
    assert register.asked == 2, "what cannot be right is not asked about"
    assert {each[2] for each in found(bench, Book(out=True))} == {"not_known"}
    assert {each[2] for each in found(bench)} == {"not_known"}, "nobody is asked unless told to"
