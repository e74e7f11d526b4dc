"""Arithmetic of Business Central's documents."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from kobling_simulators.business_central.totals import LineSum, compute

CENT = Decimal("0.01")

money = st.decimals("-9999", "9999", places=3)
line_sums = st.lists(
    st.builds(
        LineSum,
        st.decimals("0.1", "50", places=2),
        money,
        st.sampled_from([Decimal(0), Decimal(10), Decimal("12.5"), Decimal(100)]),
        st.none(),
        st.sampled_from([Decimal(0), Decimal(25)]),
    ),
    min_size=1,
    max_size=8,
)


@given(line_sums, st.booleans())
@settings(max_examples=150, deadline=None)
def test_lines_add_up_to_the_tax_of_each_rate_rounded_once(lines: list[LineSum], with_tax: bool) -> None:
    compute(lines, Decimal(), with_tax=with_tax, precision=CENT)
    for rate in (Decimal(0), Decimal(25)):
        own = [line for line in lines if line.rate == rate]
        net, tax = sum((one.net for one in own), Decimal()), sum((one.tax for one in own), Decimal())
        gross = net + tax
        wanted = gross * rate / (100 + rate) if with_tax else net * rate / 100
        assert abs(tax - wanted) <= Decimal("0.0051")
    assert all(one.net == one.net.quantize(CENT) and one.tax == one.tax.quantize(CENT) for one in lines)


@given(line_sums, st.decimals("0", "100", places=2))
@settings(max_examples=100, deadline=None)
def test_the_discount_of_a_document_is_shared_out_without_a_rest(lines: list[LineSum], discount: Decimal) -> None:
    compute(lines, discount, with_tax=False, precision=CENT)
    total = sum((one.amount for one in lines), Decimal())
    shared = sum((one.allocated for one in lines), Decimal())
    assert shared == (discount if total else 0)
