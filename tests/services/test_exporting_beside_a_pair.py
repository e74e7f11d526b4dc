"""A file beside a pair: it spells what the pair spells, begins on its day, and is silent of others' departments."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from kobling.access.policy import Actor
from kobling.files import PROFILES, Document, Line
from kobling.hub.models import Activation, Pair
from kobling.hub.services import exporting
from kobling.hub.services.exporting import Wish
from kobling.mapping import Side
from kobling.pairs.base import Option
from kobling.pairs.file_exports import About, FileSource, Held
from kobling.records import SettingsError
from tests.engine.bench import Bench, benches

pytestmark = pytest.mark.django_db(transaction=True)
WHO = Actor.operator("bogholder")
WISH = Wish(PROFILES["spreadsheet-nb"])
OPTIONS = (Option("customer_numbers", "", "same"), Option("vat_codes", "", ""), Option("invoices_from", "", ""))


class Asked:
    """What the source was asked with."""

    options: dict[str, Any]
    codes: Any
    schemas: Any

    def documents(self, rows: Any, codes: Any, departments: Any, options: Any, schemas: Any) -> Iterator[Any]:
        self.codes, self.options, self.schemas = codes, dict(options), schemas
        for source_id, fields in rows["orders"].items():
            day, department = date.fromisoformat(fields["day"]), fields.get("department", "")
            if departments and department not in departments:
                about = About("Alfa", Decimal(10), "NOK", day, department)
                yield Held(source_id, fields["subject"], "Elsewhere.", {}, "other_department", about)
                continue
            line = Line("Vare", Decimal(1), Decimal(10), Decimal(10))
            yield Document("invoice", source_id, fields["subject"], day, "NOK", (line,))


@pytest.fixture
def asked() -> Asked:
    return Asked()


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch, asked: Asked) -> Iterator[Bench]:
    source = FileSource("left", "orders", (), "spreadsheet-nb", asked.documents, "memory")
    monkeypatch.setattr(exporting, "SOURCES", {"left": source})
    for made in benches():
        kind = made.opener.pair_types["memory"]
        made.opener.pair_types = {"memory": replace(kind, options=OPTIONS)}
        yield made


def preview(bench: Bench, **wish: Any) -> exporting.Preview:
    return exporting.preview(WHO, bench.pair.left, bench.opener, replace(WISH, **wish))


def chosen(bench: Bench, **options: str) -> None:
    Pair.objects.filter(pk=bench.pair.pk).update(options=options)


def order(bench: Bench, number: str, day: str = "2026-11-05", **more: str) -> None:
    bench.left.resources["orders"].put({"subject": number, "day": day, **more})


def test_a_file_spells_numbers_by_the_pairs_rule_unless_another_is_told(bench: Bench, asked: Asked) -> None:
    order(bench, "1")
    chosen(bench, customer_numbers="+100000", vat_codes="25=3")
    preview(bench)
    assert (asked.options["customer_numbers"], asked.options["vat_codes"]) == ("+100000", "25=3")
    assert Side.LEFT in asked.schemas
    preview(bench, customer_numbers="+200000")
    assert asked.options["customer_numbers"] == "+200000"
    bench.pair.delete()
    preview(bench)
    assert asked.options == {}, "nobody said any"
    preview(bench, customer_numbers="+1")
    assert asked.options == {"customer_numbers": "+1"}


def test_pairs_that_spell_otherwise_are_not_chosen_between_by_chance(bench: Bench, asked: Asked) -> None:
    order(bench, "1")
    chosen(bench, customer_numbers="+100000")
    sides = {"left": bench.pair.left, "right": bench.pair.right}
    Pair.objects.create(client=bench.pair.client, pair_type="memory", name="other", options={}, **sides)
    with pytest.raises(SettingsError, match="customer_numbers"):
        preview(bench)
    preview(bench, customer_numbers="same")
    assert asked.options["customer_numbers"] == "same"


def test_history_that_the_pair_leaves_is_left_by_the_file_and_told(bench: Bench) -> None:
    order(bench, "1", "2026-10-31")
    order(bench, "2")
    chosen(bench, invoices_from="2026-11-01")
    shown = preview(bench)
    assert [each.number for each in shown.documents] == ["2"]
    (left,) = shown.left
    assert (left.number, left.kind, left.amount) == ("1", "before", Decimal(10))
    assert left.reason % left.params == "It is from before 2026-11-01."
    assert len(preview(bench, since=date(2026, 10, 1)).documents) == 2, "a person may say another day"
    chosen(bench, invoices_from="all")
    assert len(preview(bench).documents) == 2


def test_of_a_department_without_access_nothing_is_told_but_that_there_is_a_document(bench: Bench) -> None:
    kind = bench.opener.pair_types["memory"]
    bench.opener.pair_types = {"memory": replace(kind, departments="companies")}
    north, south = (bench.companies.put({"title": name, "name": name}).external_id for name in ("North", "South"))
    order(bench, "1", department=north)
    order(bench, "2", department=south)
    told = preview(bench, departments=("North",)).left
    assert [(each.number, each.who, each.amount) for each in told] == [("2", "Alfa", Decimal(10))]
    Activation.objects.create(
        client=bench.pair.client,
        pair_type="memory",
        departments=["North"],
        activated_at=datetime(2026, 11, 1, tzinfo=UTC),
    )
    told = preview(bench).left
    assert [(each.number, each.kind, each.who, each.amount) for each in told] == [("2", "other_department", "", None)]
