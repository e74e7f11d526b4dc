"""Products: one is active only when it stands on a price list, so an activated one is put on ours.

Fidelity: known bc_crm_rules §4 – the reference system puts a product on its default price list, then makes it active
Fidelity: inferred dataverse §9 – the price-list item must name a unit of the product's group
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from kobling.connectors.dataverse.rows import DataRows
from kobling.records import Record, is_empty
from kobling.sdk.odata.batch import Part
from kobling.sdk.odata.query import equals
from kobling.sdk.protocols import Operation, Report, Write

PRICE_LIST = "Kobling"
"""The name of the price list that products are put on; it is in the organisation's base currency."""
_LISTS, _PRICES = "/pricelevels", "/productpricelevels"
_BY_AMOUNT, _ANY_QUANTITY = 1, 1


class Products(DataRows):
    """Products; a write that activates one or changes its price keeps its item on our price list."""

    _list_id = ""

    async def write(self, writes: Sequence[Write], report: Report) -> None:
        """Price-list items first, then the products themselves."""
        updates = [each for each in writes if each.operation is Operation.UPDATE]
        activated = [str(each.external_id) for each in updates if str(each.fields.get("statecode")) == "0"]
        repriced = [each for each in updates if "price" in each.fields and str(each.external_id) not in activated]
        parts = [self._reprice(each) for each in repriced]
        if activated:
            price_list = await self._price_list()
            # A product family has no unit, and no price.
            found = [each for each in await self.get_many(activated) if each.fields.get("defaultuomid")]
            parts += [self._priced(each, price_list) for each in found]
        if parts:
            # An item that is there already, or a product never activated by us, is no reason to stop.
            await self._send(parts)
        await super().write(writes, report)

    def _item_id(self, product: str) -> str:
        return str(uuid5(NAMESPACE_URL, f"kobling/{self._seed}/price/{product}"))

    def _priced(self, product: Record, price_list: str) -> Part:
        told = product.fields
        body: dict[str, Any] = {
            "productpricelevelid": self._item_id(product.external_id),
            "pricelevelid@odata.bind": f"/pricelevels({price_list})",
            "productid@odata.bind": f"/products({product.external_id})",
            "uomid@odata.bind": f"/uoms({told.get('defaultuomid')})",
            "uomscheduleid@odata.bind": f"/uomschedules({told.get('defaultuomscheduleid')})",
            "amount": told.get("price") if not is_empty(told.get("price")) else 0,
            "pricingmethodcode": _BY_AMOUNT,
            "quantitysellingcode": _ANY_QUANTITY,
        }
        return Part("POST", _PRICES, body)

    def _reprice(self, write: Write) -> Part:
        path = f"{_PRICES}({self._item_id(str(write.external_id))})"
        amount = write.fields["price"]
        return Part("PATCH", path, {"amount": 0 if is_empty(amount) else amount}, {"If-Match": "*"})

    async def prepare(self) -> str:
        """Make the price list where it is missing. Returns its id."""
        return await self._price_list()

    async def _price_list(self) -> str:
        """Our price list, made where it is missing."""
        if not self._list_id:
            told = await self.service.rows(_LISTS, select="pricelevelid", filter=equals("name", PRICE_LIST))
            if not told.rows:
                chosen = str(uuid5(NAMESPACE_URL, f"kobling/{self._seed}/pricelist"))
                currency = await self._base_currency()
                body = {"pricelevelid": chosen, "name": PRICE_LIST, "transactioncurrencyid@odata.bind": currency}
                await self._send([Part("POST", _LISTS, body)])
                told = await self.service.rows(_LISTS, select="pricelevelid", filter=equals("name", PRICE_LIST))
            self._list_id = str(told.rows[0]["pricelevelid"]) if told.rows else ""
        return self._list_id

    async def _base_currency(self) -> str:
        told = await self.service.rows("/organizations", select="_basecurrencyid_value")
        return f"/transactioncurrencies({told.rows[0]['_basecurrencyid_value']})"
