"""Accounts, tax codes and vendors over HTTP."""

from __future__ import annotations

from typing import Any

from kobling_simulators.pleo.catalogue import Catalogue
from kobling_simulators.pleo.company import Row
from kobling_simulators.pleo.envelope import body_of, read
from kobling_simulators.pleo.errors import ApiError, invalid
from kobling_simulators.pleo.kinds import ACCOUNTS, TAX_CODES, VENDORS, Kind
from kobling_simulators.pleo.paging import one, page, shown
from kobling_simulators.pleo.routing import Request, Table
from kobling_simulators.pleo.shelf import Kept, Listed, Shelf, Walk
from kobling_simulators.wire import Call, Reply, json_reply

_PATHS = {ACCOUNTS: "/v1/chart-of-accounts", TAX_CODES: "/v0/tax-codes", VENDORS: "/v1/vendors"}
_COLUMNS = {"ids": "id", "taxCodeIds": "id", "tagIds": "id", "tagGroupIds": "groupId", "states": "state"}


class CatalogueRoutes:
    """Handlers of what an integration keeps up to date."""

    def __init__(self, table: Table, catalogue: Catalogue) -> None:
        self._table = table
        self._catalogue = catalogue
        for kind, path in _PATHS.items():
            self._kind(kind, path)
        table.on("GET", _PATHS[ACCOUNTS], "chart-of-accounts:read", lambda ask: page(ask.call, ask.asked().accounts))
        table.on("POST", f"{_PATHS[ACCOUNTS]}/batch", "chart-of-accounts:write", self._batch)
        table.on("POST", f"{_PATHS[VENDORS]}/{{id}}:activate", "vendors:write", self._activate)
        table.on("POST", f"{_PATHS[VENDORS]}/{{id}}:archive", "vendors:write", self._archive)

    def _kind(self, kind: Kind, path: str) -> None:
        write, look, cat = f"{kind.scope}:write", f"{kind.scope}:read", self._catalogue

        def get(ask: Request) -> Reply:
            return one(cat.get(ask.holder(kind.shelf), kind, ask.keys[0]))

        def put(ask: Request) -> Reply:
            return one(cat.update(ask.holder(kind.shelf), kind, ask.keys[0], body_of(ask.call)))

        def delete(ask: Request) -> Reply:
            cat.delete(ask.holder(kind.shelf), kind, ask.keys[0])
            return Reply(204)

        self._table.on("POST", path, write, lambda ask: self._made(ask, kind))
        self._table.on("GET", f"{path}/{{id}}", look, get)
        self._table.on("PUT", f"{path}/{{id}}", write, put)
        self._table.on("POST", f"{path}:search", look, lambda ask: self._search(ask, kind))
        if kind is not VENDORS:
            self._table.on("DELETE", f"{path}/{{id}}", write, delete)

    def _made(self, ask: Request, kind: Kind) -> Reply:
        """Fidelity: assumed pleo §4 – a vendor made by an integration is a draft until it is activated."""
        body, first = body_of(ask.call), {"state": "DRAFT"} if kind is VENDORS else {}
        row, status = self._catalogue.create(ask.meant(body), kind, body, **first)
        return one(row, status)

    def _search(self, ask: Request, kind: Kind) -> Reply:
        """Fidelity: inferred pleo §3 – accounts are searched with companyId in the body or company_id in the query."""
        wanted = wanted_of(ask.call, kind)
        company = ask.allowed(wanted.pop("companyId")) if wanted.get("companyId") else ask.asked()
        return page(ask.call, searched(self._catalogue.rows(company, kind), wanted))

    def _activate(self, ask: Request) -> Reply:
        return self._acted(self._catalogue.activate_vendor(ask.holder("vendors"), ask.keys[0], body_of(ask.call)))

    def _archive(self, ask: Request) -> Reply:
        return self._acted(self._catalogue.archive_vendor(ask.holder("vendors"), ask.keys[0]))

    def _acted(self, row: Row) -> Reply:
        return one(row) if self._catalogue.settings.vendor_actions == "row" else Reply(204)

    def _batch(self, ask: Request) -> Reply:
        """Fidelity: known pleo §3 – answers created[] and failed[{reasons[], request}]; assumed: a list is sent."""
        body = body_of(ask.call)
        if not isinstance(body, list) or len(body) > 1000:
            raise invalid("The body must be an array of at most 1,000 accounts.")
        created, failed = [], []
        for each in body:
            reason = "NAME_EMPTY" if isinstance(each, dict) and each.get("name") == "" else "VALIDATION_FAILED"
            try:
                row, status = self._catalogue.create(ask.meant(each), ACCOUNTS, each)
                if status == 201:
                    created.append(shown(row))
                    continue
                reason = "EXTERNAL_ID_ALREADY_EXISTS"
            except ApiError as error:
                reason = "EXTERNAL_ID_ALREADY_EXISTS" if error.status == 409 else reason
            failed.append({"reasons": [reason], "request": each})
        return json_reply({"data": {"created": created, "failed": failed}})


def wanted_of(call: Call, kind: Kind) -> Row:
    """What a search body asks for; none at all asks for everything. Raises ApiError."""
    body = body_of(call) if call.body else {}
    return read(body, {name: (check, False) for name, check in kind.asked.items()})


def searched(rows: Shelf, wanted: dict[str, Any]) -> Walk:
    """Rows that a search leaves.

    Fidelity: inferred pleo §3 – accounts by ids, name, code, externalId, archived; tax codes by code, taxCodeIds, type,
    archived; vendors by up to four states
    """
    tests: list[tuple[str, Any]] = []
    walk: Walk = rows
    for name, value in wanted.items():
        if value is None or value == []:
            continue
        column = _COLUMNS.get(name, name)
        if column == "id":
            walk = Listed([rows[each] for each in dict.fromkeys(value) if each in rows])
        else:
            tests.append((column, value if isinstance(value, list) else [value]))
    if not tests:
        return walk
    return Kept(walk, lambda row: all(row.get(column) in values for column, values in tests))
