"""The old API: one Bearer token, pages by offset, and a vocabulary of its own.

Fidelity: known pleo §9 – a Bearer token made in Settings; /companies/balance, /employees, /expenses, /expenses/{id} and
    its receipts, /accounts, /tag-groups and their tags
Fidelity: inferred pleo §9 – an address may end with a slash, and a page may be as large as the client likes (clients)
Fidelity: assumed pleo §9 – an answer's shape where only the path is known; keys of the new API open it too
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from kobling_simulators.pleo.catalogue import Catalogue
from kobling_simulators.pleo.company import Company, Row, State
from kobling_simulators.pleo.envelope import body_of, read, text
from kobling_simulators.pleo.errors import ApiError, bad_parameter, conflict, not_found
from kobling_simulators.pleo.legacy_expenses import expense, money, performed_between, receipts_of
from kobling_simulators.pleo.legacy_tags import LegacyTags
from kobling_simulators.wire import Call, Reply, json_reply

PREFIX = "/legacy/v1"
_KEY = "([0-9a-fA-F-]{36})"
_PERSON = {name: (text(), False) for name in ("firstName", "lastName", "jobTitle", "phone", "code", "email")}
Handler = Callable[..., Reply]


class Legacy:
    """Answers calls of the old API for one company."""

    def __init__(self, state: State, catalogue: Catalogue) -> None:
        self._state = state
        self._tags = LegacyTags(state, catalogue)
        table: dict[str, Handler] = {
            "GET /companies/balance": self._balance,
            "GET /employees": self._employees,
            "POST /employees": self._hire,
            "GET /employees/{id}": lambda call, company, key: json_reply(_person(_found(company.employees, key))),
            "PUT /employees/{id}": self._change_person,
            "DELETE /employees/{id}": self._fire,
            "GET /accounts": self._accounts,
            "GET /accounts/{id}": lambda call, company, key: json_reply(_account(_found(company.accounts, key))),
            "GET /tag-groups": self._tags.groups,
            "POST /tag-groups": self._tags.make_group,
            "GET /tag-groups/{id}": self._tags.group,
            "DELETE /tag-groups/{id}": self._tags.delete_group,
            "GET /tag-groups/{id}/tags": self._tags.tags,
            "POST /tag-groups/{id}/tags": self._tags.create,
            "GET /tag-groups/{id}/tags/{id}": self._tags.tag,
            "PATCH /tag-groups/{id}/tags/{id}": self._tags.change,
            "DELETE /tag-groups/{id}/tags/{id}": self._tags.delete,
            "GET /expenses": self._expenses,
            "GET /expenses/{id}": lambda call, company, key: json_reply(expense(company, _found(company.entries, key))),
            "GET /expenses/{id}/receipts": self._receipts,
            "GET /expenses/{id}/receipts/{id}": self._receipt,
        }
        self._routes: list[tuple[str, re.Pattern[str], Handler]] = []
        for named, handler in table.items():
            method, path = named.split(" ")
            self._routes.append((method, re.compile(re.escape(path).replace(re.escape("{id}"), _KEY)), handler))

    def answer(self, call: Call, company: Company) -> Reply:
        """The answer to a call. Raises ApiError."""
        path = call.path.removeprefix(PREFIX).rstrip("/")
        there = False
        for method, pattern, handler in self._routes:
            match = pattern.fullmatch(path)
            if match is not None and method == call.method:
                return handler(call, company, *(key.lower() for key in match.groups()))
            there = there or match is not None
        if there:
            raise ApiError(405, "METHOD_NOT_ALLOWED")
        raise not_found(call.path)

    def _balance(self, call: Call, company: Company) -> Reply:
        return json_reply({"balance": money(company.currency, company.balance)})

    def _employees(self, call: Call, company: Company) -> Reply:
        return _page(call, "employees", [*company.employees.values()], _person)

    def _hire(self, call: Call, company: Company) -> Reply:
        """Fidelity: inferred pleo §9 – POST {email} answers the new employee with its `id` on top; HTTP 200 (clients)
        Fidelity: assumed pleo §9 – an address that is taken is 409
        """
        given = read(_told(call), {**_PERSON, "email": (text(255, 3), True)})
        if any(row["email"].lower() == given["email"].lower() for row in company.employees.values()):
            raise conflict("There is an employee with this e-mail already.")
        blank = {"firstName": "", "lastName": "", "code": None, "jobTitle": None, "phone": None}
        row: Row = {"id": self._state.new_id(), "companyId": company.id, **blank, **given}
        company.employees[row["id"]] = row
        return json_reply(_person(row))

    def _change_person(self, call: Call, company: Company, key: str) -> Reply:
        """Fidelity: assumed pleo §9 – what a PUT leaves out stays."""
        row = _found(company.employees, key)
        row.update(read(_told(call), _PERSON))
        return json_reply(_person(row))

    def _fire(self, call: Call, company: Company, key: str) -> Reply:
        del company.employees[_found(company.employees, key)["id"]]
        return json_reply({})

    def _accounts(self, call: Call, company: Company) -> Reply:
        return _page(call, "accounts", [*company.accounts.values()], _account)

    def _expenses(self, call: Call, company: Company) -> Reply:
        rows = performed_between(company, call.query.get("dateFrom", ""), call.query.get("dateTo", ""))
        return _page(call, "expenses", rows, lambda row: expense(company, row))

    def _receipts(self, call: Call, company: Company, key: str) -> Reply:
        found = receipts_of(call, company, _found(company.entries, key), self._state.clock.now())
        return json_reply({"receipts": found})

    def _receipt(self, call: Call, company: Company, key: str, receipt: str) -> Reply:
        found = receipts_of(call, company, _found(company.entries, key), self._state.clock.now())
        one = next((each for each in found if each["id"] == receipt), None)
        if one is None:
            raise not_found("Receipt")
        return json_reply(one)


def _told(call: Call) -> Any:
    """Fidelity: assumed pleo §9 – the old API passes over what it does not know."""
    body = body_of(call)
    return {name: value for name, value in body.items() if name in _PERSON} if isinstance(body, dict) else body


def _page(call: Call, name: str, rows: Sequence[Row], render: Callable[[Row], Row]) -> Reply:
    """Fidelity: known pleo §9 – {<name>: […], metadata: {pageInfo: {pageSize, totalCount, nextPageOffset}}}
    Fidelity: inferred pleo §9 – pageOffset counts records, nextPageOffset is null on the last page (clients)
    """
    size, offset = _number(call, "pageSize", 100), _number(call, "pageOffset", 0)
    end = offset + max(size, 1)
    told = {"pageSize": size, "totalCount": len(rows), "nextPageOffset": end if end < len(rows) else None}
    return json_reply({name: [render(row) for row in rows[offset:end]], "metadata": {"pageInfo": told}})


def _found(rows: Any, key: str) -> Row:
    row: Row | None = rows.get(key)
    if row is None:
        raise not_found(key)
    return row


def _person(row: Row) -> Row:
    names = ("id", "companyId", "firstName", "lastName", "email", "code", "jobTitle", "phone")
    return {name: row.get(name) for name in names}


def _account(row: Row) -> Row:
    """Fidelity: inferred pleo §9 – an account has at least id and name (clients); assumed – number is its code."""
    return {"id": row["id"], "name": row["name"], "number": row.get("code"), "archived": row.get("archived", False)}


def _number(call: Call, name: str, usual: int) -> int:
    told = call.query.get(name, str(usual)).removesuffix(".0")
    if not (told.isascii() and told.isdigit() and len(told) < 8):
        raise bad_parameter(f"{name} must be a whole number.")
    return int(told)
