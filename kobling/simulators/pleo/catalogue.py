"""Chart of accounts, tax codes, tag groups and tags, vendors: what an integration keeps up to date."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kobling.simulators.pleo.company import Company, Row, State
from kobling.simulators.pleo.envelope import Check, flag, mapping, number, read, text
from kobling.simulators.pleo.errors import ApiError, conflict, invalid, not_found
from kobling.simulators.pleo.settings import Settings

_ID: Check = text(36, 36)
_NAME = (text(255, 1), True)
_FREE = (text(), False)
_TAX_TYPES = ("inclusive", "exclusive", "reverse")


@dataclass(frozen=True, slots=True, eq=False)
class Kind:
    """One kind of row: where it is kept, what a body may hold, what may not change, what else is shown."""

    shelf: str
    fields: Mapping[str, tuple[Check, bool]]
    fixed: frozenset[str]
    also: tuple[str, ...] = ()


ACCOUNTS = Kind(
    "accounts",
    {
        "companyId": (_ID, True),
        "externalId": (text(255, 1), True),
        "code": _FREE,
        "name": _NAME,
        "archived": (flag, True),
        "taxCodeExternalId": _FREE,
        "metadata": (mapping, False),
    },
    frozenset({"companyId", "externalId"}),
    ("code", "taxCodeExternalId", "metadata"),
)
TAX_CODES = Kind(
    "tax_codes",
    {
        "companyId": (_ID, True),
        "name": _NAME,
        "rate": (lambda value: number(value) and 0 <= value <= 1, True),
        "type": (lambda value: value in _TAX_TYPES, True),
        "archived": (flag, True),
        "code": _FREE,
        "ingoingTaxAccount": _FREE,
        "outgoingTaxAccount": _FREE,
    },
    frozenset({"companyId"}),
    ("code", "ingoingTaxAccount", "outgoingTaxAccount"),
)
TAG_GROUPS = Kind(
    "tag_groups",
    {
        "companyId": (_ID, False),
        "code": _NAME,
        "name": _NAME,
        "archived": (flag, True),
        "metadata": (mapping, False),
    },
    frozenset({"companyId"}),
    ("metadata",),
)
TAGS = Kind(
    "tags",
    {
        "groupId": (_ID, False),
        "code": _NAME,
        "name": _FREE,
        "archived": (flag, True),
        "otherDimensionValues": (lambda value: isinstance(value, list), False),
    },
    frozenset({"groupId"}),
    ("name",),
)
VENDORS = Kind(
    "vendors",
    {
        "companyId": (_ID, True),
        "name": _NAME,
        "defaultCurrency": (text(3, 3), True),
        "country": (text(2, 2), False),
        "code": _FREE,
        "externalId": _FREE,
        "registrationNumber": _FREE,
        "taxRegistrationNumber": _FREE,
    },
    frozenset({"companyId"}),
    ("country", "code", "externalId", "registrationNumber", "taxRegistrationNumber"),
)


class Catalogue:
    """Makes, changes and removes rows.

    Fidelity: known pleo §2 – an account of the same externalId: 200 matched, 201 created, 409 on a clash
    Fidelity: known pleo §2 – a tag's code is unique in its group, a vendor exists once: 409
    Fidelity: known pleo §2 – deleting is for what nothing uses: 409 otherwise
    Fidelity: known pleo §4 – an account's externalId cannot change
    """

    def __init__(self, state: State, settings: Settings) -> None:
        self._state = state
        self.settings = settings

    def rows(self, company: Company, kind: Kind) -> dict[str, Row]:
        """All rows of a kind."""
        found: dict[str, Row] = getattr(company, kind.shelf)
        return found

    def get(self, company: Company, kind: Kind, key: str) -> Row:
        """One row. Raises ApiError."""
        found = self.rows(company, kind).get(key)
        if found is None:
            raise not_found(kind.shelf)
        return found

    def create(self, company: Company, kind: Kind, body: Any, **more: Any) -> tuple[Row, int]:
        """A new row with its HTTP status. Raises ApiError."""
        given = read(body, kind.fields)
        if given.get("companyId", company.id) != company.id:
            raise ApiError(403, "FORBIDDEN", "That company is not yours.")
        same = self._same(company, kind, given, more)
        if same is not None:
            if kind is ACCOUNTS and all(same.get(name) == value for name, value in given.items()):
                return same, 200
            raise conflict(f"There is such a row in {kind.shelf} already.")
        if kind is TAGS:
            self._need_room(company, str(more["groupId"]))
        blank: Row = dict.fromkeys(kind.also)
        row = self._state.stamped({**blank, "companyId": company.id, **given, **more})
        row.pop("otherDimensionValues", None)
        if kind is TAGS:
            row.pop("companyId")
        self.rows(company, kind)[row["id"]] = row
        return row, 201

    def _same(self, company: Company, kind: Kind, given: Row, more: Row) -> Row | None:
        name = {"accounts": "externalId", "tag_groups": "code", "tags": "code", "vendors": "code"}.get(kind.shelf)
        if name is None or not given.get(name):
            return None
        return next(
            (
                row
                for row in self.rows(company, kind).values()
                if row.get(name) == given[name] and row.get("groupId") == more.get("groupId")
            ),
            None,
        )

    def _need_room(self, company: Company, group: str) -> None:
        active = [tag for tag in company.tags.values() if tag["groupId"] == group and not tag["archived"]]
        if len(active) >= self.settings.most_tags:
            raise ApiError(400, "TAG_LIMIT_REACHED", "The group holds the maximum of active tags.")

    def update(self, company: Company, kind: Kind, key: str, body: Any) -> Row:
        """Replace what a row says. Raises ApiError."""
        row = self.get(company, kind, key)
        same = {name: row.get(name) for name in kind.fixed if isinstance(body, dict) and name in body}
        if isinstance(body, dict) and any(body[name] != value for name, value in same.items()):
            raise invalid(f"{', '.join(sorted(same))} cannot be changed.")
        given = read({**{name: row.get(name) for name in kind.fixed}, **(body or {})}, kind.fields)
        other = self._same(company, kind, given, {"groupId": row.get("groupId")})
        if other is not None and other is not row:
            raise conflict(f"There is such a row in {kind.shelf} already.")
        row.update({**dict.fromkeys(kind.also), **given})
        row.pop("otherDimensionValues", None)
        row["updatedAt"] = self._state.now()
        return row

    def delete(self, company: Company, kind: Kind, key: str) -> None:
        """Remove what nothing uses. Raises ApiError."""
        self.get(company, kind, key)
        if self.used(company, key):
            raise conflict("It is in use; archive it instead.")
        del self.rows(company, kind)[key]

    def used(self, company: Company, key: str) -> bool:
        """Whether an entry names the row."""
        return any(
            key in (entry.get("accountId"), entry.get("taxCodeId"))
            or any(key in (tag["tagId"], tag["tagGroupId"]) for tag in entry["tags"])
            or any(key in (split.get("accountId"), split.get("taxCodeId")) for split in entry["splitItems"])
            for entry in company.entries.values()
        )

    def activate_vendor(self, company: Company, key: str, body: Any) -> Row:
        """The accounting system knows it now. Raises ApiError.

        Fidelity: known pleo §4 – :activate {externalId, code?}
        """
        row = self.get(company, VENDORS, key)
        given = read(body, {"externalId": (text(255, 1), True), "code": _FREE})
        row.update({**given, "state": "ACTIVE", "updatedAt": self._state.now()})
        return row

    def archive_vendor(self, company: Company, key: str) -> Row:
        """Out of use. Raises ApiError."""
        row = self.get(company, VENDORS, key)
        row.update({"state": "ARCHIVED", "updatedAt": self._state.now()})
        return row
