"""A plan holds every record once, and no record is given to two."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from kobling.access.policy import Actor
from kobling.hub.models import SyncIssue, Table
from kobling.hub.services import issues, plans
from kobling.hub.services.deciding import decide
from kobling.mapping import Evidence, MatchRule, Side
from kobling.records import SettingsError
from kobling.sync.actions import Couple, RaiseConflict, Update
from kobling.sync.once import Once
from tests.engine.bench import Bench

pytestmark = pytest.mark.django_db(transaction=True)
NOW = datetime(2026, 11, 23, tzinfo=UTC)
WHO = Actor.operator("bogholder")
CVR = "12345674"


def test_a_matched_pair_stands_once_in_a_plan(bench: Bench) -> None:
    for number in range(5):
        bench.companies.put({"title": f"Alfa {number}", "cvr": f"1234567{number}", "mail": "a@x.example"})
        bench.contacts.put({"Name": f"Alfa {number}", "VatNumber": f"1234567{number}"})
    planned = bench.run(kind="plan")
    counts = plans.summarise(WHO, planned).counts["customers"]
    assert counts["couple"] == 5 and counts["update_right"] == 5


def test_a_question_about_look_alikes_stands_once_in_a_plan(bench: Bench) -> None:
    bench.companies.put({"title": "Alfa"})
    bench.contacts.put({"Name": "ALFA"})
    planned = bench.run(kind="plan")
    assert plans.summarise(WHO, planned).counts["customers"]["conflict"] == 1


def test_records_of_a_matched_pair_count_as_the_same_for_those_that_point_to_them(bench: Bench) -> None:
    customer = bench.companies.put({"title": "Alfa", "cvr": CVR}).external_id
    contact = bench.contacts.put({"Name": "Alfa", "VatNumber": CVR}).external_id
    bench.change("orders", match=(MatchRule(("name",), Evidence.AGREEING, ("customer",)),))
    bench.left.resources["orders"].put({"subject": "1001", "company": customer})
    bench.right.resources["invoices"].put({"Text": "1001", "Contact": contact})
    planned = bench.run(kind="plan")
    assert dict(plans.summarise(WHO, planned).counts["orders"]) == {"couple": 1}


def two_promises(bench: Bench) -> tuple[str, str, str]:
    first = bench.companies.put({"title": "Alfa", "mail": "1@x.example"}).external_id
    second = bench.companies.put({"title": "ALFA", "mail": "2@x.example"}).external_id
    there = bench.contacts.put({"Name": "alfa"}).external_id
    bench.run()
    return first, second, there


@pytest.mark.parametrize("asked", list(Side))
def test_nobody_is_promised_to_two(bench: Bench, asked: Side) -> None:
    first, second, there = two_promises(bench)
    table = Table.objects.get(name="customers").pk
    decide(WHO, table, Side.LEFT, first, "couple", NOW, other=there)
    ids = {Side.LEFT: second, Side.RIGHT: there}
    with pytest.raises(SettingsError) as refused:
        decide(WHO, table, asked, ids[asked], "couple", NOW, other=ids[asked.other])
    assert (refused.value.code, refused.value.params["record"], refused.value.params["other"]) == (
        "promised_already",
        there,
        first,
    )
    bench.companies.edit(first, {"mail": "3@x.example"})
    bench.run()
    assert bench.couplings() == 1


def test_a_word_about_the_same_two_may_be_repeated_and_ones_own_changed(bench: Bench) -> None:
    first, _, there = two_promises(bench)
    another = bench.contacts.put({"Name": "alfa"}).external_id
    table = Table.objects.get(name="customers").pk
    decide(WHO, table, Side.LEFT, first, "couple", NOW, other=there)
    decide(WHO, table, Side.RIGHT, there, "couple", NOW, other=first)
    decide(WHO, table, Side.RIGHT, there, "ignore", NOW)
    decide(WHO, table, Side.LEFT, first, "couple", NOW, other=another)


def test_many_answers_at_once_give_one_partner_and_say_who_got_none(bench: Bench) -> None:
    _, _, there = two_promises(bench)
    asked = list(SyncIssue.objects.filter(kind="ambiguous").exclude(left_id=None).order_by("id"))
    assert len(asked) == 2
    found = issues.preview(WHO, asked, "couple", bench.opener, NOW, other=there)
    assert [each.problem is None for each in found] == [True, False]
    assert found[1].problem is not None and found[1].problem.code == "promised_already"
    assert SyncIssue.objects.exclude(state="settled").count() >= 2, "a preview keeps nothing"
    issues.settle(WHO, asked[0], "couple", bench.opener, NOW, other=there)
    with pytest.raises(SettingsError):
        issues.settle(WHO, asked[1], "couple", bench.opener, NOW, other=there)
    issues.settle(WHO, asked[1], "create", bench.opener, NOW)
    for left in SyncIssue.objects.exclude(state="settled"):
        assert left.right_id == there, "the question that was asked from the other side is answered by the coupling"
    assert bench.run().state == "done"
    assert (bench.couplings(), len(bench.contacts.all())) == (2, 2)


def test_two_rules_that_want_one_record_give_it_to_the_first_and_ask_about_the_second(bench: Bench) -> None:
    by_email = MatchRule(("email",), Evidence.AGREEING, ("limit",))
    bench.change("customers", match=(MatchRule(("cvr",), Evidence.LEGAL), by_email))
    bench.companies.put({"title": "Alfa", "cvr": CVR})
    bench.companies.put({"title": "Beta", "mail": "x@x.example"})
    bench.contacts.put({"Name": "Gamma", "VatNumber": CVR, "Email": "x@x.example"})
    bench.run()
    bench.run()
    assert bench.couplings() == 1
    names = {each["Name"] for each in bench.fields_right()}
    assert "Beta" not in names, "a record that was given away is not written with another one's values"


def couple(uid: str, left: str, right: str) -> Couple:
    return Couple(coupling=uid, left_id=left, right_id=right, base={})


def change(uid: str, right: str) -> Update:
    return Update(side=Side.RIGHT, coupling=uid, external_id=right, other_id="x", changes={"name": ["a", "b"]})


def test_what_follows_a_coupling_that_cannot_be_is_dropped_with_it() -> None:
    found = list(Once().of([couple("1", "a", "r"), change("1", "r"), couple("2", "b", "r"), change("2", "r")]))
    assert found[:2] == [couple("1", "a", "r"), change("1", "r")]
    (question,) = found[2:]
    assert isinstance(question, RaiseConflict)
    assert (question.kind, question.left_id, question.right_id, question.candidates) == ("ambiguous", "b", None, ["r"])


def test_the_same_coupling_told_from_the_other_side_is_no_question() -> None:
    assert list(Once().of([couple("1", "a", "r"), couple("1", "a", "r")])) == [couple("1", "a", "r")]


def test_a_person_hears_when_the_one_they_chose_is_gone(bench: Bench) -> None:
    first, _, there = two_promises(bench)
    issue = SyncIssue.objects.filter(kind="ambiguous", left_id=first).get()
    issues.settle(WHO, issue, "couple", bench.opener, NOW, other=there)
    bench.contacts.remove(there)
    bench.run()
    assert ("partner_gone", "open") in bench.issues()
