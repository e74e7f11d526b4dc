"""GET of entity sets: filtering, ordering, paging, counting, and reading only what changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any
from urllib.parse import quote
from uuid import UUID

from kobling_simulators.dataverse.context import Context
from kobling_simulators.dataverse.errors import CONTENT, bad_request
from kobling_simulators.dataverse.facts import Table
from kobling_simulators.dataverse.filters import Filter, compile_filter
from kobling_simulators.dataverse.plans import Plan, Position
from kobling_simulators.dataverse.rendering import View, check_order
from kobling_simulators.dataverse.settings import Settings
from kobling_simulators.dataverse.shelf import Row
from kobling_simulators.dataverse.store import Store
from kobling_simulators.dataverse.tracking import cookie_text, delta_text, mark_of, read_cookie, read_delta
from kobling_simulators.odata.expressions import Compare, Field, FilterProblem, Literal, Logic
from kobling_simulators.odata.options import OptionProblem, Options, parse_options
from kobling_simulators.wire import Reply, to_json

_UNSUPPORTED = ("$skip", "$apply", "$search", "$compute", "$format", "fetchXml", "savedQuery", "userQuery")
_OWN = ("$skiptoken", "$deltatoken")
_CAP = 5_000
_OVER_CAP = "Microsoft.Dynamics.CRM.totalrecordcountlimitexceeded"


def options_of(query: Mapping[str, str]) -> Options:
    """The query options. Raises ApiError.

    Fidelity: known dataverse §4 – $skip is not supported
    Fidelity: assumed dataverse §4 – saved queries are not simulated
    """
    for name in query:
        if name in _UNSUPPORTED:
            raise bad_request(f"The query parameter {name} is not supported.")
    try:
        options = parse_options({name: text for name, text in query.items() if name not in _OWN})
    except (OptionProblem, FilterProblem) as problem:
        raise bad_request(str(problem)) from None
    for name in options.more:
        if name.startswith("$"):
            raise bad_request(f"The query parameter {name} is not supported.")
    return options


@dataclass(frozen=True, slots=True)
class Within:
    """Only the rows whose lookup points at a row; `place` is the address by which they are read."""

    column: str
    row_id: str
    place: str


class Reading:
    """Reads sets of rows; counts the rows it shows, since these cost execution time."""

    def __init__(self, store: Store, settings: Settings, may: Callable[[Row, str, str], bool]) -> None:
        self._store = store
        self.settings = settings
        self._may = may
        self.rows_shown = 0

    def collection(
        self, table: Table, query: Mapping[str, str], context: Context, within: Within | None = None
    ) -> Reply:
        """GET of a set, or of the rows of it that belong to another row. Raises ApiError."""
        options = options_of(query)
        if within is None and _is_tracked(query, context):
            return self._tracked(table, query, options, context)
        found = self._filter(table, options, context, within)
        view = View(self._store, table, options, context)
        place = within.place if within else table.set_name
        mark = mark_of(place, query)
        size, top = self._sizes(options, context)
        after, page = self._position(query, mark)
        plan = Plan(self._store.shelves[table.logical], table, found, check_order(table, options.orderby))
        rows = (row for row in plan.rows(after) if self._may_read(row, context.user))
        shown = list(islice(rows, size if top is None else min(size, top)))
        body = self._body(table, options, context)
        if options.count:
            body["@odata.count"], over = self.count(table, found, context.user)
            if context.annotates(_OVER_CAP):
                body[f"@{_OVER_CAP}"] = over
        self.rows_shown += len(shown)
        body["value"] = [view.shown(row) for row in shown]
        if shown and top is None and next(rows, None) is not None:
            keys, last = plan.position(shown[-1])
            cookie = {"mark": mark, "page": page + 1, "keys": keys, "place": last}
            text = cookie_text(cookie, tracking=False)
            body["@odata.nextLink"] = _link(place, query, context, "$skiptoken", text)
        return answer(body, context)

    def _may_read(self, row: Row, user: str) -> bool:
        """Fidelity: assumed dataverse §7 – rows that a user may not read are left out of lists."""
        return self._may(row, "read", user)

    def _filter(self, table: Table, options: Options, context: Context, within: Within | None = None) -> Filter | None:
        node = options.filter
        if within is not None:
            own = Compare(Field(table.columns[within.column].read_name), "eq", Literal(UUID(within.row_id)))
            node = own if node is None else Logic("and", own, node)
        return None if node is None else compile_filter(self._store, table, node, context.user)

    def _sizes(self, options: Options, context: Context) -> tuple[int, int | None]:
        """Rows on a page, and $top.

        Fidelity: known dataverse §4 – at most and by default 5,000; with odata.maxpagesize $top is ignored
        """
        most = self.settings.page_maximum
        wanted = context.prefer.get("odata.maxpagesize")
        if wanted is None:
            return most, options.top
        if not wanted.isdecimal() or int(wanted) < 1:
            raise bad_request(f"odata.maxpagesize must be a positive number, not '{wanted}'.")
        return min(int(wanted), most), None

    def _position(self, query: Mapping[str, str], mark: str) -> tuple[Position | None, int]:
        if "$skiptoken" not in query:
            return None, 1
        told = read_cookie(query["$skiptoken"], mark)
        if "keys" not in told:
            raise bad_request("Malformed XML in the Paging Cookie")
        return (tuple(tuple(key) for key in told["keys"]), told["place"]), told["page"]

    def _body(self, table: Table, options: Options, context: Context) -> dict[str, Any]:
        chosen = f"({','.join(options.select)})" if options.select else ""
        return {"@odata.context": f"{context.root}/$metadata#{table.set_name}{chosen}"}

    def count(self, table: Table, found: Filter | None, user: str) -> tuple[int, bool]:
        """How many rows fit, at most 5,000, and whether there are more.

        Fidelity: known dataverse §4 – $count caps at 5,000
        """
        if found is None and not self.settings.no_rights:
            total = len(self._store.shelves[table.logical])
            return min(total, _CAP), total > _CAP
        plan = Plan(self._store.shelves[table.logical], table, found, [])
        rows = (row for row in plan.rows(None) if self._may_read(row, user))
        total = sum(1 for _ in islice(rows, _CAP + 1))
        return min(total, _CAP), total > _CAP

    def counted(self, table: Table, query: Mapping[str, str], context: Context) -> Reply:
        """GET {set}/$count: a bare number."""
        options = options_of(query)
        if "$deltatoken" in query:
            version, _ = self._delta(table, query)
            shelf = self._store.shelves[table.logical]
            changed = sum(1 for _ in shelf.since(version, self._store.version))
            total = changed + sum(1 for _ in shelf.deleted_since(version))
        else:
            total, _ = self.count(table, self._filter(table, options, context), context.user)
        return Reply(200, str(total).encode(), "text/plain", {"OData-Version": "4.0"})

    def _delta(self, table: Table, query: Mapping[str, str]) -> tuple[int, str]:
        now = self._store.clock.now()
        return read_delta(query["$deltatoken"], table.set_name, now, self.settings.delta_life_days)

    def _tracked(self, table: Table, query: Mapping[str, str], options: Options, context: Context) -> Reply:
        """A full read that ends in a delta link, or what changed since one.

        Fidelity: known dataverse §5 – created and updated by version, then deleted; new deltaLink on the last page
        Fidelity: known dataverse §5 – $filter, $orderby, $expand and $top are refused
        """
        self._check_tracking(table, query)
        mark = mark_of(table.set_name, query)
        since, until, after, page = self._span(table, query, mark)
        shelf = self._store.shelves[table.logical]
        size, _ = self._sizes(options, context)
        rows = list(islice(shelf.since(since, until, after), size + 1))
        view = View(self._store, table, options, context)
        body = self._body(table, options, context)
        if "$deltatoken" in query:
            body["@odata.context"] += "/$delta"
        body["value"] = [view.shown(row) for row in rows[:size]]
        self.rows_shown += len(body["value"])
        if len(rows) > size:
            told = {"mark": mark, "page": page + 1, "since": since, "until": until, "after": rows[size - 1].version}
            text = cookie_text(told, tracking=True)
            body["@odata.nextLink"] = _link(table.set_name, query, context, "$skiptoken", text)
            return answer(body, context)
        if "$deltatoken" in query:
            gone = f"{context.root}/$metadata#{table.set_name}/$deletedEntity"
            body["value"] += [
                {"@odata.context": gone, "id": row_id, "reason": "deleted"}
                for row_id in shelf.deleted_since(since, until)
            ]
        token = delta_text(until, self._store.clock.now(), mark)
        body["@odata.deltaLink"] = _link(table.set_name, query, context, "$deltatoken", token)
        return answer(body, context)

    def _span(self, table: Table, query: Mapping[str, str], mark: str) -> tuple[int, int, int, int]:
        """Above which version, up to which, behind which, on which page; the first page fixes the upper end."""
        since, until, after, page = 0, self._store.version, 0, 1
        if "$deltatoken" in query:
            since, given = self._delta(table, query)
            if given != mark:
                raise bad_request("The delta token was given for another query.")
        if "$skiptoken" in query:
            told = read_cookie(query["$skiptoken"], mark)
            if "until" not in told:
                raise bad_request("Malformed XML in the Paging Cookie")
            since, until, after, page = told["since"], told["until"], told["after"], told["page"]
        return since, until, after, page

    def _check_tracking(self, table: Table, query: Mapping[str, str]) -> None:
        if table.logical not in self.settings.change_tracking:
            raise bad_request(f"Entity: {table.logical} doesn't have change tracking enabled.")
        for name in ("filter", "orderby", "expand", "top"):
            if f"${name}" in query:
                raise bad_request(f'The "{name}" query parameter isn\'t supported when Change Tracking is enabled.')


def _is_tracked(query: Mapping[str, str], context: Context) -> bool:
    """Fidelity: assumed dataverse §5 – a page cookie knows that its query is tracked, header or not."""
    cookie = query.get("$skiptoken", "")
    return "odata.track-changes" in context.prefer or "$deltatoken" in query or 'istracking="True"' in cookie


def _link(place: str, query: Mapping[str, str], context: Context, name: str, text: str) -> str:
    dropped = ("$skiptoken", "$deltatoken") if name == "$deltatoken" else ("$skiptoken",)
    kept = {key: value for key, value in query.items() if key not in dropped}
    kept[name] = text
    told = "&".join(f"{quote(key, safe='$@')}={quote(value, safe='$,()/:')}" for key, value in kept.items())
    return f"{context.root}/{place}?{told}"


def _taken_up(context: Context) -> list[tuple[str, str]]:
    kept = ("odata.include-annotations", "odata.maxpagesize", "odata.track-changes")
    return [(name, text) for name, text in context.prefer.items() if name in kept]


def answer(body: object, context: Context, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    """A JSON answer with the headers every answer has."""
    more = {"OData-Version": "4.0", **(headers or {})}
    applied = [f'{name}="{text}"' if "*" in text else f"{name}={text}" for name, text in _taken_up(context)]
    if applied:
        more["Preference-Applied"] = ",".join(one.removesuffix("=") for one in applied)
    return Reply(status, to_json(body), CONTENT, more)
