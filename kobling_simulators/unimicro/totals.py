"""What lines and invoices come to.

Fidelity: known unimicro §7 – sums without VAT, VAT and with VAT, in company and document currency
Fidelity: assumed unimicro §7 – a line is quantity × price less its discount, to two decimals, halves away from zero
Fidelity: assumed unimicro §7 – PriceExVatCurrency wins over PriceExVat; the other one follows by the exchange rate
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from kobling_simulators.unimicro.masterdata import rounded
from kobling_simulators.unimicro.table import Row

_PRICE = Decimal("0.0000000001")


def line(item: Row, rate: Decimal) -> Row:
    """The sums of a line that has NumberOfItems, a price and VatPercent."""
    price_currency = item.get("PriceExVatCurrency")
    if price_currency is None:
        price_currency = Decimal(item["PriceExVat"]) / rate
        price_currency = price_currency if rate == 1 else price_currency.quantize(_PRICE)
    price_currency = Decimal(price_currency)
    price = price_currency if rate == 1 else (price_currency * rate).quantize(_PRICE)
    percent = Decimal(item.get("VatPercent") or 0)
    full = Decimal(item["NumberOfItems"]) * price_currency
    net_currency = rounded(full * (1 - Decimal(item.get("DiscountPercent") or 0) / 100))
    vat_currency = rounded(net_currency * percent / 100)
    net, vat = rounded(net_currency * rate), rounded(vat_currency * rate)
    return {
        "PriceExVatCurrency": price_currency,
        "PriceExVat": price,
        "PriceIncVat": rounded(price * (1 + percent / 100)),
        "DiscountCurrency": rounded(full) - net_currency,
        "Discount": rounded((rounded(full) - net_currency) * rate),
        "SumTotalExVatCurrency": net_currency,
        "SumVatCurrency": vat_currency,
        "SumTotalIncVatCurrency": net_currency + vat_currency,
        "SumTotalExVat": net,
        "SumVat": vat,
        "SumTotalIncVat": net + vat,
    }


def vat_by_type(items: Iterable[Row], way: str, twin: str = "") -> dict[int, Decimal]:
    """VAT by VAT type; `way` "line" adds up the lines, "total" takes it of the sum."""
    found: dict[int, Decimal] = {}
    percents: dict[int, Decimal] = {}
    for item in items:
        kind = item.get("VatTypeID") or 0
        percents[kind] = Decimal(item.get("VatPercent") or 0)
        added = item[f"SumVat{twin}"] if way == "line" else item[f"SumTotalExVat{twin}"]
        found[kind] = found.get(kind, Decimal(0)) + added
    if way == "line":
        return found
    return {kind: rounded(net * percents[kind] / 100) for kind, net in found.items()}


def net_by_type(items: Iterable[Row]) -> dict[int, Decimal]:
    """What the VAT of each VAT type is taken of."""
    found: dict[int, Decimal] = {}
    for item in items:
        kind = item.get("VatTypeID") or 0
        found[kind] = found.get(kind, Decimal(0)) + item["SumTotalExVat"]
    return found


def invoice(items: list[Row], way: str) -> Row:
    """The totals of an invoice with these lines."""
    told: Row = {}
    for twin in ("", "Currency"):
        net = sum((item[f"SumTotalExVat{twin}"] for item in items), Decimal("0.00"))
        vat = sum(vat_by_type(items, way, twin).values(), Decimal("0.00"))
        told[f"TaxExclusiveAmount{twin}"] = net
        told[f"VatTotalsAmount{twin}"] = vat
        told[f"TaxInclusiveAmount{twin}"] = net + vat
    return told
