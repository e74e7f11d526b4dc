"""Every kind of issue has an answer that ends it; what an answer says it does is what the next run does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from kobling.access.policy import Actor
from kobling.engine.observing import Place, tell_unread
from kobling.hub.connections.describing import as_data
from kobling.hub.models import Connection, Coupling, SyncIssue, Table, WriteIntent
from kobling.hub.services import issues
from kobling.hub.services.deciding import decide
from kobling.hub.store.issues import Raised, open_all
from kobling.mapping import Condition, DeletionPolicy, FieldMapping, Side, end
from kobling.mapping.codecs import NUMBER
from kobling.mapping.identity import Checked
from kobling.records import Misunderstood, Refused, SettingsError, from_json
from kobling.sdk.protocols import FieldSchema, Unread
from kobling.sync.answers import ANSWERS
from tests.engine.bench import CUSTOMERS, Bench

pytestmark = pytest.mark.django_db(transaction=True)
NOW = datetime(2026, 11, 23, tzinfo=UTC)
WHO = Actor.operator("bogholder")
POSTED = (Condition("Posted", "equals", True),)
TOTAL = FieldMapping("total", end("total", codec=NUMBER), end("Total", codec=NUMBER), proof=True)


class Always(dict[str, Any]):
    """Refuses every write with the one error it holds."""

    def get(self, _key: str, _default: Any = None) -> Any:
        return next(iter(self.values()), None)


CONTACTS = {each: FieldSchema(each, each) for each in ("Name", "VatNumber", "Email", "Limit")}


def edited_on_both_sides(bench: Bench) -> None:
    made = bench.companies.put({"title": "Alfa", "mail": "old@x.example"}).external_id
    bench.run()
    bench.companies.edit(made, {"mail": "left@x.example"})
    bench.contacts.edit(bench.contacts.all()[0].external_id, {"Email": "right@x.example"})


def posted_meanwhile(bench: Bench) -> None:
    bench.change("customers", locked_right=POSTED)
    made = bench.companies.put({"title": "Alfa", "mail": "old@x.example"}).external_id
    bench.run()
    bench.contacts.edit(bench.contacts.all()[0].external_id, {"Posted": True})
    bench.companies.edit(made, {"mail": "left@x.example"})


def totals_apart(bench: Bench) -> None:
    bench.change("customers", fields=(*CUSTOMERS.fields, TOTAL))
    bench.companies.put({"title": "Alfa", "cvr": "12345674", "total": 100})
    bench.contacts.put({"Name": "Alfa", "VatNumber": "12345674", "Total": 101})


def number_that_is_none(bench: Bench) -> None:
    bench.companies.put({"title": "Alfa", "limit": "a lot"})


def removed(bench: Bench) -> None:
    bench.change("customers", deletion=DeletionPolicy.ASK)
    bench.companies.put({"title": "Beta"})
    made = bench.companies.put({"title": "Alfa"}).external_id
    bench.run()
    bench.companies.remove(made)


def removed_and_edited(bench: Bench) -> None:
    bench.change("customers", deletion=DeletionPolicy.DELETE)
    bench.companies.put({"title": "Beta"})
    made = bench.companies.put({"title": "Alfa"}).external_id
    bench.run()
    bench.companies.remove(made)
    there = next(each for each in bench.contacts.all() if each.fields["Name"] == "Alfa")
    bench.contacts.edit(there.external_id, {"Email": "x@x.example"})


def one_name(bench: Bench) -> None:
    bench.companies.put({"title": "Alfa"})
    bench.contacts.put({"Name": "ALFA"})


def several_of_one_name(bench: Bench) -> None:
    bench.companies.put({"title": "Alfa"})
    bench.contacts.put({"Name": "ALFA"})
    bench.contacts.put({"Name": "alfa"})


def one_number_twice(bench: Bench) -> None:
    bench.companies.put({"title": "Alfa", "cvr": "12345674"})
    bench.companies.put({"title": "Beta", "cvr": "12345674"})


def made_on_the_wrong_side(bench: Bench) -> None:
    bench.change("customers", asks_about_new=True, create_left=False)
    bench.contacts.put({"Name": "Alfa"})


def answer_lost_for_good(bench: Bench) -> SyncIssue:
    bench.contacts.mischief.refusals = Always(any=Refused("No."))
    made = bench.companies.put({"title": "Alfa"}).external_id
    bench.run()
    bench.contacts.mischief.refusals.clear()
    SyncIssue.objects.all().delete()
    WriteIntent.objects.update(state="unknown")
    open_all(Table.objects.get(name="customers").pk, [Raised("unknown_outcome", made, title="Alfa", reason="?")], NOW)
    return SyncIssue.objects.get()


def light_limit(bench: Bench) -> None:
    fields = tuple(replace(each, light=True) if each.key == "limit" else each for each in CUSTOMERS.fields)
    bench.change("customers", fields=fields)
    bench.companies.put({"title": "Alfa", "limit": "a lot"})


def doubtful_cvr(bench: Bench) -> None:
    fields = tuple(
        replace(each, check=lambda _: Checked.DOUBTFUL) if each.key == "cvr" else each for each in CUSTOMERS.fields
    )
    bench.change("customers", fields=fields)
    bench.companies.put({"title": "Alfa", "cvr": "12345670"})


CAUSES: dict[str, Callable[[Bench], None]] = {
    "conflict": edited_on_both_sides,
    "posted": posted_meanwhile,
    "totals": totals_apart,
    "bad_value": number_that_is_none,
    "deleted": removed,
    "deleted_but_changed": removed_and_edited,
    "maybe_same": one_name,
    "ambiguous": several_of_one_name,
    "duplicate_identity": one_number_twice,
    "made_elsewhere": made_on_the_wrong_side,
    "doubtful_number": doubtful_cvr,
    "without_field": light_limit,
}
"""The world that raises each kind, for those that a bench can raise."""
ELSEWHERE = {"left_scope", "out_of_reach", "done_there"}
"""Kinds that need filters or a second resource: planner/test_scope.py and story/test_books.py."""
ELSEWHERE |= {"partner_gone", "taken_back", "refused", "unreadable", "unknown_outcome", "waits", "altered", "nameless"}
"""Kinds that have tests of their own, below or in the engine's folder."""


