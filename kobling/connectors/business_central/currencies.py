"""Currencies with the rate that holds today, which stands in a table of its own.

Fidelity: known business_central §10 – exchangeRateAmount units of the currency are relationalExchangeRateAmount of the
own one from a starting date on
Fidelity: inferred – a new rate changes no currency, so the list, which is short, is read whole each time
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from kobling.connectors.business_central.records import Records
from kobling.records import Record, exact
from kobling.sdk.odata.service import Row
from kobling.sdk.protocols import Bookmark, FieldSchema, Page

_PLACES = Decimal("0.0000000001")
_RATES = "/currencyExchangeRates"
_COLUMNS = "currencyCode,startingDate,exchangeRateAmount,relationalCurrencyCode,relationalExchangeRateAmount"


class Currencies(Records):
    """Currencies; ``rate`` is how many units of it one unit of the company's own currency is, None where unknown."""

    _rates: dict[str, Decimal] = {}

    async def describe(self) -> Any:
        """The fields there are, and ``rate``."""
        fields = await super().describe()
        return {**fields, "rate": FieldSchema("rate", "rate", read_only=True)} if fields else fields

    async def read(self, bookmark: Bookmark | None) -> Page:
        """A page of currencies with their rates."""
        if not (bookmark or {}).get("next"):
            await self._read_rates()
        return await super().read(bookmark)

    async def get(self, external_id: str) -> Record:
        """One currency. Raises NotThere."""
        await self._read_rates()
        return await super().get(external_id)

    def fields(self, row: Row) -> dict[str, Any]:
        """The row's own fields and the rate."""
        found = super().fields(row)
        return {**found, "rate": self._rates.get(str(found.get("code")))}

    async def _read_rates(self) -> None:
        today = self.service.api.clock.now().date().isoformat()
        told = await self.service.rows(
            _RATES, select=_COLUMNS, filter=f"startingDate le {today}", orderby="startingDate"
        )
        rows = [*told.rows]
        while told.next:
            told = await self.service.follow(told.next)
            rows += told.rows
        self._rates = {str(row["currencyCode"]): rate for row in rows if (rate := _rate(row)) is not None}


def _rate(row: Row) -> Decimal | None:
    """A rate by way of another currency says nothing directly."""
    units, own = exact(row.get("exchangeRateAmount") or 0), exact(row.get("relationalExchangeRateAmount") or 0)
    if row.get("relationalCurrencyCode") or not units or not own:
        return None
    return (units / own).quantize(_PLACES)
