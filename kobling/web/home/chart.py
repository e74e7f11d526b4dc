"""A bar for each day, as lines and boxes with their places: what a template draws without reckoning."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from kobling.portal.days import Day, Days

HEIGHT, TOP, FOOT = 150, 14, 24
"""Pixels: of the whole, above the highest line, and below the base."""
BASE = HEIGHT - FOOT
_BAR = Decimal("0.68")
_STEPS = (Decimal(1), Decimal(2), Decimal("2.5"), Decimal(5), Decimal(10))


@dataclass(frozen=True, slots=True)
class Bar:
    """A day's bar. ``x``, ``middle`` and ``width`` in per cent, ``y`` and ``height`` in pixels; no height, no bar."""

    day: Day
    value: Decimal
    x: str
    middle: str
    width: str
    y: int
    height: int


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the scale: its height in pixels and the value that stands at it, in ``Chart.unit``."""

    y: int
    value: Decimal


@dataclass(frozen=True, slots=True)
class Chart:
    """Days as bars. ``unit``: what the scale counts by, 1 or 1000. ``hole``: what a run that did not come would bring
    today, by the days before, None where every run came."""

    bars: tuple[Bar, ...]
    lines: tuple[Line, ...]
    highest: Bar | None
    hole: Bar | None
    unit: int


def chart_of(days: Days, *, by_amount: bool, missing: bool) -> Chart:
    """Bars of the amounts, or of the numbers of records."""
    values = [each.amount if by_amount else Decimal(each.records) for each in days.days]
    usual = _usual(values) if missing else Decimal(0)
    top = _round_up(max([*values, values[-1] + usual]))
    each = list(zip(days.days, values, strict=True))
    bars = tuple(_bar(number, day, value, top, len(values)) for number, (day, value) in enumerate(each))
    unit = 1000 if top >= 10_000 else 1
    lines = tuple(Line(_y(top * part / 3, top), top * part / 3 / unit) for part in (1, 2, 3)) if top else ()
    highest = max(bars, key=lambda each: each.value, default=None)
    hole = _bar(len(values) - 1, days.days[-1], usual, top, len(values)) if usual else None
    return Chart(bars, lines, highest if highest and highest.value else None, hole, unit)


def _usual(values: list[Decimal]) -> Decimal:
    """The middle of the days on which something was moved."""
    moved = sorted(each for each in values[:-1] if each)
    return moved[len(moved) // 2] if moved else Decimal(0)


def _bar(number: int, day: Day, value: Decimal, top: Decimal, of: int) -> Bar:
    each = Decimal(100) / of
    left, width = each * number + each * (1 - _BAR) / 2, each * _BAR
    y = _y(value, top) if value else BASE
    return Bar(day, value, f"{left:.2f}%", f"{left + width / 2:.2f}%", f"{width:.2f}%", y, BASE - y)


def _y(value: Decimal, top: Decimal) -> int:
    """At least two pixels, so that little is told from nothing."""
    return min(BASE - 2, BASE - int(value / top * (BASE - TOP))) if top else BASE


def _round_up(value: Decimal) -> Decimal:
    """The next number that divides into three nice steps."""
    if value <= 0:
        return Decimal(0)
    size = Decimal(10) ** (value.adjusted() - 1)
    tried = (3 * size * step * times for times in (1, 10, 100) for step in _STEPS)
    return next(each for each in tried if each >= value)
