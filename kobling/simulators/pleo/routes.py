"""Which request is answered by what."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from kobling.simulators.pleo.catalogue import ACCOUNTS, TAG_GROUPS, TAGS, TAX_CODES, VENDORS, Catalogue, Kind
from kobling.simulators.pleo.company import Company, Row, State
from kobling.simulators.pleo.entries import SORTABLE, search
from kobling.simulators.pleo.envelope import body_of, one, page, shown
from kobling.simulators.pleo.errors import ApiError, bad_parameter, invalid, not_found
from kobling.simulators.pleo.items import Items
from kobling.simulators.pleo.jobs import Jobs, job_of
from kobling.simulators.pleo.settings import Settings
from kobling.simulators.pleo.sign_in import Caller
from kobling.simulators.pleo.webhooks import Webhooks
from kobling.simulators.wire import Call, Reply, json_reply

_KEY = "([0-9a-f-]{36})"
_PATHS = {ACCOUNTS: "/v1/chart-of-accounts", TAX_CODES: "/v0/tax-codes", VENDORS: "/v1/vendors"}
_SCOPE = {ACCOUNTS: "chart-of-accounts", TAX_CODES: "tax-codes", VENDORS: "vendors"}
Handler = Callable[["Request"], Reply]


class Request:
    """A call with who calls and the keys in its path."""

    def __init__(self, call: Call, caller: Caller, keys: tuple[str, ...], state: State) -> None:
        self.call = call
        self.caller = caller
        self.keys = keys
        self._state = state

    @property
    def company(self) -> Company:
        """The company that the credential is for."""
        return self._state.company(self.caller.company)

    @property
    def companies(self) -> dict[str, Company]:
        """The companies within reach, by id."""
        return {self.caller.company: self.company}

    def allowed(self, company_id: str) -> Company:
        """A company within reach. Raises ApiError.

        Fidelity: assumed pleo §2 – somebody else's company is 403
        """
        if company_id != self.caller.company:
            raise ApiError(403, "FORBIDDEN", "That company is not yours.")
        return self.company

    def asked(self, name: str = "company_id") -> Company:
        """The company of the query. Raises ApiError."""
        if not self.call.query.get(name):
            raise bad_parameter(f"{name} is required.")
        return self.allowed(self.call.query[name])


class Routes:
    """All routes of the API.

    Fidelity: known pleo §3 – paths and methods; company_id almost everywhere, companyId for employees
    Fidelity: assumed pleo §1 – each area has its own scope, read or write
    """

    def __init__(self, state: State, catalogue: Catalogue, jobs: Jobs, webhooks: Webhooks) -> None:
        self._state = state
        self._catalogue = catalogue
        self._jobs = jobs
        self._webhooks = webhooks
        self.settings = Settings()
        self._table: list[tuple[str, re.Pattern[str], str, Handler]] = []
        for kind, path in _PATHS.items():
            self._kind(kind, path)
        self._tags()
        self._exports()
        self._others()

    def answer(self, call: Call, caller: Caller) -> Reply:
        """The answer to a call. Raises ApiError."""
        there = False
        for method, pattern, scope, handler in self._table:
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

    def _on(self, method: str, path: str, scope: str, handler: Handler) -> None:
        pattern = re.escape(path).replace(re.escape("{id}"), _KEY)
        self._table.append((method, re.compile(pattern), scope, handler))

    def _kind(self, kind: Kind, path: str) -> None:
        write, look = f"{_SCOPE[kind]}:write", f"{_SCOPE[kind]}:read"
        cat = self._catalogue
        first = {"state": "DRAFT"} if kind is VENDORS else {}

        def made(ask: Request) -> Reply:
            row, status = cat.create(ask.company, kind, body_of(ask.call), **first)
            return one(row, status)

        def rows(ask: Request) -> list[Row]:
            return [*cat.rows(ask.asked(), kind).values()]

        self._on("POST", path, write, made)
        self._on("GET", f"{path}/{{id}}", look, lambda ask: one(cat.get(ask.company, kind, ask.keys[0])))
        self._on(
            "PUT",
            f"{path}/{{id}}",
            write,
            lambda ask: one(cat.update(ask.company, kind, ask.keys[0], body_of(ask.call))),
        )
        self._on("POST", f"{path}:search", look, lambda ask: page(ask.call, _searched(rows(ask), ask.call, kind)))
        if kind is VENDORS:
            for verb, act in (("activate", self._activate), ("archive", self._archive)):
                self._on("POST", f"{path}/{{id}}:{verb}", write, act)
            return
        self._on("DELETE", f"{path}/{{id}}", write, lambda ask: self._delete(ask, kind))
        if kind is ACCOUNTS:
            self._on("GET", path, look, lambda ask: page(ask.call, rows(ask)))
            self._on("POST", f"{path}/batch", write, self._batch)

    def _delete(self, ask: Request, kind: Kind) -> Reply:
        self._catalogue.delete(ask.company, kind, ask.keys[0])
        return Reply(204)

    def _activate(self, ask: Request) -> Reply:
        return one(self._catalogue.activate_vendor(ask.company, ask.keys[0], body_of(ask.call)))

    def _archive(self, ask: Request) -> Reply:
        return one(self._catalogue.archive_vendor(ask.company, ask.keys[0]))

    def _batch(self, ask: Request) -> Reply:
        """Fidelity: known pleo §3 – answers created[] and failed[{reasons[], request}]; assumed: the body is a list."""
        body = body_of(ask.call)
        if not isinstance(body, list):
            raise invalid("The body must be an array of accounts.")
        created, failed = [], []
        for each in body:
            try:
                row, status = self._catalogue.create(ask.company, ACCOUNTS, each)
                if status == 200:
                    failed.append({"reasons": ["EXTERNAL_ID_ALREADY_EXISTS"], "request": each})
                else:
                    created.append(shown(row))
            except ApiError as error:
                clash = error.status == 409
                failed.append({"reasons": ["EXTERNAL_ID_ALREADY_EXISTS" if clash else error.kind], "request": each})
        return json_reply({"data": {"created": created, "failed": failed}})

    def _tags(self) -> None:
        cat, groups = self._catalogue, "/v0/tag-groups"
        look, write = "tag-groups:read", "tag-groups:write"

        def made(ask: Request, kind: Kind, **more: Any) -> Reply:
            row, status = cat.create(ask.company, kind, body_of(ask.call), **more)
            return one(row, status)

        def group(ask: Request) -> Row:
            return cat.get(ask.company, TAG_GROUPS, ask.keys[0])

        def tags_of(ask: Request) -> list[Row]:
            return [tag for tag in ask.company.tags.values() if tag["groupId"] == group(ask)["id"]]

        def counted(ask: Request, row: Row) -> Row:
            return {**row, "totalTagsCount": sum(tag["groupId"] == row["id"] for tag in ask.company.tags.values())}

        self._on("GET", groups, look, lambda ask: page(ask.call, [*ask.asked().tag_groups.values()]))
        self._on("POST", groups, write, lambda ask: made(ask, TAG_GROUPS))
        self._on("GET", f"{groups}/{{id}}", look, lambda ask: one(counted(ask, group(ask))))
        self._on("GET", f"{groups}/{{id}}/tags", look, lambda ask: page(ask.call, tags_of(ask)))
        self._on("POST", f"{groups}/{{id}}/tags", write, lambda ask: made(ask, TAGS, groupId=group(ask)["id"]))
        for path, kind in ((groups, TAG_GROUPS), ("/v0/tags", TAGS)):
            self._on(
                "PUT",
                f"{path}/{{id}}",
                write,
                lambda ask, kind=kind: one(cat.update(ask.company, kind, ask.keys[0], body_of(ask.call))),  # type: ignore[misc]
            )
            self._on("DELETE", f"{path}/{{id}}", write, lambda ask, kind=kind: self._delete(ask, kind))  # type: ignore[misc]
        self._on("GET", "/v0/tags/{id}", look, lambda ask: one(cat.get(ask.company, TAGS, ask.keys[0])))
        self._on("GET", "/v0/tags", look, lambda ask: page(ask.call, [*ask.asked().tags.values()]))
        self._on("POST", "/v0/tags/archive", write, self._archive_tags)

    def _archive_tags(self, ask: Request) -> Reply:
        """Fidelity: known pleo §3 – at most 100; assumed: the body is {ids: [...]}."""
        ids = body_of(ask.call).get("ids") or []
        if len(ids) > 100:
            raise invalid("At most 100 tags at once.")
        for each in ids:
            self._catalogue.get(ask.company, TAGS, each)["archived"] = True
        return Reply(204)

    def _exports(self) -> None:
        jobs, path = self._jobs, "/v3/export-jobs"
        look, write = "export-jobs:read", "export-jobs:write"

        def listed(ask: Request) -> Reply:
            wanted = [each for each in ask.call.query.get("statuses", "").split(",") if each]
            rows = [job for job in ask.asked().jobs.values() if not wanted or job["status"] in wanted]
            return page(ask.call, rows)

        def items(ask: Request) -> Reply:
            rows = [*ask.company.items[job_of(ask.company, ask.keys[0])["id"]].values()]
            state = ask.call.query.get("status")
            return page(ask.call, [row for row in rows if not state or row["status"] == state])

        def event(ask: Request) -> Reply:
            jobs.event(body_of(ask.call), ask.companies)
            return Reply(202)

        self._on("POST", path, write, lambda ask: one(jobs.create(body_of(ask.call), ask.allowed), 201))
        self._on("GET", path, look, listed)
        self._on("GET", f"{path}/{{id}}", look, lambda ask: one(jobs.find(ask.keys[0], ask.companies)[1]))
        self._on("GET", f"{path}/{{id}}/items", look, items)
        self._on(
            "PUT",
            f"{path}/{{id}}/items",
            write,
            lambda ask: json_reply(jobs.results(ask.keys[0], body_of(ask.call), ask.companies)),
        )
        self._on("POST", "/v3/export-job-events", write, event)
        self._on("GET", "/v3/export-items", "export-items:read", self._items)

    def _items(self, ask: Request) -> Reply:
        if not ask.call.query.get("job_id"):
            raise bad_parameter("job_id is required.")
        company, entries = self._jobs.entries(ask.call.query["job_id"], ask.companies)
        base = f"http://{ask.call.headers.get('Host', 'localhost')}"
        items = Items(self.settings, base, self._state.clock.now())
        return page(ask.call, [items.of(company, each) for each in entries])

    def _others(self) -> None:
        look = "companies:read"
        self._on("GET", "/v1/companies", look, lambda ask: page(ask.call, [ask.company.row]))
        self._on("GET", "/v1/companies/{id}", look, lambda ask: one(ask.allowed(ask.keys[0]).row))
        self._on("GET", "/v2/employees", "employees:read", self._employees)
        self._on("GET", "/v2/employees/{id}", "employees:read", self._employee)
        self._on("POST", "/v1/accounting-entries:search", "accounting-entries:read", self._search)
        self._on("GET", "/v1/accounting-entries/{id}", "accounting-entries:read", self._entry)
        self._on("GET", "/v1/introspect", "", self._introspect)
        self._on("GET", "/legacy/v1/companies/balance", look, self._balance)
        for method in ("GET", "POST", "DELETE"):
            self._on(method, "/v1/installations/me", "", self._installation)
        self._on("POST", "/v1/installations/me:activate", "", self._installation)
        self._subscriptions()

    def _employees(self, ask: Request) -> Reply:
        rows = [*ask.asked("companyId").employees.values()]
        for name in ("email", "code"):
            if ask.call.query.get(name):
                rows = [row for row in rows if row.get(name) == ask.call.query[name]]
        return page(ask.call, rows)

    def _employee(self, ask: Request) -> Reply:
        if ask.keys[0] not in ask.company.employees:
            raise not_found("Employee")
        return one(ask.company.employees[ask.keys[0]])

    def _search(self, ask: Request) -> Reply:
        return page(ask.call, search([*ask.asked().entries.values()], body_of(ask.call)), SORTABLE)

    def _entry(self, ask: Request) -> Reply:
        row = ask.company.entries.get(ask.keys[0])
        if row is None or (row.get("deletedAt") and ask.call.query.get("include_deleted") != "true"):
            raise not_found("Accounting entry")
        return one(row)

    def _introspect(self, ask: Request) -> Reply:
        told = {"applicationName": "Kobling", "authMethod": ask.caller.method, "clientId": ask.caller.client or None}
        urn = f"urn:pleo:company:{ask.caller.company}"
        return one({**told, "scope": " ".join(sorted(ask.caller.scopes)), "subjectURN": urn})

    def _balance(self, ask: Request) -> Reply:
        return json_reply({"balance": {"value": ask.company.balance / 100, "currency": ask.company.currency}})

    def _installation(self, ask: Request) -> Reply:
        key = (ask.caller.company, ask.caller.client)
        known = self._state.installations.get(key)
        if ask.call.method == "DELETE":
            self._state.installations.pop(key, None)
            return Reply(204)
        if ask.call.method == "POST":
            status = "ACTIVATED" if ask.call.path.endswith(":activate") else "AUTHORIZED"
            urn = f"urn:pleo:company:{ask.caller.company}"
            known = self._state.stamped({"applicationId": ask.caller.client, "resource": urn, "status": status})
            self._state.installations[key] = known
        if known is None:
            raise not_found("Installation")
        return one(known, 201 if ask.call.method == "POST" else 200)

    def _subscriptions(self) -> None:
        hooks, path = self._webhooks, "/v1/subscriptions"
        look, write = "webhook-subscriptions:read", "webhook-subscriptions:write"

        def gone(ask: Request) -> Reply:
            self._state.subscriptions.pop(hooks.get(ask.caller.company, ask.keys[0])["id"])
            return Reply(204)

        def secret(ask: Request) -> Reply:
            return one({"secret": hooks.get(ask.caller.company, ask.keys[0])["_secret"]})

        def activities(ask: Request) -> Reply:
            key = hooks.get(ask.caller.company, ask.keys[0])["id"]
            return page(ask.call, [each for each in self._state.activities if each["subscriptionId"] == key])

        self._on("GET", path, look, lambda ask: page(ask.call, hooks.rows(ask.caller.company)))
        self._on("POST", path, write, lambda ask: one(hooks.create(ask.caller.company, body_of(ask.call)), 201))
        self._on("GET", f"{path}/{{id}}", look, lambda ask: one(hooks.get(ask.caller.company, ask.keys[0])))
        self._on(
            "PUT",
            f"{path}/{{id}}",
            write,
            lambda ask: one(hooks.update(ask.caller.company, ask.keys[0], body_of(ask.call))),
        )
        self._on("DELETE", f"{path}/{{id}}", write, gone)
        self._on("GET", f"{path}/{{id}}/secret", look, secret)
        self._on("GET", f"{path}/{{id}}/activities", look, activities)


def _searched(rows: list[Row], call: Call, kind: Kind) -> list[Row]:
    """Rows that a search body leaves.

    Fidelity: assumed pleo §3 – searches take {archived?} (vendors: {states?}); an empty object asks for all
    """
    body = body_of(call) if call.body else {}
    if not isinstance(body, dict):
        raise invalid("The body must be a JSON object.")
    if kind is VENDORS and body.get("states"):
        rows = [row for row in rows if row["state"] in body["states"]]
    if body.get("archived") is not None and kind is not VENDORS:
        rows = [row for row in rows if row["archived"] is body["archived"]]
    return rows
