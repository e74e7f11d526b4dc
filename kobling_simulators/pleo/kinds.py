"""What an integration keeps up to date: which fields a row of each kind has, what is unique, what cannot change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from kobling_simulators.pleo.envelope import Check, Fields, among, few, flag, key, mapping, number, text
from kobling_simulators.pleo.facts import TAX_TYPES, VENDOR_STATES

_NAME = (text(255, 1), True)
_FREE = (text(), False)
_ID: tuple[Check, bool] = (key, True)


@dataclass(frozen=True, slots=True, eq=False)
class Kind:
    """One kind of row: where it is kept, what a body may hold, what exists once, what may not change, what else is
    shown, and what a search may ask for."""

    shelf: str
    scope: str
    fields: Fields
    unique: tuple[str, ...] = ()
    fixed: frozenset[str] = frozenset()
    also: tuple[str, ...] = ()
    asked: Mapping[str, Check] = field(default_factory=dict)


_ARCHIVED = {"archived": flag}

ACCOUNTS = Kind(
    "accounts",
    "chart-of-accounts",
    {
        "companyId": _ID,
        "externalId": (text(255, 1), True),
        "code": _FREE,
        "name": _NAME,
        "archived": (flag, True),
        "taxCodeExternalId": _FREE,
        "metadata": (mapping, False),
    },
    ("externalId",),
    frozenset({"companyId", "externalId"}),
    ("code", "taxCodeExternalId", "metadata"),
    {**_ARCHIVED, "companyId": key, "ids": few(key), "name": text(), "code": text(), "externalId": text()},
)
TAX_CODES = Kind(
    "tax_codes",
    "tax-codes",
    {
        "companyId": _ID,
        "name": _NAME,
        "rate": (lambda value: number(value) and 0 <= value <= 1, True),
        "type": (among(TAX_TYPES), True),
        "archived": (flag, True),
        "code": _FREE,
        "ingoingTaxAccount": _FREE,
        "outgoingTaxAccount": _FREE,
    },
    (),
    frozenset({"companyId"}),
    ("code", "ingoingTaxAccount", "outgoingTaxAccount", "accountingIntegrationSystem"),
    {**_ARCHIVED, "code": text(), "taxCodeIds": few(key), "type": among(TAX_TYPES)},
)
TAG_GROUPS = Kind(
    "tag_groups",
    "tag-groups",
    {
        "companyId": (key, False),
        "code": _NAME,
        "name": _NAME,
        "archived": (flag, True),
        "metadata": (mapping, False),
    },
    ("code",),
    frozenset({"companyId"}),
    ("metadata",),
)
TAGS = Kind(
    "tags",
    "tag-groups",
    {
        "groupId": (key, False),
        "code": _NAME,
        "name": _FREE,
        "archived": (flag, True),
        "otherDimensionValues": (few(text()), False),
    },
    ("code",),
    frozenset({"groupId"}),
    ("name",),
    {**_ARCHIVED, "tagGroupIds": few(key), "tagIds": few(key), "code": text(), "name": text()},
)
VENDORS = Kind(
    "vendors",
    "vendors",
    {
        "companyId": _ID,
        "name": _NAME,
        "defaultCurrency": (text(3, 3), True),
        "country": (text(2, 2), False),
        "code": _FREE,
        "externalId": _FREE,
        "registrationNumber": _FREE,
        "taxRegistrationNumber": _FREE,
    },
    ("code", "externalId"),
    frozenset({"companyId"}),
    ("country", "code", "externalId", "registrationNumber", "taxRegistrationNumber", "createdBy", "deletedAt"),
    {"states": few(among(VENDOR_STATES), 4), "name": text(), "code": text(), "externalId": text()},
)
DIMENSIONS = Kind(
    "dimensions",
    "tag-groups",
    {
        "groupId": (key, False),
        "code": _NAME,
        "name": _NAME,
        "visible": (flag, True),
        "displayOrder": (lambda value: isinstance(value, int) and not isinstance(value, bool), False),
    },
    ("code",),
    frozenset({"groupId"}),
    ("displayOrder",),
)
