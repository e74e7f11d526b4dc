"""Rules of quotes, orders and invoices: prices, totals, locks."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from kobling_simulators.dataverse.catalogue import is_family, need, unit_of_group
from kobling_simulators.dataverse.context import Context
from kobling_simulators.dataverse.errors import bad_request, rule
from kobling_simulators.dataverse.rules import Hand, Rules
from kobling_simulators.dataverse.shelf import Row
from kobling_simulators.dataverse.values import rounded
from kobling_simulators.dataverse.writing import Writer

_NOTHING = Decimal("0.00")
_STATE = frozenset({"statecode", "statuscode"})
_FREE = _STATE | {"modifiedon", "modifiedby", "ispricelocked", "lastbackofficesubmit", "submitstatus", "submitdate"}
_PRICED = frozenset({"priceperunit", "quantity", "manualdiscountamount", "tax", "uomid", "productid"})
_TOTALS = (
    "totallineitemamount",
    "totallineitemdiscountamount",
    "totaldiscountamount",
    "totalamountlessfreight",
    "totaltax",
    "totalamount",
)
_NO_ERROR, _NO_LIST, _NOT_LISTED = 0, 2, 11
# The kind of a line by the structure of its product: a bundle is told apart.
_LINE_KINDS = {1: 1, 3: 2}


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of document: its tables, the lines' link, its number, and the states that only an action sets."""

    header: str
    line: str
    link: str
    number: str
    prefix: str
    by_action: tuple[int, ...]


KINDS = (
    Kind("quote", "quotedetail", "quoteid", "quotenumber", "QUO", (2, 3)),
    Kind("salesorder", "salesorderdetail", "salesorderid", "ordernumber", "ORD", (2, 3)),
    Kind("invoice", "invoicedetail", "invoiceid", "invoicenumber", "INV", ()),
)


def system_pricing(writer: Hand) -> bool:
    """Whether the server computes prices and totals.

    Fidelity: known dataverse §9 – totals are the server's unless the organization turns system pricing off
    """
    organization = writer.store.find("organization", writer.organization)
    return organization is None or organization.values.get("oobpricecalculationenabled", True) is not False