def ends(kind: str) -> list[str]:
    return [each.choice for each in ANSWERS[kind] if each.ends]


def test_every_kind_is_tried_here_or_named_as_tried_elsewhere() -> None:
    assert set(ANSWERS) == set(CAUSES) | ELSEWHERE


@pytest.mark.parametrize("kind", ANSWERS)
def test_every_kind_has_an_answer_that_ends_it_for_coupled_and_lone_records_alike(kind: str) -> None:
    assert ends(kind)
    assert all(each.does for each in ANSWERS[kind])


@pytest.mark.parametrize(("kind", "choice"), [(kind, choice) for kind in CAUSES for choice in ends(kind)])
def test_an_answer_that_ends_a_question_ends_it(bench: Bench, kind: str, choice: str) -> None:
    CAUSES[kind](bench)
    bench.run()
    asked = list(SyncIssue.objects.filter(kind=kind).exclude(state="settled").order_by("id"))
    assert asked, "the world raises what it is said to raise"
    for issue in asked:
        offered = {each.choice for each in issues.choices(WHO, issue, bench.opener)}
        if choice not in offered:
            continue
        rivals = issues.details(issue).get("candidates", [])
        other = rivals[0] if choice in ("couple", "never") and len(rivals) > 1 and kind == "ambiguous" else ""
        try:
            issues.settle(WHO, issue, choice, bench.opener, NOW, other=other)
        except SettingsError as told:
            assert told.code in ("which_one", "coupled_already", "promised_already"), told
            return
        break
    else:
        pytest.skip(f"{choice} is for the other sort of record")
    for _ in range(2):
        bench.run()
    left = SyncIssue.objects.exclude(state="settled").filter(kind=kind, subject=issue.subject)
    if choice == "never" and kind == "ambiguous":
        return
    assert not left.exists(), f"{choice} was to end {kind}"


def two_alike(bench: Bench, asks: Side) -> tuple[str, str]:
    """Records of both sides that nobody has looked at yet. Returns (who asks, who is left out)."""
    bench.run()
    left, right = bench.companies.put({"title": "Alfa"}), bench.contacts.put({"Name": "ALFA"})
    ids = {Side.LEFT: left.external_id, Side.RIGHT: right.external_id}
    return ids[asks], ids[asks.other]


