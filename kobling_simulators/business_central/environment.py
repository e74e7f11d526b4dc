"""One environment: its companies, and which API answers what."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from kobling_simulators.business_central.addresses import Address, Segment, split_segments
from kobling_simulators.business_central.batch import run_batch
from kobling_simulators.business_central.callers import need_permission
from kobling_simulators.business_central.errors import (
    MISSING_PARAMETER,
    NO_COMPANY,
    ApiError,
    bad_request,
    no_segment,
    not_allowed,
)
from kobling_simulators.business_central.facts import EntitySet, Schema, custom_api, standard, web_services
from kobling_simulators.business_central.filters import understand
from kobling_simulators.business_central.metadata import csdl, entity_definitions, service_document
from kobling_simulators.business_central.rendering import selected
from kobling_simulators.business_central.requests import (
    CompanyRequests,
    Request,
    forbid_writing,
    read_request,
    reply,
)
from kobling_simulators.business_central.set_up import set_up
from kobling_simulators.business_central.settings import Settings
from kobling_simulators.business_central.shelf import Journal, Row
from kobling_simulators.business_central.table import Company
from kobling_simulators.business_central.tables import make_table
from kobling_simulators.business_central.values import iso
from kobling_simulators.business_central.webhooks import SUPPORTED, Webhooks
from kobling_simulators.clock import Clock
from kobling_simulators.wire import Call, Reply

COMPANIES = ("Kobling Prøvefirma ApS", "Tomme Bøger ApS")
_RUNTIME = "microsoft/runtime/beta"
_SET_UP_DAYS_AGO = 402
_AVAILABILITY = "ItemAvailability"


class Environment:
    """Two companies: the seeded one and an empty one."""

    def __init__(self, clock: Clock, seed: int, settings: Settings) -> None:
        self.clock = clock
        self.journal = Journal()
        source = random.Random(f"business central {seed}")
        made = [Company(name, clock, self.journal, source, make_table) for name in COMPANIES]
        self.companies = {company.id: company for company in made}
        self.webhooks = Webhooks(clock, source, self.companies)
        self._requests = {company.id: CompanyRequests(company) for company in made}
        self._set_up(made)
        self.use(settings)

    @property
    def main(self) -> Company:
        """The seeded company."""
        return next(iter(self.companies.values()))

    def _set_up(self, companies: list[Company]) -> None:
        """As if it had been done long ago, so that no reader takes it for news."""
        now, frozen = self.clock.now(), bool(self.clock.state()["frozen"])
        year = self.clock.moment().year
        self.clock.freeze(now - _SET_UP_DAYS_AGO * 86_400)
        for company in companies:
            set_up(company, year)
        self.clock.freeze(now)
        if not frozen:
            self.clock.thaw()

    def use(self, settings: Settings) -> None:
        """Other knobs."""
        flush, settings.webhook_flush = settings.webhook_flush, False
        self.settings = settings
        self.webhooks.settings = settings
        self._standard = standard().without(settings.missing) if settings.missing else standard()
        for company in self.companies.values():
            company.settings = settings
        if flush:
            self.webhooks.tick(all_now=True)

    def listen(self) -> None:
        """From now on changes are told to subscribers."""
        self.journal.commit()
        self.journal.listener = self.webhooks.heard

    def listed(self, name: str) -> list[dict[str, Any]]:
        """Companies or subscriptions for the control port."""
        if name == "companies":
            return [self._shown(company) for company in self.companies.values()]
        return self.webhooks.dump()

    def answer(self, call: Call, address: Address, url: str) -> Reply:
        """One call, a batch or a single request. Raises ApiError."""
        if address.segments and address.segments[0].name == "$batch":
            return run_batch(call, address.root, self.journal, self._part(address, url))
        return self._one(call, address, url, self.journal.commit)

    def _part(self, outer: Address, url: str) -> Callable[[Call, Callable[[], None]], Reply]:
        def run(call: Call, commit: Callable[[], None]) -> Reply:
            try:
                segments = split_segments(call.path[len(outer.root) :])
                address = Address(outer.root, outer.tenant, outer.environment, outer.route, segments)
                if segments and segments[0].name == "$batch":
                    raise no_segment("$batch")
                made = self._one(call, address, url, commit)
                if made.later is not None:
                    raise bad_request("Subscriptions cannot be written in a batch.")
                return made
            except ApiError as error:
                return error.reply(self.main.new_id())

        return run

    def _one(self, call: Call, address: Address, url: str, commit: Callable[[], None]) -> Reply:
        """One request in a transaction of its own; a refusal leaves nothing behind."""
        try:
            forbid_writing(call)
            answered = self._routed(call, address, url)
        except ApiError:
            self.journal.roll_back()
            raise
        commit()
        return answered

    def schema(self, route: str) -> Schema | None:
        """What an API offers, None when there is no such API.

        Fidelity: known business_central §1 – custom API pages live under api/{publisher}/{group}/{version}
        """
        if route == "v2.0":
            return self._standard
        if route == custom_api().route and self.settings.extensions == "api":
            return custom_api()
        if route == "ODataV4":
            services = web_services()
            hidden = [name for name in services.sets if name != _AVAILABILITY]
            return services if self.settings.extensions == "odata" else _without(services, tuple(hidden))
        return None

    def _routed(self, call: Call, address: Address, url: str) -> Reply:
        if address.route == _RUNTIME:
            return self._runtime(call, address, url)
        schema = self.schema(address.route)
        if schema is None:
            raise no_segment(address.route)
        request = read_request(call, address, url, schema, self.settings)
        if not address.segments:
            return reply(service_document(schema, request.root))
        first = address.segments[0]
        match first.name:
            case "$metadata":
                return Reply(200, csdl(schema), "application/xml", {"OData-Version": "4.0"})
            case "entityDefinitions":
                return reply(entity_definitions(schema, request.root))
            case "subscriptions":
                return self.webhooks.answer(request, address.segments)
            case "companies" | "Company":
                return self._company(request, address.segments)
        return self._in_company(request, self._named_company(call), address.segments)

    def _company(self, request: Request, segments: tuple[Segment, ...]) -> Reply:
        first = segments[0]
        if first.key is None:
            if len(segments) > 1:
                raise no_segment(segments[1].name)
            if request.call.method != "GET":
                raise not_allowed(request.call.method, "companies")
            rows = [self._shown(company) for company in self.companies.values()]
            kept = _filtered(rows, request)
            return reply({"@odata.context": f"{request.root}/$metadata#companies", "value": kept})
        company = self._by_key(first)
        if len(segments) > 1:
            return self._in_company(request, company, segments[1:])
        if request.call.method != "GET":
            raise not_allowed(request.call.method, "company")
        return reply({"@odata.context": f"{request.root}/$metadata#companies/$entity", **self._shown(company)})

    def _by_key(self, segment: Segment) -> Company:
        if segment.name == "Company":
            found = next((one for one in self.companies.values() if one.name == segment.key), None)
        else:
            found = self.companies.get(segment.guid())
        if found is None:
            raise ApiError(404, NO_COMPANY, f"The company '{segment.key}' does not exist.")
        return found

    def _named_company(self, call: Call) -> Company:
        """Fidelity: known business_central §1 – outside companies({id}) the company is ?company= or a header."""
        wanted = call.query.get("company") or call.headers.get("Company") or ""
        if not wanted:
            raise ApiError(400, MISSING_PARAMETER, "The request must name a company.")
        for company in self.companies.values():
            if wanted.lower() in (company.id, company.name.lower()):
                return company
        raise ApiError(404, NO_COMPANY, f"The company '{wanted}' does not exist.")

    def _in_company(self, request: Request, company: Company, segments: tuple[Segment, ...]) -> Reply:
        need_permission(self.settings, segments[0].name)
        return self._requests[company.id].answer(request, segments)

    def _shown(self, company: Company) -> dict[str, Any]:
        stamp = iso(company.setup.get("created", 0))
        return {
            "id": company.id,
            "systemVersion": "29.0.48810.0",
            "timestamp": 2071,
            "name": company.name,
            "displayName": company.name,
            "businessProfileId": "",
            "systemCreatedAt": stamp,
            "systemCreatedBy": "00000000-0000-0000-0000-000000000001",
            "systemModifiedAt": stamp,
            "systemModifiedBy": "00000000-0000-0000-0000-000000000001",
        }

    def _runtime(self, call: Call, address: Address, url: str) -> Reply:
        """Fidelity: known business_central §5 – which entity sets can be subscribed to is listed here."""
        if [one.name for one in address.segments] != ["companies", "webhookSupportedResources"]:
            raise no_segment("/".join(one.name for one in address.segments))
        self._by_key(address.segments[0])
        rows = [{"resource": f"v2.0/{name}"} for name in SUPPORTED if name in self._standard.sets]
        return reply({"@odata.context": f"{url}{address.root}/$metadata#webhookSupportedResources", "value": rows})


def _without(schema: Schema, hidden: tuple[str, ...]) -> Schema:
    key = (schema.route, hidden)
    if key not in _KEPT:
        _KEPT[key] = schema.without(hidden)
    return _KEPT[key]


_KEPT: dict[tuple[str, tuple[str, ...]], Schema] = {}


def _filtered(rows: list[dict[str, Any]], request: Request) -> list[dict[str, Any]]:
    """Companies are few: filters on them are tried on every one."""
    told: EntitySet = standard().sets["companies"]
    options = request.options
    if options.filter is not None:
        test = understand(options.filter, told, request.rendering.version).test
        rows = [row for row in rows if test(row.get)]
    only = selected(told, options)
    return rows if only is None else [{name: row[name] for name in row if name in only} for row in rows]


def dump_row(row: Row, shown: dict[str, Any]) -> dict[str, Any]:
    """A record for the control port: as JSON carries it, with its ETag under a plain name."""
    return {"etag": row.etag, **{name: value for name, value in shown.items() if name != "@odata.etag"}}
