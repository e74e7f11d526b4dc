"""Records that leave the scope or point outside it, from the vendor's field to the person's answer."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from kobling.access.policy import Actor
from kobling.hub.models import SyncIssue
from kobling.hub.planning.leaving import DONE_BEFORE
from kobling.hub.services import issues, verifying
from kobling.hub.services.verifying import TableReport
from kobling.hub.store.issues import Raised, open_all
from kobling.mapping import Condition, Direction, Evidence, FieldMapping, LivesOn, MatchRule, end
from kobling.mapping.codecs import NUMBER
from tests.engine.bench import ORDERS, Bench

pytestmark = pytest.mark.django_db(transaction=True)
NOW = datetime(2026, 11, 23, tzinfo=UTC)
WHO = Actor.operator("bogholder")
OPEN = Condition("state", "equals", "open", over=("done",), kept=("draft",))


def scoped(bench: Bench, *conditions: Condition) -> str:
    """A coupled customer of a table that takes only some; returns the left one's id."""
    bench.change("customers", left_filter=conditions or (OPEN,))
    made = bench.companies.put({"title": "Alfa", "state": "open", "day": "2026-11-02"}).external_id
    bench.run()
    assert bench.couplings() == 1
    return made


def kinds(bench: Bench) -> list[str]:
    return [kind for kind, _ in bench.issues()]


def settle(bench: Bench, choice: str) -> None:
    (issue,) = SyncIssue.objects.exclude(state="settled")
    issues.settle(WHO, issue, choice, bench.opener, NOW)


def there(bench: Bench) -> list[str]:
    return [each.fields["Name"] for each in bench.contacts.all()]


def verified(bench: Bench, table: str = "customers") -> TableReport:
    report = verifying.verify(WHO, bench.pair, bench.opener)
    return next(each for each in report.tables if each.name == table)


def test_a_coupled_record_that_the_filter_no_longer_takes_asks_and_writes_nothing(bench: Bench) -> None:
    made = scoped(bench)
    bench.companies.edit(made, {"state": "cancelled", "title": "Beta"})
    bench.run()
    assert (kinds(bench), there(bench)) == (["left_scope"], ["Alfa"])
    bench.run()
    assert kinds(bench) == ["left_scope"], "it stays until somebody answers"


def test_whoever_says_that_it_does_not_matter_is_not_asked_again(bench: Bench) -> None:
    made = scoped(bench)
    bench.companies.edit(made, {"state": "cancelled", "title": "Beta"})
    bench.run()
    settle(bench, "accept")
    bench.run()
    assert (kinds(bench), there(bench)) == ([], ["Beta"])
    bench.companies.edit(made, {"title": "Gamma"})
    bench.run()
    assert (kinds(bench), there(bench)) == ([], ["Gamma"])
    bench.companies.edit(made, {"state": "lost"})
    bench.run()
    assert kinds(bench) == ["left_scope"], "another reason"


def test_the_other_record_is_deleted_when_a_person_says_so(bench: Bench) -> None:
    made = scoped(bench)
    bench.companies.edit(made, {"state": "cancelled"})
    bench.run()
    settle(bench, "delete")
    bench.run()
    assert (kinds(bench), there(bench), bench.couplings()) == ([], [], 0)


def test_it_may_be_uncoupled_and_both_stay(bench: Bench) -> None:
    made = scoped(bench)
    bench.companies.edit(made, {"state": "cancelled"})
    bench.run()
    settle(bench, "uncouple")
    bench.run()
    assert (kinds(bench), there(bench), bench.couplings()) == ([], ["Alfa"], 0)


def test_the_question_ends_when_the_record_comes_back(bench: Bench) -> None:
    made = scoped(bench)
    bench.companies.edit(made, {"state": "cancelled"})
    bench.run()
    bench.companies.edit(made, {"state": "open", "title": "Beta"})
    bench.run()
    assert (kinds(bench), there(bench)) == ([], ["Beta"])


@pytest.mark.parametrize(
    ("conditions", "change", "wanted"),
    [
        ((OPEN,), {"state": "done"}, "Alfa"),
        ((OPEN,), {"state": "draft"}, "Beta"),
        ((replace(OPEN, carried=True),), {"state": "cancelled"}, "Beta"),
        ((Condition("day", "at_least", "2026-11-01"),), {"day": "2026-10-01"}, "Beta"),
    ],
    ids=["at its end: left as it is", "kept in step", "told by another field", "history"],
)
def test_what_a_condition_says_of_leaving_counts(
    bench: Bench, conditions: tuple[Condition, ...], change: dict[str, str], wanted: str
) -> None:
    made = scoped(bench, *conditions)
    bench.companies.edit(made, {**change, "title": "Beta"})
    bench.run()
    assert (kinds(bench), there(bench)) == ([], [wanted])