def left_out_by_a_person(bench: Bench, side: Side, external_id: str) -> None:
    decide(WHO, Table.objects.get(name="customers").pk, side, external_id, "ignore", NOW)


def left_out_as_blocked(bench: Bench, side: Side, external_id: str) -> None:
    resource = {Side.LEFT: bench.companies, Side.RIGHT: bench.contacts}[side]
    resource.edit(external_id, {"Blocked": True})
    kept = (Condition("Blocked", "empty", keeps_name=True),)
    bench.change("customers", **{f"{side.value}_filter": kept})


@pytest.mark.parametrize("asks", list(Side))
@pytest.mark.parametrize("leave_out", [left_out_by_a_person, left_out_as_blocked])
def test_a_record_of_its_own_is_the_one_that_asked_and_who_is_left_out_stays_so(
    bench: Bench, leave_out: Callable[[Bench, Side, str], None], asks: Side
) -> None:
    asking, left_out = two_alike(bench, asks)
    leave_out(bench, asks.other, left_out)
    bench.run()
    issues.settle(WHO, SyncIssue.objects.get(kind="maybe_same"), "create", bench.opener, NOW)
    bench.run()
    bench.run()
    assert [getattr(each, f"{asks.value}_id") for each in Coupling.objects.all()] == [asking]
    assert bench.issues() == []
    assert (len(bench.companies.all()), len(bench.contacts.all())) == ((1, 2) if asks is Side.LEFT else (2, 1))


def test_a_record_without_its_id_is_told_once_until_it_comes_again(bench: Bench) -> None:
    bench.run()
    place = Place(0, 0, 0, [(Table.objects.get(name="customers").pk, Side.LEFT)])
    for _ in range(2):
        tell_unread(place, [Unread("", Misunderstood("?")), Unread("", Misunderstood("?"))], NOW)
    issue = SyncIssue.objects.get()
    assert (issue.kind, issue.state, issue.left_id, issue.right_id) == ("nameless", "open", None, None)
    bench.run()
    assert bench.issues() == [("nameless", "open")], "planning anew knows nothing of it"
    issues.settle(WHO, issue, "accept", bench.opener, NOW)
    assert bench.issues() == []
    tell_unread(place, [Unread("", Misunderstood("?"))], NOW)
    assert bench.issues() == [("nameless", "open")]


def test_a_choice_that_does_not_fit_is_refused_and_says_which_do(bench: Bench) -> None:
    CAUSES["totals"](bench)
    bench.run()
    issue = SyncIssue.objects.get(kind="totals")
    with pytest.raises(SettingsError) as refused:
        issues.settle(WHO, issue, "left", bench.opener, NOW)
    assert refused.value.params["choices"] == "accept, uncouple, retry"


@pytest.mark.parametrize("kind", ["conflict", "posted", "totals"])
def test_a_difference_that_was_accepted_is_asked_about_again_when_it_moves(bench: Bench, kind: str) -> None:
    CAUSES[kind](bench)
    bench.run()
    issue = SyncIssue.objects.get(kind=kind)
    issues.settle(WHO, issue, "accept", bench.opener, NOW)
    bench.run()
    assert bench.issues() == []
    mails = {each["mail"] for each in bench.fields(Side.LEFT) if "mail" in each}
    assert mails <= {"left@x.example"}, "both sides keep what they have"
    one, two = bench.companies.all()[0].external_id, bench.contacts.all()[0].external_id
    bench.companies.edit(one, {"mail": "l2@x.example", "total": 105})
    if kind == "conflict":
        bench.contacts.edit(two, {"Email": "r2@x.example"})
    bench.run()
    assert kind in [each for each, _ in bench.issues()]


def test_a_create_that_nobody_can_tell_of_is_made_when_a_person_says_that_it_was_not(bench: Bench) -> None:
    issues.settle(WHO, answer_lost_for_good(bench), "create", bench.opener, NOW)
    bench.run()
    assert (len(bench.contacts.all()), bench.couplings(), bench.issues()) == (1, 1, [])


