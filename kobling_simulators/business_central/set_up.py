"""A company before anything is traded: chart of accounts, codes, dimensions, journals, number series."""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from kobling_simulators.business_central.facts import custom_api
from kobling_simulators.business_central.table import Company
from kobling_simulators.wire import from_json

_SERIES = {
    "customers": ("D{:05d}", 10),
    "vendors": ("K{:05d}", 10),
    "contacts": ("KT{:06d}", 10),
    "items": ("V{:05d}", 10),
    "employees": ("M{:04d}", 1),
    "projects": ("PR{:05d}", 40),
    "bankAccounts": ("B{:04d}", 10),
    "opportunities": ("SM{:06d}", 1),
    "resources": ("R{:04d}", 1),
    "salesQuotes": ("S-TI{:06d}", 1001),
    "salesOrders": ("S-OR{:06d}", 101001),
    "salesInvoices": ("S-FA{:06d}", 102001),
    "postedSalesInvoices": ("{:06d}", 103001),
    "salesCreditMemos": ("S-KR{:06d}", 1001),
    "postedSalesCreditMemos": ("{:06d}", 104001),
    "purchaseOrders": ("K-OR{:06d}", 106001),
    "purchaseInvoices": ("K-FA{:06d}", 107001),
    "postedPurchaseInvoices": ("{:06d}", 108001),
    "purchaseCreditMemos": ("K-KR{:06d}", 1001),
    "postedPurchaseCreditMemos": ("{:06d}", 109001),
    "salesShipments": ("{:06d}", 110001),
    "journalDocuments": ("G{:05d}", 1),
}


@cache
def told() -> dict[str, Any]:
    """The set-up data beside this file."""
    read: dict[str, Any] = from_json((Path(__file__).parent / "set_up.json").read_bytes())
    return read


def set_up(company: Company, year: int) -> None:
    """Fill a new company; equal seeds give equal companies.

    Fidelity: assumed business_central §10 – codes, accounts and posting groups are a small Danish company's
    """
    for name, (pattern, first) in _SERIES.items():
        company.start_series(name, pattern, first)
    company.setup |= {"currency": told()["currency"], "taxAreas": told()["tax_areas"], "entry": 0}
    _codes(company)
    _money(company)
    _defaults(company)
    _people(company)
    _information(company, year)
    company.journal.commit()


def _codes(company: Company) -> None:
    for set_name, rows in {
        "paymentMethods": told()["payment_methods"],
        "shipmentMethods": told()["shipment_methods"],
        "countriesRegions": told()["countries"],
        "itemCategories": told()["categories"],
        "generalProductPostingGroups": told()["product_groups"],
        "inventoryPostingGroups": told()["inventory_groups"],
        "customerReturnReasons": told()["return_reasons"],
        "disputeStatus": told()["dispute_status"],
    }.items():
        table = company.table(set_name)
        text = next(name for name in ("displayName", "description") if name in table.entity.properties)
        for code, name in rows:
            table.insert({"code": code, text: name})
    for set_name, rows in {"taxAreas": told()["areas"], "taxGroups": told()["tax_groups"]}.items():
        for code, name in rows:
            company.table(set_name).insert({"code": code, "displayName": name, "taxType": "VAT"})
    for code, name, standard in told()["units"]:
        values = {"code": code, "displayName": name, "internationalStandardCode": standard}
        company.table("unitsOfMeasure").insert(values)
    for code, name, formula in told()["payment_terms"]:
        company.table("paymentTerms").insert({"code": code, "displayName": name, "dueDateCalculation": formula})
    for code, name, street, post, city in told()["locations"]:
        values = {"code": code, "displayName": name, "addressLine1": street, "postalCode": post, "city": city}
        company.table("locations").insert({**values, "country": "DK"})
    for code, name, members in told()["dimensions"]:
        dimension = company.table("dimensions").insert({"code": code, "displayName": name})
        for member, text in members:
            values = {"code": member, "displayName": text, "dimensionId": dimension.id}
            company.table("dimensionValues").insert(values)


