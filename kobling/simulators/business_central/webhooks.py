"""Subscriptions to changes, and the notifications they get."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

from kobling.simulators.business_central.addresses import Segment
from kobling.simulators.business_central.company import Company
from kobling.simulators.business_central.errors import no_segment
from kobling.simulators.business_central.requests import Request
from kobling.simulators.business_central.settings import Settings
from kobling.simulators.clock import Clock
from kobling.simulators.wire import Reply

SUPPORTED = (
    "accounts",
    "companyInformation",
    "countriesRegions",
    "currencies",
    "customerPaymentJournals",
    "customers",
    "dimensions",
    "employees",
    "generalLedgerEntries",
    "itemCategories",
    "items",
    "journals",
    "paymentMethods",
    "paymentTerms",
    "purchaseInvoices",
    "salesCreditMemos",
    "salesInvoices",
    "salesOrders",
    "salesQuotes",
    "shipmentMethods",
    "unitsOfMeasure",
    "vendors",
)


class Webhooks:
    """The subscriptions of an environment."""

    def __init__(self, clock: Clock, source: random.Random, companies: Mapping[str, Company]) -> None:
        self.settings = Settings()

    def answer(self, request: Request, segments: tuple[Segment, ...]) -> Reply:
        """A request to subscriptions."""
        raise no_segment("subscriptions")

    def heard(self, events: list[tuple[Any, ...]]) -> None:
        """Changes that were committed."""

    def dump(self) -> list[dict[str, Any]]:
        """All subscriptions."""
        return []
