"""Issuing invoices, crediting and paying them: numbers, KID, entries in the ledger."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from kobling_simulators.unimicro import ledger, totals
from kobling_simulators.unimicro.books import Books
from kobling_simulators.unimicro.errors import ApiError, RuleBroken
from kobling_simulators.unimicro.ledger import Posting, need_open
from kobling_simulators.unimicro.masterdata import BLOCKED, rounded, value_or
from kobling_simulators.unimicro.table import Row
from kobling_simulators.unimicro.values import problem

INVOICE_SERIES = "Customer invoice number"
DRAFT, INVOICED, PARTLY_PAID, PAID, CREDITED, PARTLY_CREDITED = 42001, 42002, 42003, 42004, 42006, 42007
_ENTITY, _ITEM = "CustomerInvoice", "CustomerInvoiceItem"
_PAYABLE = (INVOICED, PARTLY_PAID, PARTLY_CREDITED)
_COPIED = (
    *("CustomerID", "CustomerName", "CustomerOrgNumber", "CurrencyCodeID", "CurrencyExchangeRate", "OurReference"),
    *("YourReference", "Requisition", "EmailAddress", "DefaultDimensionsID", "PaymentTermsID", "InvoiceReceiverName"),
    *("InvoiceAddressLine1", "InvoicePostalCode", "InvoiceCity", "InvoiceCountry", "InvoiceCountryCode"),
)
_NOT_COPIED = frozenset(
    {"ID", "CustomerInvoiceID", "CreatedAt", "CreatedBy", "UpdatedAt", "UpdatedBy", "_createguid", "StatusCode"}
)


def check_digit(digits: str) -> str:
    """Modulus 10, as KIDs have it."""
    total = 0
    for at, digit in enumerate(reversed(digits)):
        doubled = int(digit) * (2 if at % 2 == 0 else 1)
        total += doubled - 9 if doubled > 9 else doubled
    return str(-total % 10)


def lines_of(books: Books, invoice: Row) -> list[Row]:
    """The live lines of an invoice."""
    return list(books.tables[_ITEM].found("CustomerInvoiceID", invoice["ID"]))


def need_issuable(books: Books, invoice: Row, lines: list[Row]) -> None:
    """Refuse what cannot be issued. Raises RuleBroken.

    Fidelity: assumed unimicro §5 – it takes a line, an open period, a customer that is not blocked, and for a
        credit note a total that is not positive
    """
    key = invoice["ID"]
    if not lines:
        raise RuleBroken("The invoice has no lines", _ENTITY, "Items", key)
    customer = books.get("Customer", invoice["CustomerID"])
    if value_or(customer, "StatusCode") == BLOCKED:
        raise RuleBroken("The customer is blocked", _ENTITY, "CustomerID", key)
    need_open(books, date.fromisoformat(invoice["InvoiceDate"]), _ENTITY, "InvoiceDate", key)
    total, sign = invoice["TaxInclusiveAmount"], books.settings.credit_sign
    credit = invoice.get("InvoiceType") == 1
    if sign != "any" and ((total > 0) == (sign == "negative") if credit else total < 0) and total != 0:
        raise RuleBroken("The total has the wrong sign for this type of invoice", _ENTITY, "InvoiceType", key)
    if credit and invoice.get("InvoiceReferenceID"):
        _need_creditable(books, invoice)


def _need_creditable(books: Books, note: Row) -> None:
    """Fidelity: assumed unimicro §5 – a credit note refers to an issued invoice of its customer, and to no more of it
    than is left
    """
    original, field = books.get(_ENTITY, note["InvoiceReferenceID"]), "InvoiceReferenceID"
    issued = original is not None and original["StatusCode"] != DRAFT and original.get("InvoiceType") != 1
    if original is None or not issued or original["CustomerID"] != note["CustomerID"]:
        raise RuleBroken("The credit note refers to no invoice of this customer", _ENTITY, field, note["ID"])
    left = original["TaxInclusiveAmount"] - value_or(original, "CreditedAmount", Decimal(0))
    if abs(note["TaxInclusiveAmount"]) > left:
        raise RuleBroken("More would be credited than was invoiced", _ENTITY, field, note["ID"])


def issue(books: Books, invoice: Row) -> Row:
    """The transition `invoice`. Raises RuleBroken.

    Fidelity: known unimicro §5 – a number and a ledger posting; status 42002
    Fidelity: assumed unimicro §7 – the KID is customer and invoice number with a modulus 10 digit
    """
    if invoice["StatusCode"] != DRAFT:
        raise RuleBroken("The transition 'invoice' is not possible now", _ENTITY, "StatusCode", invoice["ID"])
    lines = lines_of(books, invoice)
    need_issuable(books, invoice, lines)
    table = books.tables[_ENTITY]
    number = books.next_number(INVOICE_SERIES, lambda each: bool(table.keys("InvoiceNumber", str(each))))
    customer = books.get("Customer", invoice["CustomerID"])
    digits = f"{value_or(customer, 'CustomerNumber', 0):07d}{number:07d}"
    paid_by = {"PaymentID": f"{digits}{check_digit(digits)}", "InvoiceNumber": str(number)}
    postings = ledger.of_invoice(books, invoice, lines)
    entry = ledger.post(books, invoice["InvoiceDate"], f"Faktura {number}", postings, {**_common(invoice), **paid_by})
    for line in lines:
        books.change(_ITEM, line, {"StatusCode": 41302})
    credit = invoice.get("InvoiceType") == 1
    changes: Row = {
        "StatusCode": INVOICED,
        **paid_by,
        "JournalEntryID": entry["ID"],
        "RestAmount": invoice["TaxInclusiveAmount"],
        "RestAmountCurrency": invoice["TaxInclusiveAmountCurrency"],
    }
    if credit and invoice.get("InvoiceReferenceID"):
        _credit(books, invoice)
        changes |= {"RestAmount": Decimal("0.00"), "RestAmountCurrency": Decimal("0.00")}
    books.change(_ENTITY, invoice, changes)
    return invoice


def _common(invoice: Row) -> Row:
    """What every ledger line of an invoice says."""
    money = {name: invoice.get(name) for name in ("CurrencyCodeID", "CurrencyExchangeRate")}
    return {"CustomerInvoiceID": invoice["ID"], **money}


def _credit(books: Books, note: Row) -> None:
    original = books.get(_ENTITY, note["InvoiceReferenceID"])
    if original is None:
        return
    changes: Row = {"Credited": True}
    for twin in ("", "Currency"):
        amount = abs(note[f"TaxInclusiveAmount{twin}"])
        changes[f"CreditedAmount{twin}"] = value_or(original, f"CreditedAmount{twin}", Decimal(0)) + amount
        changes[f"RestAmount{twin}"] = max(original[f"RestAmount{twin}"] - amount, Decimal("0.00"))
    full = changes["CreditedAmount"] >= original["TaxInclusiveAmount"]
    books.change(_ENTITY, original, {**changes, "StatusCode": CREDITED if full else PARTLY_CREDITED})


def credit_draft(books: Books, invoice: Row) -> Row:
    """PUT ?action=create-credit-draft-invoice. Raises RuleBroken.

    Fidelity: known unimicro §5 – gives a draft of InvoiceType 1 that is then issued
    Fidelity: assumed unimicro §5 – it has all lines, their quantities turned, and today's date
    """
    if invoice["StatusCode"] in (DRAFT, CREDITED) or invoice.get("InvoiceType") == 1:
        raise RuleBroken("The invoice cannot be credited now", _ENTITY, "StatusCode", invoice["ID"])
    sign = 1 if books.settings.credit_sign == "positive" else -1
    today = books.today().isoformat()
    head = {name: invoice.get(name) for name in _COPIED}
    head |= {"InvoiceType": 1, "StatusCode": DRAFT, "InvoiceReferenceID": invoice["ID"]}
    note = books.add(_ENTITY, {**head, "InvoiceDate": today, "PaymentDueDate": today})
    made = []
    for line in lines_of(books, invoice):
        values = {name: value for name, value in line.items() if name not in _NOT_COPIED}
        values |= {"CustomerInvoiceID": note["ID"], "StatusCode": 41301}
        values["NumberOfItems"] = sign * line["NumberOfItems"]
        values.update(totals.line(values, Decimal(invoice["CurrencyExchangeRate"])))
        made.append(books.add(_ITEM, values))
    books.tables[_ENTITY].change(note, totals.invoice(made, books.settings.vat_rounding))
    return note


def pay(books: Books, invoice: Row, body: Any) -> Row:
    """PUT ?action=payInvoice. Raises ApiError.

    Fidelity: known unimicro §5 – body {Amount, AmountCurrency, PaymentDate, AccountID, …}, answer {JournalEntryNumber}
    Fidelity: assumed unimicro §5 – Amount and PaymentDate are required; more than what is left is refused
    """
    if not isinstance(body, dict):
        raise ApiError("The payment must be an object")
    key = invoice["ID"]
    payment = books.tables["Payment"].entity
    for name in ("Amount", "PaymentDate", "AmountCurrency", "AccountID"):
        field = "ID" if name == "AccountID" else name
        found = problem(payment, field, body.get(name))
        if found or (name in ("Amount", "PaymentDate") and body.get(name) is None):
            raise RuleBroken(f"{name} {found or 'is required'}", "InvoicePaymentData", name, key)
    amount, day = rounded(Decimal(body["Amount"])), str(body["PaymentDate"])
    in_currency = rounded(body.get("AmountCurrency") or amount / invoice["CurrencyExchangeRate"])
    if invoice["StatusCode"] not in _PAYABLE:
        raise RuleBroken("The transition 'pay' is not possible now", _ENTITY, "StatusCode", key)
    if not 0 < amount <= invoice["RestAmount"] or not 0 < in_currency <= invoice["RestAmountCurrency"]:
        raise RuleBroken("The amount is not between 0 and what is left", "InvoicePaymentData", "Amount", key)
    need_open(books, date.fromisoformat(day), _ENTITY, "PaymentDate", key)
    bank = body.get("AccountID") or value_or(books.tables["Account"].first("AccountNumber", 1920), "ID")
    if books.get("Account", bank) is None:
        raise RuleBroken(f"There is no Account with ID {bank}", "InvoicePaymentData", "AccountID", key)
    customers = books.own()["CustomerAccountID"]
    postings = [Posting(bank, amount, in_currency), Posting(customers, -amount, -in_currency)]
    head = {"CustomerInvoiceID": key, "InvoiceNumber": invoice["InvoiceNumber"], "PaymentID": invoice["PaymentID"]}
    text = f"Innbetaling {invoice['InvoiceNumber']}"
    entry = ledger.post(books, day, text, postings, {**_common(invoice), **head})
    row = {**head, "Amount": amount, "AmountCurrency": in_currency, "PaymentDate": day, "IsCustomerPayment": True}
    books.add("Payment", {**row, "JournalEntryID": entry["ID"], "CurrencyCodeID": invoice["CurrencyCodeID"]})
    left, left_currency = invoice["RestAmount"] - amount, invoice["RestAmountCurrency"] - in_currency
    changes = {"RestAmount": left, "RestAmountCurrency": left_currency, "LastPaymentDate": day}
    books.change(_ENTITY, invoice, {**changes, "StatusCode": PARTLY_PAID if left else PAID})
    return {"JournalEntryNumber": entry["JournalEntryNumber"]}
