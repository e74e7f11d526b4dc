"""Dynamics 365 Sales ↔ Business Central."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kobling.mapping import TableMapping
from kobling.pairs.base import PairType, Schemas
from kobling.pairs.dynamics_sales_business_central import documents, goods, lists, parties
from kobling.pairs.dynamics_sales_business_central.options import OPTIONS
from kobling.pairs.dynamics_sales_business_central.set_up import STEPS
from kobling.pairs.shaping import shape_all


def mappings(options: Mapping[str, Any], schemas: Schemas) -> Mapping[str, TableMapping]:
    """The pair's tables, shaped by the options; those that this Business Central does not show are left out."""
    tables = [
        *([parties.salespeople(options)] if options["ownership"] == "person" else []),
        lists.currencies(options),
        lists.units(options),
        lists.payment_terms(options),
        lists.shipment_methods(options),
        parties.customers(options),
        parties.vendors(options),
        parties.contacts(options),
        goods.items(options),
        goods.resources(options),
        goods.price_groups(options),
        goods.prices(options),
        documents.opportunities(options),
        *([documents.orders(options)] if options["orders"] != "off" else []),
        documents.invoices(options),
    ]
    return shape_all(tables, options, schemas)


PAIR = PairType(
    name="dynamics-sales-business-central",
    title="Dynamics 365 Sales ↔ Business Central",
    left="dataverse",
    right="business_central",
    mappings=mappings,
    options=OPTIONS,
    left_references=(
        *("uoms", "transactioncurrencies", "uomschedules"),
        *("salesorder.paymenttermscode", "salesorder.freighttermscode"),
    ),
    right_references=("currencies", "unitsOfMeasure"),
    set_up=STEPS,
)
