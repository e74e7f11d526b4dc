"""Amounts of lines and documents, exact to the øre."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

CENT = Decimal("0.01")
ZERO = Decimal(0)
VatRate = Callable[[int], Decimal]


def ore(amount: Decimal) -> Decimal:
    """Rounded to two decimals, halves up."""
    return amount.quantize(CENT, ROUND_HALF_UP)


@dataclass(frozen=True, slots=True)
class LineAmounts:
    """What one line comes to."""

    unit_incl: Decimal
    excl: Decimal
    incl: Decimal
    rate: Decimal
    account: int


@dataclass(frozen=True, slots=True)
class Totals:
    """What a document comes to, in its own currency."""

    lines: tuple[LineAmounts, ...]
    excl: Decimal
    vat: Decimal
    incl: Decimal
    vatable: Decimal
    excl_by_account: Mapping[int, Decimal]


def line_amounts(line: Mapping[str, Any], vat_rate: VatRate, lines_incl: bool) -> LineAmounts:
    """Amounts of a line, rounded to the øre; text lines come to nothing.

    Fidelity: known dinero §4 – amounts are excl. VAT unless ShowLinesInclVat; Discount is a percentage
    """
    if line.get("LineType") == "Text":
        return LineAmounts(ZERO, ZERO, ZERO, ZERO, 0)
    rate = vat_rate(line["AccountNumber"])
    unit = line["BaseAmountValue"]
    amount = line["Quantity"] * unit * (100 - line["Discount"]) / 100
    if lines_incl:
        incl = ore(amount)
        return LineAmounts(ore(unit), ore(incl / (1 + rate)), incl, rate, line["AccountNumber"])
    excl = ore(amount)
    return LineAmounts(ore(unit * (1 + rate)), excl, ore(excl * (1 + rate)), rate, line["AccountNumber"])


def totals(lines: list[dict[str, Any]], vat_rate: VatRate, lines_incl: bool) -> Totals:
    """Sums of a document.

    Fidelity: assumed dinero §4 – lines are rounded to the øre, VAT once per rate on their sum, halves up
    """
    counted = tuple(line_amounts(line, vat_rate, lines_incl) for line in lines)
    by_rate: dict[Decimal, Decimal] = defaultdict(Decimal)
    for line in counted:
        by_rate[line.rate] += line.incl if lines_incl else line.excl
    if lines_incl:
        vat = sum((ore(amount * rate / (1 + rate)) for rate, amount in by_rate.items()), ZERO)
        incl = sum(by_rate.values(), ZERO)
        excl = incl - vat
    else:
        vat = sum((ore(amount * rate) for rate, amount in by_rate.items()), ZERO)
        excl = sum(by_rate.values(), ZERO)
        incl = excl + vat
    without = sum((line.excl for line in counted if not line.rate), ZERO)
    return Totals(counted, excl, vat, incl, excl - without, _by_account(counted, excl))


def _by_account(lines: tuple[LineAmounts, ...], excl: Decimal) -> dict[int, Decimal]:
    """Excl. amounts per account; what rounding leaves goes to the largest, so that they add up."""
    amounts: dict[int, Decimal] = defaultdict(Decimal)
    for line in lines:
        if line.account:
            amounts[line.account] += line.excl
    rest = excl - sum(amounts.values(), ZERO)
    if rest and amounts:
        amounts[max(amounts, key=lambda account: abs(amounts[account]))] += rest
    return dict(amounts)


def total_lines(sums: Totals) -> list[dict[str, Any]]:
    """The summary rows that a document shows.

    Fidelity: assumed dinero §4 – which TotalLines a document has, and their labels
    """
    rows = [("SubTotal", sums.excl, "Subtotal"), ("Vat", sums.vat, "Moms"), ("Total", sums.incl, "Total")]
    return [
        {"Type": kind, "TotalAmount": amount, "Position": at, "Label": label}
        for at, (kind, amount, label) in enumerate(rows, 1)
    ]


def in_dkk(amount: Decimal, exchange_rate: Decimal) -> Decimal:
    """An amount in DKK at a rate per 100 units."""
    return ore(amount * exchange_rate / 100)
