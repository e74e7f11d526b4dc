"""Sums of a document as the script of the edit screen computes them: every step is rounded to two decimals.

Fidelity: known simply_crm §10.4 – recordings 70 to 75; every tax is taken as positive, also of a negative sum
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from kobling_simulators.simply_crm.charges import Stored, charge_tax
from kobling_simulators.simply_crm.numbers import Arithmetic, cast, kept, rounded
from kobling_simulators.simply_crm.store import Line

_LENIENT = Arithmetic(False)


def screen_net(line: Line) -> float:
    """A line's total after its discount."""
    gross = rounded(cast(line.quantity) * cast(line.price))
    if cast(line.discount_percent):
        return rounded(gross - rounded(gross * cast(line.discount_percent) / 100))
    return rounded(gross - cast(line.discount_amount))


def screen_totals(lines: Iterable[Line], header: Mapping[str, str], charges: Stored | None) -> dict[str, str]:
    """The header columns that hold the sums; in group mode the first line's rates are those of the document."""
    own = list(lines)
    individual = header.get("hdnTaxType") == "individual"
    nets = [screen_net(line) for line in own]
    net = rounded(sum(nets))
    in_lines = sum(_taxes(line, line_net) for line, line_net in zip(own, nets, strict=True)) if individual else 0.0
    sub_total = rounded(net + in_lines)
    discount = cast(header.get("hdnDiscountAmount"))
    if cast(header.get("hdnDiscountPercent")):
        discount = rounded(sub_total * cast(header["hdnDiscountPercent"]) / 100)
    shipping = cast(header.get("hdnS_H_Amount"))
    group = _taxes(own[0], sub_total - discount) if own and not individual else 0.0
    shipping_tax = sum(abs(rounded(amount)) for amount in charge_tax(charges, _LENIENT))
    total = sub_total - discount + shipping
    grand = rounded(total + group + shipping_tax + cast(header.get("txtAdjustment")))
    return {
        "hdnSubTotal": kept(sub_total, 8),
        "pre_tax_total": kept(rounded(net - discount + shipping), 8),
        "hdnGrandTotal": kept(grand, 8),
    }


def _taxes(line: Line, base: float) -> float:
    return sum((abs(rounded(base * cast(rate) / 100)) for rate in line.taxes.values()), 0.0)
