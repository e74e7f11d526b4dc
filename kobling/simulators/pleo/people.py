"""What people do in Pleo's own screens, and the state as plain rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kobling.simulators.pleo.catalogue import ACCOUNTS as CATEGORIES
from kobling.simulators.pleo.catalogue import TAG_GROUPS, TAX_CODES, VENDORS, Catalogue, Kind
from kobling.simulators.pleo.company import Company, Row, State
from kobling.simulators.pleo.errors import ApiError
from kobling.simulators.pleo.files import receipt_row
from kobling.simulators.pleo.jobs import Jobs
from kobling.simulators.pleo.seed import new_entry
from kobling.simulators.pleo.webhooks import Webhooks
from kobling.simulators.vendor import PersonRefused

SHELVES = {
    "companies": "",
    "accounts": "accounts",
    "tax-codes": "tax_codes",
    "tag-groups": "tag_groups",
    "tags": "tags",
    "vendors": "vendors",
    "employees": "employees",
    "entries": "entries",
    "export-jobs": "jobs",
    "export-job-items": "items",
    "subscriptions": "",
    "activities": "",
}

_MADE = {"tax-codes": TAX_CODES, "tag-groups": TAG_GROUPS}


class People:
    """Acts on one company, the first one."""

    def __init__(self, state: State, company: Company, catalogue: Catalogue, jobs: Jobs, webhooks: Webhooks) -> None:
        self._state = state
        self._company = company
        self._catalogue = catalogue
        self._jobs = jobs
        self._webhooks = webhooks

    def create(self, entity: str, values: Mapping[str, Any]) -> Row:
        """A person makes something. ``export-jobs`` takes ``entries`` (ids, or absent: all that are not exported)."""
        try:
            return self._create(entity, dict(values))
        except ApiError as error:
            raise PersonRefused(str(error)) from error

    def _create(self, entity: str, values: dict[str, Any]) -> Row:
        if entity == "entries":
            row = new_entry(self._state, self._company, values)
            self._company.entries[row["id"]] = row
            return row
        if entity == "export-jobs":
            return self._jobs.queue(self._company, values.get("entries") or self._waiting())
        if entity in _MADE:
            made = {"companyId": self._company.id, "archived": False, **values}
            return self._catalogue.create(self._company, _MADE[entity], made)[0]
        if entity == "accounts":
            more = {"externalId": self._state.new_id(), "archived": False, "companyId": self._company.id}
            return self._catalogue.create(self._company, CATEGORIES, {**more, **values})[0]
        if entity == "vendors":
            body = {"companyId": self._company.id, "defaultCurrency": self._company.currency, **values}
            row = self._catalogue.create(self._company, VENDORS, body, state="DRAFT")[0]
            self._webhooks.tell(self._company.id, "v1.vendor.created", row)
            return row
        raise KeyError(entity)

    def _waiting(self) -> list[str]:
        return [
            key
            for key, row in self._company.entries.items()
            if row["exportStatus"] == "NOT_EXPORTED" and not row.get("deletedAt") and row["status"] == "COMPLETED"
        ]

    def edit(self, entity: str, key: str, values: Mapping[str, Any]) -> Row:
        """A person changes something: ``receipt`` adds one to an entry, ``cancel`` takes an export job back."""
        given = dict(values)
        if entity == "export-jobs":
            job = self._company.jobs[key]
            if given.get("cancel"):
                self._jobs.cancel(self._company, job)
            return job
        rows: dict[str, Row] = getattr(self._company, SHELVES[entity])
        row = rows[key]
        if entity == "entries" and row["exportStatus"] not in ("NOT_EXPORTED", "NOT_CREATED"):
            raise PersonRefused("What is queued or exported is locked.")
        if kind := given.pop("receipt", None):
            receipt = receipt_row(self._state, str(kind), str(row.get("note") or key), big=int(given.pop("size", 0)))
            self._company.receipts[receipt["id"]] = receipt
            row["receiptIds"] = [*row["receiptIds"], receipt["id"]]
        row.update({**given, "updatedAt": self._state.now()})
        return row

    def delete(self, entity: str, key: str) -> None:
        """A person deletes something."""
        if entity == "entries":
            self._company.entries[key]["deletedAt"] = self._state.now()
            return
        kinds: dict[str, Kind] = {"accounts": CATEGORIES, "vendors": VENDORS, **_MADE}
        try:
            self._catalogue.delete(self._company, kinds[entity], key)
        except ApiError as error:
            raise PersonRefused(str(error)) from error


def dumped(state: State, company: Company, entity: str) -> list[Row]:
    """All rows of a kind. Raises KeyError."""
    if entity == "companies":
        return [{**each.row, "currency": each.currency} for each in state.companies.values()]
    if entity == "subscriptions":
        return [*state.subscriptions.values()]
    if entity == "activities":
        return state.activities
    if entity == "export-job-items":
        return [item for items in company.items.values() for item in items.values()]
    rows: dict[str, Row] = getattr(company, SHELVES[entity])
    return [*rows.values()]
