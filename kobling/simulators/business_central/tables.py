"""Which entity set behaves how; everything not named here is a plain table."""

from __future__ import annotations

from kobling.simulators.business_central import masterdata
from kobling.simulators.business_central.company import Company
from kobling.simulators.business_central.facts import EntitySet
from kobling.simulators.business_central.published import Published
from kobling.simulators.business_central.table import Table

_PUBLISHED = ("Resources", "CustomerPriceGroups", "SalesPrices", "ItemAvailability")
_TABLES: dict[str, type[Table]] = {
    "accounts": masterdata.Accounts,
    "bankAccounts": masterdata.Numbered,
    "contacts": masterdata.Contacts,
    "contactsInformation": masterdata.ContactsInformation,
    "countriesRegions": masterdata.UsedCodes,
    "currencies": masterdata.Currencies,
    "customerFinancialDetails": masterdata.CustomerFinancialDetails,
    "customers": masterdata.Customers,
    "defaultDimensions": masterdata.DefaultDimensions,
    "dimensionValues": masterdata.DimensionValues,
    "employees": masterdata.Employees,
    "generalLedgerSetup": masterdata.GeneralLedgerSetup,
    "itemCategories": masterdata.UsedCodes,
    "itemVariants": masterdata.ItemVariants,
    "items": masterdata.Items,
    "opportunities": masterdata.Opportunities,
    "paymentMethods": masterdata.UsedCodes,
    "paymentTerms": masterdata.PaymentTerms,
    "projects": masterdata.Numbered,
    "salespeoplePurchasers": masterdata.UsedCodes,
    "shipmentMethods": masterdata.UsedCodes,
    "taxAreas": masterdata.UsedCodes,
    "taxGroups": masterdata.UsedCodes,
    "unitsOfMeasure": masterdata.UsedCodes,
    "vendors": masterdata.Vendors,
}


def make_table(company: Company, entity: EntitySet) -> Table:
    """The table behind an entity set."""
    if entity.name in _PUBLISHED:
        return Published(company, entity)
    return _TABLES.get(entity.name, Table)(company, entity)
