"""What a document comes to: lines, discounts, VAT and totals, to the smallest unit of its currency."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal

from kobling_simulators.business_central.shelf import plain

_HUNDRED = Decimal(100)


@dataclass(slots=True)
class LineSum:
    """One line: what goes in, and what comes out."""

    quantity: Decimal
    price: Decimal
    discount_percent: Decimal
    discount_amount: Decimal | None
    rate: Decimal
    amount: Decimal = field(default=Decimal(), init=False)
    discount: Decimal = field(default=Decimal(), init=False)
    allocated: Decimal = field(default=Decimal(), init=False)
    net: Decimal = field(default=Decimal(), init=False)
    tax: Decimal = field(default=Decimal(), init=False)
    full_tax: Decimal = field(default=Decimal(), init=False)

    @property
    def percent(self) -> Decimal:
        """The discount as a share of the gross amount."""
        gross = self.quantity * self.price
        if self.discount_amount is None:
            return self.discount_percent
        return plain((self.discount * _HUNDRED / gross).quantize(Decimal("0.00001"))) if gross else Decimal()


def rounded(amount: Decimal, precision: Decimal) -> Decimal:
    """An amount in whole multiples of the currency's precision, halves away from zero."""
    return plain((amount / precision).quantize(Decimal(1), ROUND_HALF_UP) * precision)


def compute(lines: Iterable[LineSum], header_discount: Decimal, *, with_tax: bool, precision: Decimal) -> None:
    """Fill in the sums of all lines of a document.

    Fidelity: inferred business_central §10 – line discount first, then the document's discount by share, then VAT
    Fidelity: assumed business_central §10 – VAT is rounded once per rate; the lines share it without a rest
    """
    found = list(lines)
    for line in found:
        gross = rounded(line.quantity * line.price, precision)
        given = line.discount_amount
        wanted = gross * line.discount_percent / _HUNDRED if given is None else given
        line.discount = rounded(wanted, precision)
        line.amount = plain(gross - line.discount)
    _allocate(found, header_discount, precision)
    for rate in {line.rate for line in found}:
        _tax([line for line in found if line.rate == rate], rate, with_tax=with_tax, precision=precision)


def _allocate(lines: list[LineSum], discount: Decimal, precision: Decimal) -> None:
    total = sum((line.amount for line in lines), Decimal())
    given = so_far = Decimal()
    for line in lines:
        so_far += line.amount
        share = rounded(discount * so_far / total, precision) if total else Decimal()
        line.allocated, given = plain(share - given), share


def _tax(lines: list[LineSum], rate: Decimal, *, with_tax: bool, precision: Decimal) -> None:
    """The tax of the running total less what was given before: the sum is rounded once."""
    factor = rate / (_HUNDRED + rate) if with_tax else rate / _HUNDRED
    base = full_base = given = full_given = Decimal()
    for line in lines:
        base += line.amount - line.allocated
        full_base += line.amount
        tax, full = rounded(base * factor, precision), rounded(full_base * factor, precision)
        line.tax, given = plain(tax - given), tax
        line.full_tax, full_given = plain(full - full_given), full
        line.net = plain(line.amount - line.allocated - (line.tax if with_tax else Decimal()))
        if with_tax:
            line.amount, line.allocated = plain(line.amount - line.full_tax), line.allocated
