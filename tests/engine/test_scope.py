"""Which records and fields are left alone, and what one side gives back to the other."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from kobling.access.policy import Actor
from kobling.hub.connections.opening import Opener
from kobling.hub.models import Connection, Pair, Table
from kobling.hub.services.deciding import decide
from kobling.mapping import Direction, FieldMapping, Side, TableMapping, end
from kobling.mapping.references import soft_reference
from kobling.pairs.base import Option
from tests.engine.bench import CUSTOMERS, ORDERS, Bench

pytestmark = pytest.mark.django_db(transaction=True)
NOW = datetime(2026, 11, 23, tzinfo=UTC)


def test_only_coupled_records_are_kept_in_step_and_no_others_are_touched(bench: Bench) -> None:
    bench.change("customers", only_coupled=True)
    ours = bench.companies.put({"title": "Alfa", "cvr": "12345674"})
    theirs = bench.contacts.put({"Name": "Alfa", "VatNumber": "12345674"})
    bench.companies.put({"title": "Beta"})
    bench.run()
    assert (bench.couplings(), len(bench.contacts.all()), bench.issues()) == (0, 1, [])
    table = Table.objects.get(name="customers").pk
    who = Actor.operator("bogholder")
    decide(who, table, Side.LEFT, ours.external_id, "couple", NOW, other=theirs.external_id)
    bench.companies.edit(ours.external_id, {"mail": "a@x.example"})
    bench.run()
    assert bench.couplings() == 1
    assert bench.fields(Side.RIGHT)[0]["Email"] == "a@x.example"


def soft_orders() -> TableMapping:
    soft = soft_reference("customers")
    customer = FieldMapping("customer", end("company", codec=soft), end("Contact", codec=soft))
    return replace(ORDERS, fields=(ORDERS.fields[0], customer))


def test_a_soft_reference_holds_nothing_up_and_overwrites_nothing(bench: Bench) -> None:
    bench.mappings["orders"] = soft_orders()
    bench.change("customers", only_coupled=True)
    company = bench.companies.put({"title": "Alfa"})
    order = bench.left.resources["orders"].put({"subject": "Ordre", "company": company.external_id})
    bench.run()
    (made,) = bench.right.resources["invoices"].all()
    assert "Contact" not in made.fields
    bench.right.resources["invoices"].edit(made.external_id, {"Contact": "somebody else"})
    bench.left.resources["orders"].edit(order.external_id, {"subject": "Ordre 2"})
    bench.run()
    (kept,) = bench.right.resources["invoices"].all()
    assert (kept.fields["Text"], kept.fields["Contact"]) == ("Ordre 2", "somebody else")


def test_a_number_that_the_other_side_gives_comes_back_in_the_same_run(bench: Bench) -> None:
    number = FieldMapping("number", end("number"), end("Number"), Direction.TO_LEFT, clear=False)
    bench.mappings["customers"] = replace(CUSTOMERS, fields=(*CUSTOMERS.fields, number))
    bench.companies.put({"title": "Alfa"})
    create, given = bench.contacts._create, iter(range(1, 10))

    def numbered(external_id: str, fields: dict[str, object]) -> object:
        """The vendor numbers what is made."""
        return create(external_id, {**fields, "Number": f"D{next(given)}"})

    bench.contacts._create = numbered  # type: ignore[method-assign, assignment]
    bench.run()
    assert bench.fields(Side.LEFT)[0].get("number") == "D1"


def offer_connection(bench: Bench, name: str) -> None:
    """Let the pair's orders be written by a connection of their own."""
    kind = bench.opener.pair_types["memory"]
    offered = replace(kind, options=(Option("orders_connection", "", ""),))
    bench.opener.pair_types = {"memory": offered}
    bench.pair.options = {"orders_connection": name}
    bench.pair.save()


def test_orders_are_written_by_the_connection_named_for_them(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    Connection.objects.create(client=bench.pair.client, connector="right", name="ordrebruger")
    offer_connection(bench, "ordrebruger")
    asked: list[tuple[str, str]] = []
    original, opened = Opener.resource, Opener.connector

    def resource(self: Opener, pair: Pair, table: str, *more: Any) -> Any:
        def connector(opener: Opener, connection: Connection) -> Any:
            asked.append((table, connection.name))
            return opened(opener, connection)

        monkeypatch.setattr(Opener, "connector", connector)
        try:
            return original(self, pair, table, *more)
        finally:
            monkeypatch.setattr(Opener, "connector", opened)

    monkeypatch.setattr(Opener, "resource", resource)
    company = bench.companies.put({"title": "Alfa"})
    bench.left.resources["orders"].put({"subject": "Ordre", "company": company.external_id})
    assert bench.run().state == "done"
    assert set(asked) == {
        ("customers", "left"),
        ("customers", "right"),
        ("orders", "left"),
        ("orders", "ordrebruger"),
    }


def test_a_connection_that_is_not_there_is_named(bench: Bench) -> None:
    offer_connection(bench, "findes ikke")
    bench.left.resources["orders"].put({"subject": "Ordre"})
    run = bench.run()
    assert run.state == "failed"
    assert run.error["params"]["name"] == "findes ikke"