def _money(company: Company) -> None:
    for number, name, kind, category, direct, blocked in told()["accounts"]:
        values = {"number": number, "displayName": name, "accountType": kind, "category": category}
        company.table("accounts").insert({**values, "directPosting": direct, "blocked": blocked})
    for code, name, symbol, precision in told()["currencies"]:
        values = {"code": code, "displayName": name, "symbol": symbol, "amountRoundingPrecision": Decimal(precision)}
        company.table("currencies").insert({**values, "amountDecimalPlaces": "2:2" if precision != "1" else "0:0"})
        rate = {"currencyCode": code, "exchangeRateAmount": Decimal(100), "startingDate": "2020-01-01"}
        rate["relationalExchangeRateAmount"] = Decimal(told()["rates"][code])
        company.table("currencyExchangeRates").insert(rate)
    for number, name, account, code, iban, at_bank in told()["banks"]:
        currency = company.named("currencies", code) if code else None
        values = {"number": number, "displayName": name, "iban": iban, "bankAccountNumber": at_bank}
        more = {} if currency is None else {"currencyCode": code, "currencyId": currency.id}
        company.table("bankAccounts").insert({**values, **more, "_account": account})


def _defaults(company: Company) -> None:
    def found(set_name: str, code: str) -> str:
        row = company.named(set_name, code)
        return "" if row is None else row.id

    company.setup["paymentTerms"] = found("paymentTerms", "14D")
    company.setup["item"] = {
        "baseUnitOfMeasureId": found("unitsOfMeasure", "STK"),
        "taxGroupId": found("taxGroups", "MOMS25"),
        "generalProductPostingGroupId": found("generalProductPostingGroups", "HANDEL"),
        "inventoryPostingGroupId": found("inventoryPostingGroups", "VIDERESALG"),
    }
    company.setup["posting"] = told()["posting"]
    company.setup["templates"] = [tuple(one) for one in told()["templates"]]
    bank = found("bankAccounts", "BANK")
    for template, code, name in told()["batches"]:
        values = {"code": code, "displayName": name, "templateDisplayName": template}
        pays = template in ("KASSE", "UDBETAL")
        company.table("journals").insert({**values, "balancingAccountId": bank} if pays else values)


def _people(company: Company) -> None:
    for code, name, phone in told()["salespeople"]:
        plain = name.lower().replace(" ", ".").translate({ord("æ"): "ae", ord("ø"): "oe", ord("å"): "aa"})
        mail = f"{plain}@proevefirma.example"
        values = {"code": code, "displayName": name, "email": mail, "phoneNo": phone, "blocked": code == "KONTOR"}
        company.table("salespeoplePurchasers").insert(values)
    for code, name in told()["price_groups"]:
        company.table("customerPriceGroups", custom_api()).insert({"code": code, "displayName": name})


def _information(company: Company, year: int) -> None:
    company.table("companyInformation").insert(
        {
            "displayName": company.name,
            "addressLine1": "Nørregade 1",
            "city": "København K",
            "postalCode": "1165",
            "country": "DK",
            "phoneNumber": "+45 33 11 22 33",
            "email": "post@proevefirma.example",
            "taxRegistrationNumber": "DK25313763",
            "currencyCode": told()["currency"],
            "currentFiscalYearStartDate": f"{year}-01-01",
            "experience": "Premium",
        }
    )
    company.table("generalLedgerSetup").insert(
        {
            "localCurrencyCode": told()["currency"],
            "localCurrencySymbol": "kr",
            "shortcutDimension1Code": "AFDELING",
            "shortcutDimension2Code": "PROJEKT",
            "shortcutDimension3Code": "OMRÅDE",
        }
    )
    for month in range(1, 13):
        day = f"{year}-{month:02d}-01"
        values = {"startingDate": day, "name": f"{month:02d}", "newFiscalYear": month == 1}
        company.table("accountingPeriods").insert(values)
