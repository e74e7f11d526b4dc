"""Invoices of Simply CRM: lines, totals, balance, stock."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.simulators.crm import Crm, error, result, signed_in


class Shop:
    """An account, two products, and a way to make invoices of lines."""

    def __init__(self) -> None:
        self.crm = signed_in()
        self.account = self.crm.create("Accounts", accountname="Kunde")["id"]
        self.product = self.crm.create("Products", productname="Vare", tax1="25")["id"]
        self.service = self.crm.create("Services", servicename="Time")["id"]

    def element(self, lines: list[dict[str, Any]], **header: Any) -> dict[str, Any]:
        return {
            "subject": "F",
            "account_id": self.account,
            "assigned_user_id": "19x1",
            "bill_street": "Gade 1",
            "ship_street": "Gade 1",
            "productid": self.product,
            "LineItems": lines,
            **header,
        }

    def invoice(self, lines: list[dict[str, Any]], **header: Any) -> dict[str, Any]:
        element = self.element(lines, **header)
        return result(self.crm.signed("create", elementType="Invoice", element=element))

    def line(self, quantity: str = "1", price: str = "100", **more: str) -> dict[str, Any]:
        return {"productid": self.product, "quantity": quantity, "listprice": price, **more}

    def read(self, full_id: str) -> dict[str, Any]:
        return result(self.crm.signed("retrieve", id=full_id))


@pytest.fixture(scope="module")
def shop() -> Shop:
    return Shop()


amounts = st.decimals("0.01", "99999", places=2)
lines = st.lists(
    st.tuples(st.decimals("0.001", "999", places=3), amounts, st.sampled_from(["0", "5", "12.5"])),
    min_size=1,
    max_size=5,
)


@settings(max_examples=40, deadline=None)
@given(lines, st.sampled_from(["group", "individual"]))
def test_totals_are_the_sum_of_the_lines_and_their_tax(shop: Shop, given_lines: list[Any], tax_type: str) -> None:
    made = shop.invoice(
        [shop.line(str(q), str(p), discount_percent=d, tax1="25") for q, p, d in given_lines], hdnTaxType=tax_type
    )
    read = shop.read(made["id"])
    net = sum((q * p * (1 - Decimal(d) / 100) for q, p, d in given_lines), Decimal(0))
    with_tax = net * Decimal("1.25")
    close = with_tax * Decimal("1e-13") + Decimal("1e-8")
    assert abs(Decimal(read["hdnSubTotal"]) - (net if tax_type == "group" else with_tax)) < close
    assert abs(Decimal(read["pre_tax_total"]) - net) < close
    assert abs(Decimal(read["hdnGrandTotal"]) - with_tax) < close
    assert read["balance"] == read["hdnGrandTotal"]


def test_a_header_discount_a_charge_and_an_adjustment_count(shop: Shop) -> None:
    made = shop.invoice([shop.line("2", "100", tax1="25")], hdnDiscountPercent="10", txtAdjustment="-1")
    assert made["hdnGrandTotal"] == 224
    assert made["hdnDiscountPercent"] == "10.000"


def test_an_invoice_needs_lines_and_lines_need_a_product(shop: Shop) -> None:
    for lines in ([], [{"quantity": "1"}]):
        reply = shop.crm.signed("create", elementType="Invoice", element=shop.element(lines))
        assert error(reply)[0] == "MANDATORY_FIELDS_MISSING"


def test_a_line_without_a_quantity_counts_as_none(shop: Shop) -> None:
    made = shop.invoice([{"productid": shop.product, "listprice": "5"}, shop.line("", "5"), shop.line("2", "5")])
    assert [line["quantity"] for line in made["LineItems"]] == ["0.000", "0.000", "2.000"]
    assert made["hdnGrandTotal"] == 10


def test_a_line_with_a_product_that_does_not_exist_is_taken(shop: Shop) -> None:
    made = shop.invoice([{"productid": "14x99999", "quantity": "1", "listprice": "5"}])
    assert made["LineItems"][0]["productid"] == ""
    assert made["hdnGrandTotal"] == 5


def test_replacing_lines_uses_their_ids_again(shop: Shop) -> None:
    made = shop.invoice([shop.line(), shop.line()])
    ids = [line["id"] for line in made["LineItems"]]
    shop.crm.revise(id=made["id"], LineItems=[shop.line("7"), shop.line("8"), shop.line("9")])
    found = shop.crm.query(f"select id,quantity from LineItem where parent_id='{made['id']}';")
    assert [line["id"] for line in found][:2] == ids
    assert [line["quantity"] for line in found] == ["7.000", "8.000", "9.000"]


def test_a_deleted_product_reads_empty_on_the_line(shop: Shop) -> None:
    product = shop.crm.create("Products", productname="Forsvinder")["id"]
    made = shop.invoice([{"productid": product, "quantity": "1", "listprice": "1"}], productid=product)
    shop.crm.signed("delete", id=product)
    line = shop.read(made["id"])["LineItems"][0]
    assert (line["productid"], line["deleted"], line["product_name"]) == ("", "1", "Forsvinder")


def test_the_balance_follows_no_revise_but_an_update_with_lines(shop: Shop) -> None:
    made = shop.invoice([shop.line("1", "100")])
    shop.crm.revise(id=made["id"], received="40")
    assert shop.read(made["id"])["balance"] == "100.00000000"
    shop.crm.signed("update", element={"id": made["id"], **shop.element([shop.line("1", "100")])})
    assert shop.read(made["id"])["balance"] == "60.00000000"


def test_neither_currency_nor_rate_is_filled_in(shop: Shop) -> None:
    assert shop.invoice([shop.line()], currency_id="21x2")["conversion_rate"] == "1.000"
    assert shop.invoice([shop.line()])["currency_id"] == ""


def test_a_query_shows_the_last_lines_discount_and_never_the_headers(shop: Shop) -> None:
    lines = [shop.line(discount_percent="3"), shop.line(discount_percent="7")]
    made = shop.invoice(lines, hdnDiscountPercent="10")
    row = shop.crm.query(f"select * from Invoice where id='{made['id']}';")[0]
    assert row["discount_percent"] == "7.000"
    assert "hdnDiscountPercent" not in row
    assert "LineItems" not in row


def test_one_line_can_be_retrieved_and_lines_can_be_counted(shop: Shop) -> None:
    made = shop.invoice([shop.line("3")])
    line = shop.read(made["LineItems"][0]["id"])
    assert (line["parent_id"], line["quantity"]) == (made["id"], "3.000")
    assert shop.crm.query(f"select count(*) from LineItem where parent_id='{made['id']}';") == [{"count": "1"}]


@pytest.mark.parametrize("module", ["SalesOrder", "Quotes"])
def test_orders_and_quotes_carry_lines_too(shop: Shop, module: str) -> None:
    more = {"sostatus": "Created", "invoicestatus": "Created", "quotestage": "Created"}
    made = result(shop.crm.signed("create", elementType=module, element=shop.element([shop.line("2", "10")], **more)))
    assert made["hdnGrandTotal"] == 20
    assert len(shop.read(made["id"])["LineItems"]) == 1


def test_seeded_invoices_add_up() -> None:
    crm: Crm = signed_in(records=60)
    rows = crm.query("select * from Invoice;")
    assert len(rows) > 10
    for row in rows:
        read = result(crm.signed("retrieve", id=row["id"]))
        final = read["LineItems_FinalDetails"]["1"]["final_details"]
        assert Decimal(final["grandTotal"]) == Decimal(read["hdnGrandTotal"])
