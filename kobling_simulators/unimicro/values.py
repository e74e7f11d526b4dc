"""Whether a posted value fits its field, and how it is kept."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from kobling_simulators.unimicro.facts import AUDIT, DAY, FLAG, INSTANT, NUMBER, Entity, names

_MOST_TEXT, _MOST_LONG = 255, 4_000
_LONG = names(
    "Comment FreeTxt InternalNote Description ItemText PaymentInformation ModelFilter Expression OCRData Headers"
)
MOST_NUMBER = Decimal(1_000_000_000_000)
_MOST_DECIMALS = -10
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
READ_ONLY: dict[str, frozenset[str]] = {
    "Customer": frozenset({"StatusCode"}),
    "Product": frozenset({"StatusCode", "AverageCost"}),
    "Project": frozenset({"StatusCode", "ProjectNumberNumeric", "IsUsed"}),
    "CustomField": frozenset({"StatusCode"}),
    "JournalEntry": names("StatusCode JournalEntryNumber JournalEntryNumberNumeric FinancialYearID"),
    "JournalEntryLineDraft": names(
        "StatusCode JournalEntryID JournalEntryNumber JournalEntryNumberNumeric RegisteredDate"
    ),
    "CustomerInvoice": names(
        """
        StatusCode InvoiceNumber PaymentID JournalEntryID Credited CreditedAmount CreditedAmountCurrency RestAmount
        RestAmountCurrency TaxExclusiveAmount TaxExclusiveAmountCurrency TaxInclusiveAmount TaxInclusiveAmountCurrency
        VatTotalsAmount VatTotalsAmountCurrency LastPaymentDate CollectorStatusCode PayableRoundingAmount
        PayableRoundingCurrencyAmount InvoiceNumberSeriesID PrintStatus
        """
    ),
    "CustomerInvoiceItem": names(
        """
        StatusCode CustomerInvoiceID SumTotalExVat SumTotalExVatCurrency SumTotalIncVat SumTotalIncVatCurrency SumVat
        SumVatCurrency DiscountCurrency Discount PriceIncVat CurrencyCodeID CurrencyExchangeRate
        """
    ),
}
KEPT = names("CustomerNumber PartName ProjectNumber DepartmentNumber StatusCode")


def writable(entity: Entity, field: str) -> bool:
    """Whether a client sets this field; others are ignored wherever they stand in a graph.

    Fidelity: inferred unimicro §7 – ID, audit fields, numbers of invoices, KID, totals and StatusCode are read-only
    """
    return field not in AUDIT and field != "_createguid" and field not in READ_ONLY.get(entity.name, ())


def problem(entity: Entity, field: str, value: Any) -> str:
    """What is wrong with a value, or nothing.

    Fidelity: assumed unimicro §7 – texts up to 255 characters, 4000 in notes; numbers below 10^12; IDs are whole
    Fidelity: known unimicro §5 – a LocalDate is YYYY-MM-DD, other dates are ISO
    """
    kind = entity.fields[field]
    if value is None:
        return ""
    if kind == NUMBER:
        return _number(entity, field, value)
    if kind == FLAG:
        return "" if isinstance(value, bool) else "must be true or false"
    if not isinstance(value, str):
        return "must be a text"
    if kind == DAY:
        return "" if _DAY.fullmatch(value) and _readable(date, value) else "must be a date like 2026-12-31"
    if kind == INSTANT:
        return "" if _readable(datetime, value) else "must be a date and time"
    most = _MOST_LONG if field in _LONG else _MOST_TEXT
    return "" if len(value) <= most else f"is longer than {most} characters"


def _number(entity: Entity, field: str, value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return "must be a number"
    if not -MOST_NUMBER < value < MOST_NUMBER:
        return "is too large"
    if isinstance(value, Decimal) and int(value.as_tuple().exponent) < _MOST_DECIMALS:
        return "has too many decimals"
    return "must be whole" if entity.whole(field) and value != int(value) else ""


def _readable(kind: type[date], text: str) -> bool:
    try:
        kind.fromisoformat(text)
    except ValueError:
        return False
    return True


def kept(entity: Entity, field: str, value: Any) -> Any:
    """The value as it is stored: whole numbers as int, 0 as no reference."""
    if isinstance(value, Decimal) and entity.whole(field):
        value = int(value)
    return None if value == 0 and field.endswith("ID") and not isinstance(value, bool) else value


def is_key(text: str) -> bool:
    """Whether this is the text of an ID."""
    return text.isascii() and text.isdigit() and len(text) < 12


def is_guid(value: object) -> bool:
    """Whether this is the text of a guid."""
    try:
        return isinstance(value, str) and bool(UUID(value))
    except ValueError:
        return False
