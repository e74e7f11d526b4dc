"""Companies, employees, who is calling, the installation and webhook subscriptions over HTTP."""

from __future__ import annotations

from collections.abc import Callable

from kobling_simulators.pleo.company import Row, State
from kobling_simulators.pleo.envelope import body_of, mapping, read
from kobling_simulators.pleo.errors import conflict, not_found
from kobling_simulators.pleo.paging import one, page
from kobling_simulators.pleo.routing import Request, Table
from kobling_simulators.pleo.shelf import Kept, Listed, Walk
from kobling_simulators.pleo.sign_in import Caller
from kobling_simulators.pleo.webhooks import Webhooks
from kobling_simulators.wire import Reply

_MINE, _HOOKS = "/v1/installations/me", "/v1/subscriptions"


class OtherRoutes:
    """Handlers of everything that is neither catalogue nor export; `leave` ends the tokens of a caller."""

    def __init__(self, table: Table, state: State, webhooks: Webhooks, leave: Callable[[Caller], None]) -> None:
        self._state = state
        self._webhooks = webhooks
        self._leave = leave
        look = "companies:read"
        table.on("GET", "/v1/companies", look, lambda ask: page(ask.call, Listed(_companies(ask))))
        table.on("GET", "/v1/companies/{id}", look, lambda ask: one(ask.allowed(ask.keys[0]).row))
        table.on("GET", "/v2/employees", "employees:read", _employees)
        table.on("GET", "/v2/employees/{id}", "employees:read", _employee)
        table.on("GET", "/v1/introspect", "", _introspect)
        for method in ("GET", "POST", "PUT", "DELETE"):
            table.on(method, _MINE, "", self._installation)
        table.on("POST", f"{_MINE}:activate", "", self._activate)
        self._subscriptions(table)

    def _installation(self, ask: Request) -> Reply:
        """Fidelity: known pleo §4 – deleting the installation revokes the tokens; with an API key one makes it oneself
        Fidelity: assumed pleo §4 – making it again is a conflict; an app's is there, AUTHORIZED, after the consent
        """
        key, method = (ask.caller.companies[0], ask.caller.client), ask.call.method
        known = self._state.installations.get(key)
        if known is None and (method == "POST" or ask.caller.client):
            known = self._state.installations[key] = self._installed(ask)
            if method == "POST":
                return one(known, 201)
        if method == "POST":
            raise conflict("There is an installation already.")
        if known is None:
            raise not_found("Installation")
        if method == "DELETE":
            del self._state.installations[key]
            self._leave(ask.caller)
            return Reply(204)
        if method == "PUT":
            given = read(body_of(ask.call), {"metadata": (mapping, True)})
            known.update({**given, "updatedAt": self._state.now()})
        return one(known)

    def _installed(self, ask: Request) -> Row:
        told = read(body_of(ask.call), {"metadata": (mapping, False)}) if ask.call.body else {}
        urn = f"urn:pleo:company:{ask.caller.companies[0]}"
        row = {"applicationId": self._state.new_id(), "resource": urn, "status": "AUTHORIZED", "errorCode": None}
        return self._state.stamped({**row, "metadata": told.get("metadata") or {}})

    def _activate(self, ask: Request) -> Reply:
        key = (ask.caller.companies[0], ask.caller.client)
        if key not in self._state.installations and not ask.caller.client:
            raise not_found("Installation")
        row = self._state.installations.setdefault(key, self._installed(ask))
        row.update({"status": "ACTIVATED", "updatedAt": self._state.now()})
        return one(row)

    def _subscriptions(self, table: Table) -> None:
        hooks = self._webhooks
        look, write = "webhook-subscriptions:read", "webhook-subscriptions:write"

        def found(ask: Request) -> Row:
            return hooks.get(ask.caller.companies, ask.keys[0])

        def made(ask: Request) -> Reply:
            return one(hooks.create(ask.caller.companies, body_of(ask.call)), 201)

        def changed(ask: Request) -> Reply:
            return one(hooks.update(ask.caller.companies, ask.keys[0], body_of(ask.call)))

        def gone(ask: Request) -> Reply:
            del self._state.subscriptions[found(ask)["id"]]
            return Reply(204)

        def activities(ask: Request) -> Reply:
            key = found(ask)["id"]
            return page(ask.call, Listed([each for each in self._state.activities if each["subscriptionId"] == key]))

        table.on("GET", _HOOKS, look, lambda ask: page(ask.call, Listed(hooks.rows(ask.caller.companies))))
        table.on("POST", _HOOKS, write, made)
        table.on("GET", f"{_HOOKS}/{{id}}", look, lambda ask: one(found(ask)))
        table.on("PUT", f"{_HOOKS}/{{id}}", write, changed)
        table.on("DELETE", f"{_HOOKS}/{{id}}", write, gone)
        table.on("GET", f"{_HOOKS}/{{id}}/secret", look, lambda ask: one({"secretKey": found(ask)["_secret"]}))
        table.on("GET", f"{_HOOKS}/{{id}}/activities", look, activities)


def _companies(ask: Request) -> list[Row]:
    return [each.row for each in ask.companies.values()]


def _employees(ask: Request) -> Reply:
    rows: Walk = ask.asked("companyId").employees
    for name in ("email", "code"):
        if ask.call.query.get(name):
            rows = Kept(rows, lambda row, of=name, want=ask.call.query[name]: row.get(of) == want)  # type: ignore[misc]
    return page(ask.call, rows)


def _employee(ask: Request) -> Reply:
    return one(ask.holder("employees").employees[ask.keys[0]])


def _introspect(ask: Request) -> Reply:
    """Fidelity: assumed pleo §1 – a token for several companies has the organisation as its subject."""
    caller, rows = ask.caller, _companies(ask)
    urn = f"urn:pleo:company:{rows[0]['id']}"
    if len(rows) > 1:
        urn = f"urn:pleo:organization:{rows[0]['organizationId']}"
    told = {"applicationName": "Kobling", "authMethod": caller.method, "clientId": caller.client or None}
    return one({**told, "scope": caller.told or " ".join(sorted(caller.scopes)), "subjectURN": urn})
