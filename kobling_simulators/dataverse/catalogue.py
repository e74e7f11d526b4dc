"""Rules of products, units, price lists, currencies and contacts."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from kobling_simulators.dataverse.context import Context
from kobling_simulators.dataverse.errors import BAD_ARGUMENT, NO_PRIVILEGE, ApiError, bad_request, duplicate, rule
from kobling_simulators.dataverse.rules import Rules
from kobling_simulators.dataverse.shelf import Row
from kobling_simulators.dataverse.values import SCALE

_ONE = Decimal(1).quantize(SCALE)
FAMILY = 2
_DRAFT, _ACTIVE, _RETIRED, _REVISION = 2, 0, 1, 3
_NEXT = {_DRAFT: {_ACTIVE}, _ACTIVE: {_RETIRED, _REVISION}, _RETIRED: {_ACTIVE}, _REVISION: {_ACTIVE, _RETIRED}}


def need(values: dict[str, Any], *names: str) -> None:
    """Refuse a row without these. Raises ApiError."""
    for name in names:
        if values.get(name) is None:
            raise bad_request(f"The required attribute '{name}' is missing.", BAD_ARGUMENT)


def is_family(product: Row) -> bool:
    """Whether a product is only a heading for others."""
    return bool(product.values.get("productstructure") == FAMILY)


def unit_of_group(rules: Rules, uom: str, group: str) -> None:
    """Refuse a unit of another group. Raises ApiError."""
    unit = rules.store.row("uom", uom)
    if unit.values["uomscheduleid"] != group:
        raise rule("The unit does not exist in the specified unit schedule.")


class Products(Rules):
    """Products.

    Fidelity: known dataverse §9 – made as Draft; the unit group cannot be changed
    Fidelity: assumed dataverse §9 – product numbers are unique; Draft goes to Active only, and only with a price-list
    item; Active to Retired or under revision; a retired product takes no edits
    Fidelity: inferred dataverse §9 – a family (productstructure 2) has no units and no price; only families are parents
    """

    first_state = _DRAFT

    def creating(self, values: dict[str, Any], context: Context) -> None:
        need(values, "name", "productnumber")
        self._units(values)
        if self.store.where("product", "productnumber", values["productnumber"]):
            raise duplicate(f"The product number '{values['productnumber']}' is in use.")
        for name, value in (("productstructure", 1), ("producttypecode", 1), ("quantitydecimal", 2)):
            values.setdefault(name, value)
        organization = self.store.find("organization", self.writer.organization)
        if organization is not None and organization.values.get("createproductswithoutparentinactivestate"):
            values["statecode"], values["statuscode"] = _ACTIVE, 1

    def _units(self, values: dict[str, Any]) -> None:
        parent = values.get("parentproductid")
        if parent is not None and not is_family(self.store.row("product", parent)):
            raise rule("The parent of a product must be a product family.")
        if values.get("productstructure") == FAMILY:
            if values.get("defaultuomscheduleid") is not None or values.get("defaultuomid") is not None:
                raise rule("A product family has neither a unit group nor a default unit.")
            return
        need(values, "defaultuomscheduleid", "defaultuomid")
        unit_of_group(self, values["defaultuomid"], values["defaultuomscheduleid"])

    def changing(self, row: Row, changes: dict[str, Any], context: Context) -> None:
        group = row.values.get("defaultuomscheduleid")
        if changes.get("defaultuomscheduleid", group) != group:
            raise rule("The unit schedule of a product cannot be changed.")
        if "defaultuomid" in changes:
            if group is None:
                raise rule("A product family has neither a unit group nor a default unit.")
            need(changes, "defaultuomid")
            unit_of_group(self, changes["defaultuomid"], group)
        number = changes.get("productnumber")
        if number and any(other is not row for other in self.store.where("product", "productnumber", number)):
            raise duplicate(f"The product number '{number}' is in use.")
        before = row.values["statecode"]
        after = changes.get("statecode", before)
        if after != before:
            self._move(row, before, after)
        elif before == _RETIRED:
            raise rule("A retired product cannot be updated.")

    def _move(self, row: Row, before: int, after: int) -> None:
        if after not in _NEXT[before]:
            raise rule(f"The product cannot go from state {before} to state {after}.")
        listed = self.store.where("productpricelevel", "productid", row.id)
        needed = self.writer.settings.activation_needs_price and not is_family(row)
        if before == _DRAFT and needed and not listed:
            raise rule("The product cannot be published because it has no price list item.")


class PriceListItems(Rules):
    """What a product costs in a price list, per unit.

    Fidelity: assumed dataverse §10 – list, product and unit are needed and unique together; currency, unit group and
    product number are the list's and the product's
    """

    def creating(self, values: dict[str, Any], context: Context) -> None:
        need(values, "pricelevelid", "productid", "uomid")
        defaults = (("pricingmethodcode", 1), ("quantitysellingcode", 1), ("roundingpolicycode", 1))
        for name, value in defaults:
            values.setdefault(name, value)
        self._check(values, None)
        values["transactioncurrencyid"] = self.store.row("pricelevel", values["pricelevelid"]).values[
            "transactioncurrencyid"
        ]

    def changing(self, row: Row, changes: dict[str, Any], context: Context) -> None:
        merged = {**row.values, **changes}
        need(merged, "productid", "uomid", "pricingmethodcode")
        self._check(merged, row)
        changes.update({name: merged[name] for name in ("uomscheduleid", "productnumber")})

    def _check(self, values: dict[str, Any], row: Row | None) -> None:
        product = self.store.row("product", values["productid"])
        if is_family(product):
            raise rule("A product family cannot be added to a price list.")
        group = product.values["defaultuomscheduleid"]
        unit_of_group(self, values["uomid"], group)
        values["uomscheduleid"], values["productnumber"] = group, product.values["productnumber"]
        if values["pricingmethodcode"] == 1:
            need(values, "amount")
        for other in self.store.where("productpricelevel", "productid", values["productid"]):
            same = all(other.values.get(name) == values[name] for name in ("pricelevelid", "uomid"))
            if same and other is not row:
                raise duplicate("The product and unit are already in the price list.")


class PriceLists(Rules):
    """Price lists: the currency is the organization's unless given, and stays."""

    def creating(self, values: dict[str, Any], context: Context) -> None:
        need(values, "name")
        values.setdefault("transactioncurrencyid", self.writer.base_currency)


