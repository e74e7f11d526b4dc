"""Which entity sets of API v2.0 are offered, and which of their fields.

Fidelity: known business_central §10 – names, sub-collections, what may be written
Fidelity: known business_central §6.1 – resources, price groups and prices are not in v2.0; see ``custom.py``
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from kobling.sdk.odata.table import Spec
from kobling.sdk.protocols import Capabilities, Deletions

BATCH = 100
PAGE = 1000
COMPANY_CONTACT = "contactsInformation($select=contactNumber,contactType)"
"""What a customer or vendor is read with: the number of its company contact, to which its people belong."""
OVERLAP = timedelta(seconds=60)
"""A posting stamps its rows before it ends; one that takes longer than this is found by the daily sweep alone."""


@dataclass(frozen=True, slots=True)
class EntitySet(Spec):
    """An entity set. ``natural`` are fields that name a record uniquely; ``telling`` ones only probably."""

    natural: tuple[str, ...] = ()
    telling: tuple[str, ...] = ("displayName",)


def capabilities(*, written: bool = True, changes: bool = True) -> Capabilities:
    """What every set of v2.0 can do. Deletions are not told (§5), so ids are swept."""
    return Capabilities(
        create=written,
        update=written,
        delete=written,
        changed_since=changes,
        deletions=Deletions.SWEEP,
        version_token=True,
        batch_size=BATCH if written else 1,
    )


def _set(name: str, columns: str, natural: tuple[str, ...], *, expand: str = "", written: bool = True) -> EntitySet:
    return EntitySet(
        name,
        f"/{name}",
        "id",
        tuple(columns.split()),
        "lastModifiedDateTime",
        expand,
        overlap=OVERLAP,
        page=PAGE,
        can=capabilities(written=written),
        natural=natural,
    )


_ADDRESS = "addressLine1 addressLine2 city state country postalCode phoneNumber email website"
_LINE = (
    "id sequence itemId lineType lineObjectNumber description unitOfMeasureId unitOfMeasureCode quantity unitPrice "
    "discountAmount discountPercent amountExcludingTax taxCode taxPercent totalTaxAmount amountIncludingTax"
)
_TO = (
    "shipToName shipToContact shipToAddressLine1 shipToAddressLine2 shipToCity shipToCountry shipToState "
    "shipToPostCode billToName billToAddressLine1 billToAddressLine2 billToCity billToCountry billToState "
    "billToPostCode"
)
_MONEY = (
    "currencyId currencyCode pricesIncludeTax paymentTermsId shipmentMethodId salesperson discountAmount "
    "totalAmountExcludingTax totalTaxAmount totalAmountIncludingTax status"
)
LINE_FIELDS = tuple(_LINE.split())

SETS = (
    _set("salespeoplePurchasers", "code displayName email phoneNo jobTitle blocked", ("code",)),
    replace(
        _set("currencies", "code displayName symbol amountDecimalPlaces amountRoundingPrecision", ("code",)),
        modified="",
        can=replace(capabilities(), changed_since=False),
    ),
    _set("unitsOfMeasure", "code displayName internationalStandardCode symbol", ("code",)),
    _set("paymentTerms", "code displayName dueDateCalculation discountPercent", ("code",)),
    _set("shipmentMethods", "code displayName", ("code",)),
    _set("countriesRegions", "code displayName", ("code",)),
    _set(
        "customers",
        f"number displayName type {_ADDRESS} salespersonCode creditLimit taxLiable taxRegistrationNumber currencyId "
        "currencyCode paymentTermsId shipmentMethodId paymentMethodId blocked balanceDue",
        ("number",),
        expand=COMPANY_CONTACT,
    ),
    _set(
        "vendors",
        f"number displayName {_ADDRESS} taxRegistrationNumber currencyId currencyCode paymentTermsId blocked balance",
        ("number",),
        expand=COMPANY_CONTACT,
    ),
    _set(
        "contacts",
        f"number type displayName jobTitle companyNumber companyName contactBusinessRelation {_ADDRESS} "
        "mobilePhoneNumber privacyBlocked taxRegistrationNumber",
        ("number",),
    ),
    _set(
        "items",
        "number displayName displayName2 type itemCategoryCode blocked gtin inventory unitPrice priceIncludesTax "
        "unitCost taxGroupCode baseUnitOfMeasureId baseUnitOfMeasureCode",
        ("number",),
    ),
    _set(
        "opportunities",
        "number contactNumber contactName contactCompanyName salespersonCode description status closed "
        "estimatedClosingDate estimatedValue",
        ("number",),
    ),
    _set(
        "salesOrders",
        f"number externalDocumentNumber orderDate postingDate requestedDeliveryDate customerId customerNumber "
        f"{_TO} {_MONEY} fullyShipped",
        ("externalDocumentNumber",),
        expand=f"salesOrderLines($select={','.join(LINE_FIELDS)})",
    ),
    _set(
        "salesInvoices",
        f"number externalDocumentNumber invoiceDate postingDate dueDate customerId customerNumber orderId orderNumber "
        f"remainingAmount {_TO} {_MONEY}",
        ("externalDocumentNumber",),
        expand=f"salesInvoiceLines($select={','.join(LINE_FIELDS)})",
    ),
    _set("accounts", "number displayName category accountType blocked directPosting", ("number",), written=False),
    _set("dimensions", "code displayName", ("code",), written=False),
    _set("dimensionValues", "code displayName dimensionId", ("code",), written=False),
    _set("taxGroups", "code displayName taxType", ("code",), written=False),
    _set(
        "generalLedgerSetup",
        "allowPostingFrom allowPostingTo localCurrencyCode additionalReportingCurrency",
        (),
        written=False,
    ),
    _set(
        "currencyExchangeRates",
        "currencyCode startingDate exchangeRateAmount relationalCurrencyCode relationalExchangeRateAmount",
        (),
        written=False,
    ),
)
LINES = {"salesOrders": "salesOrderLines", "salesInvoices": "salesInvoiceLines"}
