"""What people do in Pleo's own screens, and the state as plain rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kobling_simulators.pleo.catalogue import Catalogue
from kobling_simulators.pleo.company import Company, Row, State
from kobling_simulators.pleo.errors import ApiError
from kobling_simulators.pleo.facts import LOCKED
from kobling_simulators.pleo.jobs import Jobs
from kobling_simulators.pleo.kinds import ACCOUNTS, TAG_GROUPS, TAGS, TAX_CODES, VENDORS, Kind
from kobling_simulators.pleo.making import in_wallet, new_entry, receipts, seller, split_items, where
from kobling_simulators.pleo.webhooks import VENDOR, Webhooks
from kobling_simulators.vendor import PersonRefused

SHELVES = {
    "companies": "",
    "accounts": "accounts",
    "tax-codes": "tax_codes",
    "tag-groups": "tag_groups",
    "dimensions": "dimensions",
    "tags": "tags",
    "vendors": "vendors",
    "employees": "employees",
    "entries": "entries",
    "receipts": "receipts",
    "export-jobs": "jobs",
    "export-job-items": "",
    "installations": "",
    "subscriptions": "",
    "activities": "",
}
_KINDS: dict[str, Kind] = {
    "accounts": ACCOUNTS,
    "tax-codes": TAX_CODES,
    "tag-groups": TAG_GROUPS,
    "tags": TAGS,
    "vendors": VENDORS,
}
_OWN_SCREEN = ("employees", "companies", "vendors")
_PLACE, _SELLER = ("category", "tax", "tags"), ("supplier", "vendor", "invoice")


class People:
    """Acts on one company: the first one."""

    def __init__(self, state: State, company: Company, catalogue: Catalogue, jobs: Jobs, webhooks: Webhooks) -> None:
        self._state = state
        self._company = company
        self._catalogue = catalogue
        self._jobs = jobs
        self._webhooks = webhooks

    def create(self, entity: str, values: Mapping[str, Any]) -> Row:
        """A person makes something. Raises KeyError, ValueError, PersonRefused.

        ``entries`` takes a wish (see making.new_entry); ``export-jobs`` takes ``entries`` (ids; absent: all that wait),
        ``vendorBasedBookkeeping``, ``isInteractive``; ``tags`` take ``group``, the code of their group.
        """
        try:
            return self._create(entity, dict(values))
        except ApiError as error:
            raise PersonRefused(str(error)) from error

    def _create(self, entity: str, values: dict[str, Any]) -> Row:
        company = self._company
        if entity == "entries":
            return new_entry(self._state, company, values)
        if entity == "export-jobs":
            entries = values.pop("entries", None) or self._waiting()
            return self._jobs.queue(company, entries, **values)
        if entity == "employees":
            blank: Row = dict.fromkeys(("code", "jobTitle", "phone"))
            row = {"id": self._state.new_id(), "companyId": company.id, **blank, **values}
            company.employees[row["id"]] = row
            return row
        kind = _KINDS[entity]
        more: Row = {}
        base: Row = {"archived": False, "companyId": company.id}
        if kind is ACCOUNTS:
            base["externalId"] = self._state.new_id()
        if kind is TAGS:
            base.pop("companyId")
            group = company.unique.get(("tag_groups", "", "code", str(values.pop("group", ""))))
            more = {"groupId": group or values.pop("groupId")}
        if kind is VENDORS:
            base = {"companyId": company.id, "defaultCurrency": company.currency}
            more = {"state": "DRAFT"}
        row = self._catalogue.create(company, kind, {**base, **values}, **more)[0]
        if kind is VENDORS:
            self._webhooks.tell(company.id, VENDOR, row)
        return row

    def _waiting(self) -> list[str]:
        return [
            key
            for key, row in self._company.entries.items()
            if row["exportStatus"] == "NOT_EXPORTED" and not row["deletedAt"] and row["status"].startswith("COMPLETED")
        ]

    def edit(self, entity: str, key: str, values: Mapping[str, Any]) -> Row:
        """A person changes something. Raises KeyError, ValueError, PersonRefused.

        ``export-jobs``: ``cancel`` takes one back. ``entries``: ``queued: false`` moves one out of the queue,
        ``reverted: true`` is support undoing an export, ``receipt`` (a kind of file, with ``size``) adds a receipt,
        ``receipts: 0`` takes all away; other words as in a wish, or columns by their names.
        """
        given = dict(values)
        try:
            if entity == "export-jobs":
                job = self._company.jobs[key]
                if given.get("cancel"):
                    self._jobs.cancel(self._company, job)
                return job
            if entity == "entries":
                return self._edit_entry(key, given)
            if entity in _KINDS and "state" not in given:
                kind = _KINDS[entity]
                row = self._catalogue.rows(self._company, kind)[key]
                body = {name: row[name] for name in kind.fields if row.get(name) is not None}
                return self._catalogue.update(self._company, kind, key, {**body, **given})
        except ApiError as error:
            raise PersonRefused(str(error)) from error
        return self._edit_row(entity, key, given)

    def _edit_row(self, entity: str, key: str, given: Row) -> Row:
        if entity not in _OWN_SCREEN:
            raise KeyError(entity)
        if entity == "companies":
            row: Row = self._state.companies[key].row
        else:
            row = getattr(self._company, SHELVES[entity])[key]
        row.update(given)
        return row

    def _edit_entry(self, key: str, given: Row) -> Row:
        company, row = self._company, self._company.entries[key]
        if given.pop("queued", None) is False:
            self._jobs.take_out(company, key)
        if given.pop("reverted", None):
            if row["exportStatus"] != "EXPORTED":
                raise PersonRefused("It is not exported.")
            row["exportStatus"] = "NOT_EXPORTED"
        if not given:
            return row
        if row["exportStatus"] in LOCKED:
            raise PersonRefused("What is queued or exported is locked.")
        return company.entries.change(key, {**self._changes(row, given), "updatedAt": self._state.now()})

    def _changes(self, row: Row, given: Row) -> Row:
        """New columns of an entry."""
        company, found = self._company, {}
        if any(name in given for name in _PLACE):
            told = where(company, given)
            columns = {"category": ("accountId", "accountCode"), "tax": ("taxCodeId",), "tags": ("tags",)}
            names = [column for name in _PLACE if name in given for column in columns[name]]
            found.update({name: told[name] for name in names})
        if any(name in given for name in _SELLER):
            kept = {**row["_merchant"], **(row["supplier"] or {})}
            found.update(seller(company, {"supplier": kept, **given}))
        if "receipt" in given:
            more = receipts(self._state, company, given["receipt"], str(row["note"]), int(given.pop("size", 0)))
            found["receiptIds"] = [*row["receiptIds"], *more]
        if "receipts" in given:
            found["receiptIds"] = receipts(self._state, company, given["receipts"], str(row["note"]))
        if given.get("settled"):
            now = self._state.now()
            found |= {"settledAt": now, "bookkeepingDate": now, "status": "COMPLETED", "exportStatus": "NOT_EXPORTED"}
        if "amount" in given or "currency" in given:
            found |= self._amount(row, given)
        if "split" in given:
            found["splitItems"] = split_items(self._state, company, {**row, **found}, given["split"])
        if "type" in given:
            found["_type"] = given["type"]
        words = (*_PLACE, *_SELLER, "receipt", "receipts", "settled", "amount", "currency", "rate", "split", "type")
        rest = {name: value for name, value in given.items() if name not in words}
        if set(rest) - set(row):
            raise ValueError(f"an entry has no {', '.join(sorted(set(rest) - set(row)))}")
        return {**found, **rest}

    def _amount(self, row: Row, given: Row) -> Row:
        currency = str(given.get("currency") or row["transactionValue"]["currency"])
        amount = int(given.get("amount", row["transactionValue"]["minors"]))
        money = {"currency": currency, "minors": amount}
        wallet = in_wallet(amount, currency, self._company.currency, given.get("rate") or 1)
        told = {"currency": self._company.currency, "minors": wallet}
        found: Row = {"transactionValue": money, "totalBillValue": money, "transactionWalletValue": told}
        return {**found, "_wallet": wallet, "splitItems": []}

    def delete(self, entity: str, key: str) -> None:
        """A person deletes something. Raises KeyError, PersonRefused."""
        if entity == "entries":
            row = self._company.entries[key]
            if row["exportStatus"] in LOCKED:
                raise PersonRefused("What is queued or exported is locked.")
            row.update({"deletedAt": self._state.now(), "updatedAt": self._state.now()})
            return
        if entity == "employees":
            del self._company.employees[key]
            return
        try:
            self._catalogue.delete(self._company, _KINDS[entity], key)
        except ApiError as error:
            raise PersonRefused(str(error)) from error


def dumped(state: State, company: Company, entity: str) -> list[Row]:
    """All rows of a kind. Raises KeyError."""
    special: dict[str, list[Row]] = {
        "companies": [{**each.row, "currency": each.currency} for each in state.companies.values()],
        "subscriptions": [*state.subscriptions.values()],
        "installations": [*state.installations.values()],
        "activities": state.activities,
        "export-job-items": [item for items in company.items.values() for item in items.values()],
    }
    if entity in special:
        return special[entity]
    rows: dict[str, Row] = getattr(company, SHELVES[entity])
    return [*rows.values()]
