"""What master data does beyond its facts: numbers, defaults, who uses whom."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date, timedelta
from decimal import Decimal

from kobling_simulators.business_central.errors import rule, wrong_field
from kobling_simulators.business_central.facts import BLANK, ZERO_GUID
from kobling_simulators.business_central.shelf import Row, plain
from kobling_simulators.business_central.table import Parent, Reading, Table, Values

_FORMULA = re.compile(r"(CM)?([+-]?\d+[DWM])?", re.IGNORECASE)


class Codes(Table):
    """A plain table whose records others point at."""


class Currencies(Codes):
    """Currencies; the local one is not among them."""

    used_in = (("customers", "currencyId"), ("vendors", "currencyId"), ("salesInvoices", "currencyId"))


class PaymentTerms(Codes):
    """Payment terms with their date formulas."""

    used_in = (("customers", "paymentTermsId"), ("vendors", "paymentTermsId"), ("salesInvoices", "paymentTermsId"))

    def prepare(self, values: Values, row: Row | None, given: frozenset[str], parent: Parent | None) -> None:
        """Fidelity: assumed business_central §6.1 – formulas are like 30D, 1M, CM, CM+8D; others are refused."""
        for name in ("dueDateCalculation", "discountDateCalculation"):
            text = values.get(name, "")
            if text and not _FORMULA.fullmatch(text):
                raise wrong_field(f"The date formula '{text}' is not valid ('{name}').")


def due_date(formula: str, day: date) -> date:
    """The day that a date formula leads to."""
    found = _FORMULA.fullmatch(formula)
    if found is None or not formula:
        return day
    if found[1]:
        day = _month_later(day.replace(day=1), 1) - timedelta(days=1)
    if found[2]:
        count, unit = int(found[2][:-1]), found[2][-1].upper()
        day = _month_later(day, count) if unit == "M" else day + timedelta(days=count * (7 if unit == "W" else 1))
    return day


def _month_later(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    for last in (day.day, 30, 29, 28):
        try:
            return date(year, month + 1, last)
        except ValueError:
            continue
    return day


class UsedCodes(Codes):
    """Codes that items, customers or vendors use."""

    users: Mapping[str, tuple[tuple[str, str], ...]] = {
        "unitsOfMeasure": (("items", "baseUnitOfMeasureId"), ("salesOrderLines", "unitOfMeasureId")),
        "itemCategories": (("items", "itemCategoryId"),),
        "taxGroups": (("items", "taxGroupId"),),
        "taxAreas": (("customers", "taxAreaId"),),
        "shipmentMethods": (("customers", "shipmentMethodId"),),
        "paymentMethods": (("customers", "paymentMethodId"), ("vendors", "paymentMethodId")),
        "salespeoplePurchasers": (("customers", "salespersonCode"), ("opportunities", "salespersonCode")),
        "countriesRegions": (("customers", "country"), ("vendors", "country")),
    }

    def deleting(self, row: Row) -> None:
        """Fidelity: assumed business_central §6 – a code in use cannot be deleted."""
        for set_name, name in self.users.get(self.entity.name, ()):
            by_code = self.company.table(set_name).entity.properties[name].names
            users = self.company.table(set_name).shelf.equal(name, self.label(row) if by_code else row.id)
            if users:
                raise rule(f"You cannot delete {self.label(row)} because it is used in {set_name}.")


class Trader(Table):
    """What customers and vendors share: numbers, a linked company contact, balances."""

    relation = ""
    ledger = ""

    def created(self, row: Row, parent: Parent | None) -> None:
        """Fidelity: assumed business_central §6.1 – a new customer or vendor gets a company contact of its own."""
        copied = (
            "displayName",
            "addressLine1",
            "addressLine2",
            "city",
            "country",
            "postalCode",
            "phoneNumber",
            "email",
        )
        contacts = self.company.table("contacts")
        values = {name: row.values[name] for name in copied if name in row.values}
        values |= {"number": self.company.next_number("contacts"), "_relatedId": row.id, "_relation": self.relation}
        contacts.insert(values, row.modified)

    def entries(self, row: Row) -> Iterable[Row]:
        """Ledger entries of the customer or vendor."""
        return self.company.shelf(self.ledger).equal("partyId", row.id)

    def balance(self, row: Row) -> Decimal:
        """What is open, in local currency."""
        return plain(sum((one.values["remaining"] for one in self.entries(row)), Decimal()))

    def overdue(self, row: Row) -> Decimal:
        """What is open and due before today."""
        today = self.company.today().isoformat()
        late = (one.values["remaining"] for one in self.entries(row) if one.values["dueDate"] < today)
        return plain(sum(late, Decimal()))

    def deleting(self, row: Row) -> None:
        """Fidelity: assumed business_central §6 – whoever has documents or ledger entries cannot be deleted."""
        super().deleting(row)
        if self.entries(row):
            raise rule(f"You cannot delete {self.entity.entity} {self.label(row)} because it has ledger entries.")
        contacts = self.company.table("contacts")
        for contact in contacts.shelf.equal("_relatedId", row.id):
            contacts.shelf.change(contact, {"_relatedId": None, "_relation": None}, self.company.now())


class Customers(Trader):
    """Customers.

    Fidelity: known business_central §6.1 – displayName is required; number comes from the number series when blank
    """

    series = "customers"
    relation = "Customer"
    ledger = "customerLedgerEntries"
    used_in = tuple(
        (name, "customerId") for name in ("salesQuotes", "salesOrders", "salesInvoices", "salesCreditMemos")
    )

    def computed(self) -> Mapping[str, Reading]:
        """Balance and the name of the tax area."""
        return {"balanceDue": self.overdue, "taxAreaDisplayName": self._tax_area}

    def _tax_area(self, row: Row) -> str:
        area = self.company.find("taxAreas", row.values.get("taxAreaId", ""))
        return "" if area is None else str(area.values.get("displayName", ""))

    def prepare(self, values: Values, row: Row | None, given: frozenset[str], parent: Parent | None) -> None:
        """Fidelity: known business_central §6.1 – set-up templates fill in what a new customer lacks.

        Fidelity: assumed business_central §6.1 – the template gives tax area by country, terms and tax liability
        """
        if row is None:
            values.setdefault("taxLiable", True)
            if values.get("taxAreaId", ZERO_GUID) == ZERO_GUID:
                values["taxAreaId"] = tax_area(self, values.get("country", ""))
            terms = self.company.setup.get("paymentTerms", ZERO_GUID)
            if values.get("paymentTermsId", ZERO_GUID) == ZERO_GUID:
                values["paymentTermsId"] = terms


def tax_area(table: Table, country: str) -> str:
    """The VAT business posting group of a country."""
    code = table.company.setup.get("taxAreas", {}).get(country, "EKSPORT") if country else "INDENL"
    row = table.company.named("taxAreas", code)
    return ZERO_GUID if row is None else row.id


class CustomerFinancialDetails(Table):
    """Balances, one record per customer."""

    shelf_name = "customers"
    shelf_key = "number"

    def computed(self) -> Mapping[str, Reading]:
        """Sums over the customer's ledger entries."""
        customers = self.company.table("customers")
        assert isinstance(customers, Customers)
        entries = customers.entries

        def sales(row: Row) -> Decimal:
            return plain(sum((one.values.get("sales", Decimal()) for one in entries(row)), Decimal()))

        return {"balance": customers.balance, "overdueAmount": customers.overdue, "totalSalesExcludingTax": sales}


