"""Which request is answered by what, and what a handler knows of it."""

from __future__ import annotations

import re
from collections.abc import Callable

from kobling_simulators.pleo.company import Company, State
from kobling_simulators.pleo.errors import ApiError, bad_parameter, not_found
from kobling_simulators.pleo.sign_in import Caller
from kobling_simulators.wire import Call, Reply

_KEY = "([0-9a-f-]{36})"
Handler = Callable[["Request"], Reply]


class Request:
    """A call with who calls and the keys in its path."""

    def __init__(self, call: Call, caller: Caller, keys: tuple[str, ...], state: State) -> None:
        self.call = call
        self.caller = caller
        self.keys = keys
        self.companies: dict[str, Company] = {each: state.company(each) for each in caller.companies}

    def allowed(self, company_id: str) -> Company:
        """A company within reach. Raises ApiError.

        Fidelity: assumed pleo §2 – somebody else's company is 403
        """
        if company_id not in self.companies:
            raise ApiError(403, "FORBIDDEN", "That company is not yours.")
        return self.companies[company_id]

    def asked(self, name: str = "company_id") -> Company:
        """The company of the query. Raises ApiError."""
        if not self.call.query.get(name):
            raise bad_parameter(f"{name} is required.")
        return self.allowed(self.call.query[name])

    def meant(self, body: object) -> Company:
        """The company of a body, else of the query, else the only one there is. Raises ApiError."""
        named = body.get("companyId") if isinstance(body, dict) else None
        if isinstance(named, str):
            return self.allowed(named)
        if "company_id" in self.call.query or len(self.companies) > 1:
            return self.asked()
        return next(iter(self.companies.values()))

    def holder(self, shelf: str) -> Company:
        """The company that has the row of the path. Raises ApiError.

        Fidelity: assumed pleo §2 – a row of somebody else's company is not found
        """
        for company in self.companies.values():
            if self.keys[0] in getattr(company, shelf):
                return company
        raise not_found(shelf)


class Table:
    """All routes.

    Fidelity: known pleo §3 – paths and methods; company_id almost everywhere, companyId for employees
    Fidelity: assumed pleo §1 – each area has its own scope, read or write
    """

    def __init__(self, state: State) -> None:
        self._state = state
        self._routes: list[tuple[str, re.Pattern[str], str, Handler]] = []

    def on(self, method: str, path: str, scope: str, handler: Handler) -> None:
        """Answer a method and path by a handler, for callers with a scope."""
        pattern = re.escape(path).replace(re.escape("{id}"), _KEY)
        self._routes.append((method, re.compile(pattern), scope, handler))

    def answer(self, call: Call, caller: Caller) -> Reply:
        """The answer to a call. Raises ApiError."""
        there = False
        for method, pattern, scope, handler in self._routes:
            match = pattern.fullmatch(call.path)
            if match is None:
                continue
            there = True
            if method == call.method:
                if scope and scope not in caller.scopes:
                    raise ApiError(403, "FORBIDDEN", f"The scope {scope} is missing.")
                return handler(Request(call, caller, match.groups(), self._state))
        if there:
            raise ApiError(405, "METHOD_NOT_ALLOWED")
        raise not_found(call.path)
