"""Invoices and credit notes until they are booked: create, read, list, replace, delete."""

from __future__ import annotations

import calendar
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from kobling_simulators.dinero.books import SALES_ACCOUNTS, Books
from kobling_simulators.dinero.errors import NOT_BOOKED, STALE_TIMESTAMP, bad_request, invalid, not_found
from kobling_simulators.dinero.facts import rates, vat_rates
from kobling_simulators.dinero.schema import read_body
from kobling_simulators.dinero.shelf import Item, Shelf
from kobling_simulators.dinero.totals import Totals, totals
from kobling_simulators.wire import Call

_NO_DAYS = ("NettoCash", "Paid")


class Vouchers:
    """Drafts of one kind ("Invoice" or "CreditNote") in one organization."""

    def __init__(self, books: Books, kind: str) -> None:
        self.books = books
        self.kind = kind

    @property
    def shelf(self) -> Shelf:
        """Where these vouchers stand."""
        return self.books.vouchers[self.kind]

    def create(self, call: Call) -> Any:
        """POST: a draft; answers {Guid, TimeStamp}."""
        body = self._read(call, "Create")
        guid = body.pop("Guid") or self.books.new_guid()
        existing = self.shelf.by_guid.get(guid)
        if existing is not None:
            if self.books.settings.duplicate_guid == "return_existing":
                return _ref(existing)
            raise invalid(Guid="A voucher with this guid exists")
        return _ref(self.add(guid, body))

    def add(self, guid: str, body: dict[str, Any]) -> Item:
        """Put a checked body on the shelf as a draft."""
        values = self.settled(body)
        item = self.shelf.add(guid, values, self.books.now())
        item.extra = {"Number": 0, "Status": "Draft", "Payments": [], "MailOutStatus": "NotSent", "MailOuts": []}
        item.extra["CreditNoteFor"] = body.get("CreditNoteFor")
        self.books.bump(item)
        return item

    def fetch(self, call: Call) -> Item:
        """A draft that is on no shelf, for its totals."""
        body = self._read(call, "Create")
        guid = body.pop("Guid") or "00000000-0000-0000-0000-000000000000"
        item = Item(guid, 0, self.settled(body), self.books.now(), self.books.now())
        item.extra = {"Number": 0, "Status": "Draft", "Payments": [], "MailOutStatus": "NotSent", "MailOuts": []}
        return item

    def replace(self, call: Call, guid: str) -> Any:
        """PUT v1.2: replaces a draft; answers {Guid, TimeStamp}.

        Fidelity: known dinero §3 – a stale Timestamp is HTTP 400 with code 58
        """
        item = self.live(guid)
        body = self._read(call, "Update")
        self.check_version(item, body.pop("Timestamp"))
        self.need_draft(item)
        body.pop("Guid")
        self.put(item, body)
        return _ref(item)

    def put(self, item: Item, body: dict[str, Any]) -> None:
        """Replace the fields of a draft by a checked body."""
        self.shelf.change(item, self.settled(body), self.books.now())
        self.books.bump(item)

    def delete(self, call: Call, guid: str) -> Any:
        """DELETE: drafts only; the Timestamp in the body is optional; 200.

        Fidelity: known dinero §4 – a booked voucher cannot be deleted
        """
        item = self.live(guid)
        strict = self.books.settings.strict_bodies
        body = read_body(call.body, "TimestampObject", strict=strict, optional=True)
        if body["Timestamp"] is not None:
            self.check_version(item, body["Timestamp"])
        self.need_draft(item)
        self.shelf.delete(item, self.books.now())
        self.books.bump(item)
        return None

    def find(self, guid: str) -> Item:
        """A voucher, deleted or not. Raises ApiError."""
        item = self.shelf.by_guid.get(guid.lower())
        if item is None:
            raise not_found("The voucher")
        return item

    def live(self, guid: str) -> Item:
        """A voucher that is not deleted. Raises ApiError."""
        item = self.find(guid)
        if item.deleted is not None:
            raise not_found("The voucher")
        return item

    def booked(self, guid: str) -> Item:
        """A booked voucher. Raises ApiError with code 59."""
        item = self.live(guid)
        if item.extra["Status"] != "Booked":
            raise bad_request("The voucher is not booked", NOT_BOOKED)
        return item

    def need_draft(self, item: Item) -> None:
        """Raises ApiError for a booked voucher.

        Fidelity: assumed dinero §4 – the refusal to change a booked voucher is HTTP 400 with code 45
        """
        if item.extra["Status"] != "Draft":
            raise bad_request("The voucher is booked and cannot be changed")

    def check_version(self, item: Item, timestamp: str) -> None:
        """Raises ApiError with code 58 when the voucher moved since."""
        if timestamp != item.timestamp:
            raise bad_request("The timestamp is out of date", STALE_TIMESTAMP)

    def totals(self, item: Item) -> Totals:
        """What the voucher comes to; computed once per version."""
        cached = item.extra.get("Totals")
        if cached is None or cached[0] != item.version:
            sums = totals(item.values["ProductLines"], self._vat_rate, bool(item.values["ShowLinesInclVat"]))
            cached = item.extra["Totals"] = (item.version, sums)
        known: Totals = cached[1]
        return known

    def _vat_rate(self, account: int) -> Decimal:
        found = self.books.accounts.get(account)
        return vat_rates().get(found.vat_code, Decimal(0)) if found else Decimal(0)

    def _read(self, call: Call, suffix: str) -> dict[str, Any]:
        strict = self.books.settings.strict_bodies
        return read_body(call.body, f"{self.kind}{suffix}", strict=strict)

    def settled(self, body: dict[str, Any]) -> dict[str, Any]:
        """A checked body with defaults filled in. Raises ApiError.

        Fidelity: known dinero §4 – defaults: Currency DKK, Date today, Description the document type, contact's address
        """
        values = dict(body)
        contact = self._contact(values)
        wrong: dict[str, str] = {}
        values["ProductLines"] = [self._line(line, at, wrong) for at, line in enumerate(values["ProductLines"])]
        values["Currency"] = values["Currency"] or "DKK"
        if values["Currency"] not in rates():
            wrong["Currency"] = "Is not a known currency"
        if values.get("PaymentConditionType") in _NO_DAYS and values.get("PaymentConditionNumberOfDays") is not None:
            wrong["PaymentConditionNumberOfDays"] = f"Must be null with {values['PaymentConditionType']}"
        if wrong:
            raise invalid(**wrong)
        values["Date"] = values["Date"] or self.books.today().isoformat()
        values["Language"] = values["Language"] or "da-DK"
        values["Description"] = values["Description"] or ("Faktura" if self.kind == "Invoice" else "Kreditnota")
        values["ShowLinesInclVat"] = bool(values["ShowLinesInclVat"])
        values["Address"] = values["Address"] or _address(contact)
        if self.kind == "Invoice":
            self._terms(values, contact)
        return values

    def _terms(self, values: dict[str, Any], contact: Item | None) -> None:
        if values["PaymentConditionType"] is None:
            source = contact.values if contact else {"PaymentConditionType": "Netto", "PaymentConditionNumberOfDays": 8}
            for name in ("PaymentConditionType", "PaymentConditionNumberOfDays"):
                values[name] = source[name]
        if values["PaymentConditionType"] not in _NO_DAYS and values["PaymentConditionNumberOfDays"] is None:
            values["PaymentConditionNumberOfDays"] = 8

    def _contact(self, values: dict[str, Any]) -> Item | None:
        guid = values["ContactGuid"]
        if guid is None:
            return None
        contact = self.books.contacts.by_guid.get(guid)
        if contact is None or contact.deleted is not None:
            raise invalid(ContactGuid="The contact does not exist")
        return contact

    def _line(self, line: dict[str, Any], at: int, wrong: dict[str, str]) -> dict[str, Any]:
        """A line with its text; notes what is wrong with it.

        Fidelity: known dinero §4 – Description or ProductGuid is required; Unit is required on Product lines
        Fidelity: assumed dinero §4 – the account of a line is checked when the draft is saved and again when booked
        """
        where = f"ProductLines[{at}]."
        settled = {**line, "LineType": line["LineType"] or "Product"}
        if settled["LineType"] == "Text":
            if not settled["Description"]:
                wrong[where + "Description"] = "The field is required"
            return settled
        if settled["Unit"] is None:
            wrong[where + "Unit"] = "The field is required"
        if self.open_account(settled["AccountNumber"]) is None:
            wrong[where + "AccountNumber"] = "Is not an open sales account"
        if settled["ProductGuid"] is None:
            if not settled["Description"]:
                wrong[where + "Description"] = "The field is required without ProductGuid"
            return settled
        product = self.books.products.by_guid.get(settled["ProductGuid"])
        if product is None or product.deleted is not None:
            wrong[where + "ProductGuid"] = "The product does not exist"
        else:
            settled["Description"] = settled["Description"] or product.values["Name"]
        return settled

    def open_account(self, number: int) -> str | None:
        """Name of a sales account that may be used, else None."""
        account = self.books.accounts.get(number)
        return account.name if account and not account.hidden and number in SALES_ACCOUNTS else None


def due_date(values: dict[str, Any]) -> date:
    """When an invoice is to be paid."""
    day = date.fromisoformat(values["Date"])
    kind, days = values["PaymentConditionType"], values["PaymentConditionNumberOfDays"] or 0
    if kind in _NO_DAYS:
        return day
    if kind == "CurrentMonthOut":
        day = day.replace(day=calendar.monthrange(day.year, day.month)[1])
    return day + timedelta(days=min(days, (date.max - day).days))


def _address(contact: Item | None) -> str | None:
    if contact is None:
        return None
    values = contact.values
    place = f"{values['ZipCode'] or ''} {values['City'] or ''}".strip()
    return "\n".join(part for part in (values["Name"], values["Street"], place) if part)


def _ref(item: Item) -> dict[str, Any]:
    return {"Guid": item.guid, "TimeStamp": item.timestamp}
