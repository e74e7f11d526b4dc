"""Two companies' books: master data, customers that RecMan has too, products, projects, some invoices."""

from __future__ import annotations

import random
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from kobling_simulators.unimicro import totals
from kobling_simulators.unimicro.books import Books
from kobling_simulators.unimicro.custom_fields import TYPES
from kobling_simulators.unimicro.facts import entities
from kobling_simulators.unimicro.invoices import RATES
from kobling_simulators.unimicro.ledger import JOURNAL_SERIES
from kobling_simulators.unimicro.masterdata import (
    ACTIVE,
    CUSTOMER_SERIES,
    PRODUCT_ACTIVE,
    PRODUCT_SERIES,
    PROJECT_SERIES,
    rounded,
)
from kobling_simulators.unimicro.posting import INVOICE_SERIES, credit_draft, issue, pay
from kobling_simulators.unimicro.table import Row
from kobling_simulators.world.norway import SERIES, Business, assignments, norwegian_words, unimicro_knows

_ACCOUNTS = (
    (1500, "Kundefordringer"),
    (1920, "Bankinnskudd"),
    (2700, "Utgående merverdiavgift, høy sats"),
    (2701, "Utgående merverdiavgift, middels sats"),
    (2702, "Utgående merverdiavgift, lav sats"),
    (2710, "Inngående merverdiavgift, høy sats"),
    (3000, "Salgsinntekt, avgiftspliktig"),
    (3100, "Salgsinntekt, avgiftsfri"),
    (3200, "Salgsinntekt, utenfor avgiftsområdet"),
)
_VAT = (
    ("0", "Ingen mva-behandling", "0", False, 0),
    ("1", "Inngående mva, høy sats", "25", False, 2710),
    ("3", "Utgående mva, høy sats", "25", True, 2700),
    ("31", "Utgående mva, middels sats", "15", True, 2701),
    ("33", "Utgående mva, lav sats", "12", True, 2702),
    ("5", "Innenlands omsetning fritatt for mva", "0", True, 0),
    ("6", "Omsetning utenfor mva-loven", "0", True, 0),
)
_OUTPUT = {"25": "3", "15": "31", "12": "33", "0": "6"}
_SERIES = ((CUSTOMER_SERIES, SERIES), (PRODUCT_SERIES, 5000), (PROJECT_SERIES, 1), (INVOICE_SERIES, 10_000))
_TYPES = ("nvarchar(255)", "int", "datetime", "bit")
_MISSING = frozenset({"HMS-KURS"})
"""Products of RecMan that nobody has made in Unimicro."""
_MOST_PROJECTS, _MOST_INVOICES = 5_000, 2_000


def fill(books: Books, seed: int, records: int, *, main: bool) -> None:
    """What a company's books hold; `records` of 200 makes about 100 customers and 50 invoices of its own."""
    Seed(books, seed, records if main else min(records, 20)).fill(shared=main)


