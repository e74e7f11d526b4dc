"""What documents come to, by the methods of the systems that keep them; vTiger's as a real server worked them out."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kobling.connectors.simply_crm.invoice_sums import amount, has_one_rate, rate
from kobling.records.arithmetic import (
    BUSINESS_CENTRAL,
    DINERO,
    DYNAMICS_SALES,
    UNIMICRO,
    VTIGER_GROUP,
    Line,
    Method,
    Whole,
    exactly,
    tolerance,
    totals,
)

RECORDINGS = Path(__file__).parents[1] / "simulators" / "recordings"
HUNDRED = Decimal(100)
prices = st.decimals("0.01", "9999", places=3)
lines = st.lists(
    st.builds(Line, st.decimals("0.1", "50", places=1), prices, st.sampled_from([Decimal(0), Decimal(25)])),
    min_size=1,
    max_size=6,
)


def recorded() -> list[Any]:
    """Creates of one rate that a real server answered, with what was sent."""
    found = []
    for path in sorted(RECORDINGS.rglob("inv_1*_group_*.json")):
        told = json.loads(path.read_text(encoding="utf-8"))
        sent, answer = told["request"]["params"].get("element"), told["body"].get("result")
        if not isinstance(sent, dict) or not isinstance(answer, dict) or "hdnGrandTotal" not in answer:
            continue
        if sent.get("LineItems") and "shipping" not in path.stem:
            found.append(pytest.param(sent, answer, id=path.stem))
    return found


def test_there_is_something_recorded() -> None:
    assert len(recorded()) > 5


@pytest.mark.parametrize(("sent", "answer"), recorded())
def test_a_group_comes_to_what_a_real_server_says(sent: dict[str, Any], answer: dict[str, Any]) -> None:
    told = [
        Line(
            amount(each.get("quantity")),
            amount(each.get("listprice")),
            rate(each),
            amount(each.get("discount_percent")),
            amount(each.get("discount_amount")),
        )
        for each in sent["LineItems"]
    ]
    whole = Whole(
        discount_percent=amount(sent.get("hdnDiscountPercent")),
        discount_amount=amount(sent.get("hdnDiscountAmount")),
        adjustment=amount(sent.get("txtAdjustment")),
    )
    found = totals(told, VTIGER_GROUP, whole)
    assert abs(found.gross - Decimal(str(answer["hdnGrandTotal"]))) < Decimal("0.00000002")
    assert abs(found.net - Decimal(str(answer["pre_tax_total"]))) < Decimal("0.00000002")


@given(lines)
def test_prices_with_vat_and_without_come_to_the_same_gross(told: list[Line]) -> None:
    found = totals(told, BUSINESS_CENTRAL, Whole(prices_with_vat=True))
    assert found.net + found.vat == found.gross
    assert found.gross == sum((each.quantity * each.price).quantize(Decimal("0.01"), "ROUND_HALF_UP") for each in told)


@given(lines, st.sampled_from([DINERO, UNIMICRO, BUSINESS_CENTRAL]))
def test_two_ways_of_rounding_differ_by_half_an_oere_a_line_at_most(told: list[Line], method: Method) -> None:
    exact = sum((each.quantity * each.price for each in told), Decimal(0))
    assert abs(totals(told, method).net - exact) <= tolerance(len(told))


def test_a_per_cent_of_the_whole_and_an_amount_are_taken_off_before_vat() -> None:
    told = [Line(Decimal(1), Decimal(1000), Decimal(25))]
    assert totals(told, BUSINESS_CENTRAL, Whole(discount_percent=Decimal(10))).gross == 1125
    assert totals(told, BUSINESS_CENTRAL, Whole(discount_amount=Decimal(100))).gross == 1125
    assert totals(told, DYNAMICS_SALES, Whole(discount_percent=Decimal(10))).net == 900


@given(st.decimals("-9999", "9999", places=2), st.decimals("0.1", "999", places=1), st.integers(2, 5))
def test_an_amount_is_given_exactly_by_a_price_and_a_discount(whole: Decimal, quantity: Decimal, most: int) -> None:
    price, discount = exactly(whole, quantity, most=most)
    assert (price * quantity).quantize(Decimal("0.01"), "ROUND_HALF_UP") - discount == whole
    assert -price.as_tuple().exponent <= most  # type: ignore[operator]


def test_one_rate_is_told_from_several() -> None:
    one, other, none = {"tax1": "25", "tax2": ""}, {"tax1": "12"}, {"tax1": "0"}
    assert has_one_rate([one, one]) and has_one_rate([]) and has_one_rate([none])
    assert not has_one_rate([one, other]) and not has_one_rate([one, none])
