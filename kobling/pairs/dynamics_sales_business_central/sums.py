"""What documents of the two systems come to: discounts of a whole document, prices with VAT, lines that must add up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from kobling.mapping import Codec, Resolver
from kobling.mapping.codecs import NUMBER, Values
from kobling.mapping.references import KEEP
from kobling.records import N_, Refused, Wrong, exact, is_empty, rounded
from kobling.records.arithmetic import DYNAMICS_SALES, Line, Whole, exactly, tolerance, totals

SALES_SUMS = ("discountamount", "discountpercentage", "totalamountlessfreight", "freightamount")
"""What a document of Sales says of its lines together."""
_SALES_DECIMALS = 2
"""Fidelity: inferred dataverse §9 – prices of lines have two decimals unless the organisation chose more"""


def _amount(value: Any) -> Decimal:
    return Decimal(0) if is_empty(value) else exact(value)


def check_sales(lines: Sequence[Mapping[str, Any]], sums: Sequence[Any]) -> None:
    """Raises Wrong for a document of Sales that cannot be carried exactly: whose lines do not come to its total, or
    with freight, which has no place in Business Central."""
    discount, percent, told, freight = sums
    if _amount(freight):
        raise Wrong(
            N_("Freight of %(amount)s has no place in Business Central. Make it a line of the order."),
            amount=_amount(freight),
        )
    if is_empty(told):
        return
    found = [
        Line(_amount(one.get("quantity")), _amount(one.get("priceperunit")), discount_amount=_amount(one.get(_OFF)))
        for one in lines
    ]
    net = totals(found, DYNAMICS_SALES, Whole(discount_percent=_amount(percent))).net - _amount(discount)
    if abs(net - exact(told)) > tolerance(len(found)):
        raise Wrong(
            N_("The lines come to %(lines)s less discounts, the document to %(whole)s excluding VAT."),
            lines=net,
            whole=exact(told),
        )


_OFF = "manualdiscountamount"


def _read_sales_discount(values: Values, _side: str, _resolver: Resolver | None) -> Any:
    """In amounts: per cent of the lines together, and the amount beside it."""
    amount, percent, details = (_amount(each) for each in values)
    return _plain(amount + rounded(details * percent / 100))


def _write_sales_discount(value: Any, _side: str, _resolver: Resolver | None) -> Values:
    return (None if value is None else exact(value), None, KEEP)


SALES_DISCOUNT = Codec("sales_discount", _read_sales_discount, _write_sales_discount)
"""``discountamount``, ``discountpercentage`` and ``totallineitemamount`` of a document of Sales."""


def _read_central_discount(values: Values, side: str, resolver: Resolver | None) -> Any:
    amount, with_vat, lines, net = values
    if not with_vat:
        return NUMBER.read((amount,), side, resolver) or 0
    before = sum((_amount(each.get("amountExcludingTax")) for each in lines or ()), Decimal(0))
    return _plain(before - _amount(net))


def _write_central_discount(value: Any, _side: str, resolver: Resolver | None) -> Values:
    refuse_with_vat(resolver)
    return (None if value is None else exact(value), KEEP, KEEP, KEEP)


CENTRAL_DISCOUNT = Codec("central_discount", _read_central_discount, _write_central_discount)
"""``discountAmount``, ``pricesIncludeTax``, ``lines`` and ``totalAmountExcludingTax`` of Business Central."""


def refuse_with_vat(resolver: Resolver | None) -> None:
    """Raises Refused for a document there whose prices include VAT: what we would write is without."""
    if resolver is not None and (resolver.current or {}).get("pricesIncludeTax"):
        raise Refused(
            N_("The prices of the document in Business Central include VAT. Change that, or the document, there."),
            code="prices_with_vat",
        )


def central_price(line: Mapping[str, Any], with_vat: bool) -> tuple[Decimal, Decimal]:
    """Price of one and discount of a line, both without VAT."""
    if not with_vat:
        return _amount(line.get("unitPrice")), _amount(line.get("discountAmount"))
    return exactly(_amount(line.get("amountExcludingTax")), _amount(line.get("quantity")))


def sales_price(line: Mapping[str, Any]) -> tuple[Decimal, Decimal]:
    """Price of one and discount of a line as Sales keeps them: the amount is the same whatever it rounds prices to."""
    price, discount, quantity = exact(line["price"]), exact(line["discount"]), exact(line["quantity"])
    if price == rounded(price):
        return price, discount
    amount = rounded(price * quantity) - discount
    return exactly(amount, quantity, most=_SALES_DECIMALS)


def _plain(number: Decimal) -> Any:
    plain = number.normalize()
    return int(plain) if plain == plain.to_integral_value() else plain
