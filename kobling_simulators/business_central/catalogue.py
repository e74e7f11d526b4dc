"""Items, accounts, people and what proposes dimensions."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from kobling_simulators.business_central.errors import bad_request, rule
from kobling_simulators.business_central.facts import BLANK, ZERO_GUID
from kobling_simulators.business_central.shelf import Row
from kobling_simulators.business_central.table import Parent, Reading, Table, Values


class Items(Table):
    """Items and services.

    Fidelity: known business_central §6.1 – the base unit is given by id or code; inventory cannot be set on insert
    """

    series = "items"
    used_in = tuple(
        (f"{name}Lines", "itemId") for name in ("salesOrder", "salesInvoice", "salesQuote", "purchaseInvoice")
    )

    def prepare(self, values: Values, row: Row | None, given: frozenset[str], parent: Parent | None) -> None:
        """Defaults of a new item. Fidelity: assumed business_central §6.1 – unit, tax group and posting group."""
        if row is None:
            if values.get("inventory"):
                raise bad_request("The inventory of an item cannot be set when it is inserted.", "BadRequest")
            for name, found in self.company.setup.get("item", {}).items():
                if values.get(name, ZERO_GUID) == ZERO_GUID:
                    values[name] = found


class Accounts(Table):
    """The chart of accounts."""

    def computed(self) -> Mapping[str, Reading]:
        """The running balance of each account."""
        return {"netChange": lambda row: row.secret("balance", Decimal(0))}


class GeneralLedgerSetup(Table):
    """One record; the posting period is a knob."""

    def computed(self) -> Mapping[str, Reading]:
        """Whether posting is allowed on a day is an admin's choice."""
        company = self.company
        return {
            "allowPostingFrom": lambda row: company.settings.allow_posting_from,
            "allowPostingTo": lambda row: company.settings.allow_posting_to,
        }


class Numbered(Table):
    """A table that takes its numbers from a series of its own name."""

    @property
    def series(self) -> str:  # type: ignore[override]
        """The series is called like the entity set."""
        return self.entity.name


class Employees(Numbered):
    """Employees."""

    def computed(self) -> Mapping[str, Reading]:
        """The name is put together."""
        names = ("givenName", "middleName", "surname")
        return {"displayName": lambda row: " ".join(text for name in names if (text := row.values.get(name)))}


class Opportunities(Numbered):
    """Opportunities; the contact gives the names."""

    def computed(self) -> Mapping[str, Reading]:
        """Names of the contact and its company."""
        return {
            "contactName": lambda row: self._contact(row, "displayName"),
            "contactCompanyName": lambda row: self._contact(row, "companyName"),
        }

    def _contact(self, row: Row, name: str) -> str:
        contact = self.company.named("contacts", row.values.get("contactNumber", ""))
        return "" if contact is None else str(self.company.table("contacts").value(contact, name))

    def prepare(self, values: Values, row: Row | None, given: frozenset[str], parent: Parent | None) -> None:
        """A new opportunity is of today."""
        if row is None:
            values["creationDate"] = self.company.today().isoformat()


class ItemVariants(Table):
    """Variants; codes are unique within an item."""

    immutable = frozenset({"itemId", "itemNumber"})

    def same_key(self, values: Values) -> bool:
        """Whether the item has such a variant."""
        return any(row.values.get("itemId") == values.get("itemId") for row in self.shelf.equal("code", values["code"]))


class DefaultDimensions(Table):
    """Dimensions that a record proposes, one value per dimension."""

    immutable = frozenset({"parentId", "parentType", "dimensionId"})
    parents: Mapping[str, str] = {
        "Customer": "customers",
        "Vendor": "vendors",
        "Item": "items",
        "Employee": "employees",
    }

    def prepare(self, values: Values, row: Row | None, given: frozenset[str], parent: Parent | None) -> None:
        """The value has to belong to the dimension. Raises ApiError."""
        dimension = values.get("dimensionId", None if row is None else row.values.get("dimensionId"))
        value = self.company.find("dimensionValues", values.get("dimensionValueId", ""))
        if value is not None and value.values.get("dimensionId") != dimension:
            raise rule("The dimension value does not belong to the dimension.")
        if row is not None:
            return
        owner = self.parents.get(values.get("parentType", BLANK))
        if owner is None or self.company.find(owner, values.get("parentId", "")) is None:
            raise rule("The parent of the default dimension does not exist.")
        if any(one.values.get("dimensionId") == dimension for one in self.shelf.equal("parentId", values["parentId"])):
            raise rule("The default dimension already exists.")


class DimensionValues(Table):
    """Values; codes are unique within a dimension."""

    def key_is_unique(self) -> bool:
        """Two dimensions may have equal value codes."""
        return False
