"""Rules of Simply CRM's invoices that no recording shows by itself: knobs, screens, stock, products' taxes."""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulators.crm import Crm, result, signed_in


class Shop:
    """An account, a product with the first tax, a product without, and group invoices of one line."""

    def __init__(self, **config: Any) -> None:
        self.crm: Crm = signed_in(**config)
        self.account = self.crm.create("Accounts", accountname="Kunde")["id"]
        self.taxed = self.crm.create("Products", productname="Med moms", unit_price="100", tax1="25")["id"]
        self.untaxed = self.crm.create("Products", productname="Uden moms", unit_price="80")["id"]

    def line(self, product: str | None = None, quantity: str = "2", **more: str) -> dict[str, Any]:
        line = {"productid": product or self.taxed, "quantity": quantity, "listprice": "100", "tax1": "25"}
        return {**line, **more}

    def element(self, *lines: dict[str, Any], **header: Any) -> dict[str, Any]:
        return {
            "subject": "F",
            "account_id": self.account,
            "assigned_user_id": "19x1",
            "bill_street": "Gade 1",
            "ship_street": "Gade 1",
            "productid": self.taxed,
            "hdnTaxType": "group",
            "LineItems": list(lines) or [self.line()],
            **header,
        }

    def invoice(self, *lines: dict[str, Any], **header: Any) -> dict[str, Any]:
        return result(self.crm.signed("create", elementType="Invoice", element=self.element(*lines, **header)))

    def read(self, full_id: str) -> dict[str, Any]:
        return result(self.crm.signed("retrieve", id=full_id))

    def stock(self) -> str:
        return self.read(self.taxed)["qtyinstock"]


@pytest.fixture
def shop() -> Shop:
    return Shop()


def test_php8_is_a_knob_that_is_off(shop: Shop) -> None:
    element = shop.element(hdnTaxType="individual", hdnDiscountAmount="")
    assert shop.crm.signed("create", elementType="Invoice", element=element).status == 200
    shop.crm.simulator.configure({"php8": True})
    assert shop.crm.signed("create", elementType="Invoice", element=element).status == 500
    assert len(shop.crm.query("select id from Invoice;")) == 1


def test_php8_dies_of_deleting_an_individual_invoice_and_its_lines_are_gone() -> None:
    shop = Shop()
    made = shop.invoice(hdnTaxType="individual")
    shop.crm.simulator.configure({"php8": True})
    assert shop.crm.signed("retrieve", id=made["id"]).status == 200
    assert shop.crm.signed("delete", id=made["id"]).status == 500
    assert shop.crm.query(f"select hdnGrandTotal from Invoice where id='{made['id']}';")
    assert shop.crm.query(f"select id from LineItem where parent_id='{made['id']}';") == []


def test_php8_reads_a_number_with_a_tail_and_refuses_one_without_a_head() -> None:
    shop = Shop(php8=True)
    assert shop.invoice(shop.line(quantity="1,5"))["hdnSubTotal"] == 100
    bad = shop.element(shop.line(), shop.line(quantity="to"))
    assert shop.crm.signed("create", elementType="Invoice", element=bad).status == 500
    assert len(shop.crm.query("select id,quantity from LineItem;")) == 2, "the lines before the bad one are stored"


def test_a_tax_that_is_switched_off_still_counts_in_group_mode_when_it_is_sent() -> None:
    taxes = [{"label": "Moms", "percentage": "25"}, {"label": "Gammel", "percentage": "10", "active": False}]
    shop = Shop(taxes=taxes)
    assert shop.invoice(shop.line(tax2="10"))["hdnGrandTotal"] == 270
    assert shop.invoice(shop.line(tax2="10"), hdnTaxType="individual")["hdnGrandTotal"] == 250
    assert [row["taxlabel"] for row in shop.crm.query("select taxlabel from Tax;")] == ["Moms"]


def test_a_revise_by_web_service_drops_a_products_tax_and_price_and_a_person_keeps_them(shop: Shop) -> None:
    shop.crm.simulator.edit_as_person("Products", shop.taxed, {"unit_price": "120"})
    read = shop.read(shop.taxed)
    assert (read["tax1"], read["currency1"], read["unit_price"]) == ("25.000", 120, "120.00000000")
    shop.crm.revise(id=shop.taxed, unit_price="130")
    read = shop.read(shop.taxed)
    assert ("tax1" in read, read["currency1"], read["unit_price"]) == (False, 0, "130.00000000")
    shop.crm.revise(id=shop.taxed, unit_price="140", tax1="25", currency_id="21x1", currency2="18.76")
    read = shop.read(shop.taxed)
    assert (read["tax1"], read["currency1"], read["currency2"]) == ("25.000", 140, 18.76)


def test_a_revise_answers_what_was_sent_and_no_column_took(shop: Shop) -> None:
    made = shop.invoice()
    for lines in ({}, {"LineItems": [shop.line()]}):
        assert shop.crm.revise(id=made["id"], unheard_of="x", **lines)["unheard_of"] == "x"
    assert "unheard_of" not in shop.read(made["id"])


