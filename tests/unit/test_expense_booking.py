"""How an expense is booked: numbers, texts, accounts, days. Pure rules."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from kobling.pairs.pleo_business_central import booking
from kobling.pairs.pleo_business_central.catalogue import rates_of
from kobling.pairs.pleo_business_central.pair import PAIR
from kobling.records import SettingsError, Wrong

OPTIONS = PAIR.with_defaults({"contra_card": "5840", "contra_pocket": "5910", "transfers_account": "5820"})
TOLD = {"supplier": "DSB", "userName": "Åse Birkholm", "note": "Møde", "type": "card_purchase", "reference": "PLEO-1"}


def read(codec: Any, *values: Any) -> Any:
    return codec.read(values, "left", None)


@pytest.mark.parametrize(
    ("reference", "number"), [("PLEO-000001", "PLEO-000001"), ("x" * 20, "x" * 20), ("y" * 21, None)]
)
def test_a_document_number_has_twenty_characters_at_most_and_stays_the_same(reference: str, number: str | None) -> None:
    made = read(booking.number_codec(), reference)
    assert made == (number or made)
    assert len(made) <= 20
    assert made == read(booking.number_codec(), reference)
    assert made != read(booking.number_codec(), reference + "1")


@pytest.mark.parametrize(
    ("template", "told", "text"),
    [
        ("{supplier} - {employee} - {note}", TOLD, "DSB - Åse Birkholm - Møde"),
        ("{supplier} - {employee} - {note}", {**TOLD, "note": None}, "DSB - Åse Birkholm"),
        ("{supplier} - {employee} - {note}", {**TOLD, "supplier": None, "note": "a\nb"}, "Åse Birkholm - a b"),
        ("{note}", {**TOLD, "note": None}, "PLEO-1"),
        ("Pleo {reference}", TOLD, "Pleo PLEO-1"),
    ],
)
def test_the_text_leaves_no_dangling_dash(template: str, told: dict[str, Any], text: str) -> None:
    assert booking.description(template, told) == text


@pytest.mark.parametrize("template", ["{secret}", "{supplier} {note2}", "{}"])
def test_a_text_with_an_unknown_word_is_refused_by_name(template: str) -> None:
    with pytest.raises(SettingsError) as refused:
        booking.known_words(template)
    assert refused.value.field == "description"


def test_a_template_reaches_into_nothing() -> None:
    assert booking.description("{supplier.__class__} {supplier}", TOLD) == "{supplier.__class__} DSB"


@pytest.mark.parametrize(
    ("kind", "told", "account"),
    [
        ("card_purchase", None, "5840"),
        ("out_of_pocket", None, "5910"),
        ("direct_reimbursement", None, "5840"),
        ("card_purchase", "1234", "1234"),
    ],
)
def test_the_contra_account_goes_by_type_and_pleos_own_goes_first(kind: str, told: str | None, account: str) -> None:
    assert booking.contra_of(OPTIONS, kind, told) == account


def test_without_a_contra_account_nothing_is_guessed() -> None:
    with pytest.raises(Wrong):
        booking.contra_of({**OPTIONS, "contra_card": "", "contra_pocket": ""}, "card_purchase", None)


@pytest.mark.parametrize(
    ("kind", "line", "account"),
    [
        ("card_purchase", {"account": "4010"}, "4010"),
        ("wallet_load", {}, "5820"),
        ("direct_reimbursement", {}, "5910"),
    ],
)
def test_a_line_without_a_category_goes_by_its_type(kind: str, line: dict[str, Any], account: str) -> None:
    assert booking.account_of(OPTIONS, kind, line) == account


def test_a_purchase_without_a_category_is_held() -> None:
    with pytest.raises(Wrong):
        booking.account_of(OPTIONS, "card_purchase", {"account": None})


def test_another_currency_and_its_rate_stand_in_the_comment() -> None:
    told = {"currency": "DKK", "billCurrency": "EUR", "billAmount": Decimal("100.00"), "link": "https://x"}
    told["lines"] = [{"amount": Decimal("746.00")}]
    assert booking.comment(told) == "100.00 EUR à 746.0000 · https://x"


@pytest.mark.parametrize("currency", ["SEK", "EUR"])
def test_a_wallet_in_another_currency_is_held(currency: str) -> None:
    values = [[{"amount": Decimal(1), "account": "4010"}], "card_purchase", None, currency, *[None] * 9]
    with pytest.raises(Wrong):
        read(booking.lines_codec(OPTIONS), *values)


@pytest.mark.parametrize(
    ("amount", "text"), [(Decimal("1"), "1.00"), (Decimal("0.1"), "0.10"), (Decimal("-5.5"), "-5.50"), (0, "0.00")]
)
def test_amounts_are_agreed_on_to_the_oere(amount: Any, text: str) -> None:
    assert booking.amount_text(amount) == text


def test_rates_are_read_as_percent() -> None:
    assert rates_of("MOMS25=25, FRI=0; HALV=12,5") == {
        "MOMS25": Decimal("0.25"),
        "FRI": Decimal(0),
        "HALV": Decimal("0.125"),
    }
