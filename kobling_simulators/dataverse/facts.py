"""What tables there are and what their columns take, from the contract's tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from kobling_simulators.wire import from_json

LOOKUPS = frozenset({"Lookup", "Owner", "Customer"})
CHOICES = frozenset({"Picklist", "State", "Status"})
_DATE_ONLY = frozenset(
    {
        "actualclosedate",
        "anniversary",
        "begindate",
        "birthdate",
        "closedon",
        "datedelivered",
        "datefulfilled",
        "duedate",
        "effectivefrom",
        "effectiveto",
        "enddate",
        "estimatedclosedate",
        "expireson",
        "finaldecisiondate",
        "requestdeliveryby",
    }
)
_COLLECTIONS = {
    ("contact", "parentcustomerid", "account"): "contact_customer_accounts",
    ("contact", "parentcustomerid", "contact"): "contact_customer_contacts",
    ("account", "parentaccountid", "account"): "account_parent_account",
    ("account", "primarycontactid", "contact"): "account_primary_contact",
    ("salesorder", "customerid", "account"): "order_customer_accounts",
    ("salesorder", "customerid", "contact"): "order_customer_contacts",
    ("invoice", "customerid", "account"): "invoice_customer_accounts",
    ("invoice", "customerid", "contact"): "invoice_customer_contacts",
    ("quote", "customerid", "account"): "quote_customer_accounts",
    ("opportunity", "customerid", "account"): "opportunity_customer_accounts",
    ("salesorderdetail", "salesorderid", "salesorder"): "order_details",
    ("invoicedetail", "invoiceid", "invoice"): "invoice_details",
    ("quotedetail", "quoteid", "quote"): "quote_details",
    ("invoice", "salesorderid", "salesorder"): "order_invoices",
    ("salesorder", "opportunityid", "opportunity"): "opportunity_sales_orders",
    ("productpricelevel", "pricelevelid", "pricelevel"): "price_level_product_price_levels",
    ("productpricelevel", "productid", "product"): "product_price_levels",
    ("uom", "uomscheduleid", "uomschedule"): "unit_of_measurement_schedule_conversions",
    ("annotation", "objectid", "invoice"): "Invoice_Annotation",
    ("annotation", "objectid", "salesorder"): "SalesOrder_Annotation",
    ("task", "regardingobjectid", "account"): "Account_Tasks",
    ("task", "regardingobjectid", "contact"): "Contact_Tasks",
    ("annotation", "objectid", "account"): "Account_Annotation",
    ("annotation", "objectid", "contact"): "Contact_Annotation",
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column; access is F (create and update), C (create only), U (update only) or R (read only).

    Fidelity: known dataverse §10 – types, lengths, access, required levels, options and lookup targets
    Fidelity: assumed dataverse §4 – which columns are date-only is not in the contract; the usual ones are
    """

    name: str
    type: str
    access: str
    length: int | None
    options: Mapping[int, str] | None
    targets: tuple[str, ...]
    low: Decimal | None
    high: Decimal | None
    required: int

    @property
    def read_name(self) -> str:
        """The property that a read shows.

        Fidelity: known dataverse §4 – a lookup's value is in _{logicalname}_value
        """
        return f"_{self.name}_value" if self.type in LOOKUPS else self.name

    @property
    def date_only(self) -> bool:
        """Whether the column holds a plain date."""
        return self.type == "DateTime" and self.name in _DATE_ONLY


@dataclass(frozen=True, slots=True)
class Navigation:
    """A single-valued navigation property: the lookup column behind it and the table it leads to."""

    name: str
    column: str
    targets: tuple[str, ...]


@dataclass(slots=True)
class Table:
    """One table under its names, with columns by logical name, by read name, and its navigation properties.

    Fidelity: known dataverse §4 – polymorphic lookups have one navigation property per target; owners have one
    Fidelity: assumed dataverse §4 – names of collection-valued navigation properties are the public ones, from memory
    Fidelity: assumed dataverse §10 – leads, tasks and campaigns, left out by the contract, have their usual columns
    Fidelity: assumed dataverse §10 – shadow columns of lookups (…name, …type) are no properties of the Web API
    """

    set_name: str
    logical: str
    key: str
    primary_name: str
    columns: dict[str, Column]
    by_read_name: dict[str, Column] = field(default_factory=dict)
    singles: dict[str, Navigation] = field(default_factory=dict)
    collections: dict[str, tuple[str, str]] = field(default_factory=dict)

    @property
    def has_state(self) -> bool:
        """Whether rows have a statecode."""
        return "statecode" in self.columns


class Schema:
    """All tables of an organization, by set name and by logical name."""

    def __init__(self, tables: list[Table]) -> None:
        self.sets = {table.set_name: table for table in tables}
        self.tables = {table.logical: table for table in tables}
        for table in tables:
            table.by_read_name = {column.read_name: column for column in table.columns.values()}
            table.singles = {
                one.name: one for column in table.columns.values() for one in _singles(column, table.logical)
            }
        for table in tables:
            for column in table.columns.values():
                for target in column.targets:
                    name = _COLLECTIONS.get((table.logical, column.name, target))
                    if name is not None and target in self.tables:
                        self.tables[target].collections[name] = (table.logical, column.name)


@cache
def _told() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = from_json((Path(__file__).parent / "tables.json").read_bytes())
    return found


def schema(business_central_solution: bool) -> Schema:
    """The schema of one organization, with or without what Microsoft's Business Central integration solution adds.

    Fidelity: known dataverse §10 – bcbi_ columns exist only when that solution is installed
    """
    made = []
    for set_name, told in _told().items():
        columns = {
            name: _column(name, given)
            for name, given in told["columns"].items()
            if business_central_solution or not name.startswith("bcbi_")
        }
        if told["key"] in columns:
            made.append(Table(set_name, told["logical"], told["key"], told["name"] or told["key"], columns))
    return Schema(made)


def _column(name: str, given: list[Any]) -> Column:
    more = given[2] if len(given) > 2 else {}
    options = {int(value): label for value, label in more["options"].items()} if "options" in more else None
    return Column(
        name=name,
        type=given[0],
        access=given[1],
        length=more.get("max"),
        options=options,
        targets=tuple(more.get("targets", ())),
        low=Decimal(more["min"]) if "min" in more else None,
        high=Decimal(more["top"]) if "top" in more else None,
        required=more.get("required", 0),
    )


def _singles(column: Column, table: str) -> list[Navigation]:
    if column.type not in LOOKUPS:
        return []
    if len(column.targets) == 1 or column.type == "Owner":
        name = "bcbi_CompanyId" if column.name == "bcbi_companyid" else column.name
        return [Navigation(name, column.name, column.targets)]
    activity = "_task" if column.name == "regardingobjectid" and table == "task" else ""
    return [Navigation(f"{column.name}_{target}{activity}", column.name, (target,)) for target in column.targets]
