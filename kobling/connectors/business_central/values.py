"""Business Central's ways of writing values: enum members, empty ids and empty dates.

Fidelity: known business_central §4 – enums carry XML-name escapes; strings are never null; empty GUID, empty date
Fidelity: inferred business_central §10 – names that end in Id are GUIDs, those that end in Date are days
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_NO_ID = "00000000-0000-0000-0000-000000000000"
_NO_DAY = "0001-01-01"
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_PLAIN = re.compile(r"[A-Za-z0-9_]")
ENUMS = frozenset(
    {"type", "status", "blocked", "lineType", "contactBusinessRelation", "addressFormat", "category", "relatedType"}
    | {"contactType", "accountType", "balanceAccountType", "appliesToDocumentType", "documentType", "parentType"}
)
_NUMBERS = frozenset(
    {"creditLimit", "unitPrice", "unitCost", "quantity", "discountAmount", "discountPercent", "discountPercentage"}
    | {"amount", "commisionPercent", "amountRoundingPrecision", "sequence", "lineNumber"}
)
_FLAGS = frozenset(
    {"blocked", "taxLiable", "priceIncludesTax", "privacyBlocked", "partialShipping", "pricesIncludeTax"}
)


def decoded(member: str) -> str:
    """The plain text of an enum member: ``G_x002F_L_x0020_Account`` is ``G/L Account``, a blank is empty."""
    return _ESCAPED.sub(lambda found: chr(int(found.group(1), 16)), member).strip()


def encoded(text: str) -> str:
    """The enum member of a plain text."""
    return "".join(char if _PLAIN.match(char) else f"_x{ord(char):04X}_" for char in text or " ")


def read(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row's fields with empty ids and days as None, enums as plain text, annotations left out."""
    return {name: _read(name, value) for name, value in row.items() if "@" not in name}


def _read(name: str, value: Any) -> Any:
    if isinstance(value, str):
        if value == _NO_ID or value.startswith(_NO_DAY):
            return None
        return decoded(value) if name in ENUMS else value
    return value


def written(name: str, value: Any) -> Any:
    """A value as Business Central takes it; None becomes the empty value of the field's kind."""
    if value is None:
        if name in _NUMBERS:
            return 0
        if name in _FLAGS and name != "blocked":
            return False
        if name.endswith("Id"):
            return _NO_ID
        return _NO_DAY if name.endswith("Date") else "_x0020_" if name in ENUMS else ""
    return encoded(value) if name in ENUMS and isinstance(value, str) else value
