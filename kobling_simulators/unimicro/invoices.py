"""Rules of invoices and their lines while they are drafts, and the choice between draft and issued."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from kobling_simulators.unimicro import totals
from kobling_simulators.unimicro.books import Books
from kobling_simulators.unimicro.errors import RuleBroken
from kobling_simulators.unimicro.facts import entities
from kobling_simulators.unimicro.graphs import Batch, Draft
from kobling_simulators.unimicro.masterdata import BLOCKED, PRODUCT_ACTIVE, value_or
from kobling_simulators.unimicro.posting import issue, need_issuable
from kobling_simulators.unimicro.table import Row
from kobling_simulators.unimicro.values import MOST_NUMBER

DRAFT, GENERIC_DRAFT, ITEM_DRAFT = 42001, 10001, 41301
_ENTITY, _ITEM = "CustomerInvoice", "CustomerInvoiceItem"
RATES = {"NOK": Decimal(1), "EUR": Decimal("11.7250"), "SEK": Decimal("1.0450"), "DKK": Decimal("1.5710")}


def check_invoice(batch: Batch, draft: Draft) -> None:
    """The head of an invoice and its totals.

    Fidelity: known unimicro §5 – StatusCode 10001 is stored as 42001, a draft
    Fidelity: inferred unimicro §5 – without StatusCode the invoice is issued at once (hurts)
    Fidelity: assumed unimicro §5 – any other StatusCode is refused; an issued invoice cannot be changed
    Fidelity: assumed unimicro §7 – what the head does not say of name, addresses and terms is copied from the customer
    """
    wanted = draft.graph.get("StatusCode") or None
    if draft.row is not None and draft.row.get("StatusCode") != DRAFT:
        raise RuleBroken("An issued invoice cannot be changed", _ENTITY, "StatusCode", draft.key)
    if draft.new and wanted not in (None, DRAFT, GENERIC_DRAFT):
        raise RuleBroken(f"An invoice cannot be made with StatusCode {wanted}", _ENTITY, "StatusCode")
    customer = batch.find("Customer", draft.final("CustomerID"))
    if customer is None:
        batch.wrong(draft, "CustomerID", "is required")
        return
    if customer.get("StatusCode") == BLOCKED:
        raise RuleBroken("The customer is blocked", _ENTITY, "CustomerID", draft.key)
    if draft.new:
        draft.values["StatusCode"] = DRAFT
    if (draft.final("InvoiceType") or 0) not in (0, 1):
        batch.wrong(draft, "InvoiceType", "is 0 or 1")
    draft.values.setdefault("InvoiceType", draft.final("InvoiceType") or 0)
    _dates(batch, draft, customer)
    _currency(batch, draft, customer)
    if draft.new:
        _copies(batch, draft, customer)
    sound = _total(batch, draft)
    if sound and draft.new and wanted is None and batch.books.settings.issue_at_once:
        need_issuable(batch.books, draft.whole(), batch.parts(_ITEM, "CustomerInvoiceID", draft))


def finish_invoice(batch: Batch, draft: Draft) -> None:
    """Issue what came without a status."""
    at_once = not draft.graph.get("StatusCode") and batch.books.settings.issue_at_once
    if at_once and draft.new and draft.row is not None:
        issue(batch.books, draft.row)


def _dates(batch: Batch, draft: Draft, customer: Row) -> None:
    """Fidelity: assumed unimicro §7 – without PaymentDueDate the days are the invoice's, or those of its terms, of the
    customer, of the customer's terms, or 14
    """
    books = batch.books
    day = draft.final("InvoiceDate") or books.today().isoformat()
    draft.values["InvoiceDate"] = day
    if draft.final("PaymentDueDate") is None:
        own, usual = (
            books.get("Terms", key) for key in (draft.final("PaymentTermsID"), customer.get("PaymentTermsID"))
        )
        named = draft.final("CreditDays") or value_or(own, "CreditDays")
        days = named or customer.get("CreditDays") or value_or(usual, "CreditDays", 14)
        try:
            draft.values["PaymentDueDate"] = (date.fromisoformat(day) + timedelta(days=int(days))).isoformat()
        except OverflowError:
            batch.wrong(draft, "CreditDays", "leads to no date")


def _currency(batch: Batch, draft: Draft, customer: Row) -> None:
    """Fidelity: assumed unimicro §7 – without a rate the rate of the day is taken; NOK has 1."""
    if draft.final("CurrencyCodeID") is None:
        draft.values["CurrencyCodeID"] = customer.get("CurrencyCodeID") or batch.books.own()["BaseCurrencyCodeID"]
    code = value_or(batch.books.get("CurrencyCode", draft.final("CurrencyCodeID")), "Code", "NOK")
    if code == "NOK" or draft.final("CurrencyExchangeRate") is None:
        draft.values["CurrencyExchangeRate"] = RATES.get(code, Decimal(1))
    elif not Decimal("0.000001") < draft.final("CurrencyExchangeRate") < 1_000_000:
        batch.wrong(draft, "CurrencyExchangeRate", "is no rate")
        draft.values["CurrencyExchangeRate"] = Decimal(1)


def _copies(batch: Batch, draft: Draft, customer: Row) -> None:
    info = batch.find("BusinessRelation", customer.get("BusinessRelationID"))
    mail = batch.find("Email", value_or(info, "DefaultEmailID"))
    copied: dict[str, Any] = {
        "CustomerName": value_or(info, "Name"),
        "CustomerOrgNumber": customer.get("OrgNumber"),
        "InvoiceReceiverName": value_or(info, "Name"),
        "EmailAddress": value_or(mail, "EmailAddress"),
        "PaymentTermsID": customer.get("PaymentTermsID"),
        "DeliveryTermsID": customer.get("DeliveryTermsID"),
        "DefaultDimensionsID": customer.get("DimensionsID"),
    }
    for prefix in ("Invoice", "Shipping"):
        place = batch.find("Address", value_or(info, f"{prefix}AddressID"))
        for name in ("AddressLine1", "AddressLine2", "AddressLine3", "PostalCode", "City", "Country", "CountryCode"):
            copied[f"{prefix}{name}"] = value_or(place, name)
    for name, value in copied.items():
        if value is not None and draft.values.get(name) is None:
            draft.values[name] = value


def _total(batch: Batch, draft: Draft) -> bool:
    """Work out all lines and the totals; whether every line was complete.

    Fidelity: assumed unimicro §7 – a line that comes to more than can be written down is refused
    """
    rate = Decimal(draft.final("CurrencyExchangeRate"))
    money = {"CurrencyCodeID": draft.final("CurrencyCodeID"), "CurrencyExchangeRate": rate, "StatusCode": ITEM_DRAFT}
    sound = True
    for item in batch.of(_ITEM):
        if item.final("CustomerInvoiceID") == draft.key and not item.values.get("Deleted"):
            sound = _complete(batch, item) and _worked_out(batch, item, rate) and sound
            item.values.update(money)
    if not sound:
        return False
    for row in batch.parts(_ITEM, "CustomerInvoiceID", draft):
        if row.get("CurrencyExchangeRate") != rate:
            again = {**totals.line(row, rate), "CurrencyExchangeRate": rate}
            stored = batch.books.tables[_ITEM].rows[row["ID"]]
            batch.drafts.append(Draft(entities()[_ITEM], row["ID"], again, stored, {}, False))
    lines = batch.parts(_ITEM, "CustomerInvoiceID", draft)
    draft.values.update(totals.invoice(lines, batch.books.settings.vat_rounding))
    return True


def _worked_out(batch: Batch, item: Draft, rate: Decimal) -> bool:
    try:
        sums = totals.line(item.whole(), rate)
    except InvalidOperation:
        sums = {}
    if not sums or abs(sums["SumTotalIncVat"]) >= MOST_NUMBER:
        batch.wrong(item, "SumTotalIncVat", "is too large")
        return False
    item.values.update(sums)
    return True


def _complete(batch: Batch, item: Draft) -> bool:
    """Fill in what a line takes from its product and VAT type; whether it is then complete.

    Fidelity: known unimicro §7 – a line has ItemText or ProductID, NumberOfItems, PriceExVat, VatTypeID or VatPercent
    Fidelity: assumed unimicro §7 – text, unit, price, VAT and account come from the product where the line has none; a
        discarded product is refused
    Fidelity: assumed unimicro §7 – VatPercent alone picks the first output VAT type of that rate; VatTypeID wins; input
        VAT is refused
    """
    product = batch.books.get("Product", item.final("ProductID"))
    if product is not None and product.get("StatusCode") != PRODUCT_ACTIVE:
        raise RuleBroken("The product is discarded", _ITEM, "ProductID", item.key)
    taken = {"ItemText": "Name", "Unit": "Unit", "AccountID": "AccountID", "DimensionsID": "DimensionsID"}
    for name, source in taken.items():
        if item.final(name) is None and value_or(product, source) is not None:
            item.values[name] = value_or(product, source)
    if item.final("PriceExVat") is None and item.final("PriceExVatCurrency") is None:
        item.values["PriceExVat"] = value_or(product, "PriceExVat")
    kind = _vat_type(batch.books, item, product)
    needed = {
        "ItemText": item.final("ItemText"),
        "NumberOfItems": item.final("NumberOfItems"),
        "PriceExVat": item.final("PriceExVat") if item.final("PriceExVatCurrency") is None else 0,
        "VatTypeID": kind,
    }
    for name, value in needed.items():
        if value is None or value == "":
            batch.wrong(item, name, "is required")
    if kind is not None and kind["VatPercent"] and not kind.get("OutputVat"):
        batch.wrong(item, "VatTypeID", "is no output VAT")
    if kind is not None:
        item.values.update({"VatTypeID": kind["ID"], "VatPercent": kind["VatPercent"]})
    if not item.new and "PriceExVat" in item.values and "PriceExVatCurrency" not in item.graph:
        item.values["PriceExVatCurrency"] = None
    return all(value is not None and value != "" for value in needed.values())


def _vat_type(books: Books, item: Draft, product: Row | None) -> Row | None:
    chosen = item.final("VatTypeID")
    if chosen is None and item.values.get("VatPercent") is not None:
        for row in books.tables["VatType"].rows.values():
            if row.get("OutputVat") and row["VatPercent"] == item.values["VatPercent"]:
                return row
        return None
    return books.get("VatType", chosen or value_or(product, "VatTypeID"))
