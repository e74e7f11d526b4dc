"""Taxes of products: what a line of an invoice is taxed with belongs to its product as well."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from kobling.connectors.simply_crm.invoice_sums import amount
from kobling.connectors.simply_crm.service import Service
from kobling.records import KoblingError, to_json
from kobling.sdk.outcomes import aside

_TAX = re.compile(r"tax\d+")


class AssignedTaxes:
    """Assigns taxes to products that lack them; what a person assigned stays, and a rate of nothing is no tax.

    Fidelity: known simply_crm_invoices §7 – the screen drops a line's tax that its product does not have
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self._known: set[tuple[str, str]] = set()

    async def assign(self, lines: Sequence[Mapping[str, Any]]) -> None:
        """To the products of these lines. One that does not take it keeps nobody from their invoice."""
        wanted: dict[str, dict[str, str]] = {}
        for line in lines:
            product = str(line.get("productid") or "")
            taxes = {name: str(rate) for name, rate in line.items() if _TAX.fullmatch(name) and amount(rate)}
            lacking = {name: rate for name, rate in taxes.items() if (product, name) not in self._known}
            if product and lacking:
                wanted.setdefault(product, {}).update(lacking)
        for product, taxes in wanted.items():
            # The invoice stands already: whatever becomes of this says nothing of it.
            with suppress(KoblingError), aside():
                await self._to(product, taxes)

    async def _to(self, product: str, taxes: Mapping[str, str]) -> None:
        whole = await self._service.call("GET", "retrieve", id=product)
        there = {name: value for name, value in whole.items() if _TAX.fullmatch(name) and value not in (None, "")}
        if taxes.keys() - there.keys():
            element = {**taxes, **there, "id": product}
            await self._service.call("POST", "revise", element=to_json(element).decode())
        self._known |= {(product, name) for name in taxes}
