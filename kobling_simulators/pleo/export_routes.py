"""Export jobs, their items and accounting entries over HTTP."""

from __future__ import annotations

from kobling_simulators.pleo.company import State
from kobling_simulators.pleo.entries import entry_shown, search
from kobling_simulators.pleo.envelope import body_of
from kobling_simulators.pleo.errors import bad_parameter, not_found
from kobling_simulators.pleo.facts import ITEM_STATES, JOB_STATES, SORT_KEYS
from kobling_simulators.pleo.items import Items
from kobling_simulators.pleo.jobs import Jobs
from kobling_simulators.pleo.paging import many, one, page, sorted_rows, sorting
from kobling_simulators.pleo.routing import Request, Table
from kobling_simulators.pleo.settings import Settings
from kobling_simulators.pleo.shelf import Kept, Listed, Walk
from kobling_simulators.wire import Reply, json_reply

_JOBS = "/v3/export-jobs"


class ExportRoutes:
    """Handlers of the export protocol."""

    def __init__(self, table: Table, state: State, jobs: Jobs) -> None:
        self._state = state
        self._jobs = jobs
        self.settings = Settings()
        look, write = "export-jobs:read", "export-jobs:write"
        table.on("POST", _JOBS, write, lambda ask: one(jobs.create(body_of(ask.call), ask.allowed), 201))
        table.on("GET", _JOBS, look, _listed)
        table.on("GET", f"{_JOBS}/{{id}}", look, lambda ask: one(jobs.find(ask.keys[0], ask.companies)[1]))
        table.on("GET", f"{_JOBS}/{{id}}/items", look, self._progress)
        table.on("PUT", f"{_JOBS}/{{id}}/items", write, self._results)
        table.on("POST", "/v3/export-job-events", write, self._event)
        table.on("GET", "/v3/export-items", "export-items:read", self._items)
        table.on("POST", "/v1/accounting-entries:search", "accounting-entries:read", _search)
        table.on("GET", "/v1/accounting-entries/{id}", "accounting-entries:read", _entry)

    def _event(self, ask: Request) -> Reply:
        self._jobs.event(body_of(ask.call), ask.companies)
        return Reply(202)

    def _results(self, ask: Request) -> Reply:
        return json_reply(self._jobs.results(ask.keys[0], body_of(ask.call), ask.companies))

    def _progress(self, ask: Request) -> Reply:
        company, job = self._jobs.find(ask.keys[0], ask.companies)
        states = _states(ask, "status", ITEM_STATES)
        rows = company.items[job["id"]].values()
        return page(ask.call, Listed([row for row in rows if not states or row["status"] in states]))

    def _items(self, ask: Request) -> Reply:
        if not ask.call.query.get("job_id"):
            raise bad_parameter("job_id is required.")
        company, job, entries = self._jobs.entries(ask.call.query["job_id"], ask.companies)
        base = f"http://{ask.call.headers.get('Host', 'localhost')}"
        items = Items(self.settings, base, self._state.clock.now(), company, job)
        return page(ask.call, Listed(entries), render=items.of)


def _states(ask: Request, name: str, known: tuple[str, ...]) -> list[str]:
    states = many(ask.call, name)
    if set(states) - set(known):
        raise bad_parameter(f"{name} must be among {', '.join(known)}.")
    return states


def _listed(ask: Request) -> Reply:
    """Fidelity: assumed pleo §3 – jobs come in the order they were made."""
    states, jobs = _states(ask, "statuses", JOB_STATES), ask.asked().jobs
    return page(ask.call, Kept(jobs, lambda row: row["status"] in states) if states else jobs)


def _search(ask: Request) -> Reply:
    """Fidelity: known pleo §3 – of one company or of one organisation, the companies within reach."""
    sort, body = sorting(ask.call, SORT_KEYS), body_of(ask.call)
    organization = ask.call.query.get("organization_id")
    if not organization:
        return page(ask.call, search(ask.asked().entries, body, sort), sortable=SORT_KEYS, render=entry_shown)
    if "company_id" in ask.call.query:
        raise bad_parameter("company_id and organization_id exclude each other.")
    companies = [each for each in ask.companies.values() if each.row["organizationId"] == organization]
    walks: list[Walk] = [search(each.entries, body, sort) for each in companies]
    rows = [row for walk in walks for _, row in walk.rows(None, False)]
    return page(ask.call, Listed(sorted_rows(rows, sort)), sortable=SORT_KEYS, render=entry_shown)


def _entry(ask: Request) -> Reply:
    """Fidelity: known pleo §2 – a deleted entry is told with include_deleted=true only."""
    row = ask.holder("entries").entries[ask.keys[0]]
    if row.get("deletedAt") and ask.call.query.get("include_deleted") != "true":
        raise not_found("Accounting entry")
    return one(entry_shown(row))
