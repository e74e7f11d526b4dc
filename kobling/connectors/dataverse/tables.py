"""Which tables are offered, and which of their columns.

Fidelity: known dataverse §10 – sets, keys, columns, what may be written
Fidelity: inferred dataverse §4 – navigation properties of stock lookups have the column's own name
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from kobling.sdk.odata.table import Spec
from kobling.sdk.protocols import Capabilities, Deletions

BATCH = 100
PAGE = 1000


@dataclass(frozen=True, slots=True)
class DataTable(Spec):
    """One table. ``lookups``: column → the set it points into; ``customers``: columns that point to several tables.

    ``numbers`` are choice columns, written as whole numbers.
    """

    logical: str = ""
    lookups: Mapping[str, str] = field(default_factory=dict)
    customers: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    lines: str = ""

    @property
    def asked(self) -> tuple[str, ...]:
        """Columns by the names that ``$select`` takes."""
        pointing = {*self.lookups, *self.customers}
        return tuple(f"_{name}_value" if name in pointing else name for name in self.columns)


_CAN = Capabilities(
    create=True,
    update=True,
    delete=True,
    changed_since=True,
    deletions=Deletions.FEED,
    version_token=True,
    idempotent_create=True,
    batch_size=BATCH,
)
_CUSTOMER = {"account": "accounts", "contact": "contacts"}
_OWNER = {"systemuser": "systemusers", "team": "teams"}
_MONEY = "transactioncurrencies"


def _table(
    logical: str,
    set_name: str,
    columns: str,
    *,
    lookups: Mapping[str, str] | None = None,
    customers: Mapping[str, Mapping[str, str]] | None = None,
    lines: str = "",
    states: bool = True,
) -> DataTable:
    pointing = {**(lookups or {}), **(customers or {})}
    return DataTable(
        set_name,
        f"/{set_name}",
        f"{logical}id",
        tuple(dict.fromkeys([*columns.split(), *pointing, *(("statecode", "statuscode") if states else ())])),
        "modifiedon",
        page=PAGE,
        can=_CAN,
        logical=logical,
        lookups=lookups or {},
        customers=customers or {},
        lines=lines,
    )


_PLACE = (
    "address1_line1 address1_line2 address1_postalcode address1_city address1_stateorprovince address1_country "
    "emailaddress1 telephone1 fax websiteurl"
)
_TO = " ".join(
    f"{to}_{part}"
    for to in ("shipto", "billto")
    for part in ("name", "line1", "line2", "city", "stateorprovince", "postalcode", "country")
)
_TOTALS = (
    "discountamount discountpercentage freightamount totallineitemamount totalamountlessfreight totaltax totalamount"
)
_DOCUMENT = {"transactioncurrencyid": _MONEY, "pricelevelid": "pricelevels", "opportunityid": "opportunities"}
LINE_COLUMNS = (
    "productdescription quantity priceperunit manualdiscountamount tax baseamount extendedamount lineitemnumber "
    "isproductoverridden ispriceoverridden"
)

TABLES = (
    _table(
        "account",
        "accounts",
        f"name accountnumber customertypecode {_PLACE} address1_primarycontactname address1_freighttermscode "
        "address1_shippingmethodcode paymenttermscode creditlimit creditonhold description",
        lookups={"transactioncurrencyid": _MONEY, "primarycontactid": "contacts", "defaultpricelevelid": "pricelevels"},
        customers={"ownerid": _OWNER},
    ),
    _table(
        "contact",
        "contacts",
        f"firstname middlename lastname fullname jobtitle {_PLACE} mobilephone pager description",
        lookups={"transactioncurrencyid": _MONEY},
        customers={"parentcustomerid": _CUSTOMER, "ownerid": _OWNER},
    ),
    _table(
        "systemuser",
        "systemusers",
        "fullname internalemailaddress mobilephone isdisabled islicensed isintegrationuser",
        states=False,
    ),
    _table("transactioncurrency", _MONEY, "isocurrencycode currencyname currencysymbol exchangerate currencyprecision"),
    _table("uomschedule", "uomschedules", "name baseuomname description"),
    _table("uom", "uoms", "name quantity", lookups={"uomscheduleid": "uomschedules", "baseuom": "uoms"}, states=False),
    _table(
        "product",
        "products",
        "productnumber name description producttypecode productstructure price standardcost currentcost quantityonhand "
        "quantitydecimal vendorname vendorpartnumber stockvolume stockweight",
        lookups={
            "defaultuomid": "uoms",
            "defaultuomscheduleid": "uomschedules",
            "transactioncurrencyid": _MONEY,
            "pricelevelid": "pricelevels",
        },
    ),
    _table(
        "pricelevel", "pricelevels", "name description begindate enddate", lookups={"transactioncurrencyid": _MONEY}
    ),
    _table(
        "productpricelevel",
        "productpricelevels",
        "amount pricingmethodcode quantitysellingcode productnumber",
        lookups={
            "pricelevelid": "pricelevels",
            "productid": "products",
            "uomid": "uoms",
            "uomscheduleid": "uomschedules",
            "transactioncurrencyid": _MONEY,
        },
        states=False,
    ),
    _table(
        "opportunity",
        "opportunities",
        "name description estimatedvalue estimatedclosedate actualvalue actualclosedate",
        lookups={
            "parentaccountid": "accounts",
            "parentcontactid": "contacts",
            "transactioncurrencyid": _MONEY,
            "pricelevelid": "pricelevels",
        },
        customers={"ownerid": _OWNER},
    ),
    _table(
        "salesorder",
        "salesorders",
        f"ordernumber name description createdon requestdeliveryby submitdate lastbackofficesubmit {_TO} {_TOTALS} "
        "freighttermscode paymenttermscode ispricelocked",
        lookups=_DOCUMENT,
        customers={"customerid": _CUSTOMER, "ownerid": _OWNER},
        lines="salesorderdetails",
    ),
    _table(
        "invoice",
        "invoices",
        f"invoicenumber name description duedate datedelivered {_TO} {_TOTALS} paymenttermscode ispricelocked",
        lookups={**_DOCUMENT, "salesorderid": "salesorders"},
        customers={"customerid": _CUSTOMER, "ownerid": _OWNER},
        lines="invoicedetails",
    ),
)
LINES = {
    set_name: _table(
        f"{document}detail",
        set_name,
        LINE_COLUMNS,
        lookups={f"{document}id": f"{document}s", "productid": "products", "uomid": "uoms"},
        states=False,
    )
    for document, set_name in (("salesorder", "salesorderdetails"), ("invoice", "invoicedetails"))
}
CHOICE_COLUMNS = frozenset(
    {"customertypecode", "paymenttermscode", "address1_freighttermscode", "address1_shippingmethodcode", "statecode"}
    | {"producttypecode", "productstructure", "pricingmethodcode", "quantitysellingcode", "statuscode"}
    | {"freighttermscode", "shippingmethodcode"}
)
"""Columns whose values are whole numbers, also where a coupling names them by text."""
CHOICES = (
    *(("account", "paymenttermscode"), ("account", "address1_freighttermscode")),
    *(("salesorder", "paymenttermscode"), ("salesorder", "freighttermscode")),
)
"""Choice columns that are read like records: payment terms and shipment methods; the accounts' are coupled."""
