"""Chart of accounts, tax codes, tag groups and tags, vendors: making, changing and removing rows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from kobling_simulators.pleo.company import Company, Row, State
from kobling_simulators.pleo.envelope import read, text
from kobling_simulators.pleo.errors import ApiError, conflict, invalid, not_found
from kobling_simulators.pleo.kinds import ACCOUNTS, DIMENSIONS, TAG_GROUPS, TAGS, VENDORS, Kind
from kobling_simulators.pleo.settings import Settings
from kobling_simulators.pleo.shelf import Shelf

_WRITE_ONLY = ("otherDimensionValues",)


class Catalogue:
    """Makes, changes and removes rows.

    Fidelity: known pleo §2 – an account of the same externalId: 200 matched, 201 created, 409 on a clash
    Fidelity: known pleo §2 – a tag's code is unique in its group, a vendor exists once: 409
    Fidelity: known pleo §2 – deleting is for what nothing uses: 409 otherwise
    Fidelity: known pleo §4 – an account's externalId cannot change
    Fidelity: assumed pleo §2 – a vendor exists once by its code and by its externalId, archived ones count
    """

    def __init__(self, state: State, settings: Settings) -> None:
        self._state = state
        self.settings = settings

    def rows(self, company: Company, kind: Kind) -> Shelf:
        """All rows of a kind."""
        found: Shelf = getattr(company, kind.shelf)
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
        if given.get("companyId") not in (None, company.id):
            raise ApiError(403, "FORBIDDEN", "That company is not yours.")
        if given.get("groupId") not in (None, more.get("groupId")):
            raise invalid("'groupId' is not the group of the path.")
        same = self._same(company, kind, {**given, **more})
        if same is not None:
            if kind is ACCOUNTS and all(same.get(name) == value for name, value in given.items()):
                return same, 200
            raise conflict(f"There is such a row in {kind.shelf} already.")
        if kind is TAGS:
            self._need_room(company, str(more["groupId"]), given)
        owner: Row = {} if kind in (TAGS, DIMENSIONS) else {"companyId": company.id}
        row = self._state.stamped({**dict.fromkeys(kind.also), **_kept(given), **owner, **more})
        self.rows(company, kind)[row["id"]] = row
        self._note(company, kind, row, given)
        return row, 201

    def _note(self, company: Company, kind: Kind, row: Row, given: Row) -> None:
        """Keep what finds the row, and what only writing shows."""
        for place in _places(kind, row):
            company.unique[place] = row["id"]
        if kind is TAG_GROUPS:
            company.group_tags.setdefault(row["id"], Shelf())
        if kind is TAGS:
            company.group_tags[row["groupId"]][row["id"]] = row
            company.active[row["groupId"]] += not row["archived"]
            if given.get("otherDimensionValues") is not None:
                row["_values"] = self._values(company, row["groupId"], given["otherDimensionValues"])

    def _values(self, company: Company, group: str, values: list[str]) -> Row:
        """Fidelity: assumed pleo §4 – otherDimensionValues follow the group's dimensions in their order."""
        columns = [row["id"] for row in company.dimensions.values() if row["groupId"] == group]
        return dict(zip(columns, values, strict=False))

    def _same(self, company: Company, kind: Kind, row: Row) -> Row | None:
        for place in _places(kind, row):
            if place in company.unique:
                return self.rows(company, kind)[company.unique[place]]
        return None

    def _need_room(self, company: Company, group: str, given: Row) -> None:
        if not given["archived"] and company.active[group] >= self.settings.most_tags:
            raise ApiError(400, "TAG_LIMIT_REACHED", "The group holds the maximum of active tags.")

    def update(self, company: Company, kind: Kind, key: str, body: Any) -> Row:
        """Replace what a row says. Raises ApiError."""
        row = self.get(company, kind, key)
        if not isinstance(body, dict):
            raise invalid("The body must be a JSON object.")
        changed = sorted(name for name in kind.fixed if name in body and body[name] != row.get(name))
        if changed:
            raise invalid(f"{', '.join(changed)} cannot be changed.")
        given = read({**{name: row[name] for name in kind.fixed if name in row}, **body}, kind.fields)
        for place in _places(kind, {**given, "groupId": row.get("groupId")}):
            if company.unique.get(place, key) != key:
                raise conflict(f"There is such a row in {kind.shelf} already.")
        if kind is TAGS and row["archived"]:
            self._need_room(company, row["groupId"], given)
        self._forget(company, kind, row)
        blank = {name: None for name in kind.also if name in kind.fields}
        row.update({**blank, **_kept(given), "updatedAt": self._state.now()})
        self._note(company, kind, row, given)
        return row

    def _forget(self, company: Company, kind: Kind, row: Row) -> None:
        for place in _places(kind, row):
            company.unique.pop(place, None)
        if kind is TAGS:
            company.active[row["groupId"]] -= not row["archived"]

    def delete(self, company: Company, kind: Kind, key: str) -> None:
        """Remove what nothing uses. Raises ApiError."""
        row = self.get(company, kind, key)
        if company.entries.uses[key] > 0:
            raise conflict("It is in use; archive it instead.")
        if kind is TAG_GROUPS:
            if company.group_tags[key]:
                raise conflict("The group has tags; remove them first.")
            del company.group_tags[key]
        if kind is TAGS:
            del company.group_tags[row["groupId"]][key]
        self._forget(company, kind, row)
        del self.rows(company, kind)[key]

    def archive_tags(self, company: Company, keys: Iterable[str]) -> None:
        """Take tags out of use. Raises ApiError before any is touched."""
        for row in [self.get(company, TAGS, each) for each in keys]:
            company.active[row["groupId"]] -= not row["archived"]
            row.update({"archived": True, "updatedAt": self._state.now()})

    def delete_tags(self, company: Company, keys: list[str]) -> None:
        """Remove tags that nothing uses. Raises ApiError before any is touched."""
        for each in keys:
            self.get(company, TAGS, each)
            if company.entries.uses[each] > 0:
                raise conflict("It is in use; archive it instead.")
        for each in dict.fromkeys(keys):
            self.delete(company, TAGS, each)

    def activate_vendor(self, company: Company, key: str, body: Any) -> Row:
        """The accounting system knows it now. Raises ApiError.

        Fidelity: known pleo §4 – :activate {externalId, code?}
        Fidelity: assumed pleo §2 – an archived vendor cannot be activated: 409 INVALID_STATUS_TRANSITION
        """
        row = self.get(company, VENDORS, key)
        given = read(body, {"externalId": (text(255, 1), True), "code": (text(), False)})
        if row["state"] == "ARCHIVED":
            raise ApiError(409, "INVALID_STATUS_TRANSITION", "The vendor is archived.")
        for place in _places(VENDORS, given):
            if company.unique.get(place, key) != key:
                raise conflict("There is such a row in vendors already.")
        self._forget(company, VENDORS, row)
        row.update({**given, "state": "ACTIVE", "updatedAt": self._state.now()})
        self._note(company, VENDORS, row, given)
        return row

    def archive_vendor(self, company: Company, key: str) -> Row:
        """Out of use. Raises ApiError."""
        row = self.get(company, VENDORS, key)
        row.update({"state": "ARCHIVED", "updatedAt": self._state.now()})
        return row


def _kept(given: Row) -> Row:
    return {name: value for name, value in given.items() if name not in _WRITE_ONLY}


def _places(kind: Kind, row: Row) -> list[tuple[str, ...]]:
    """Where a row is found by what exists once."""
    group = str(row.get("groupId") or "")
    return [(kind.shelf, group, name, str(row[name])) for name in kind.unique if row.get(name)]