class Headers(Rules):
    """The header of a document.

    Fidelity: known dataverse §9 – non-active or price-locked documents reject edits; to Active first, then edit
    Fidelity: assumed dataverse §6 – orders are fulfilled and cancelled, quotes won and closed by actions only
    """

    def __init__(self, writer: Writer, kind: Kind) -> None:
        super().__init__(writer)
        self._kind = kind
        self._numbers = 1000

    def creating(self, values: dict[str, Any], context: Context) -> None:
        need(values, "customerid")
        if self._kind.number not in values:
            self._numbers += 1
            values[self._kind.number] = f"{self._kind.prefix}-{self._numbers:05d}-{self.store.new_id()[:6].upper()}"
        given = values.get("transactioncurrencyid")
        level = values.get("pricelevelid")
        listed = self.store.row("pricelevel", level).values["transactioncurrencyid"] if level else None
        if given and listed and given != listed:
            raise rule("The currency of the document and the currency of its price list differ.")
        values["transactioncurrencyid"] = given or listed or self.writer.base_currency
        values.setdefault("ispricelocked", False)
        if self._kind.header == "quote":
            values["revisionnumber"] = 0
        self._customer(values)
        if system_pricing(self.writer):
            self._total(values, [])

    def _customer(self, values: dict[str, Any]) -> None:
        for column, target in (("accountid", "account"), ("contactid", "contact")):
            values[column] = values["customerid"] if values.get("customerid@type") == target else None

    def changing(self, row: Row, changes: dict[str, Any], context: Context) -> None:
        before = row.values["statecode"]
        after = changes.get("statecode", before)
        if after != before and after in self._kind.by_action and not context.by_action:
            raise rule(f"The state {after} of '{self._kind.header}' can be set by its own action only.")
        rest = set(changes) - _FREE
        if before != 0 and after != 0 and rest:
            raise rule(f"The {self._kind.header} cannot be modified because it is not in the active state.")
        if row.values.get("ispricelocked") and rest & {"discountamount", "discountpercentage", "freightamount"}:
            raise rule("The prices of the document are locked.")
        if changes.get("pricelevelid"):
            listed = self.store.row("pricelevel", changes["pricelevelid"]).values["transactioncurrencyid"]
            if listed != row.values["transactioncurrencyid"]:
                raise rule("The currency of the document and the currency of its price list differ.")
        if "customerid" in changes:
            need(changes, "customerid")
            self._customer(changes)
        if self._kind.header == "salesorder" and before == 0 and after == 1:
            changes["ispricelocked"] = True
        if system_pricing(self.writer):
            merged = {**row.values, **changes}
            self._total(merged, self.store.where(self._kind.line, self._kind.link, row.id))
            changes.update({name: merged[name] for name in _TOTALS})

    def changed(self, row: Row, changes: dict[str, Any], context: Context) -> None:
        if {"statecode", "ispricelocked"} & set(changes):
            self._tell_lines(row)

    def _tell_lines(self, row: Row) -> None:
        table = self.store.table(self._kind.line)
        told = {
            f"{self._kind.header}statecode": row.values["statecode"],
            f"{self._kind.header}ispricelocked": row.values.get("ispricelocked", False),
        }
        for line in self.store.where(self._kind.line, self._kind.link, row.id):
            self.store.change(table.logical, line, {name: one for name, one in told.items() if name in table.columns})

    def retotal(self, header_id: str, context: Context) -> None:
        """Totals anew after a line changed."""
        row = self.store.find(self._kind.header, header_id)
        if row is not None and system_pricing(self.writer):
            table = self.store.table(self._kind.header)
            self.writer.change(table, row, {"pricingerrorcode": row.values.get("pricingerrorcode", 0)}, context)

    def _total(self, values: dict[str, Any], lines: list[Row]) -> None:
        """Fidelity: inferred dataverse §9 – details less discounts plus freight and tax."""

        def amount(of: dict[str, Any], name: str) -> Decimal:
            found: Decimal = of.get(name) or _NOTHING
            return found

        details = sum((amount(one.values, "extendedamount") - amount(one.values, "tax") for one in lines), _NOTHING)
        percent = amount(values, "discountpercentage")
        discount = rounded(details * percent / 100) + amount(values, "discountamount")
        tax = sum((amount(one.values, "tax") for one in lines), _NOTHING)
        values["totallineitemamount"] = details
        values["totallineitemdiscountamount"] = sum(
            (amount(one.values, "manualdiscountamount") for one in lines), _NOTHING
        )
        values["totaldiscountamount"] = discount
        values["totalamountlessfreight"] = details - discount
        values["totaltax"] = tax
        values["totalamount"] = details - discount + amount(values, "freightamount") + tax


