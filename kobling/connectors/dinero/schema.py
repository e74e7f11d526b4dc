"""Dinero's fields, from its OpenAPI document."""

from __future__ import annotations

from collections.abc import Mapping

from kobling.sdk.protocols import FieldSchema

UNITS = (
    "hours|parts|km|day|week|month|kilogram|cubicMetre|set|litre|box|case|carton|metre|package|shipment|squareMetre"
    "|session|tonne"
)


def _fields(text: str) -> dict[str, FieldSchema]:
    """Read lines of ``Name type flags``: ``!`` required, ``ro`` read-only, a number the longest text, a|b choices."""
    found: dict[str, FieldSchema] = {}
    for line in filter(str.strip, text.splitlines()):
        name, kind, *flags = line.split()
        sizes = [int(flag) for flag in flags if flag.isdigit()]
        choices = [tuple(flag.split("|")) for flag in flags if "|" in flag]
        refers = [flag[2:] for flag in flags if flag.startswith("->")]
        found[name] = FieldSchema(
            name,
            name,
            kind,
            required="!" in flags,
            read_only="ro" in flags,
            max_length=sizes[0] if sizes else None,
            choices=choices[0] if choices else (),
            refers_to=tuple(refers),
        )
    return found


_WHEN = """
CreatedAt datetime ro
UpdatedAt datetime ro
DeletedAt datetime ro
"""
CONTACT: Mapping[str, FieldSchema] = _fields(
    f"""
ContactGuid uuid ro
Name string !
ExternalReference string 128
Street string
ZipCode string
City string
CountryKey string 2
Phone string
Email string
Webpage string
AttPerson string
VatNumber string
EanNumber string
SENumber string
PNumber string
PaymentConditionType string Netto|NettoCash|CurrentMonthOut
PaymentConditionNumberOfDays integer
IsPerson boolean
IsMember boolean
MemberNumber string
UseCvr boolean
CompanyTypeKey string
InvoiceMailOutOptionKey string VAT|GLN|SE|P
PreferredInvoiceLanguageKey string
PreferredInvoiceCurrencyKey string
IsDebitor boolean ro
IsCreditor boolean ro
CompanyStatus string ro
VatRegionKey string ro
{_WHEN}"""
)
PRODUCT: Mapping[str, FieldSchema] = _fields(
    f"""
ProductGuid uuid ro
ProductNumber string
Name string
BaseAmountValue money !
Quantity number !
AccountNumber integer ! ->accounts
Unit string ! {UNITS}
ExternalReference string 128
Comment string 128
BaseAmountValueInclVat money ro
TotalAmount money ro
TotalAmountInclVat money ro
{_WHEN}"""
)
_VOUCHER = f"""
Guid uuid ro
Number integer ro
ContactGuid uuid ->contacts
ProductLines lines !
ShowLinesInclVat boolean
InvoiceTemplateId uuid
Currency string 3
Language string da-DK|en-GB
ExternalReference string 128
Description string
Comment string
Date date
Address string
Status string Draft|Booked
ContactName string ro
TotalExclVat money ro
TotalVatableAmount money ro
TotalNonVatableAmount money ro
TotalInclVat money ro
TotalVat money ro
TotalLines lines ro
MailOutStatus string ro
PaidAmount money ro
RemainingAmount money ro
Payments lines ro
TimeStamp string ro
{_WHEN}"""
INVOICE: Mapping[str, FieldSchema] = _fields(
    f"""{_VOUCHER}
PaymentConditionType string Netto|NettoCash|CurrentMonthOut|Paid
PaymentConditionNumberOfDays integer
ReminderFee money
ReminderInterestRate number
IsMobilePayInvoiceEnabled boolean
IsPensoPayEnabled boolean
PaymentDate date ro
PaymentStatus string ro
FikCode string ro
"""
)
CREDIT_NOTE: Mapping[str, FieldSchema] = {**_fields(_VOUCHER), **_fields("CreditNoteFor uuid ->invoices")}
PAYMENT: Mapping[str, FieldSchema] = _fields(
    """
InvoiceGuid uuid ! ->invoices
DepositAccountNumber integer ! ->deposit_accounts
Amount money !
AmountInForeignCurrency money
PaymentDate date
Description string
ExternalReference string 128
RemainderIsFee boolean
Guid uuid ro
Currency string ro
ExchangeRate number ro
"""
)
_LINE = "BaseAmountValue ProductGuid Description Comments Quantity AccountNumber Unit Discount LineType"
LINE: tuple[str, ...] = tuple(_LINE.split(" "))
LIST_ITEM = ("Guid", "Number", "Status", "UpdatedAt", "DeletedAt")


def writable(schema: Mapping[str, FieldSchema]) -> frozenset[str]:
    """Names that may be sent."""
    return frozenset(name for name, field in schema.items() if not field.read_only)