class UnitGroups(Rules):
    """Unit groups: a base unit is made along.

    Fidelity: known dataverse §9 – baseuomname is create-only
    Fidelity: assumed dataverse §9 – the server makes the base unit, with quantity 1
    """

    def creating(self, values: dict[str, Any], context: Context) -> None:
        need(values, "name", "baseuomname")

    def created(self, row: Row, context: Context) -> None:
        unit = {"name": row.values["baseuomname"], "uomscheduleid": row.id, "quantity": _ONE, "isschedulebaseuom": True}
        self.writer.insert(self.store.table("uom"), unit, context)


class Units(Rules):
    """Units of a group: quantity in base units, names unique in the group; the base unit stays as it is."""

    def creating(self, values: dict[str, Any], context: Context) -> None:
        need(values, "name", "uomscheduleid")
        values.setdefault("isschedulebaseuom", False)
        if not values["isschedulebaseuom"]:
            need(values, "baseuom", "quantity")
            unit_of_group(self, values["baseuom"], values["uomscheduleid"])
        self._check(values, None)

    def changing(self, row: Row, changes: dict[str, Any], context: Context) -> None:
        if row.values["isschedulebaseuom"] and {"quantity", "baseuom"} & set(changes):
            raise rule("The base unit of a schedule keeps its quantity.")
        self._check({**row.values, **changes}, row)

    def _check(self, values: dict[str, Any], row: Row | None) -> None:
        if values["quantity"] is None or values["quantity"] <= 0:
            raise rule("The quantity of a unit must be above zero.")
        for other in self.store.where("uom", "uomscheduleid", values["uomscheduleid"]):
            if other is not row and other.values["name"].casefold() == values["name"].casefold():
                raise duplicate("A unit with this name exists in the schedule.")

    def deleting(self, row: Row, context: Context) -> None:
        if row.values["isschedulebaseuom"]:
            raise rule("The base unit of a schedule cannot be deleted.")


class Currencies(Rules):
    """Currencies: the code is unique and create-only, the organization's own has rate 1 and stays.

    Fidelity: known dataverse §9 – isocurrencycode is create-only
    Fidelity: assumed dataverse §9 – the base currency can neither be deleted nor get another rate
    """

    def creating(self, values: dict[str, Any], context: Context) -> None:
        need(values, "isocurrencycode", "currencyname", "currencysymbol", "exchangerate", "currencyprecision")
        if self.writer.base_currency and not self.writer.settings.multi_currency:
            raise ApiError(403, NO_PRIVILEGE, "The organization works in one currency only.")
        if self.store.where("transactioncurrency", "isocurrencycode", values["isocurrencycode"]):
            raise duplicate(f"The currency '{values['isocurrencycode']}' exists.")
        self._positive(values)

    def changing(self, row: Row, changes: dict[str, Any], context: Context) -> None:
        if row.id == self.writer.base_currency and {"exchangerate", "statecode"} & set(changes):
            raise rule("The base currency cannot be changed.")
        self._positive(changes)

    def _positive(self, values: dict[str, Any]) -> None:
        rate = values.get("exchangerate")
        if rate is not None and rate <= 0:
            raise rule("The exchange rate must be above zero.")

    def deleting(self, row: Row, context: Context) -> None:
        if row.id == self.writer.base_currency:
            raise rule("The base currency cannot be deleted.")


class Contacts(Rules):
    """Contacts: the full name is put together; the account is that of the parent."""

    def creating(self, values: dict[str, Any], context: Context) -> None:
        self._derive(values, values)

    def changing(self, row: Row, changes: dict[str, Any], context: Context) -> None:
        self._derive({**row.values, **changes}, changes)

    def _derive(self, values: dict[str, Any], changes: dict[str, Any]) -> None:
        changed_name(values, changes)
        if "parentcustomerid" in changes:
            of_account = changes.get("parentcustomerid@type") == "account"
            changes["accountid"] = changes["parentcustomerid"] if of_account else None


class Leads(Rules):
    """Leads: the full name is put together as that of a contact."""

    def creating(self, values: dict[str, Any], context: Context) -> None:
        changed_name(values, values)

    def changing(self, row: Row, changes: dict[str, Any], context: Context) -> None:
        changed_name({**row.values, **changes}, changes)


def changed_name(values: dict[str, Any], changes: dict[str, Any]) -> None:
    """Fidelity: assumed dataverse §10 – the full name is first, middle and last name with blanks between."""
    parts = [values.get(name) for name in ("firstname", "middlename", "lastname")]
    changes["fullname"] = " ".join(part for part in parts if part)[:160] or None