class Seed:
    """Fills one company's books.

    Fidelity: inferred unimicro §7 – VAT codes 3, 31, 33, 5 and 6 as Norwegian standard codes, accounts as in NS 4102
    """

    def __init__(self, books: Books, seed: int, records: int) -> None:
        self._books = books
        self._seed = seed
        self._records = records
        self._random = random.Random(f"unimicro {seed} {books.name}")
        self._born = (books.clock.moment() - timedelta(days=400)).isoformat(timespec="milliseconds")
        self._born = self._born.replace("+00:00", "Z")

    def fill(self, *, shared: bool) -> None:
        """Everything."""
        self._settings()
        self._master_data()
        companies = 3 * self._records // 5
        known = unimicro_knows(self._seed, companies)
        customers = {each.index: self._customer(each) for each in known if shared or each.index >= companies}
        if shared:
            self._projects(customers, companies)
        self._invoices(list(customers.values()))

    def _add(self, entity: str, **values: Any) -> Row:
        return self._books.add(entity, {"CreatedAt": self._born, "_createguid": self._books.new_guid(), **values})

    def _settings(self) -> None:
        own = {"CompanyName": self._books.name, "OrganizationNumber": self._books.org_number}
        self._own = self._add("CompanySettings", **own)
        year = self._books.today().year
        for each in range(year - 3, year + 2):
            self._add("FinancialYear", Year=each, ValidFrom=f"{each}-01-01", ValidTo=f"{each}-12-31")
        for name, number in (*_SERIES, (JOURNAL_SERIES, 1)):
            self._add("NumberSeries", Name=name, FromNumber=number, NextNumber=number, ToNumber=999_999_999)
        for code in RATES:
            self._add("CurrencyCode", Code=code, ShortCode=code, Name=code)

    def _master_data(self) -> None:
        accounts = {number: self._account(number, name) for number, name in _ACCOUNTS}
        for code, name, percent, output, account in _VAT:
            key = accounts[account]["ID"] if account else None
            place = {"OutgoingAccountID" if output else "IncomingAccountID": key}
            more = {"VatPercent": Decimal(percent), "OutputVat": output, "Visible": True}
            self._add("VatType", VatCode=code, Name=name, **more, **place)
        changes = {"CustomerAccountID": accounts[1500]["ID"], "DefaultSalesAccountID": accounts[3000]["ID"]}
        changes["BaseCurrencyCodeID"] = self._first("CurrencyCode", "Code", "NOK")["ID"]
        self._books.tables["CompanySettings"].change(self._own, changes)
        for name, days in (("14 dager netto", 14), ("30 dager netto", 30), ("10 dager netto", 10)):
            self._add("Terms", Name=name, CreditDays=days, TermsType=1)
        for at, name in enumerate(("Helse", "Bygg", "Kontor & lager")):
            self._add("Department", Name=name, DepartmentNumber=str(at + 1))
        kinds = self._add("ValueList", Code=TYPES, Name="Typer av egne felt")
        for name in _TYPES:
            self._add("ValueItem", ValueListID=kinds["ID"], Name=name, Code=self._books.new_guid())
        for name in entities():
            self._add("Model", Name=name, Label=name)
        for number, name, unit, price, vat in norwegian_words()["products"]:
            if number not in _MISSING:
                self._product(number, name, unit, price, vat)
        self._product("3", "Skal ikke forveksles med 003", "stk", "10.00", "25")

    def _account(self, number: int, name: str) -> Row:
        return self._add("Account", AccountNumber=number, AccountName=name, Active=True, Visible=True)

    def _first(self, entity: str, field: str, value: Any) -> Row:
        found = self._books.tables[entity].first(field, value)
        if found is None:
            raise KeyError(f"{entity} {value}")
        return found

    def _product(self, number: str, name: str, unit: str, price: str, vat: str) -> None:
        kind = self._first("VatType", "VatCode", _OUTPUT[vat])
        gross = rounded(Decimal(price) * (1 + kind["VatPercent"] / 100))
        account = self._first("Account", "AccountNumber", 3000 if kind["VatPercent"] else 3200)
        money = {"PriceExVat": Decimal(price), "PriceIncVat": gross, "VatTypeID": kind["ID"]}
        more = {"AccountID": account["ID"], "Type": 2 if unit == "t" else 3, "StatusCode": PRODUCT_ACTIVE}
        self._add("Product", PartName=number, Name=name, Unit=unit, **money, **more)

    def _customer(self, business: Business) -> Row:
        place = {"AddressLine1": business.street, "PostalCode": business.postal_code, "City": business.city}
        place |= {"Country": business.country, "CountryCode": business.country_code}
        info: Row = {"Name": business.name, "InvoiceAddressID": self._add("Address", **place)["ID"]}
        if business.email:
            info["DefaultEmailID"] = self._add("Email", EmailAddress=business.email)["ID"]
        if business.phone:
            info["DefaultPhoneID"] = self._add("Phone", Number=business.phone, Type=150101)["ID"]
        relation = self._add("BusinessRelation", **info)
        for entity, name in (("Address", "InvoiceAddress"), ("Email", "DefaultEmail"), ("Phone", "DefaultPhone")):
            part = self._books.get(entity, relation.get(f"{name}ID"))
            if part is not None:
                self._books.tables[entity].change(part, {"BusinessRelationID": relation["ID"]})
        number = int(business.number) if business.number else None
        more = {"CustomerNumber": number, "OrgNumber": business.org_number or None, "CreditDays": business.credit_days}
        return self._add("Customer", BusinessRelationID=relation["ID"], StatusCode=ACTIVE, **more)

    def _projects(self, customers: dict[int, Row], companies: int) -> None:
        wanted = min(2 * self._records // 5, _MOST_PROJECTS)
        for each in assignments(self._seed, wanted, max(companies, 1)):
            customer = customers.get(each.business)
            if each.index % 3 == 0 and customer is not None:
                begin = (self._books.today() - timedelta(days=each.index * 7 % 500)).isoformat()
                more = {"ProjectCustomerID": customer["ID"], "StartDate": begin, "StatusCode": ACTIVE}
                project = self._add("Project", ProjectNumber=each.number, Name=each.name, **more)
                self._add("Dimensions", ProjectID=project["ID"], DepartmentID=each.index % 9 // 3 + 1)

    def _invoices(self, customers: list[Row]) -> None:
        """Issued ones that people wrote by hand, and a draft now and then."""
        products = list(self._books.tables["Product"].rows.values())
        for index in range(min(self._records // 4, _MOST_INVOICES) if customers else 0):
            customer = customers[self._random.randrange(len(customers))]
            day = self._books.today() - timedelta(days=index * 3 % 300)
            bought = [products[(index + at) % len(products)] for at in range(index % 3 + 1)]
            invoice = self._draft(customer, day, bought)
            if index % 7:
                self._happen(issue(self._books, invoice), index)

    def _happen(self, invoice: Row, index: int) -> None:
        """What becomes of an issued invoice: half are paid when due, some in part, some are credited."""
        due, rest = date.fromisoformat(invoice["PaymentDueDate"]), invoice["RestAmount"]
        if index % 13 == 6:
            issue(self._books, credit_draft(self._books, invoice))
        elif due <= self._books.today() and index % 5 < 3:
            amount = rounded(rest / 2) if index % 5 == 2 else rest
            pay(self._books, invoice, {"Amount": amount, "PaymentDate": due.isoformat()})

    def _draft(self, customer: Row, day: date, products: list[Row]) -> Row:
        info = self._books.get("BusinessRelation", customer["BusinessRelationID"]) or {}
        place = self._books.get("Address", info.get("InvoiceAddressID")) or {}
        due = (day + timedelta(days=customer.get("CreditDays") or 14)).isoformat()
        head = {"CustomerID": customer["ID"], "CustomerName": info.get("Name"), "InvoiceDate": day.isoformat()}
        head |= {"CustomerOrgNumber": customer.get("OrgNumber"), "InvoiceType": 0, "PaymentDueDate": due}
        head |= {f"Invoice{name}": place.get(name) for name in ("AddressLine1", "PostalCode", "City", "CountryCode")}
        money = {"CurrencyCodeID": self._own["BaseCurrencyCodeID"], "CurrencyExchangeRate": Decimal(1)}
        invoice = self._add("CustomerInvoice", StatusCode=42001, **head, **money)
        made = []
        for at, product in enumerate(products):
            kind = self._books.get("VatType", product["VatTypeID"]) or {}
            item = {"ProductID": product["ID"], "ItemText": product["Name"], "NumberOfItems": Decimal(at + 2)}
            item |= {"PriceExVat": product["PriceExVat"] or Decimal(1), "VatTypeID": product["VatTypeID"]}
            item |= {"VatPercent": kind["VatPercent"], "AccountID": product["AccountID"], "Unit": product["Unit"]}
            item |= totals.line(item, Decimal(1))
            place = {"CustomerInvoiceID": invoice["ID"], "SortIndex": at + 1, "StatusCode": 41301}
            made.append(self._add("CustomerInvoiceItem", **item, **place, **money))
        changes = totals.invoice(made, self._books.settings.vat_rounding)
        self._books.tables["CustomerInvoice"].change(invoice, changes)
        return invoice