def test_a_person_who_changes_one_field_in_place_moves_the_balance_but_no_total(shop: Shop) -> None:
    made = shop.invoice(currency_id="21x2", conversion_rate="0.134")
    shop.crm.simulator.edit_as_person("Invoice", made["id"], {"received": "40", "txtAdjustment": "9"})
    read = shop.read(made["id"])
    assert (read["hdnGrandTotal"], read["balance"], read["conversion_rate"]) == (
        "250.00000000",
        "210.00000000",
        "0.134",
    )


def test_the_screen_takes_the_installations_own_rates_when_none_are_given(shop: Shop) -> None:
    line = {"productid": shop.untaxed, "quantity": "1", "listprice": "0.125", "discount_percent": "50"}
    made = shop.crm.simulator.create_as_person("Invoice", shop.element(line))
    # 0.125 is rounded to 0.13, its half to 0.07, and the tax on 0.06 to 0.02
    assert (made["hdnSubTotal"], made["hdnGrandTotal"]) == ("0.06000000", "0.08000000")
    assert (made["currency_id"], made["conversion_rate"], made["balance"]) == ("21x1", "1.000", "0.08000000")


def test_a_currency_changed_on_the_screen_converts_what_was_received(shop: Shop) -> None:
    made = shop.invoice(currency_id="21x1", received="100")
    values = {"currency_id": "21x2", "conversion_rate": "0.134", "LineItems": [shop.line()]}
    shop.crm.simulator.edit_as_person("Invoice", made["id"], values)
    assert shop.read(made["id"])["received"] == "13.40000000"


def test_any_record_comes_back_from_the_bin(shop: Shop) -> None:
    shop.crm.signed("delete", id=shop.untaxed)
    assert shop.crm.query(f"select id from Products where id='{shop.untaxed}';") == []
    shop.crm.clock.advance(5)
    shop.crm.simulator.edit_as_person("Products", shop.untaxed, {"deleted": False})
    read = shop.read(shop.untaxed)
    assert (read["productname"], read["modifiedtime"]) == ("Uden moms", "2026-11-22 21:30:05")
    assert not any(row.get("deleted") for row in shop.crm.simulator.dump("Products"))
    with pytest.raises(KeyError):
        shop.crm.simulator.edit_as_person("Products", "14x99", {"deleted": False})


def test_stock_is_taken_given_back_and_taken_again(shop: Shop) -> None:
    made = shop.invoice()
    assert shop.stock() == "-2.000"
    shop.crm.revise(id=made["id"], invoicestatus="Cancel")
    assert shop.stock() == "0.000"
    shop.crm.revise(id=made["id"], invoicestatus="Sent")
    assert shop.stock() == "-2.000"
    shop.crm.simulator.edit_as_person("Invoice", made["id"], {"LineItems": [shop.line(quantity="5")]})
    assert shop.stock() == "-5.000"
    shop.crm.simulator.delete_as_person("Invoice", made["id"])
    assert shop.stock() == "0.000"


def test_an_invoice_made_as_cancelled_takes_nothing_from_stock(shop: Shop) -> None:
    shop.invoice(invoicestatus="Cancel")
    assert shop.stock() == "0.000"


def test_the_header_discount_asked_for_by_name_comes_under_the_lines_name(shop: Shop) -> None:
    made = shop.invoice(hdnDiscountPercent="10")
    row = shop.crm.query(f"select hdnDiscountPercent from Invoice where id='{made['id']}';")[0]
    assert row == {"id": made["id"], "discount_percent": "10.000"}


def test_a_page_cut_through_an_invoice_gives_it_again_with_another_line(shop: Shop) -> None:
    lines = [shop.line(comment=str(number)) for number in range(3)]
    first, second = shop.invoice(*lines)["id"], shop.invoice(*lines)["id"]
    pages = [shop.crm.query(f"select comment from Invoice order by id limit {start},2;") for start in (0, 2, 4)]
    assert [[(row["id"], row["comment"]) for row in page] for page in pages] == [
        [(first, "1")],
        [(first, "2"), (second, "0")],
        [(second, "2")],
    ]


@pytest.mark.parametrize(
    ("stamp", "found"),
    [("21:30:00", True), ("21:30:00.000Z", True), ("21:30:00.001", False), ("21:30:00+02:00", True)],
)
def test_stamps_of_any_shape_compare_by_their_digits(shop: Shop, stamp: str, found: bool) -> None:
    rows = shop.crm.query(f"select id from Accounts where modifiedtime >= '2026-11-22T{stamp}';")
    assert bool(rows) is found


def test_related_types_are_keyed_by_label(shop: Shop) -> None:
    told = result(shop.crm.signed("relatedtypes", elementType="Accounts"))
    assert told["information"]["Sales Order"] == {"name": "SalesOrder", "label": "Sales Order", "isEntity": "1"}


def test_seeded_goods_have_the_first_tax_and_seeded_invoices_are_the_screens() -> None:
    crm = signed_in(records=60)
    goods = crm.query("select id from Products limit 3;")
    assert {result(crm.signed("retrieve", id=row["id"]))["tax1"] for row in goods} == {"25.000"}
    full_id = crm.query("select id from Invoice limit 1;")[0]["id"]
    read = result(crm.signed("retrieve", id=full_id))
    assert "shipping_&_handling" not in read
    assert read["LineItems"][0]["discount_amount"] == ""
