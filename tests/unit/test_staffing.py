"""RecMan → Unimicro: customer numbers, VAT codes, credit notes, totals. Pure rules."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kobling.mapping import Side, read, write
from kobling.pairs.recman_unimicro import billing, numbers
from kobling.pairs.recman_unimicro.pair import PAIR, mappings
from kobling.records import SettingsError, Wrong

OPTIONS = PAIR.with_defaults({"invoices_from": "2026-01-01"})


class Books:
    """What a resolver knows of Unimicro."""

    current = None
    permitted: frozenset[str] = frozenset()
    rows: dict[str, dict[str, dict[str, Any]]] = {
        "products": {"5": {"PartName": "1000", "VatTypeID": 11}, "6": {"PartName": "0100", "VatTypeID": 12}},
        "vatTypes": {
            "11": {"VatCode": "3", "VatPercent": Decimal(25)},
            "12": {"VatCode": "31", "VatPercent": Decimal(15)},
            "13": {"VatCode": "5", "VatPercent": Decimal(0)},
        },
        "currencyCodes": {"1": {"Code": "NOK"}, "2": {"Code": "EUR"}},
    }

    def left_out(self, *_: Any) -> bool:
        return False

    def coupling(self, mapping: str, side: str, external_id: str) -> str | None:
        return f"c{external_id}"

    def external_id(self, mapping: str, side: str, coupling: str) -> str | None:
        return coupling.removeprefix("c")

    def field(self, side: str, resource: str, external_id: str, path: str) -> Any:
        return self.rows[resource].get(external_id, {}).get(path)

    def find(self, side: str, resource: str, path: str, value: Any) -> str | None:
        return next((key for key, row in self.rows[resource].items() if row.get(path) == value), None)


BOOKS = Books()


def line(**given: Any) -> dict[str, Any]:
    return {
        "lineId": "1",
        "number": "1000",
        "description": "Timer",
        "quantity": "7.5",
        "price": "450.00",
        "vat": "25",
        **given,
    }


def invoice(*lines: dict[str, Any], **given: Any) -> dict[str, Any]:
    head = {"invoiceId": "901", "number": "1042", "kid": "0001", "companyId": "7", "type": "invoice", "currency": "NOK"}
    dates = {"date": "2026-10-01", "dueDate": "2026-10-15", "projectId": None}
    return {**head, **dates, "lines": list(lines) or [line()], **given}


def arrived(fields: dict[str, Any], **options: str) -> tuple[dict[str, Any], Any]:
    mapping = mappings({**OPTIONS, **options}, {})["invoices"]
    told = read(mapping, Side.LEFT, fields, BOOKS)
    carried = {each.key for each in mapping.fields if not each.proof and not each.after_proof}
    values = {key: value for key, value in told.values.items() if key in carried}
    return ({} if told.problems else write(mapping, Side.RIGHT, values, BOOKS)), told


@pytest.mark.parametrize(
    ("rule", "mine", "theirs"),
    [
        ("same", "17", 17),
        ("same", "0017", 17),
        ("+100000", "17", 100017),
        ("17=100203", "17", 100203),
        ("+100000, 17=42", "17", 42),
        ("+100000, 17=42", "18", 100018),
    ],
)
def test_customer_numbers_are_mapped_there_and_back(rule: str, mine: str, theirs: int) -> None:
    one, other = numbers.customer_number(rule)
    agreed = one.read((mine,), "left", None)
    assert other.write(agreed, "right", None) == (theirs,)
    assert other.read((theirs,), "right", None) == agreed


@pytest.mark.parametrize("rule", ["samme", "17", "17=x", "=5", "1=5, 2=5", "1=5, 1=6", "+x"])
def test_a_rule_for_numbers_that_cannot_be_read_is_refused(rule: str) -> None:
    with pytest.raises(SettingsError):
        numbers.series(rule)


@pytest.mark.parametrize(
    ("rule", "number"), [("same", ""), ("same", None), ("same", "K-17"), ("17=18", "18"), ("-20", "17")]
)
def test_a_customer_number_that_fits_no_series_is_named(rule: str, number: Any) -> None:
    with pytest.raises(Wrong):
        numbers.customer_number(rule)[0].read((number,), "left", None)


@given(st.integers(-1000, 200_000), st.dictionaries(st.integers(1, 50), st.integers(1, 50), max_size=5))
def test_no_two_customers_of_recman_get_the_same_number_in_unimicro(offset: int, single: dict[int, int]) -> None:
    if len(set(single.values())) != len(single):
        return
    known = numbers.series(", ".join([f"{offset:+d}", *(f"{mine}={theirs}" for mine, theirs in single.items())]))
    there: dict[int, str] = {}
    for number in range(1, 120):
        try:
            moved = known.there(str(number))
        except Wrong:
            continue
        assert moved > 0
        assert moved not in there, (number, there[moved])
        there[moved] = str(number)
        assert known.here(moved) == str(number)


def test_a_line_carries_the_product_by_its_number_and_the_products_own_vat_code() -> None:
    fields, _ = arrived(invoice(line(), line(number="0100", vat="15", quantity="0.25", price="1990.00")))
    assert [(each["ProductID"], each["VatTypeID"], each["NumberOfItems"]) for each in fields["lines"]] == [
        (5, 11, Decimal("7.5")),
        (6, 12, Decimal("0.25")),
    ]
    assert fields["CurrencyCodeID"] == 1
    assert (fields["InvoiceType"], fields["ExternalReference"]) == (0, "901")
    assert fields["InternalNote"] == "RecMan 1042 KID 0001"
    assert "StatusCode" not in fields
    assert "state" not in fields


@pytest.mark.parametrize(
    ("lines", "word"),
    [
        ([line(number="9999")], "9999"),
        ([line(number=None, vat="25")], "25"),
        ([line(vat="0")], "0"),
        ([line(number=None, vat=None)], "VAT"),
    ],
)
def test_what_cannot_be_known_is_asked_and_never_guessed(lines: list[dict[str, Any]], word: str) -> None:
    _, told = arrived(invoice(*lines))
    assert word in str(told.problems["lines"])


def test_a_persons_rule_for_vat_codes_counts_before_the_products_own() -> None:
    fields, _ = arrived(invoice(line(), line(number=None, vat="0.00")), vat_codes="25=31, 0=5")
    assert [each["VatTypeID"] for each in fields["lines"]] == [12, 13]
    with pytest.raises(SettingsError):
        mappings({**OPTIONS, "vat_codes": "25"}, {})


@pytest.mark.parametrize("turned", ["7.5", "-7.5"])
def test_a_credit_note_comes_to_less_than_nothing_whichever_sign_recman_gives_it(turned: str) -> None:
    fields, told = arrived(invoice(line(quantity=turned), type="creditnote"))
    assert fields["InvoiceType"] == 1
    assert fields["lines"][0]["NumberOfItems"] == Decimal("-7.5")
    assert (told.values["net"], told.values["gross"]) == (Decimal("-3375.00"), Decimal("-4218.75"))


def test_an_invoice_in_another_currency_carries_no_amount_of_the_companys_own() -> None:
    fields, _ = arrived(invoice(currency="EUR"))
    assert fields["CurrencyCodeID"] == 2
    assert fields["lines"][0]["PriceExVat"] is None
    assert fields["lines"][0]["PriceExVatCurrency"] == Decimal(450)
    _, told = arrived(invoice(currency="SEK"))
    assert "SEK" in str(told.problems["lines"])


def test_something_that_is_neither_invoice_nor_credit_note_is_held_back() -> None:
    _, told = arrived(invoice(type="proforma"))
    assert "proforma" in str(told.problems["kind"])


def test_the_first_address_that_is_filled_in_is_taken_whole() -> None:
    mapping = mappings(OPTIONS, {})["customers"]
    company = {
        f"{kind}Address.{part}": None for kind in ("invoice", "post", "visit") for part in ("address1", "address2")
    }
    company |= {"visitAddress.address1": "Storgata 1", "visitAddress.city": "Oslo", "postAddress.city": "Bergen"}
    told = read(mapping, Side.LEFT, company, BOOKS)
    assert told.values["invoice_address"] == {"city": "Bergen"}
    written = write(mapping, Side.RIGHT, {"invoice_address": told.values["invoice_address"]}, BOOKS)
    assert written["Info.InvoiceAddress.City"] == "Bergen"
    assert written["Info.InvoiceAddress.AddressLine1"] is None


def test_issuing_is_a_choice_and_comes_after_the_totals() -> None:
    assert all(each.key != "state" for each in mappings(OPTIONS, {})["invoices"].fields)
    issued = mappings({**OPTIONS, "invoices_as": "issued"}, {})["invoices"]
    assert [each.after_proof for each in issued.fields if each.key == "state"] == [True]


@given(
    st.lists(
        st.tuples(st.decimals("0.01", "99", places=2), st.decimals("0.01", "9999", places=2)), min_size=1, max_size=6
    )
)
def test_lines_survive_the_way_there_and_back(lines: list[tuple[Decimal, Decimal]]) -> None:
    given_lines = [line(quantity=str(quantity), price=str(price)) for quantity, price in lines]
    fields, told = arrived(invoice(*given_lines))
    back = billing.ITEMS.read((fields["lines"], fields["CurrencyCodeID"]), "right", BOOKS)
    assert back == told.values["lines"]
    net = sum((round(quantity * price + Decimal("0.000001"), 2) for quantity, price in lines), Decimal(0))
    assert told.values["net"] == net
