"""One request to an API: lists, records, actions and streams of a company."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from kobling_simulators.business_central.addresses import Address, Segment
from kobling_simulators.business_central.errors import (
    CONTENT,
    INVALID_URL,
    NO_IF_MATCH,
    READ_ONLY,
    ApiError,
    bad_request,
    no_record,
    no_segment,
    not_allowed,
    stale,
)
from kobling_simulators.business_central.facts import Schema
from kobling_simulators.business_central.reading import count_all, read_page
from kobling_simulators.business_central.rendering import Rendering
from kobling_simulators.business_central.settings import Settings
from kobling_simulators.business_central.shelf import Row
from kobling_simulators.business_central.table import Company, Parent, Table
from kobling_simulators.odata.nodes import FilterProblem
from kobling_simulators.odata.options import OptionProblem, Options, parse_options, parse_prefer
from kobling_simulators.wire import Call, Reply, from_json, text_reply, to_json

_ACTION = "Microsoft.NAV."
_KNOWN = frozenset({"$schemaversion", "$skiptoken", "$format", "$expand", "$select", "$filter"})
_OCTETS = "application/octet-stream"


@dataclass(frozen=True)
class Request:
    """A call with what was read from it: options, page size, version of the dialect, where its answers point to."""

    call: Call
    address: Address
    url: str
    schema: Schema
    options: Options
    size: int
    rendering: Rendering

    @property
    def root(self) -> str:
        """The API's own address."""
        return self.url + self.address.root

    def json(self) -> Any:
        """The body. Raises ApiError."""
        return read_json(self.call)


def read_request(call: Call, address: Address, url: str, schema: Schema, settings: Settings) -> Request:
    """What a call wants. Raises ApiError."""
    try:
        options = parse_options(call.query)
    except (OptionProblem, FilterProblem) as problem:
        raise ApiError(400, INVALID_URL, str(problem)) from None
    for name in options.more:
        if name.startswith("$") and name not in _KNOWN:
            raise ApiError(400, INVALID_URL, f"The query parameter '{name}' is not supported.")
    version = options.more.get("$schemaversion", "2.0")
    if version not in ("1.0", "2.0", "2.1"):
        raise ApiError(400, INVALID_URL, f"The schema version '{version}' is not supported.")
    size = page_size(call, settings.page_maximum)
    return Request(call, address, url, schema, options, size, Rendering(schema, version))


def page_size(call: Call, most: int) -> int:
    """Fidelity: known business_central §4 – Prefer: odata.maxpagesize makes pages smaller; beyond 20,000 it is 413."""
    text = parse_prefer(call.headers.get("Prefer", "")).get("odata.maxpagesize")
    if text is None:
        return most
    if not text.isdecimal() or int(text) < 1:
        raise bad_request(f"The value '{text[:20]}' of odata.maxpagesize is not valid.")
    if int(text) > most:
        raise ApiError(413, "RequestEntityTooLarge", f"The page size exceeds the maximum of {most} entities.")
    return int(text)


def read_json(call: Call) -> Any:
    """A JSON body. Raises ApiError.

    Fidelity: assumed business_central §3 – a body of another type is 415, one that is no JSON 400
    """
    kind = call.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise ApiError(415, "BadRequest", f"The content type '{kind[:80]}' is not supported; send application/json.")
    try:
        return from_json(call.body)
    except ValueError:
        raise bad_request("The request body is not valid JSON.") from None


