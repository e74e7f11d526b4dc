"""Simply CRM ↔ Dinero."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kobling.mapping import Direction, TableMapping
from kobling.pairs.base import PairType, Schemas
from kobling.pairs.shaping import shape_all
from kobling.pairs.simply_crm_dinero.bills import BILLS
from kobling.pairs.simply_crm_dinero.credits import credit_notes
from kobling.pairs.simply_crm_dinero.customers import contacts, organisations
from kobling.pairs.simply_crm_dinero.goods import products, services
from kobling.pairs.simply_crm_dinero.invoices import invoices
from kobling.pairs.simply_crm_dinero.options import OPTIONS, direction_of
from kobling.records import N_, SettingsError


def mappings(options: Mapping[str, Any], schemas: Schemas) -> Mapping[str, TableMapping]:
    """The pair's tables in the order a person reads them, shaped by the options and by both installations' fields."""
    tables = [organisations(options, schemas), contacts(options), products(options)]
    if direction_of(options) is not Direction.TO_LEFT:
        tables.append(services(options))
    tables += [invoices(options), credit_notes(options)]
    custom = options["mapping"] == "custom"
    if options.get("fields") and not custom:
        raise SettingsError(
            N_("Fields are changed only with your own field mapping: choose mapping=custom as well."),
            field="fields",
            code="not_custom",
        )
    chosen = options if custom else {name: options.get(name) for name in ("policies", "tables")}
    return shape_all(tables, chosen, schemas)


def sends_to_dinero(options: Mapping[str, Any]) -> bool:
    """Whether a single record may be sent: only where data flows from the CRM to Dinero."""
    return direction_of(options) is not Direction.TO_LEFT


PAIR = PairType(
    name="simply-crm-dinero",
    title="Simply CRM ↔ Dinero",
    left="simply_crm",
    right="dinero",
    mappings=mappings,
    options=OPTIONS,
    left_references=("Currency", "Tax"),
    right_references=("accounts", "vatTypes"),
    single_record=sends_to_dinero,
    bills=BILLS,
)
