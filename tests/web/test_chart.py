"""Bars of days: as high as their values, on a scale that divides nicely."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest

from kobling.portal.days import Day, Days
from kobling.web.home.chart import BASE, TOP, chart_of


def days(*amounts: str) -> Days:
    first = date(2026, 11, 17)
    made = (Day(first + timedelta(days=n), n, Decimal(amount)) for n, amount in enumerate(amounts))
    return Days(tuple(made), "DKK", others=False)


def test_the_highest_bar_fits_under_the_highest_line_and_nothing_is_no_bar() -> None:
    chart = chart_of(days("0", "84000", "143218", "0.01"), by_amount=True, missing=False)
    assert chart.bars[0].height == 0
    assert chart.bars[3].height == 2, "little is not nothing"
    assert [line.value for line in chart.lines] == [50, 100, 150]
    assert chart.unit == 1000
    assert chart.lines[-1].y == TOP
    assert chart.highest is chart.bars[2]
    assert TOP < chart.bars[2].y < chart.lines[1].y
    assert all(bar.y + bar.height == BASE for bar in chart.bars)


def test_bars_stand_beside_each_other_within_the_width() -> None:
    chart = chart_of(days(*["1"] * 14), by_amount=True, missing=False)
    places = [(Decimal(bar.x[:-1]), Decimal(bar.width[:-1])) for bar in chart.bars]
    assert all(left + width < after for (left, width), (after, _) in pairwise(places))
    assert places[0][0] > 0 and sum(places[-1]) < 100


def test_records_are_counted_one_by_one() -> None:
    chart = chart_of(days("5", "5", "5"), by_amount=False, missing=False)
    assert [bar.value for bar in chart.bars] == [0, 1, 2]
    assert (chart.unit, chart.lines[-1].value) == (1, 3)


def test_a_run_that_did_not_come_leaves_a_hole_of_the_usual_size() -> None:
    chart = chart_of(days("10", "0", "30", "20", "5"), by_amount=True, missing=True)
    assert chart.hole is not None
    assert chart.hole.value == 20
    assert chart.hole.x == chart.bars[-1].x
    assert chart_of(days("0", "0"), by_amount=True, missing=True).hole is None


@pytest.mark.parametrize("top", ["0.02", "1", "7", "99.99", "100", "1234567.89", "999999999"])
def test_every_scale_holds_what_it_shows(top: str) -> None:
    chart = chart_of(days("0", top), by_amount=True, missing=False)
    assert chart.lines[-1].value * chart.unit >= Decimal(top)
    assert chart.lines[-1].value * chart.unit <= Decimal(top) * 4


def test_nothing_at_all_draws_nothing() -> None:
    chart = chart_of(days("0", "0"), by_amount=True, missing=False)
    assert (chart.lines, chart.highest, chart.hole) == ((), None, None)
