"""How spending stands in a company: what is missing its receipt, what waits to be exported, what is in the wallet.

Fidelity: known pleo §4 – a missing receipt has no flag: a card purchase or out-of-pocket entry without receiptIds
Fidelity: known pleo §9 – the wallet's balance is in the old API alone, with a token of its own
Fidelity: known pleo §4 – a search takes one family of dates; every entry has performedAt, whose month is meant
Fidelity: assumed pleo §9 – {balance: {value, currency}} in major units
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from kobling.connectors.pleo.service import Service
from kobling.records import N_, Misunderstood, exact
from kobling.sdk.figures import (
    EXPORTED,
    MISSING_RECEIPTS,
    SUBMITTED,
    TO_EXPORT,
    WALLET,
    Figure,
    months_until,
    of_month,
)

_NEED_RECEIPTS = ("CARD_PURCHASE", "OUT_OF_POCKET")
_HUNDRED = Decimal(100)
_PATH = "/v1/accounting-entries:search"
_SETTLED = {"includeDeleted": False, "status": ["COMPLETED"]}


class OldApi:
    """A token of Pleo's old API."""

    def __init__(self, token: str) -> None:
        self._headers = {"Authorization": f"Bearer {token}"}

    async def headers(self) -> Mapping[str, str]:
        """The header."""
        return self._headers

    async def rejected(self, used: Mapping[str, str]) -> None:
        """A token that is refused stays refused; the answer says so."""


async def of_entries(service: Service, *, whole: frozenset[str], today: date) -> list[Figure]:
    """Figures of settled entries not exported yet, and of the last months. ``whole``: currencies that Pleo counts
    without hundredths.
    """
    months = months_until(today)
    exported = await _exported(service, months[0])
    submitted = Counter(exported)
    numbers = {MISSING_RECEIPTS: 0, TO_EXPORT: 0}
    sums: dict[str, dict[str, Decimal]] = {name: {} for name in numbers}
    async for row in service.all(
        _PATH, search={**_SETTLED, "exportStatus": ["NOT_EXPORTED"]}, company_id=service.company
    ):
        submitted[_month_of(row)] += 1
        kinds = [TO_EXPORT]
        if row.get("family") in _NEED_RECEIPTS and not row.get("receiptIds"):
            kinds.append(MISSING_RECEIPTS)
        told = row.get("transactionWalletValue") or {}
        currency = str(told.get("currency") or "")
        amount = exact(told.get("minors") or 0) / (1 if currency in whole else _HUNDRED)
        for kind in kinds:
            numbers[kind] += 1
            sums[kind][currency] = sums[kind].get(currency, Decimal(0)) + amount
    found = [Figure(name, numbers[name], sums[name]) for name in (MISSING_RECEIPTS, TO_EXPORT)]
    for kind, counted in ((SUBMITTED, submitted), (EXPORTED, exported)):
        found += [Figure(of_month(kind, month), counted[month], {}) for month in months]
    return found


async def _exported(service: Service, month: str) -> Counter[str]:
    """How many entries of each month were exported, from a month on."""
    since = f"{month}-01T00:00:00Z"
    search = {**_SETTLED, "exportStatus": ["EXPORTED"], "performedAtStart": since}
    return Counter([_month_of(row) async for row in service.all(_PATH, search=search, company_id=service.company)])


def _month_of(row: Mapping[str, Any]) -> str:
    """By when it was bought, which every entry has."""
    return str(row.get("performedAt") or "")[:7]


async def of_wallet(service: Service, address: str, token: str) -> Figure:
    """What is in the wallet now. Raises as every request does."""
    told: Any = await service.api.signed_otherwise(address, auth=OldApi(token)).json("GET", "/companies/balance")
    balance = told.get("balance") if isinstance(told, dict) else None
    if not isinstance(balance, dict) or "value" not in balance or not balance.get("currency"):
        raise Misunderstood(N_("%(vendor)s's answer could not be read."), vendor="Pleo", detail="balance")
    return Figure(WALLET, None, {str(balance["currency"]): exact(balance["value"])})
