"""A field whose value cannot be carried holds back itself alone: the record goes, and the field is told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from kobling.access.policy import Actor
from kobling.hub.models import SyncIssue
from kobling.hub.services import issues, pairs, verifying
from kobling.mapping import FieldMapping, TableMapping, end
from kobling.mapping.codecs import NUMBER, text_up_to
from kobling.mapping.references import soft_reference
from kobling.records import N_, Refused, from_json
from tests.engine.bench import CUSTOMERS, ORDERS, Bench, benches

pytestmark = pytest.mark.django_db(transaction=True)
WHO = Actor.operator("bogholder")
LIGHT = (
    *(each for each in CUSTOMERS.fields if each.key in ("name", "cvr", "limit")),
    FieldMapping("days", end("days", codec=NUMBER), end("Days", codec=NUMBER), light=True),
    FieldMapping("city", end("city"), end("City", codec=text_up_to(10)), light=True),
)


@pytest.fixture
def bench() -> Iterator[Bench]:
    for bench in benches():
        bench.change("customers", fields=LIGHT)
        yield bench


def there(bench: Bench) -> list[dict[str, object]]:
    return [dict(each.fields) for each in bench.contacts.all()]


def told(bench: Bench) -> list[tuple[str, list[str]]]:
    rows = SyncIssue.objects.exclude(state="settled").order_by("pk")
    return [(each.kind, sorted(from_json(each.details).get("fields", {}))) for each in rows]


def test_a_value_that_fits_no_rule_is_left_behind_and_told(bench: Bench) -> None:
    bench.companies.put({"title": "Alfa", "days": "14 dager", "city": "Ribe"})
    run = bench.run()
    assert (run.state, bench.counts(run)) == ("done", {"inserted": 1})
    assert there(bench) == [{"Name": "Alfa", "City": "Ribe"}]
    assert told(bench) == [("without_field", ["days"])]
    assert "14 dager" in SyncIssue.objects.get().details
    assert pairs.status(WHO, bench.pair).state == "in_step", "it waits for nobody"


def test_an_amount_that_fits_no_rule_holds_its_record_back(bench: Bench) -> None:
    bench.companies.put({"title": "Alfa", "limit": "a lot"})
    bench.run()
    assert (there(bench), told(bench)) == ([], [("bad_value", ["limit"])])


def test_it_goes_once_it_was_put_right(bench: Bench) -> None:
    made = bench.companies.put({"title": "Alfa", "days": "14 dager"}).external_id
    bench.run()
    bench.companies.edit(made, {"days": "14"})
    bench.run()
    assert (there(bench), told(bench)) == ([{"Name": "Alfa", "Days": 14}], [])


def test_the_other_side_keeps_what_it_has_while_the_value_cannot_be_carried(bench: Bench) -> None:
    made = bench.companies.put({"title": "Alfa", "days": "14"}).external_id
    bench.run()
    bench.companies.edit(made, {"days": "two weeks", "title": "Beta"})
    bench.run()
    assert (there(bench), told(bench)) == ([{"Name": "Beta", "Days": 14}], [("without_field", ["days"])])
    bench.run()
    assert bench.companies.all()[0].fields["days"] == "two weeks", "nobody's word is written over"


def test_what_the_other_side_cannot_take_is_left_behind_and_sent_no_second_time(bench: Bench) -> None:
    bench.companies.put({"title": "Alfa", "city": "Nørre Aaby ved Middelfart"})
    bench.run()
    assert (there(bench), told(bench)) == ([{"Name": "Alfa"}], [("without_field", ["city"])])
    sent = len(bench.contacts.sent)
    bench.run()
    assert len(bench.contacts.sent) == sent
    assert bench.companies.all()[0].fields["city"] == "Nørre Aaby ved Middelfart"


def test_a_change_of_nothing_else_sends_nothing_and_is_told(bench: Bench) -> None:
    made = bench.companies.put({"title": "Alfa", "city": "Ribe"}).external_id
    bench.run()
    bench.companies.edit(made, {"city": "Nørre Aaby ved Middelfart"})
    sent = len(bench.contacts.sent)
    bench.run()
    assert (len(bench.contacts.sent), told(bench)) == (sent, [("without_field", ["city"])])
    bench.run()
    assert (there(bench), len(bench.contacts.sent)) == ([{"Name": "Alfa", "City": "Ribe"}], sent)
    bench.companies.edit(made, {"city": "Tønder"})
    bench.run()
    assert (there(bench), told(bench)) == ([{"Name": "Alfa", "City": "Tønder"}], [])


def test_a_later_change_on_the_other_side_comes_over(bench: Bench) -> None:
    bench.companies.put({"title": "Alfa", "city": "Nørre Aaby ved Middelfart"})
    bench.run()
    bench.contacts.edit(bench.contacts.all()[0].external_id, {"City": "Nørre Aaby"})
    bench.run()
    assert bench.companies.all()[0].fields["city"] == "Nørre Aaby"


def refusing(bench: Bench, monkeypatch: pytest.MonkeyPatch, field: str, value: object) -> None:
    """The vendor itself refuses a value of one field."""
    check = bench.contacts._check

    def strict(external_id: str, fields: dict[str, object]) -> None:
        if fields.get(field) == value:
            raise Refused(N_("%(field)s must be filled in."), field=field)
        check(external_id, fields)

    monkeypatch.setattr(bench.contacts, "_check", strict)


def test_a_value_that_the_vendor_refuses_is_left_behind_and_told(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    refusing(bench, monkeypatch, "City", "Ribe")
    made = bench.companies.put({"title": "Alfa", "city": "Ribe", "days": "8"}).external_id
    bench.run()
    assert (there(bench), told(bench)) == ([{"Name": "Alfa", "Days": 8}], [("without_field", ["city"])])
    bench.companies.edit(made, {"title": "Beta"})
    bench.run()
    assert there(bench) == [{"Name": "Beta", "Days": 8}]


def test_a_refused_name_still_holds_the_record(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    refusing(bench, monkeypatch, "Name", "Alfa")
    bench.companies.put({"title": "Alfa", "city": "Ribe"})
    bench.run()
    assert (there(bench), told(bench)) == ([], [("refused", [])])


def test_a_person_who_has_seen_it_is_not_told_again_of_the_same_value(bench: Bench) -> None:
    made = bench.companies.put({"title": "Alfa", "days": "14 dager"}).external_id
    bench.run()
    issues.settle(WHO, SyncIssue.objects.get(), "accept", bench.opener, bench.clock.now())
    bench.companies.edit(made, {"title": "Beta"})
    bench.run()
    assert (there(bench), told(bench)) == ([{"Name": "Beta"}], [])
    bench.companies.edit(made, {"days": "ti dager"})
    bench.run()
    assert told(bench) == [("without_field", ["days"])]


def test_verify_counts_what_goes_without_a_field(bench: Bench) -> None:
    bench.companies.put({"title": "Alfa", "days": "14 dager"})
    bench.run()
    report = verifying.verify(WHO, bench.pair, bench.opener)
    (table,) = [each for each in report.tables if each.name == "customers"]
    assert (table.differences, table.kept_differently) == (0, 1)


def pointing(bench: Bench) -> None:
    soft = soft_reference("customers")
    fields = (
        *(each for each in ORDERS.fields if each.key == "name"),
        FieldMapping("customer", end("company", codec=soft), end("Contact", codec=soft), light=True),
    )
    bench.change("orders", fields=fields)


def test_what_points_to_nothing_that_is_coupled_goes_without_it_and_is_told_by_its_name(bench: Bench) -> None:
    pointing(bench)
    held = bench.companies.put({"title": "Alfa", "limit": "a lot"}).external_id
    bench.left.resources["orders"].put({"subject": "First", "company": held})
    bench.run()
    assert [dict(each.fields) for each in bench.right.resources["invoices"].all()] == [{"Text": "First"}]
    assert ("without_field", ["customer"]) in told(bench)
    assert "Alfa" in SyncIssue.objects.get(kind="without_field").details
    bench.companies.edit(held, {"limit": "5"})
    bench.run()
    bench.run()
    assert bench.right.resources["invoices"].all()[0].fields["Contact"] == bench.contacts.all()[0].external_id
    assert told(bench) == []


@pytest.mark.parametrize("changed", [{"legal": True}, {"needed": True}, {"proof": True}, {"scopes": True}])
def test_a_field_without_which_a_record_is_another_one_cannot_be_light(changed: dict[str, bool]) -> None:
    with pytest.raises(ValueError, match="does not go without"):
        replace(LIGHT[-1], **changed)  # type: ignore[arg-type]


def test_neither_a_name_nor_what_couples_can_be_light() -> None:
    name, *rest = LIGHT
    with pytest.raises(ValueError, match="without its name"):
        TableMapping(name="t", left="a", right="b", fields=(replace(name, light=True), *rest))
    with pytest.raises(ValueError, match="is light"):
        replace(CUSTOMERS, fields=(*rest, replace(name, light=True)), title_key="cvr", match=CODED)


CODED = (replace(CUSTOMERS.match[0], keys=("cvr", "name")),)
