"""The ledger: entries whose lines sum to nothing, from invoices, payments and journals."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from kobling_simulators.unimicro import totals
from kobling_simulators.unimicro.books import Books
from kobling_simulators.unimicro.errors import RuleBroken
from kobling_simulators.unimicro.masterdata import value_or
from kobling_simulators.unimicro.table import Row

JOURNAL_SERIES = "Journal entry number"
OPEN = 31001
_NOTHING = Decimal(0)


@dataclass(slots=True)
class Posting:
    """One line of an entry: what an account gets, in the company's currency and in that of the document."""

    account: int
    amount: Decimal
    in_currency: Decimal
    more: Row = field(default_factory=dict)


def need_open(books: Books, day: date, entity: str, name: str, key: int) -> None:
    """Refuse a day that nothing may be posted on. Raises RuleBroken.

    Fidelity: known unimicro §3 – the header Year is for what is bound to a year
    Fidelity: assumed unimicro §3 – posting goes by its date; only with `year_header` strict must the header agree
    """
    closed = books.closed(day)
    if closed:
        raise RuleBroken(closed, entity, name, key)
    if books.settings.year_header == "strict" and books.year != day.year:
        raise RuleBroken(f"{day} is not in the year of the header Year", entity, name, key)


def new_entry(books: Books, day: str) -> Row:
    """Number and year of a new entry.

    Fidelity: assumed unimicro §5 – JournalEntryNumber is a number and the year, 12-2026; the series does not start over
    """
    years = books.tables["FinancialYear"].rows.values()
    year = next((row["ID"] for row in years if row["Year"] == int(day[:4])), None)
    number = books.next_number(JOURNAL_SERIES, lambda _each: False)
    return {
        "JournalEntryNumber": f"{number}-{day[:4]}",
        "JournalEntryNumberNumeric": number,
        "FinancialYearID": year,
    }


def post(books: Books, day: str, text: str, postings: Iterable[Posting], common: Row) -> Row:
    """An entry in the ledger; `common` is said of every line."""
    entry = books.add("JournalEntry", {**new_entry(books, day), "Description": text})
    for posting in postings:
        place = {"JournalEntryID": entry["ID"], "JournalEntryNumber": entry["JournalEntryNumber"]}
        money = {"Amount": posting.amount, "AmountCurrency": posting.in_currency}
        dates = {"FinancialDate": day, "VatDate": day, "RegisteredDate": books.today().isoformat()}
        row = {**common, **place, **dates, **money, "AccountID": posting.account, "Description": text}
        books.add("JournalEntryLine", {**row, "StatusCode": OPEN, **posting.more})
    return entry


def of_invoice(books: Books, invoice: Row, lines: list[Row]) -> list[Posting]:
    """Debit the customer, credit sales and VAT; a credit note the other way round, whatever its sign.

    Fidelity: assumed unimicro §7 – accounts 1500, 3000 (3100 without VAT) and those of the VAT types; one line for each
        account, VAT type and dimension
    """
    own = books.own()
    free = value_or(books.tables["Account"].first("AccountNumber", 3100), "ID")
    turned = -1 if invoice.get("InvoiceType") == 1 and invoice["TaxInclusiveAmount"] > 0 else 1
    due = {"DueDate": invoice.get("PaymentDueDate"), "DimensionsID": invoice.get("DefaultDimensionsID")}
    total, in_currency = invoice["TaxInclusiveAmount"], invoice["TaxInclusiveAmountCurrency"]
    made = [Posting(own["CustomerAccountID"], turned * total, turned * in_currency, due)]
    sales: dict[tuple[object, ...], Posting] = {}
    for line in lines:
        account = line.get("AccountID") or (own["DefaultSalesAccountID"] if line.get("VatPercent") else free)
        where = (account, line.get("VatTypeID"), line.get("DimensionsID"))
        more = {"VatTypeID": where[1], "VatPercent": line.get("VatPercent"), "DimensionsID": where[2]}
        posting = sales.setdefault(where, Posting(account, _NOTHING, _NOTHING, more))
        posting.amount -= turned * line["SumTotalExVat"]
        posting.in_currency -= turned * line["SumTotalExVatCurrency"]
    return [*made, *sales.values(), *_vat(books, lines, turned)]


def _vat(books: Books, lines: list[Row], turned: int) -> list[Posting]:
    way = books.settings.vat_rounding
    in_currency, basis = totals.vat_by_type(lines, way, "Currency"), totals.net_by_type(lines)
    made = []
    for kind, vat in totals.vat_by_type(lines, way).items():
        row = books.get("VatType", kind)
        account = value_or(row, "OutgoingAccountID")
        if account and vat:
            more = {"VatTypeID": kind, "VatPercent": value_or(row, "VatPercent")}
            more["TaxBasisAmount"] = -turned * basis[kind]
            made.append(Posting(account, -turned * vat, -turned * in_currency[kind], more))
    return made
