"""What a document comes to: net, VAT, gross and discount of its lines, by the named method of the system that keeps it.

Prices, discounts and totals are exact decimals in major units of the document's currency; rates are in per cent.
Every system has one method here, and everybody who adds up a document (mappings, proofs, files, previews) uses it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum

_HUNDRED, _NOTHING = Decimal(100), Decimal(0)


class Vat(StrEnum):
    """Where VAT comes from. LINE: of each line, rounded by itself. RATE: of the sum of each rate, rounded once.

    FIRST: of the whole, by the rate of the first line. TOLD: each line tells its amount.
    """

    LINE = "line"
    RATE = "rate"
    FIRST = "first"
    TOLD = "told"


@dataclass(frozen=True, slots=True)
class Method:
    """How a system comes from lines to totals. ``rounds``: whether lines are rounded to the smallest coin before they
    are added. ``discount_on_gross``: a discount of the whole document is taken of the sum with VAT, and lowers no VAT.
    """

    name: str
    vat: Vat
    rounds: bool = True
    discount_on_gross: bool = False


BUSINESS_CENTRAL = Method("business_central", Vat.RATE)
"""Fidelity: inferred business_central §10 – a line's discount first, then the document's by share, then VAT by rate"""
DYNAMICS_SALES = Method("dynamics_sales", Vat.TOLD)
"""Fidelity: known dataverse §10 – lines tell their tax; the document's discount lowers none"""
UNIMICRO = Method("unimicro", Vat.LINE)
"""Fidelity: assumed unimicro §7 – each line is rounded, and its VAT by itself"""
DINERO = Method("dinero", Vat.LINE)
"""Fidelity: inferred dinero §4 – each line is rounded; VAT follows its account"""
VTIGER_GROUP = Method("vtiger_group", Vat.FIRST, rounds=False)
VTIGER_INDIVIDUAL = Method("vtiger_individual", Vat.LINE, rounds=False, discount_on_gross=True)
"""Fidelity: known simply_crm_invoices §4 – formulas checked on 109 recorded writes; nothing is rounded"""


@dataclass(frozen=True, slots=True)
class Line:
    """What goes in. ``price``: of one; with VAT where the document says so. ``discount_amount`` is the line's, not of
    one, and counts instead of the per cent. ``vat``: the amount, where lines tell it."""

    quantity: Decimal
    price: Decimal
    rate: Decimal = _NOTHING
    discount_percent: Decimal = _NOTHING
    discount_amount: Decimal = _NOTHING
    vat: Decimal = _NOTHING


@dataclass(frozen=True, slots=True)
class Whole:
    """What concerns the whole document. ``discount_amount`` counts instead of the per cent; ``digits`` of the currency.

    VAT that the buyer owes (reverse charge) is in no amount: such lines have the rate 0.
    """

    discount_percent: Decimal = _NOTHING
    discount_amount: Decimal = _NOTHING
    charge: Decimal = _NOTHING
    adjustment: Decimal = _NOTHING
    prices_with_vat: bool = False
    digits: int = 2


@dataclass(frozen=True, slots=True)
class Totals:
    """What comes out. ``net``: without VAT, after every discount; ``discount``: the whole document's."""

    net: Decimal
    vat: Decimal
    gross: Decimal
    discount: Decimal


def totals(lines: Sequence[Line], method: Method, whole: Whole | None = None) -> Totals:
    """What a document's lines come to by a method."""
    told = whole or Whole()
    amounts = [_amount(each, method, told) for each in lines]
    if told.prices_with_vat:
        return _out_of_gross(lines, amounts, method, told)
    vats = [_share(amount, each.rate) for each, amount in zip(lines, amounts, strict=True)]
    total = sum(amounts, _NOTHING)
    base = total + sum(vats, _NOTHING) if method.discount_on_gross else total
    discount = _discount(base, told, method)
    net = total - discount + told.charge
    vat = _vat(lines, amounts, method, told, discount, total)
    gross = net + vat + told.adjustment
    return Totals(net, vat, gross, discount)


def _amount(line: Line, method: Method, told: Whole) -> Decimal:
    gross = line.quantity * line.price
    gross = _to(gross, told.digits) if method.rounds else gross
    discount = line.discount_amount or _share(gross, line.discount_percent)
    return gross - (_to(discount, told.digits) if method.rounds else discount)


