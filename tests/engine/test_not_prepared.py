"""A value that cannot be carried over is told, counted and parked; what was sent before stays in doubt."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kobling.hub.models import Decision, SyncIssue, WriteIntent
from kobling.mapping import Codec, DeletionPolicy, Side, end
from tests.engine.bench import CUSTOMERS, Bench

pytestmark = pytest.mark.django_db(transaction=True)


def too_long(value: object, _side: str, _resolver: object) -> tuple[object, ...]:
    if value is not None and len(str(value)) > 20:
        raise ValueError("longer than the other system takes")
    return (value,)


SHORT = Codec("short", lambda values, _side, _resolver: values[0] or None, too_long)


def shortened(bench: Bench) -> None:
    fields = [
        replace(each, right=end("Email", codec=SHORT)) if each.key == "email" else each for each in CUSTOMERS.fields
    ]
    bench.change("customers", fields=tuple(fields))


def test_it_is_told_once_and_parked_when_it_stays_and_nothing_is_sent(bench: Bench) -> None:
    shortened(bench)
    one = bench.companies.put({"title": "Alfa", "mail": "much-too-long-a-mail@x.example"}).external_id
    bench.companies.put({"title": "Beta", "mail": "b@x.example"})
    assert [bench.run().state for _ in range(2)] == ["partly_done"] * 2
    issue = SyncIssue.objects.get()
    assert (issue.kind, issue.left_id, issue.title) == ("refused", one, "Alfa")
    assert "Email" in issue.params
    assert [each.fields["Name"] for each in bench.contacts.all()] == ["Beta"]
    assert {each.state for each in WriteIntent.objects.filter(source_id=one)} == {"refused"}
    bench.companies.edit(one, {"title": "Alfa A/S"})
    bench.run()
    assert bench.issues() == [("refused", "parked")]
    bench.companies.edit(one, {"mail": "short@x.example"})
    bench.run()
    assert bench.issues() == [] and len(bench.contacts.all()) == 2


def test_what_was_sent_and_cannot_be_prepared_any_more_stays_in_doubt(bench: Bench) -> None:
    one = bench.companies.put({"title": "Alfa", "mail": "much-too-long-a-mail@x.example"}).external_id
    bench.run()
    bench.contacts.mischief.lost_requests = 2
    bench.companies.edit(one, {"mail": "another-much-too-long@x.example"})
    bench.run()
    assert bench.issues() == [("unknown_outcome", "open")]
    shortened(bench)
    bench.run()
    assert WriteIntent.objects.get(operation="update").state == "unknown"
    assert ("unknown_outcome", "open") in bench.issues()
    assert [each.operation for each in bench.contacts.sent].count("update") == 0


@pytest.mark.parametrize("deleted", list(Side))
def test_who_survives_an_uncoupling_by_the_rule_is_left_alone_from_then_on(bench: Bench, deleted: Side) -> None:
    bench.change("customers", deletion=DeletionPolicy.UNCOUPLE)
    ids = [bench.companies.put({"title": f"Firma {n}"}).external_id for n in range(3)]
    bench.run()
    contact = next(each.external_id for each in bench.contacts.all() if each.fields["Name"] == "Firma 0")
    (bench.companies if deleted is Side.LEFT else bench.contacts).remove(ids[0] if deleted is Side.LEFT else contact)
    bench.run()
    assert bench.couplings() == 2
    survivor, resource = (contact, bench.contacts) if deleted is Side.LEFT else (ids[0], bench.companies)
    left_out = Decision.objects.filter(choice="ignore", side=deleted.other.value)
    assert [each.external_id for each in left_out] == [survivor]
    resource.edit(survivor, {"Limit": 5} if deleted is Side.LEFT else {"limit": 5})
    bench.run()
    assert bench.couplings() == 2 and len(bench.companies.all()) + len(bench.contacts.all()) == 5
