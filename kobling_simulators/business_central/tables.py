"""Which entity set behaves how; everything not named here is a plain table."""

from __future__ import annotations

from kobling_simulators.business_central import catalogue, masterdata
from kobling_simulators.business_central.attachments import Attachments, DocumentAttachments, PdfDocuments, Pictures
from kobling_simulators.business_central.dimensions import DimensionSetLines
from kobling_simulators.business_central.facts import EntitySet
from kobling_simulators.business_central.journal_posting import PostedJournals
from kobling_simulators.business_central.journals import JournalLines, Payments
from kobling_simulators.business_central.kinds import BY_LINES, KINDS
from kobling_simulators.business_central.lines import DocumentLines
from kobling_simulators.business_central.posting import PostedDocuments
from kobling_simulators.business_central.published import Published
from kobling_simulators.business_central.table import Company, Table

_PUBLISHED = ("Resources", "CustomerPriceGroups", "SalesPrices", "ItemAvailability")
_TABLES: dict[str, type[Table]] = {
    "attachments": Attachments,
    "customerPaymentJournals": PostedJournals,
    "customerPayments": Payments,
    "documentAttachments": DocumentAttachments,
    "journalLines": JournalLines,
    "journals": PostedJournals,
    "pdfDocument": PdfDocuments,
    "pictures": Pictures,
    "vendorPaymentJournals": PostedJournals,
    "vendorPayments": Payments,
    "accounts": catalogue.Accounts,
    "bankAccounts": catalogue.Numbered,
    "contacts": masterdata.Contacts,
    "contactsInformation": masterdata.ContactsInformation,
    "countriesRegions": masterdata.UsedCodes,
    "currencies": masterdata.Currencies,
    "customerFinancialDetails": masterdata.CustomerFinancialDetails,
    "customers": masterdata.Customers,
    "defaultDimensions": catalogue.DefaultDimensions,
    "dimensionSetLines": DimensionSetLines,
    "dimensionValues": catalogue.DimensionValues,
    "employees": catalogue.Employees,
    "generalLedgerSetup": catalogue.GeneralLedgerSetup,
    "itemCategories": masterdata.UsedCodes,
    "itemVariants": catalogue.ItemVariants,
    "items": catalogue.Items,
    "opportunities": catalogue.Opportunities,
    "paymentMethods": masterdata.UsedCodes,
    "paymentTerms": masterdata.PaymentTerms,
    "projects": catalogue.Numbered,
    "resources": catalogue.Numbered,
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
    if entity.name in KINDS:
        return PostedDocuments(company, entity)
    if entity.name in BY_LINES:
        return DocumentLines(company, entity)
    return _TABLES.get(entity.name, Table)(company, entity)