def test_a_create_that_nobody_can_tell_of_is_the_record_that_a_person_found(bench: Bench) -> None:
    issue = answer_lost_for_good(bench)
    bench.change("customers", only_coupled=True)
    there = bench.contacts.put({"Name": "Alfa"}).external_id
    bench.run_reading_only()
    issues.settle(WHO, issue, "couple", bench.opener, NOW, other=there)
    bench.run()
    assert (len(bench.contacts.all()), bench.couplings(), bench.issues()) == (1, 1, [])


def test_a_kind_that_nobody_could_answer_cannot_be_raised() -> None:
    with pytest.raises(ValueError, match="nobody could answer"):
        Raised("something_new")


def raised_unreadable(bench: Bench) -> tuple[str, SyncIssue]:
    """Told as reading tells it; the bench's next run asks for the record by itself."""
    made = bench.companies.put({"title": "Alfa"}).external_id
    bench.run()
    table = Table.objects.get(name="customers").pk
    open_all(table, [Raised("unreadable", made, title=made, reason="?")], NOW)
    return made, SyncIssue.objects.get(kind="unreadable")


def test_an_unreadable_record_is_asked_for_again_when_a_person_says_so(bench: Bench) -> None:
    _, issue = raised_unreadable(bench)
    bench.contacts.calls.clear()
    issues.settle(WHO, issue, "retry", bench.opener, NOW)
    assert SyncIssue.objects.get(pk=issue.pk).state == "open", "it is not settled by asking"
    bench.run()
    assert bench.issues() == []


def test_an_unreadable_record_that_is_left_out_is_told_no_more(bench: Bench) -> None:
    made, issue = raised_unreadable(bench)
    issues.settle(WHO, issue, "uncouple", bench.opener, NOW)
    place = Place(bench.pair.left.feeds.get(resource="companies").pk, 0, 0, ((issue.table_id, Side.LEFT),))
    tell_unread(place, [Unread(made, Misunderstood("?"))], NOW)
    assert bench.issues() == []


@pytest.mark.parametrize("choice", ["ignore", "couple"])
def test_a_refused_record_is_left_out_or_coupled_with_the_one_that_is_there(bench: Bench, choice: str) -> None:
    bench.contacts.mischief.refusals = Always(any=Refused("There already.", code="exists"))
    bench.companies.put({"title": "Alfa"})
    bench.run()
    bench.run()
    bench.change("customers", only_coupled=True)
    there = bench.contacts.put({"Name": "Beta"}).external_id
    bench.run()
    bench.contacts.mischief.refusals.clear()
    issues.settle(WHO, SyncIssue.objects.get(kind="refused"), choice, bench.opener, NOW, other=there)
    bench.run()
    assert (bench.issues(), bench.couplings()) == ([], 1 if choice == "couple" else 0)


def test_a_change_that_is_refused_can_be_accepted_as_not_arriving(bench: Bench) -> None:
    made = bench.companies.put({"title": "Alfa", "mail": "a@x.example"}).external_id
    bench.run()
    bench.contacts.mischief.refusals = Always(any=Refused("Locked.", code="locked"))
    bench.companies.edit(made, {"mail": "b@x.example"})
    bench.run()
    bench.run()
    issues.settle(WHO, SyncIssue.objects.get(kind="refused"), "accept", bench.opener, NOW)
    bench.run()
    assert bench.issues() == []
    bench.contacts.mischief.refusals.clear()
    bench.companies.edit(made, {"mail": "c@x.example"})
    bench.run()
    assert bench.fields_right()[0]["Email"] == "c@x.example"


def test_a_field_that_the_vendor_misses_is_named_by_its_label(bench: Bench) -> None:
    bench.run()
    described = as_data({"contacts": {**CONTACTS, "cf_12": FieldSchema("cf_12", "Branche")}})
    Connection.objects.filter(pk=bench.pair.right_id).update(described=described)
    missing = Refused("It needs a value for a field: %(text)s", field="cf_12", text="cf_12 does not have a value")
    bench.contacts.mischief.refusals = Always(any=missing)
    bench.companies.put({"title": "Alfa"})
    bench.run()
    issue = SyncIssue.objects.get(kind="refused")
    assert from_json(issue.params)["text"] == "“Branche” (cf_12) does not have a value"
    assert issues.details(issue)["label"] == "Branche"
