"""The fields that columns can ask for, by the level of their row."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from kobling.files.documents import Document, Line
from kobling.records import N_

Value = str | Decimal | date | None
Read = Callable[[Document, Line | None], Value]

_PARTY = (
    *("number", "name", "org_number", "email", "phone", "address1", "address2", "postal_code", "city", "country"),
    *("country_code", "credit_days"),
)
_DOCUMENT = ("kind", "source_id", "number", "currency", "kid", "our_reference", "your_reference", "project")
_LINE = ("text", "product", "vat_code", "account", "contra", "project", "department")


def _of_party(name: str) -> Read:
    return lambda document, _line: str(getattr(document.party, name))


def _of_document(name: str) -> Read:
    def read(document: Document, _line: Line | None) -> Value:
        found: Any = getattr(document, name)
        return found if isinstance(found, date | Decimal) or found is None else str(found)

    return read


def _of_line(name: str) -> Read:
    def read(_document: Document, line: Line | None) -> Value:
        found: Any = None if line is None else getattr(line, name)
        return found if isinstance(found, Decimal) or found is None else str(found)

    return read


LABELS: Mapping[str, str] = {
    "party.number": N_("Customer number"),
    "party.name": N_("Name"),
    "party.org_number": N_("Organisation number"),
    "party.postal_code": N_("Postal code"),
    "party.phone": N_("Phone"),
    "number": N_("Number"),
    "day": N_("Date"),
    "kid": "KID",
    "line.text": N_("Text"),
    "line.product": N_("Product number"),
    "line.quantity": N_("Quantity"),
    "line.price": N_("Price"),
    "line.vat_code": N_("VAT code"),
    "line.account": N_("Account"),
}
"""What people call the fields that most often are missing or too long."""
_parties = {f"party.{name}": _of_party(name) for name in _PARTY}
_documents = {name: _of_document(name) for name in (*_DOCUMENT, "day", "due", "department", "amount")}
_lines = {f"line.{name}": _of_line(name) for name in (*_LINE, "quantity", "price", "discount", "vat_percent", "amount")}
FIELDS: Mapping[str, Mapping[str, Read]] = {
    "party": _parties,
    "document": {**_documents, **_parties},
    "line": {**_lines, **_documents, **_parties},
}
"""Level → name → how it is read."""
