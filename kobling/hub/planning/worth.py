"""What a document is worth that a plan makes: the same reckoning for plans that are shown and for what was moved."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from kobling.records import exact, minor_digits
from kobling.records.arithmetic import Line, net_of
from kobling.sync.actions import Create


def worth_of_line(line: Mapping[str, Any], currency: str) -> Decimal:
    """An agreed line of an invoice excluding VAT, rounded to its currency's smallest coin; major units.

    A line that tells its tax as an amount tells its discount as one; other discounts are in per cent.
    """
    quantity, price, discount = exact(line["quantity"]), exact(line["price"]), exact(line.get("discount") or 0)
    kind = {"discount_amount": discount} if "tax" in line else {"discount_percent": discount}
    return net_of(Line(quantity, price, **kind), minor_digits(currency or "DKK"))


def worth_of(creates: Iterable[Create]) -> dict[str, Decimal]:
    """What documents are worth together, by currency: journal lines as they are, others excluding VAT.

    Records without lines are worth nothing; lines that cannot be reckoned are left out, since this is only told.
    """
    found: dict[str, Decimal] = defaultdict(Decimal)
    for each in creates:
        lines = each.values.get("lines")
        for line in lines if isinstance(lines, list) else ():
            if not isinstance(line, Mapping):
                continue
            own = str(line.get("currency") or each.values.get("currency") or "")[:3]
            try:
                found[own] += exact(line["amount"]) if "amount" in line else worth_of_line(line, own)
            except (KeyError, ValueError, TypeError, ArithmeticError):
                continue
    return {currency: amount for currency, amount in found.items() if amount}
