"""The API behind the sign-in: which company, which entity, which row, which verb."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from kobling_simulators.unimicro import filing
from kobling_simulators.unimicro.actions import act, distribute, find
from kobling_simulators.unimicro.books import Books
from kobling_simulators.unimicro.errors import ApiError, RuleBroken, not_found, unauthorized
from kobling_simulators.unimicro.facts import Entity, by_route, entities
from kobling_simulators.unimicro.finding import Finder
from kobling_simulators.unimicro.graphs import Batch
from kobling_simulators.unimicro.imports import Import
from kobling_simulators.unimicro.masterdata import need_unused
from kobling_simulators.unimicro.rules import RULES
from kobling_simulators.unimicro.showing import Shower
from kobling_simulators.unimicro.statistics import new_entity, statistics
from kobling_simulators.unimicro.table import Row
from kobling_simulators.unimicro.tokens import API_SCOPES, Caller
from kobling_simulators.unimicro.values import is_key
from kobling_simulators.wire import Call, Reply, from_json, json_reply

_BIZ = "/api/biz/"
_WRITTEN = frozenset(
    [
        *("Customer", "BusinessRelation", "Contact", "CustomerInvoice", "Product", "Project", "Dimensions"),
        *("Department", "Terms", "CustomField", "Eventplan", "EventSubscriber", "ExpressionFilter"),
    ]
)
_KEPT_FOR_GOOD = frozenset({"Customer"})
_MOST_BODY = 8 * 1024 * 1024


def body_of(call: Call) -> Any:
    """The JSON of a request; nothing where there is none. Raises ApiError."""
    if not call.body.strip():
        return None
    if len(call.body) > _MOST_BODY:
        raise ApiError("The request is too large", 413)
    try:
        return from_json(call.body)
    except (ValueError, RecursionError):
        raise ApiError("The request body is no JSON") from None


class Routes:
    """All calls of a signed-in caller.

    Fidelity: known unimicro §3 – CompanyKey says which company; biz, metadata, statistics, init, files, jobs
    Fidelity: known unimicro §2 – an application of one company needs no CompanyKey
    Fidelity: assumed unimicro §3 – a person without CompanyKey, or with that of another company, gets 403
    Fidelity: assumed unimicro §2 – the scope READ_ONLY only reads; without any scope of the API everything is 403
    """

    def __init__(self, companies: Mapping[str, Books]) -> None:
        self._companies = companies

    def answer(self, call: Call, caller: Caller | None) -> Reply:
        """Any call. Raises ApiError."""
        if caller is None:
            raise unauthorized()
        if not caller.scopes & API_SCOPES:
            raise ApiError("The scope AppFramework is missing", 403)
        if call.method not in ("GET", "HEAD") and not caller.scopes & (API_SCOPES - {"READ_ONLY"}):
            raise ApiError("This client may only read", 403)
        if call.path == "/api/init/companies" and call.method == "GET":
            return json_reply([self._told(key) for key in sorted(caller.companies)])
        books = self._books(call, caller)
        books.year = _year(call)
        if call.path.startswith(_BIZ):
            return self._biz(books, call)
        return self._other(books, call)

    def _told(self, key: str) -> Row:
        books = self._companies[key]
        names = ("Key", "Name") if books.settings.company_names == "Key" else ("CompanyKey", "CompanyName")
        return {names[0]: key, names[1]: books.name, "OrganizationNumber": books.org_number}

    def _books(self, call: Call, caller: Caller) -> Books:
        given = call.headers.get("CompanyKey", "").strip().lower()
        if not given and not caller.person and len(caller.companies) == 1:
            given = next(iter(caller.companies))
        if given not in caller.companies:
            raise ApiError("No access to this company", 403)
        return self._companies[given]

    def _other(self, books: Books, call: Call) -> Reply:
        parts = call.path.strip("/").split("/")
        routes: dict[tuple[str, str], Callable[[], Reply]] = {
            ("GET", "api/statistics"): lambda: json_reply(statistics(books, call.query)),
            ("POST", "api/file"): lambda: json_reply(filing.upload(books, call)),
            ("GET", "api/download"): lambda: Reply(200, *filing.download(books, call.query.get("id", ""))),
            ("POST", "jobs"): lambda: json_reply(Import(books, call.query.get("job", ""), body_of(call)).run()),
        }
        found = routes.get((call.method, "/".join(parts)))
        if found is not None:
            return found()
        if call.method == "GET" and len(parts) == 4 and parts[:2] == ["api", "metadata"] and parts[3] == "new":
            return json_reply(new_entity(books, parts[2]))
        if call.method == "GET" and len(parts) == 2 and parts[0] == "jobs" and parts[1] in books.jobs:
            return json_reply(books.jobs[parts[1]])
        raise ApiError("No such resource", 404)

    def _biz(self, books: Books, call: Call) -> Reply:
        parts = call.path.removeprefix(_BIZ).strip("/").split("/")
        if parts[0] == "files" and len(parts) > 2:
            return self._files(books, call, parts[1:])
        if parts[0] == "distributions":
            if call.method != "PUT" or call.query.get("action") not in ("distribute", "distribute-with-type"):
                raise ApiError("Unknown action for distributions")
            return json_reply(distribute(books, call.query))
        entity = by_route().get(parts[0])
        if entity is None or len(parts) > 2:
            raise ApiError("No such resource", 404)
        if entity.name in books.settings.missing_role:
            raise ApiError(f"A role for {entity.name} is missing", 403)
        key = _key(entity, parts[1] if len(parts) == 2 else call.query.get("ID", call.query.get("id", "")))
        if call.query.get("action"):
            return self._act(books, entity, key, call)
        return self._verb(books, entity, key, call)

    def _act(self, books: Books, entity: Entity, key: int | None, call: Call) -> Reply:
        action = find(entity, call.method, call.query["action"])
        shower = Shower(books, entities()[action.gives], _without_action(call)) if action.gives else None
        made = act(books, entity, action, key, body_of(call))
        if shower is None:
            return json_reply(made)
        return json_reply([shower.shown(row) for row in made] if isinstance(made, list) else shower.shown(made))

    def _verb(self, books: Books, entity: Entity, key: int | None, call: Call) -> Reply:
        if call.method == "GET":
            shower = Shower(books, entity, call.query)
            if key is None:
                return json_reply([shower.shown(row) for row in Finder(books, entity).page(call.query)])
            return json_reply(shower.shown(_row(books, entity, key)))
        if entity.name not in _WRITTEN:
            raise ApiError(f"{entity.name} cannot be changed here", 405)
        if call.method == "POST" and key is None:
            return self._save(books, entity, call, None)
        if call.method == "PUT" and key is not None:
            return self._save(books, entity, call, _row(books, entity, key))
        if call.method == "DELETE" and key is not None:
            delete(books, entity, _row(books, entity, key))
            return Reply(204)
        raise ApiError(f"{call.method} is not possible here", 405)

    def _save(self, books: Books, entity: Entity, call: Call, row: Row | None) -> Reply:
        """Fidelity: assumed unimicro §5 – the answer is the row with those relations that were posted; POST is 200."""
        graph = body_of(call)
        query = dict(call.query)
        query.setdefault("expand", ",".join(posted(entity, graph)))
        shower = Shower(books, entity, query)
        saved = Batch(books).write(entity, graph, row, RULES)
        return json_reply(shower.shown(saved))

    def _files(self, books: Books, call: Call, parts: list[str]) -> Reply:
        entity, row = filing.linked(books, parts[0], parts[1])
        shower = Shower(books, entities()["File"], {})
        if call.method == "GET" and len(parts) == 2:
            return json_reply([shower.shown(each) for each in filing.files_of(books, entity, row["ID"])])
        if call.method == "POST" and len(parts) == 3:
            return json_reply(shower.shown(filing.link(books, entity, row, _key(entity, parts[2]) or 0)))
        raise ApiError(f"{call.method} is not possible here", 405)


def posted(entity: Entity, graph: Any, before: str = "", depth: int = 0) -> list[str]:
    """Paths of the relations that a graph fills in."""
    found: list[str] = []
    for name, value in graph.items() if isinstance(graph, dict) else ():
        relation = entity.relations.get(name)
        if relation is None or value is None or depth > 4:
            continue
        found.append(before + name)
        first = value[0] if isinstance(value, list) and value else value
        found += posted(entities()[relation.target], first, f"{before}{name}.", depth + 1)
    return found


def delete(books: Books, entity: Entity, row: Row, *, person: bool = False) -> None:
    """Mark a row as deleted. Raises RuleBroken.

    Fidelity: known unimicro §4 – customers are blocked instead
    Fidelity: assumed unimicro §5 – an issued invoice cannot be deleted
    """
    if entity.name in _KEPT_FOR_GOOD and not person:
        raise RuleBroken("Customers are blocked or deactivated, not deleted", entity.name, key=row["ID"])
    if entity.name == "CustomerInvoice" and row["StatusCode"] != 42001:
        raise RuleBroken("An issued invoice cannot be deleted", entity.name, "StatusCode", row["ID"])
    need_unused(books, entity.name, row)
    books.delete(entity.name, row)


def _row(books: Books, entity: Entity, key: int) -> Row:
    row = books.get(entity.name, key)
    if row is None:
        raise not_found(entity.name, key)
    return row


def _key(entity: Entity, text: str) -> int | None:
    if not text:
        return None
    if not is_key(text):
        raise not_found(entity.name, text)
    return int(text)


def _without_action(call: Call) -> dict[str, str]:
    return {name: value for name, value in call.query.items() if name in ("expand", "select", "hateoas")}


def _year(call: Call) -> int | None:
    text = call.headers.get("Year", "").strip()
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) == 4):
        raise ApiError("The header Year is no year")
    return int(text)