def pointing(bench: Bench, *, scopes: bool = False) -> str:
    """An order of a customer whom the filter leaves out; returns the customer's id."""
    bench.change("customers", left_filter=(OPEN,))
    fields = tuple(replace(each, scopes=scopes) if each.key == "customer" else each for each in ORDERS.fields)
    bench.change("orders", fields=fields)
    prospect = bench.companies.put({"title": "Emne", "state": "prospect"}).external_id
    bench.left.resources["orders"].put({"subject": "1001", "company": prospect})
    bench.run()
    return prospect


def test_a_new_record_of_somebody_left_out_is_asked_about_and_comes_with_them(bench: Bench) -> None:
    prospect = pointing(bench)
    assert kinds(bench) == ["out_of_reach"]
    bench.companies.edit(prospect, {"state": "open"})
    bench.run()
    bench.run()
    assert (kinds(bench), bench.couplings("orders")) == ([], 1)


def test_where_that_decides_whether_it_belongs_it_is_left_out_as_well(bench: Bench) -> None:
    prospect = pointing(bench, scopes=True)
    assert kinds(bench) == []
    told = verified(bench, "orders")
    assert (told.left_out, told.differences) == (1, 0)
    bench.companies.edit(prospect, {"state": "open"})
    bench.run()
    bench.run()
    assert bench.couplings("orders") == 1


def test_nothing_is_asked_where_nothing_would_be_made(bench: Bench) -> None:
    bench.change("orders", direction=Direction.TO_LEFT)
    pointing(bench)
    assert kinds(bench) == []


def test_what_a_filter_leaves_out_is_counted_by_its_reason(bench: Bench) -> None:
    scoped(bench)
    for state in ("cancelled", "cancelled", "lost"):
        bench.companies.put({"title": f"Et {state}", "state": state})
    told = verified(bench)
    assert told.left_out_by == {("left", "state: cancelled"): 2, ("left", "state: lost"): 1}
    assert (told.left_out, told.differences) == (3, 0)


def test_a_record_that_waits_for_one_which_is_coupled_is_looked_at_again(bench: Bench) -> None:
    customer = scoped(bench)
    order = bench.left.resources["orders"].put({"subject": "1001", "company": customer}).external_id
    # What a write needed of its customer (a number given there) came later than the coupling, which nothing tells.
    waits = Raised("waits", order, title="1001", reason="?", waits_table="customers", waits_id=customer)
    bench.run()
    open_all(bench.table("orders"), [waits], bench.clock.now())
    bench.run()
    assert kinds(bench) == []


def invoiced(bench: Bench, **told: object) -> None:
    """An order with a sum, and on the other side only what became of it."""
    extra = (FieldMapping("total", end("sum", codec=NUMBER), end("Sum", codec=NUMBER)),)
    bench.change(
        "orders",
        fields=(*ORDERS.fields, *extra),
        match=(MatchRule(("name",), Evidence.AGREEING, ("customer", "total")),),
        lives_on=LivesOn("contacts", "OrderNo", "name", "Name"),
    )
    made = bench.companies.put({"title": "Alfa", "state": "open"}).external_id
    bench.run()
    customer = bench.contacts.all()[0].external_id
    bench.contacts.put({"Name": "F-1", "OrderNo": "1001", "Contact": customer, "Text": "1001", **told})
    bench.left.resources["orders"].put({"subject": "1001", "company": made, "sum": 100})
    bench.run()


def test_what_was_done_there_before_is_not_made_again(bench: Bench) -> None:
    invoiced(bench, Sum=100)
    assert not bench.right.resources["invoices"].all()
    assert "done_there" not in kinds(bench)
    assert (("left", DONE_BEFORE), 1) in verified(bench, "orders").left_out_by.items()


def test_what_only_carries_its_number_is_asked_about(bench: Bench) -> None:
    invoiced(bench, Sum=99)
    assert "done_there" in kinds(bench)
    assert not bench.right.resources["invoices"].all()
