"""What products and services have beside their fields: assigned taxes and a price in each currency."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kobling_simulators.simply_crm.errors import ServiceError
from kobling_simulators.simply_crm.installation import Installation
from kobling_simulators.simply_crm.numbers import kept
from kobling_simulators.simply_crm.rendering import as_number
from kobling_simulators.simply_crm.store import Goods, Row, Store
from kobling_simulators.simply_crm.values import as_text

GOODS = ("Products", "Services")


def read_goods(place: Installation, element: Mapping[str, Any], before: Goods | None) -> Goods:
    """Taxes and prices after a write; whatever is not sent is gone. Raises ServiceError.

    Fidelity: known simply_crm §10.3 – taxN assigns a tax, "" assigns nothing; a revise without taxN drops it
    Fidelity: known simply_crm §10.3 – a revise drops the price in the base currency as well; unit_price stays
    Fidelity: inferred simply_crm §10.3 – code of VtigerProductOperation: currencyN and currency_id keep a price
    """
    goods = Goods(currency=before.currency if before else 1)
    for tax in place.local.taxes:
        if tax.active and element.get(tax.name, "") != "":
            goods.taxes[tax.name] = kept(element[tax.name], 3)
    for number in range(1, len(place.local.currencies) + 1):
        price = as_text(element.get(f"currency{number}"))
        if price:
            goods.prices[number] = kept(price, 8)
    base = as_text(element.get("currency_id"))
    if base:
        row = place.store.find(base)
        if row is None or not base.startswith(f"{place.store.modules['Currency'].prefix}x"):
            raise ServiceError("CURRENCY_INACTIVE", "Provided Curreny is Inactive")
        goods.currency = row.number
    if base or before is None:
        goods.prices[goods.currency] = kept(element.get("unit_price"), 8)
    return goods


def shown_goods(place: Installation, row: Row) -> dict[str, Any]:
    """What retrieve adds to a product or service.

    Fidelity: known simply_crm §10.3 – retrieve shows the assigned taxes, query does not
    """
    goods = row.goods or Goods()
    prices = {
        f"currency{number}": as_number(goods.prices.get(number, "0"))
        for number in range(1, len(place.local.currencies) + 1)
    }
    return {**goods.taxes, **prices, "currency_id": place.store.full_id("Currency", goods.currency)}


def taxes_of(store: Store, product: str) -> dict[str, str]:
    """The taxes assigned to a product or service, in the recycle bin or not."""
    row = store.find_any(product)
    return row.goods.taxes if row is not None and row.goods is not None else {}
