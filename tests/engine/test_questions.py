"""Questions about look-alikes: asked once, answered from either side, closed when answered."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from kobling.access.policy import Actor
from kobling.hub.models import Coupling, SyncIssue, Table
from kobling.hub.services.deciding import decide
from kobling.mapping import Condition, Side
from kobling.sdk.memory import MemoryResource
from tests.engine.bench import Bench

pytestmark = pytest.mark.django_db(transaction=True)
NOW = datetime(2026, 11, 23, tzinfo=UTC)
WHO = Actor.operator("bogholder")


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


def mail_of(resource: MemoryResource, external_id: str, path: str) -> Any:
    return next(each.fields[path] for each in resource.all() if each.external_id == external_id)


def promised(bench: Bench) -> tuple[str, str, str]:
    """Two records that could be one of the other side: a person named the first, the number names the second."""
    chosen = bench.companies.put({"title": "Alfa", "mail": "alfa@x.example"}).external_id
    numbered = bench.companies.put({"title": "Gamma", "cvr": "12345674", "mail": "gamma@x.example"}).external_id
    there = bench.contacts.put({"Name": "Beta", "VatNumber": "12345674"}).external_id
    return chosen, numbered, there


@pytest.mark.parametrize("side", list(Side))
def test_what_a_person_promised_to_one_record_no_rule_gives_to_another(bench: Bench, side: Side) -> None:
    chosen, numbered, there = promised(bench)
    table = Table.objects.get_or_create(pair=bench.pair, name="customers")[0].pk
    ids = {Side.LEFT: chosen, Side.RIGHT: there}
    decide(WHO, table, side, ids[side], "couple", NOW, other=ids[side.other])
    bench.run()
    bench.run()
    coupling = Coupling.objects.get()
    assert (coupling.left_id, coupling.right_id) == (chosen, there)
    assert [kind for kind, _ in bench.issues()] == ["duplicate_identity"], "the other one is asked about"
    assert mail_of(bench.companies, numbered, "mail") == "gamma@x.example"


def test_a_promise_comes_too_late_for_a_record_that_is_coupled(bench: Bench) -> None:
    chosen, numbered, there = promised(bench)
    bench.change("customers", leading=Side.LEFT)
    bench.run()
    assert Coupling.objects.get(right_id=there).left_id == numbered
    table = Table.objects.get(name="customers").pk
    Coupling.objects.filter(left_id=chosen).delete()
    decide(WHO, table, Side.LEFT, chosen, "couple", NOW, other=there)
    bench.companies.edit(chosen, {"mail": "nyt@x.example"})
    bench.run()
    assert Coupling.objects.get(right_id=there).left_id == numbered
    assert mail_of(bench.contacts, there, "Email") == "gamma@x.example", "nothing of the other record arrives"


def similar(bench: Bench, *, mails: tuple[str, str] = ("", "")) -> tuple[str, str]:
    """A record on each side that looks like the other: (left, right); asked about."""
    left = bench.companies.put({"title": "Alfa", "mail": mails[0]}).external_id
    right = bench.contacts.put({"Name": "ALFA", "Email": mails[1]}).external_id
    bench.run()
    assert ("maybe_same", "open") in bench.issues() and bench.couplings() == 0
    return left, right


@pytest.mark.parametrize("renamed", list(Side))
def test_a_look_alike_that_is_none_any_more_leaves_the_other_one_alone_and_both_are_made(
    bench: Bench, renamed: Side
) -> None:
    """The other record has not moved, and nobody reads it again: that it is alone now is news all the same."""
    left, right = similar(bench)
    if renamed is Side.LEFT:
        bench.companies.edit(left, {"title": "Beta"})
    else:
        bench.contacts.edit(right, {"Name": "Beta"})
    bench.run()
    bench.run()
    assert bench.issues() == [] and bench.couplings() == 2
    assert sorted(each.fields["title"].lower() for each in bench.companies.all()) == ["alfa", "beta"]
    assert sorted(each.fields["Name"].lower() for each in bench.contacts.all()) == ["alfa", "beta"]


def test_who_is_asked_about_for_a_third_one_is_not_looked_at_again(bench: Bench) -> None:
    """One of two look-alikes is renamed; the other one still stands beside the record."""
    left, right = similar(bench)
    other = bench.companies.put({"title": "alfa"}).external_id
    bench.run()
    bench.companies.edit(left, {"title": "Beta"})
    bench.run()
    bench.run()
    assert {kind for kind, _ in bench.issues()} <= {"maybe_same", "ambiguous"} and bench.issues()
    assert {each.fields["Name"] for each in bench.contacts.all()} == {"ALFA", "Beta"}
    assert not Coupling.objects.filter(left_id=other).exists()
    assert not Coupling.objects.filter(right_id=right).exists()


@pytest.mark.parametrize("coupled", list(Side))
def test_who_looked_like_a_record_that_is_coupled_with_another_is_made(bench: Bench, coupled: Side) -> None:
    left, right = similar(bench)
    table = Table.objects.get(name="customers").pk
    if coupled is Side.LEFT:
        ids = left, bench.contacts.put({"Name": "Delta"}).external_id
    else:
        ids = bench.companies.put({"title": "Delta"}).external_id, right
    decide(WHO, table, coupled, ids[coupled is Side.RIGHT], "couple", NOW, other=ids[coupled is Side.LEFT])
    for _ in range(3):
        bench.run()
    assert bench.issues() == [] and bench.couplings() == 2
    assert Coupling.objects.filter(left_id=ids[0], right_id=ids[1]).exists()
    lonely = right if coupled is Side.LEFT else left
    assert Coupling.objects.filter(left_id=lonely).exists() or Coupling.objects.filter(right_id=lonely).exists()
