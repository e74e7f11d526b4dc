"""Contacts: customers and suppliers alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kobling_simulators.dinero.books import Books
from kobling_simulators.dinero.errors import invalid, not_found
from kobling_simulators.dinero.facts import regions
from kobling_simulators.dinero.listing import Listable, page_of, wanted
from kobling_simulators.dinero.schema import model, read_body
from kobling_simulators.dinero.shelf import Item, iso
from kobling_simulators.wire import Call

_FOR_FIRMS = ("AttPerson", "VatNumber", "EanNumber", "SENumber", "PNumber")
_MAIL_OUT_NUMBER = {"VAT": "VatNumber", "GLN": "EanNumber", "SE": "SENumber", "P": "PNumber"}
_WRITABLE = tuple(name for name in model("ContactUpdate"))
_COMPUTED = (
    "ContactGuid",
    "IsDebitor",
    "IsCreditor",
    "CompanyStatus",
    "VatRegionKey",
    "CreatedAt",
    "UpdatedAt",
    "DeletedAt",
)
_FILTERS = frozenset({"ExternalReference", "Name", "Email", "VatNumber", "EanNumber", "IsPerson", "Phone"})


def read_contact(item: Item, name: str) -> Any:
    """One property of a contact."""
    if name == "ContactGuid":
        return item.guid
    if name == "CreatedAt":
        return iso(item.created)
    if name == "UpdatedAt":
        return iso(item.updated)
    if name == "DeletedAt":
        return iso(item.deleted)
    if name == "VatRegionKey":
        return regions().get(item.values["CountryKey"])
    if name in ("IsDebitor", "IsCreditor"):
        return bool(item.extra.get(name))
    return item.values.get(name)


LISTABLE = Listable(
    fields={name.lower(): name for name in (*_COMPUTED, *_WRITABLE)},
    default="name,contactGuid",
    filters=_FILTERS,
    read=read_contact,
)


def shown(item: Item) -> dict[str, Any]:
    """The whole contact."""
    return {name: read_contact(item, name) for name in (*_COMPUTED, *_WRITABLE)}


class Contacts:
    """The contact endpoints.

    Fidelity: known dinero §3 – contacts have no version: the last writer wins
    """

    def __init__(self, books: Books) -> None:
        self._books = books

    def list(self, call: Call, *, both: bool = False) -> Any:
        """GET contacts; `both` (v2) gives deleted ones too."""
        return page_of(self._books.contacts, wanted(call.query, LISTABLE), LISTABLE, both=both)

    def get(self, call: Call, guid: str) -> Any:
        """GET one, deleted or not."""
        return shown(self.find(guid))

    def create(self, call: Call) -> Any:
        """POST: answers the guid only.

        Fidelity: known dinero §4 – the answer of create is {ContactGuid}
        """
        body = self._read(call, "ContactCreate")
        guid = body.pop("ContactGuid") or self._books.new_guid()
        existing = self._books.contacts.by_guid.get(guid)
        if existing is not None:
            if self._books.settings.duplicate_guid == "return_existing":
                return {"ContactGuid": existing.guid}
            raise invalid(ContactGuid="A contact with this guid exists")
        return {"ContactGuid": self.add(guid, body).guid}

    def add(self, guid: str, body: dict[str, Any]) -> Item:
        """Put a checked body on the shelf."""
        self._check(body)
        return self._books.contacts.add(guid, self._settled(body), self._books.now())

    def replace(self, call: Call, guid: str) -> Any:
        """PUT: replaces every field; what is left out becomes empty; 200 with an empty body.

        Fidelity: known dinero §3 – PUT replaces the whole record
        """
        item = self._live(guid)
        self.put(item, self._read(call, "ContactUpdate"))
        return None

    def put(self, item: Item, body: dict[str, Any]) -> None:
        """Replace the fields of a contact by a checked body."""
        self._check(body)
        self._books.contacts.change(item, self._settled(body), self._books.now())

    def delete(self, call: Call, guid: str) -> Any:
        """DELETE: 200; the row stays with DeletedAt.

        Fidelity: assumed dinero §4 – contacts with booked vouchers can be deleted too
        """
        self._books.contacts.delete(self._live(guid), self._books.now())
        return None

    def restore(self, call: Call, guid: str) -> Any:
        """POST restore: 200."""
        item = self.find(guid)
        if item.deleted is not None:
            self._books.contacts.restore(item, self._books.now())
        return None

    def find(self, guid: str) -> Item:
        """A contact, deleted or not. Raises ApiError."""
        item = self._books.contacts.by_guid.get(guid.lower())
        if item is None:
            raise not_found("The contact")
        return item

    def _live(self, guid: str) -> Item:
        item = self.find(guid)
        if item.deleted is not None:
            raise not_found("The contact")
        return item

    def _read(self, call: Call, name: str) -> dict[str, Any]:
        return read_body(call.body, name, strict=self._books.settings.strict_bodies)

    def _check(self, body: Mapping[str, Any]) -> None:
        """Fidelity: known dinero §4 – AttPerson, VatNumber, EanNumber, SENumber, PNumber are null when IsPerson."""
        wrong = {}
        if body["IsPerson"]:
            wrong.update({name: "Must be null for a person" for name in _FOR_FIRMS if body.get(name) is not None})
        if body.get("PaymentConditionType") == "NettoCash" and body.get("PaymentConditionNumberOfDays") is not None:
            wrong["PaymentConditionNumberOfDays"] = "Must be null with NettoCash"
        number = _MAIL_OUT_NUMBER.get(body.get("InvoiceMailOutOptionKey") or "")
        if number and not body.get(number):
            wrong["InvoiceMailOutOptionKey"] = f"{number} is missing"
        if body.get("EanNumber") and not (body["EanNumber"].isdecimal() and len(body["EanNumber"]) == 13):
            wrong["EanNumber"] = "Must be 13 digits"
        if wrong:
            raise invalid(**wrong)

    def _settled(self, body: dict[str, Any]) -> dict[str, Any]:
        """Defaults filled in, and what the company register says when UseCvr is true.

        Fidelity: known dinero §4 – UseCvr=true lets Dinero overwrite name and address
        """
        values = dict(body)
        if values["PaymentConditionType"] is None:
            values.update(PaymentConditionType="Netto", PaymentConditionNumberOfDays=8)
        if values["UseCvr"] and values["VatNumber"]:
            digits = "".join(letter for letter in values["VatNumber"] if letter.isdecimal())
            values.update(self._books.register.get(digits, {}))
        return values