def _discount(base: Decimal, told: Whole, method: Method) -> Decimal:
    found = told.discount_amount or _share(base, told.discount_percent)
    return _to(found, told.digits) if method.rounds else found


def _vat(
    lines: Sequence[Line], amounts: Sequence[Decimal], method: Method, told: Whole, discount: Decimal, total: Decimal
) -> Decimal:
    if method.vat is Vat.TOLD:
        return sum((each.vat for each in lines), _NOTHING)
    if method.vat is Vat.FIRST:
        return _share(total - discount, lines[0].rate) if lines else _NOTHING
    if method.vat is Vat.LINE:
        kept = _NOTHING if method.discount_on_gross else discount
        parts = _less(amounts, kept, total)
        each_vat = [_share(part, line.rate) for line, part in zip(lines, parts, strict=True)]
        return sum((_to(each, told.digits) if method.rounds else each for each in each_vat), _NOTHING)
    by_rate: dict[Decimal, Decimal] = {}
    for line, part in zip(lines, _less(amounts, discount, total, told.digits), strict=True):
        by_rate[line.rate] = by_rate.get(line.rate, _NOTHING) + part
    return sum((_to(_share(base, rate), told.digits) for rate, base in by_rate.items()), _NOTHING)


def _out_of_gross(lines: Sequence[Line], amounts: Sequence[Decimal], method: Method, told: Whole) -> Totals:
    """Prices include VAT: it is taken out of the sum of each rate, or of each line."""
    total = sum(amounts, _NOTHING)
    discount = _discount(total, told, method)
    parts = _less(amounts, discount, total, told.digits)
    if method.vat is Vat.RATE:
        by_rate: dict[Decimal, Decimal] = {}
        for line, part in zip(lines, parts, strict=True):
            by_rate[line.rate] = by_rate.get(line.rate, _NOTHING) + part
        bases = list(by_rate.items())
    else:
        bases = [(line.rate, part) for line, part in zip(lines, parts, strict=True)]
    vat = sum((_to(base * rate / (_HUNDRED + rate), told.digits) for rate, base in bases), _NOTHING)
    gross = total - discount
    return Totals(gross - vat, vat, gross + told.adjustment, discount)


def _less(amounts: Sequence[Decimal], discount: Decimal, total: Decimal, digits: int | None = None) -> list[Decimal]:
    """The lines with their share of a discount of the whole taken off; what is rounded is not lost."""
    if not discount or not total:
        return list(amounts)
    found, given, so_far = [], _NOTHING, _NOTHING
    for amount in amounts:
        so_far += amount
        share = discount * so_far / total
        share = share if digits is None else _to(share, digits)
        found.append(amount - (share - given))
        given = share
    return found


def net_of(line: Line, digits: int = 2) -> Decimal:
    """A line without VAT and less its discount, rounded once to the smallest coin."""
    gross = line.quantity * line.price
    return _to(gross - (line.discount_amount or _share(gross, line.discount_percent)), digits)


def tolerance(number_of_lines: int, digits: int = 2) -> Decimal:
    """How far two ways of rounding may differ: half the smallest coin for each line."""
    return Decimal(1).scaleb(-digits) * max(number_of_lines, 1) / 2


def leeway(roundings: int, digits: int = 2) -> Decimal:
    """How far the totals of a document may differ: half a coin for each rounding of its lines, and for their VAT."""
    return tolerance(roundings, digits) + tolerance(1, digits)


def exactly(amount: Decimal, quantity: Decimal, digits: int = 2, most: int = 5) -> tuple[Decimal, Decimal]:
    """The price of one, and the line's discount, that give a line's amount exactly; the price has ``most`` decimals.

    Systems round prices; where no such price gives the amount, a higher one and some coins' discount do.
    """
    if not quantity:
        return _NOTHING, _NOTHING
    for decimals in range(digits, most + 1):
        price = _to(amount / quantity, decimals)
        if _to(price * quantity, digits) == amount:
            return price, _NOTHING
    step = Decimal(1).scaleb(-digits)
    price = _to(amount / quantity, digits)
    while _to(price * quantity, digits) * (1 if amount >= 0 else -1) < abs(amount):
        price += step if (amount >= 0) == (quantity > 0) else -step
    return price, _to(price * quantity, digits) - amount


def _share(amount: Decimal, percent: Decimal) -> Decimal:
    return amount * percent / _HUNDRED


def _to(amount: Decimal, digits: int) -> Decimal:
    return amount.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
