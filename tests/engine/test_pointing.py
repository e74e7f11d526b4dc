"""A field that points to a record which is not coupled yet is left alone, and filled in once that record is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from kobling.access.policy import Actor
from kobling.hub.models import SyncIssue
from kobling.hub.services import issues, matching, pairs
from kobling.mapping import FieldMapping, end
from kobling.mapping.references import soft_reference
from tests.engine.bench import Bench, benches

pytestmark = pytest.mark.django_db(transaction=True)
WHO = Actor.operator()


@pytest.fixture
def bench() -> Iterator[Bench]:
    for bench in benches():
        bench.change("customers", only_coupled=True)
        yield bench


def softly(bench: Bench) -> None:
    soft = soft_reference("customers")
    fields = (
        FieldMapping("name", end("subject"), end("Text")),
        FieldMapping("customer", end("company", codec=soft), end("Contact", codec=soft)),
    )
    bench.change("orders", fields=fields)


def couple(bench: Bench, way: str, left: str, right: str) -> None:
    now = bench.clock.now()
    if way == "many":
        matching.couple_many(WHO, bench.pair, bench.opener, "customers", [(left, right)], now)
    else:
        issues.couple(WHO, bench.pair, bench.opener, "customers", left, right, now)


@pytest.mark.parametrize("way", ["one", "many"])
def test_it_follows_when_the_other_record_is_coupled(bench: Bench, way: str) -> None:
    softly(bench)
    company, contact = bench.companies.put({"title": "Alfa"}), bench.contacts.put({"Name": "Alfa"})
    bench.left.resources["orders"].put({"subject": "Ordre 1", "company": company.external_id})
    assert bench.run().state == "done", "nothing waits for it"
    (made,) = bench.right.resources["invoices"].all()
    assert not made.fields.get("Contact")
    assert list(issues.listed(WHO, bench.pair)) == [], "a note of our own is not shown"
    assert pairs.status(WHO, bench.pair).state == "in_step"
    couple(bench, way, company.external_id, contact.external_id)
    bench.run()
    (now,) = bench.right.resources["invoices"].all()
    assert now.fields["Contact"] == contact.external_id
    assert not SyncIssue.objects.exclude(state="settled").exists()


@pytest.mark.parametrize("way", ["one", "many"])
def test_what_waits_goes_when_a_person_couples_the_record_it_waits_for(bench: Bench, way: str) -> None:
    company, contact = bench.companies.put({"title": "Alfa"}), bench.contacts.put({"Name": "Alfa"})
    bench.left.resources["orders"].put({"subject": "Ordre 1", "company": company.external_id})
    bench.run()
    assert bench.issues() == [("waits", "open")] and bench.right.resources["invoices"].all() == []
    couple(bench, way, company.external_id, contact.external_id)
    bench.run()
    (made,) = bench.right.resources["invoices"].all()
    assert made.fields["Contact"] == contact.external_id
    assert bench.issues() == []