class CompanyRequests:
    """Answers what is asked below one company."""

    def __init__(self, company: Company) -> None:
        self._company = company

    def answer(self, request: Request, segments: tuple[Segment, ...]) -> Reply:
        """A list, a record, an action or a stream. Raises ApiError."""
        first, *rest = segments
        table = self._table(first.name, request)
        parent: Parent | None = None
        row = None if first.key is None else table.get(_key(table, first))
        for at, step in enumerate(rest):
            last = at == len(rest) - 1
            if row is None:
                if last and step.name == "$count" and request.call.method == "GET":
                    return text_reply(str(count_all(table, request.options, parent, request.rendering.version)))
                raise no_segment(step.name)
            if step.name in table.entity.navigation:
                parent = Parent(table, row, table.entity.navigation[step.name])
                table = self._table(parent.navigation.target, request)
                row = self._child(table, parent, step)
            elif last:
                return self._last_step(request, table, row, step)
            else:
                raise no_segment(step.name)
        if row is not None:
            return self._record(request, table, row)
        if parent is not None and not parent.navigation.many:
            raise no_record(table.entity.entity, parent.value)
        return self._collection(request, table, parent)

    def _table(self, name: str, request: Request) -> Table:
        if name not in request.schema.sets or name in ("companies", "subscriptions"):
            raise no_segment(name)
        return self._company.table(name, request.schema)

    def _child(self, table: Table, parent: Parent, step: Segment) -> Row | None:
        if not parent.navigation.many:
            return next(iter(table.under(parent)), None)
        return None if step.key is None else table.get_under(_key(table, step), parent)

    def _last_step(self, request: Request, table: Table, row: Row, step: Segment) -> Reply:
        method = request.call.method
        if step.name.startswith(_ACTION):
            action = step.name.removeprefix(_ACTION)
            if action not in table.entity.actions:
                raise no_segment(step.name)
            if method != "POST":
                raise not_allowed(method, step.name)
            table.act(row, action)
            return Reply(204, b"", CONTENT)
        told = table.entity.properties.get(step.name)
        if told is None:
            raise no_segment(step.name)
        if told.type == "Stream":
            return self._stream(request, table, row, step.name)
        if method != "GET":
            raise not_allowed(method, step.name)
        context = f"{request.root}/$metadata#{table.entity.name}({row.id})/{step.name}"
        return reply({"@odata.context": context, "value": table.value(row, step.name)})

    def _stream(self, request: Request, table: Table, row: Row, name: str) -> Reply:
        """The bytes behind a property.

        Fidelity: known business_central §6 – streams are octets; GET of nothing and every write answer 204
        Fidelity: inferred business_central §6 – content is taken with any content type
        """
        call = request.call
        if call.method == "GET":
            content = table.read_stream(row, name)
            return Reply(200, content, _OCTETS) if content else Reply(204, b"", _OCTETS)
        if call.method not in ("PATCH", "PUT"):
            raise not_allowed(call.method, name)
        need_match(call, row.etag)
        table.write_stream(row, name, call.body)
        return Reply(204, b"", CONTENT)

    def _record(self, request: Request, table: Table, row: Row) -> Reply:
        call = request.call
        if call.method == "GET":
            return self._shown(request, table, row, 200)
        if call.method == "PATCH":
            need_match(call, row.etag)
            table.update(row, request.json())
            return self._shown(request, table, row, 200)
        if call.method == "DELETE":
            need_match(call, row.etag)
            table.delete(row)
            return Reply(204, b"", CONTENT)
        raise not_allowed(call.method, table.entity.entity)

    def _shown(self, request: Request, table: Table, row: Row, status: int) -> Reply:
        shown = request.rendering.show(table, row, request.options)
        context = f"{request.root}/$metadata#companies({self._company.id})/{table.entity.name}/$entity"
        headers = {"ETag": row.etag}
        if status == 201:
            headers["Location"] = f"{request.root}/companies({self._company.id})/{table.entity.name}({row.id})"
        return reply({"@odata.context": context, **shown}, status, headers)

    def _collection(self, request: Request, table: Table, parent: Parent | None) -> Reply:
        call = request.call
        if call.method == "POST":
            row = table.create(request.json(), parent)
            return self._shown(request, table, row, 201)
        if call.method != "GET":
            raise not_allowed(call.method, table.entity.name)
        options = request.options
        token = options.more.get("$skiptoken", "")
        page = read_page(table, options, parent, request.size, token, request.rendering.version)
        show = request.rendering.shower(table, options)
        body: dict[str, Any] = {
            "@odata.context": f"{request.root}/$metadata#companies({self._company.id})/{table.entity.name}"
        }
        if page.count is not None:
            body["@odata.count"] = page.count
        body["value"] = [show(row) for row in page.rows]
        if page.token:
            body["@odata.nextLink"] = _next_link(request, page.token)
        return reply(body)


def _key(table: Table, segment: Segment) -> str:
    return segment.key or "" if table.text_key else segment.guid()


def need_match(call: Call, etag: str) -> None:
    """Refuse a write without If-Match, or with a stale one. Raises ApiError.

    Fidelity: known business_central §3 – If-Match is required on PATCH: without it 400 InvalidToken
    Fidelity: inferred business_central §3 – so it is on DELETE, though two clients in use leave it out there
    """
    given = call.headers.get("If-Match")
    if given is None:
        raise ApiError(400, NO_IF_MATCH, "The request must have an If-Match header.")
    if given.strip() != "*" and etag not in [one.strip() for one in given.split(",")]:
        raise stale()


def forbid_writing(call: Call) -> None:
    """Fidelity: known business_central §3 – Data-Access-Intent: ReadOnly reads a replica, and is an error on writes."""
    if call.headers.get("Data-Access-Intent", "").lower() == "readonly" and call.method != "GET":
        raise bad_request("A write cannot run with Data-Access-Intent ReadOnly.", READ_ONLY)


def reply(body: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    """An answer with a JSON body."""
    return Reply(status, to_json(body), CONTENT, {"OData-Version": "4.0", **(headers or {})})


def _next_link(request: Request, token: str) -> str:
    query = {name: text for name, text in request.call.query.items() if name not in ("$skiptoken", "$skip", "aid")}
    text = urlencode({**query, "aid": "FIN", "$skiptoken": token}, quote_via=quote, safe="$,()'")
    return f"{request.url}{quote(request.call.path, safe='/()$')}?{text}"
