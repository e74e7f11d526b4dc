"""Invoice lines between Simply CRM and Dinero: exact, or refused."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kobling.mapping import Unresolved
from kobling.pairs.simply_crm_dinero.lines import crm_lines, dinero_lines
from kobling.records import Refused, Wrong


class Books:
    """Couplings and reference data of a small world."""

    current: dict[str, Any] | None = None
    couplings = {("products", "left", "14x1"): "P", ("products", "right", "guid-1"): "P"}
    fields = {
        ("right", "products", "guid-1", "AccountNumber"): 1010,
        ("right", "products", "guid-1", "Unit"): "hours",
        ("right", "accounts", "1010", "IsHidden"): False,
        ("right", "accounts", "1010", "VatCode"): "U25",
        ("right", "accounts", "1077", "VatCode"): "U25",
        ("right", "accounts", "1000", "VatCode"): "U25",
        ("right", "accounts", "1100", "VatCode"): "none",
        ("right", "vatTypes", "U25", "VatRate"): Decimal("0.25"),
        ("right", "vatTypes", "none", "VatRate"): 0,
        ("left", "Tax", "34x1", "taxname"): "tax1",
    }

    def left_out(self, *_: Any) -> bool:
        return False

    def coupling(self, mapping: str, side: str, external_id: str) -> str | None:
        return self.couplings.get((mapping, side, external_id))

    def external_id(self, mapping: str, side: str, coupling: str) -> str | None:
        return next(
            (key[2] for key, uid in self.couplings.items() if key[:2] == (mapping, side) and uid == coupling), None
        )

    def field(self, side: str, resource: str, external_id: str, path: str) -> Any:
        return self.fields.get((side, resource, external_id, path))

    def find(self, side: str, resource: str, path: str, value: Any) -> str | None:
        return "34x1" if (resource, path, value) == ("Tax", "percentage", "25.000") else None


CRM = crm_lines("", Decimal("0.10"))
DINERO = dinero_lines(1000, 1100)
HEADER = (None, "", "", "", "")


def item(**changed: Any) -> dict[str, Any]:
    base = {"productid": "14x1", "quantity": "2.000", "listprice": "100.50000000", "discount_percent": "10.000"}
    return {**base, "discount_amount": "0.00000000", "comment": "tekst", "tax1": "25.000", "tax2": "0.000", **changed}


def from_crm(*items: dict[str, Any], header: tuple[Any, ...] = HEADER) -> Any:
    return CRM.read((list(items), *header, "individual"), "left", Books())


def test_a_line_arrives_with_its_product_price_discount_and_vat() -> None:
    (made,) = DINERO.write(from_crm(item()), "right", Books())[0]
    assert made == {
        "ProductGuid": "guid-1",
        "Quantity": 2,
        "BaseAmountValue": Decimal("100.5"),
        "Discount": 10,
        "Comments": "tekst",
        "LineType": "Product",
        "AccountNumber": 1010,
        "Unit": "hours",
    }


def test_a_line_keeps_the_account_and_unit_it_has() -> None:
    books = Books()
    standing = {"ProductGuid": "guid-1", "BaseAmountValue": 100, "BaseAmountValueInclVat": 125, "Quantity": 1}
    books.current = {"ProductLines": [{**standing, "AccountNumber": 1077, "Unit": "km"}]}
    (made,) = DINERO.write(from_crm(item()), "right", books)[0]
    assert (made["AccountNumber"], made["Unit"]) == (1077, "km")


def test_a_line_without_vat_goes_to_its_account_or_waits_until_one_is_chosen() -> None:
    line = from_crm(item(tax1="0.000"))
    assert DINERO.write(line, "right", Books())[0][0]["AccountNumber"] == 1100
    with pytest.raises(Refused, match="without VAT"):
        dinero_lines(1000, None).write(line, "right", Books())


def test_a_closed_account_of_a_product_is_not_used() -> None:
    books = Books()
    books.fields = {**Books.fields, ("right", "accounts", "1010", "IsHidden"): True}
    assert DINERO.write(from_crm(item()), "right", books)[0][0]["AccountNumber"] == 1000


def test_the_whole_invoices_discount_goes_into_each_line() -> None:
    (line,) = from_crm(item(), header=(None, "50", "", "", ""))
    assert line["discount"] == 55


@pytest.mark.parametrize("header", [(None, "", "5", "", ""), (None, "", "", "0.11", ""), (None, "", "", "", "9")])
def test_what_dinero_cannot_carry_is_told(header: tuple[Any, ...]) -> None:
    with pytest.raises(ValueError, match="cannot be carried"):
        from_crm(item(), header=header)


def test_our_own_rounding_is_no_part_of_the_lines() -> None:
    assert from_crm(item(), header=(None, "", "", "-0.02", "")) == from_crm(item())


def test_a_product_that_is_not_coupled_is_waited_for() -> None:
    with pytest.raises(Unresolved):
        from_crm(item(productid="14x99"))


@given(
    st.decimals("0.01", "5000", places=2), st.decimals("0.1", "99", places=1), st.sampled_from(["0", "12.5", "33.333"])
)
def test_lines_survive_the_way_there_and_back(price: Decimal, quantity: Decimal, discount: str) -> None:
    books = Books()
    agreed = from_crm(item(listprice=str(price), quantity=str(quantity), discount_percent=discount))
    there = DINERO.read(DINERO.write(agreed, "right", books), "right", books)
    assert there == agreed
    back = CRM.write(there, "left", books)[0]
    assert from_crm(*[{**item(), "discount_percent": "0", **line} for line in back]) == agreed


def shown_with_vat(net: str, gross: str) -> list[dict[str, Any]]:
    line = {"ProductGuid": "guid-1", "BaseAmountValue": 125, "Quantity": 1, "AccountNumber": 1000, "TotalAmount": 100}
    found: list[dict[str, Any]] = DINERO.read(
        ([{**line, "TotalAmountInclVat": 125}], True, net, gross), "right", Books()
    )
    return found


def test_prices_that_are_shown_with_vat_are_read_by_what_they_come_to() -> None:
    assert shown_with_vat("100", "125")[0]["price"] == 100, "125 is the price with VAT"
    assert shown_with_vat("125", "156.25")[0]["price"] == 125, "125 is the price without"
    with pytest.raises(Wrong, match="come to"):
        shown_with_vat("90", "112.5")


def test_of_a_group_the_first_lines_rate_counts_for_all() -> None:
    found = CRM.read(([item(), item(tax1="12.000")], *HEADER, "group"), "left", Books())
    assert [each["vat"] for each in found] == [25, 25]
    found = CRM.read(([item(), item(tax1="12.000")], *HEADER, "individual"), "left", Books())
    assert [each["vat"] for each in found] == [25, 12]


def test_an_invoice_of_less_than_nothing_is_held_and_a_credit_invoice_is_turned() -> None:
    with pytest.raises(Wrong, match="credit"):
        from_crm(item(quantity="-1.000"))
    credits = crm_lines("", Decimal("0.10"), credit=True)
    for quantity in ("-2.000", "2.000"):
        (line,) = credits.read(([item(quantity=quantity)], *HEADER, "group"), "left", Books())
        assert line["quantity"] == 2
    (back,) = credits.write([line], "left", Books())[0]
    assert back["quantity"] == "-2"