class Vendors(Trader):
    """Vendors."""

    series = "vendors"
    relation = "Vendor"
    ledger = "vendorLedgerEntries"
    used_in = tuple((name, "vendorId") for name in ("purchaseOrders", "purchaseInvoices", "purchaseCreditMemos"))

    def computed(self) -> Mapping[str, Reading]:
        """The balance, positive when we owe."""
        return {"balance": lambda row: plain(-self.balance(row))}


class Contacts(Table):
    """Companies and people; people belong to a company by its number.

    Fidelity: known business_central §6.1 – a person's company is given by companyNumber
    """

    series = "contacts"

    def computed(self) -> Mapping[str, Reading]:
        """The company's name and what the contact is to us."""
        return {"companyName": self._company_name, "contactBusinessRelation": self._relation}

    def _company(self, row: Row) -> Row | None:
        number = row.values.get("companyNumber", "")
        return self.company.named("contacts", number) if number and row.values.get("type") == "Person" else row

    def _company_name(self, row: Row) -> str:
        found = self._company(row)
        return (
            ""
            if found is None or (row.values.get("type") == "Person" and found is row)
            else str(found.values.get("displayName", ""))
        )

    def _relation(self, row: Row) -> str:
        found = self._company(row)
        return "None" if found is None else str(found.values.get("_relation", "None"))

    def prepare(self, values: Values, row: Row | None, given: frozenset[str], parent: Parent | None) -> None:
        """Fidelity: assumed business_central §6.1 – companyNumber has to name a contact of type Company."""
        for name in ("companyName", "contactBusinessRelation"):
            values.pop(name, None)
        number = values.get("companyNumber", "")
        if number:
            found = self.company.named("contacts", number)
            if found is None or found.values.get("type", "Company") != "Company":
                raise rule(f"The company contact {number} does not exist.")

    def deleting(self, row: Row) -> None:
        """A company with people, or related to a customer or vendor, stays."""
        if row.values.get("_relatedId") or self.shelf.equal("companyNumber", row.values.get("number")):
            raise rule(f"You cannot delete contact {self.label(row)} because it is related to other records.")


class ContactsInformation(Table):
    """The contacts of a customer or vendor: its company contact and that company's people."""

    shelf_name = "contacts"
    shelf_key = "number"

    def computed(self) -> Mapping[str, Reading]:
        """Everything is read off the contact."""
        return {
            "contactId": lambda row: row.id,
            "contactNumber": lambda row: row.values.get("number", ""),
            "contactName": lambda row: row.values.get("displayName", ""),
            "contactType": lambda row: row.values.get("type", "Company"),
            "relatedId": lambda row: self._company(row).values.get("_relatedId", ZERO_GUID),
            "relatedType": lambda row: self._company(row).values.get("_relation", BLANK),
        }

    def _company(self, row: Row) -> Row:
        number = row.values.get("companyNumber")
        found = self.company.named("contacts", number) if number else None
        return row if found is None else found

    def scope(self, asked: Mapping[str, object], parent: Parent | None) -> Callable[[Row], bool] | None:
        """Only related contacts are listed."""
        return lambda row: bool(self._company(row).values.get("_relatedId"))

    def under(self, parent: Parent) -> Iterable[Row]:
        """The company contact first, then its people."""
        for company in self.shelf.equal("_relatedId", parent.row.id):
            yield company
            yield from self.shelf.equal("companyNumber", company.values.get("number"))
