"""What a person does in Dinero's own screens."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from kobling_simulators.dinero.books import Account, Year
from kobling_simulators.dinero.contacts import shown as contact_shown
from kobling_simulators.dinero.errors import ApiError
from kobling_simulators.dinero.routes import Organization
from kobling_simulators.dinero.schema import check, model
from kobling_simulators.dinero.shelf import Item
from kobling_simulators.vendor import PersonRefused

_CONTACT = {"CountryKey": "DK", "IsPerson": False, "IsMember": False, "UseCvr": False}
_PRODUCT = {"Quantity": 1, "AccountNumber": 1000, "Unit": "parts"}


class People:
    """Edits by hand; what the API checks is checked, what a form fills in is filled in.

    Fidelity: assumed dinero §4 – the screens refuse what the API refuses; booking in the screens needs no Timestamp
    """

    def __init__(self, organization: Organization) -> None:
        self._org = organization

    def create(self, entity: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """A new contact, product, invoice, credit note, account or accounting year. Raises KeyError, PersonRefused."""
        try:
            return self._create(entity, dict(values))
        except ApiError as error:
            raise PersonRefused(f"{error.code}: {error.message} {error.fields}") from error

    def _create(self, entity: str, values: dict[str, Any]) -> dict[str, Any]:
        org = self._org
        if entity == "contacts":
            guid = values.pop("ContactGuid", None) or org.books.new_guid()
            return contact_shown(org.contacts.add(guid, self._checked({**_CONTACT, **values}, "ContactUpdate")))
        if entity == "products":
            return org.products.shown(org.products.add(self._checked({**_PRODUCT, **values}, "ProductWrite")))
        if entity in ("invoices", "creditnotes"):
            vouchers = org.invoices if entity == "invoices" else org.notes
            body = self._checked(values, f"{vouchers.kind}Create")
            item = vouchers.add(body.pop("Guid") or org.books.new_guid(), body)
            return self._shown(entity, item)
        if entity == "accounts":
            account = Account(**values)
            org.books.accounts[account.number] = account
            return {"number": account.number}
        if entity == "accountingyears":
            year = Year(values["Name"], date.fromisoformat(values["FromDate"]), date.fromisoformat(values["ToDate"]))
            org.books.years.append(year)
            return {"Name": year.name}
        raise KeyError(entity)

    def edit(self, entity: str, key: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """Change some fields; {"Book": true} books a draft, {"Pay": {...}} registers a payment, "IsHidden" an account.

        Raises KeyError, PersonRefused.
        """
        try:
            return self._edit(entity, key, dict(values))
        except ApiError as error:
            raise PersonRefused(f"{error.code}: {error.message} {error.fields}") from error

    def _edit(self, entity: str, key: str, values: dict[str, Any]) -> dict[str, Any]:
        org = self._org
        if entity == "accounts":
            org.books.accounts[int(key)].hidden = bool(values["IsHidden"])
            return {"number": int(key)}
        item = self._find(entity, key)
        if entity == "contacts":
            org.contacts.put(item, self._merged(item, values, "ContactUpdate"))
            return contact_shown(item)
        if entity == "products":
            org.products.put(item, self._merged(item, values, "ProductWrite"))
            return org.products.shown(item)
        self._edit_voucher(entity, item, values)
        return self._shown(entity, item)

    def _edit_voucher(self, entity: str, item: Item, values: dict[str, Any]) -> None:
        org = self._org
        invoice = entity == "invoices"
        book, pay = values.pop("Book", False), values.pop("Pay", None)
        vouchers = org.invoices if invoice else org.notes
        if values:
            vouchers.need_draft(item)
            merged = self._merged(item, values, f"{vouchers.kind}Create")
            merged.pop("Guid")
            vouchers.put(item, merged)
        if book:
            vouchers.need_draft(item)
            (org.booking if invoice else org.note_booking).make_final(item)
        if pay:
            wanted = {"DepositAccountNumber": 55000, "RemainderIsFee": False, "Description": "Indbetaling", **pay}
            payments = org.payments if invoice else org.note_payments
            payments.pay(item, self._checked({"Timestamp": item.timestamp, **wanted}, "PaymentCreate"))

    def delete(self, entity: str, key: str) -> None:
        """Delete a record. Raises KeyError, PersonRefused."""
        item = self._find(entity, key)
        books = self._org.books
        shelves = {
            "contacts": books.contacts,
            "products": books.products,
            "invoices": books.vouchers["Invoice"],
            "creditnotes": books.vouchers["CreditNote"],
        }
        if item.extra.get("Status") == "Booked":
            raise PersonRefused("a booked voucher cannot be deleted")
        shelves[entity].delete(item, books.now())

    def _find(self, entity: str, key: str) -> Item:
        finders = {
            "contacts": self._org.contacts.find,
            "products": self._org.products.find,
            "invoices": self._org.invoices.find,
            "creditnotes": self._org.notes.find,
        }
        try:
            item = finders[entity](key)
        except ApiError:
            raise KeyError(f"{entity} {key}") from None
        if item.deleted is not None:
            raise KeyError(f"{entity} {key}")
        return item

    def _checked(self, values: dict[str, Any], name: str) -> dict[str, Any]:
        return check(values, name, strict=True)

    def _merged(self, item: Item, values: dict[str, Any], name: str) -> dict[str, Any]:
        kept = {key: value for key, value in item.values.items() if key in model(name)}
        return self._checked({**kept, **values}, name)

    def _shown(self, entity: str, item: Item) -> dict[str, Any]:
        return (self._org.invoice_view if entity == "invoices" else self._org.note_view).shown(item)
