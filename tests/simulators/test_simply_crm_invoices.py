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
        self.product = self.crm.create("Products", productname="Vare")["id"]
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
    assert abs(Decimal(read["hdnSubTotal"]) - net) < Decimal("0.00000001")
    assert abs(Decimal(read["hdnGrandTotal"]) - net * Decimal("1.25")) < Decimal("0.00000001")
    assert read["balance"] == read["hdnGrandTotal"]


def test_a_header_discount_a_charge_and_an_adjustment_count(shop: Shop) -> None:
    made = shop.invoice([shop.line("2", "100", tax1="25")], hdnDiscountPercent="10", txtAdjustment="-1")
    assert made["hdnGrandTotal"] == 224
    assert made["hdnDiscountPercent"] == "10.000"


def test_an_invoice_needs_lines_and_lines_need_a_product_and_a_quantity(shop: Shop) -> None:
    for lines in ([], [{"productid": shop.product}], [{"quantity": "1"}]):
        reply = shop.crm.signed("create", elementType="Invoice", element=shop.element(lines))
        assert error(reply)[0] == "MANDATORY_FIELDS_MISSING"


def test_a_line_with_a_product_that_does_not_exist_is_taken(shop: Shop) -> None:
    made = shop.invoice([{"productid": "14x99999", "quantity": "1", "listprice": "5"}])
    assert made["LineItems"][0]["productid"] is None


def test_replacing_lines_uses_their_ids_again(shop: Shop) -> None:
    made = shop.invoice([shop.line(), shop.line()])
    ids = [line["id"] for line in made["LineItems"]]
    shop.crm.revise(id=made["id"], LineItems=[shop.line("7"), shop.line("8"), shop.line("9")])
    found = shop.crm.query(f"select id,quantity from LineItem where parent_id='{made['id']}';")
    assert [line["id"] for line in found][:2] == ids
    assert [line["quantity"] for line in found] == ["7.000", "8.000", "9.000"]


def test_a_deleted_product_reads_null_on_the_line(shop: Shop) -> None:
    product = shop.crm.create("Products", productname="Forsvinder")["id"]
    made = shop.invoice([{"productid": product, "quantity": "1", "listprice": "1"}], productid=product)
    shop.crm.signed("delete", id=product)
    assert shop.read(made["id"])["LineItems"][0]["productid"] is None


def test_a_received_amount_lowers_the_balance(shop: Shop) -> None:
    made = shop.invoice([shop.line("1", "100")])
    shop.crm.revise(id=made["id"], received="40")
    assert shop.read(made["id"])["balance"] == "60.00000000"


def test_the_rate_of_the_currency_is_taken_when_none_is_sent(shop: Shop) -> None:
    assert shop.invoice([shop.line()], currency_id="21x2")["conversion_rate"] == "0.134"
    assert shop.invoice([shop.line()])["currency_id"] == "21x1"


def test_header_discounts_have_other_names_in_queries(shop: Shop) -> None:
    made = shop.invoice([shop.line()], hdnDiscountPercent="10")
    row = shop.crm.query(f"select * from Invoice where id='{made['id']}';")[0]
    assert row["discount_percent"] == "10.000"
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