class Lines(Rules):
    """The lines of a document.

    Fidelity: known dataverse §9 – a line needs its document, a quantity, and product with unit, or write-in text
    Fidelity: assumed dataverse §9 – only Active products can be sold; a missing price shows in pricingerrorcode
    """

    def __init__(self, writer: Writer, kind: Kind, headers: Headers) -> None:
        super().__init__(writer)
        self._kind = kind
        self._headers = headers

    def creating(self, values: dict[str, Any], context: Context) -> None:
        need(values, self._kind.link, "quantity")
        header = self._open_header(values[self._kind.link], priced=True)
        values.setdefault("isproductoverridden", False)
        self._check_product(values)
        for name, value in (("producttypecode", 1), ("propertyconfigurationstatus", 2), ("ispriceoverridden", False)):
            values.setdefault(name, value)
        values["transactioncurrencyid"] = header.values["transactioncurrencyid"]
        values[f"{self._kind.header}statecode"] = header.values["statecode"]
        self._amounts(values, header)

    def changing(self, row: Row, changes: dict[str, Any], context: Context) -> None:
        if changes.get(self._kind.link, row.values[self._kind.link]) != row.values[self._kind.link]:
            raise rule("A line cannot move to another document.")
        header = self._open_header(row.values[self._kind.link], priced=bool(_PRICED & set(changes)))
        merged = {**row.values, **changes}
        need(merged, "quantity")
        if {"productid", "uomid", "productdescription"} & set(changes):
            self._check_product(merged)
            changes["productname"] = merged["productname"]
        self._amounts(merged, header)
        for name in ("priceperunit", "baseamount", "extendedamount", "pricingerrorcode"):
            changes[name] = merged.get(name)

    def _open_header(self, key: str, *, priced: bool) -> Row:
        header = self.store.row(self._kind.header, key)
        if header.values["statecode"] != 0:
            raise rule(f"The line cannot be modified because its {self._kind.header} is not in the active state.")
        if priced and header.values.get("ispricelocked"):
            raise rule("The prices of the document are locked.")
        return header

    def _check_product(self, values: dict[str, Any]) -> None:
        if values["isproductoverridden"]:
            if values.get("productid") is not None or not values.get("productdescription"):
                raise bad_request("A write-in line has a productdescription and no product.")
            values["productname"] = values["productdescription"]
            return
        need(values, "productid", "uomid")
        product = self.store.row("product", values["productid"])
        if product.values["statecode"] != 0:
            raise rule("You can only add active products to a document.")
        if is_family(product):
            raise rule("A product family cannot be added to a document.")
        unit_of_group(self, values["uomid"], product.values["defaultuomscheduleid"])
        values["productname"] = product.values["name"]
        values["producttypecode"] = _LINE_KINDS.get(product.values.get("productstructure", 1), 1)

    def _amounts(self, values: dict[str, Any], header: Row) -> None:
        """Fidelity: inferred dataverse §9 – base is price by quantity; extended is base less discount plus tax."""
        if not system_pricing(self.writer):
            return
        values["pricingerrorcode"] = _NO_ERROR
        if not values.get("ispriceoverridden") and not values["isproductoverridden"]:
            values["priceperunit"], values["pricingerrorcode"] = self._price(values, header)
        price = values.get("priceperunit") or _NOTHING
        base = rounded(price * values["quantity"])
        discount, tax = values.get("manualdiscountamount") or _NOTHING, values.get("tax") or _NOTHING
        values["baseamount"], values["extendedamount"] = base, base - discount + tax

    def _price(self, values: dict[str, Any], header: Row) -> tuple[Decimal | None, int]:
        level = header.values.get("pricelevelid")
        if level is None:
            return values.get("priceperunit"), _NO_LIST
        for item in self.store.where("productpricelevel", "productid", values["productid"]):
            if item.values["pricelevelid"] == level and item.values["uomid"] == values["uomid"]:
                return self._listed(item, self.store.row("product", values["productid"])), _NO_ERROR
        return None, _NOT_LISTED

    def _listed(self, item: Row, product: Row) -> Decimal:
        method, percent = item.values["pricingmethodcode"], item.values.get("percentage") or _NOTHING
        if method == 1:
            return Decimal(item.values["amount"])
        cost = product.values.get({2: "price", 3: "currentcost", 4: "currentcost"}.get(method, "standardcost"))
        cost = cost or _NOTHING
        if method == 2:
            return rounded(cost * percent / 100)
        if method in (3, 5):
            return rounded(cost * (1 + percent / 100))
        return rounded(cost / (1 - percent / 100)) if percent < 100 else _NOTHING

    def created(self, row: Row, context: Context) -> None:
        self._headers.retotal(row.values[self._kind.link], context)

    def changed(self, row: Row, changes: dict[str, Any], context: Context) -> None:
        self._headers.retotal(row.values[self._kind.link], context)

    def deleting(self, row: Row, context: Context) -> None:
        self._open_header(row.values[self._kind.link], priced=True)

    def deleted(self, row: Row, context: Context) -> None:
        self._headers.retotal(row.values[self._kind.link], context)


class Opportunities(Rules):
    """Opportunities: the customer is the parent account or contact; won and lost by actions only."""

    def creating(self, values: dict[str, Any], context: Context) -> None:
        self._customer(values)

    def changing(self, row: Row, changes: dict[str, Any], context: Context) -> None:
        after = changes.get("statecode", row.values["statecode"])
        if after in (1, 2) and after != row.values["statecode"] and not context.by_action:
            raise rule("Use WinOpportunity or LoseOpportunity to close an opportunity.")
        if row.values["statecode"] != 0 and after != 0 and set(changes) - _FREE - {"actualvalue", "actualclosedate"}:
            raise rule("The opportunity is already closed.")
        self._customer(changes)

    def _customer(self, values: dict[str, Any]) -> None:
        """Fidelity: assumed dataverse §10 – customerid follows parentaccountid, else parentcontactid."""
        for column, target in (("parentcontactid", "contact"), ("parentaccountid", "account")):
            if values.get(column):
                values["customerid"], values["customerid@type"] = values[column], target


def install(writer: Writer) -> None:
    """Put the rules of documents in force."""
    for kind in KINDS:
        headers = Headers(writer, kind)
        writer.rules[kind.header] = headers
        writer.rules[kind.line] = Lines(writer, kind, headers)
    writer.rules["opportunity"] = Opportunities(writer)
