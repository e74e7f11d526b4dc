"""FetchXML: the query language beside OData that many clients speak, by ?fetchXml= on an entity set."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote
from xml.etree.ElementTree import Element, ParseError, fromstring

from kobling_simulators.dataverse.context import Context
from kobling_simulators.dataverse.errors import bad_request
from kobling_simulators.dataverse.facts import Column, Table
from kobling_simulators.dataverse.fetch_conditions import Test, column_of, condition
from kobling_simulators.dataverse.fetch_totals import aggregated
from kobling_simulators.dataverse.fetched import Found, Linked, shown
from kobling_simulators.dataverse.reading import Reading, answer
from kobling_simulators.dataverse.shelf import Row, sort_key
from kobling_simulators.dataverse.writing import Writer
from kobling_simulators.wire import Reply

_COOKIE = "@Microsoft.Dynamics.CRM.fetchxmlpagingcookie"
_MORE = "@Microsoft.Dynamics.CRM.morerecords"
_TOTAL = "@Microsoft.Dynamics.CRM.totalrecordcount"
_DEEPEST = 10


class Fetching:
    """Answers FetchXML.

    Fidelity: inferred dataverse §4 – clients in use send ?fetchXml= with attributes, orders, filters, links, paging
    Fidelity: assumed dataverse §4 – top, count and page; a cookie and morerecords beside a page that is not the last
    """

    def __init__(self, writer: Writer, reading: Reading) -> None:
        self._writer = writer
        self._store = writer.store
        self._reading = reading

    def answer(self, table: Table, query: Mapping[str, str], context: Context) -> Reply:
        """The rows that a query finds. Raises ApiError."""
        fetch, entity = _read(query["fetchXml"], table)
        found = list(self._found(table, entity, context))
        body: dict[str, Any] = {"@odata.context": f"{context.root}/$metadata#{table.set_name}"}
        if fetch.get("aggregate") in ("true", "1"):
            return answer({**body, "value": aggregated(table, entity, found)}, context)
        for place, descending in reversed(_orders(table, entity)):
            found.sort(key=lambda one, name=place: sort_key(one.row.values.get(name)), reverse=descending)  # type: ignore[misc]
        rows = [shown(self._store, table, entity, one, context) for one in found]
        if fetch.get("distinct") in ("true", "1"):
            rows = _distinct(rows, table)
        start, size, page = self._span(fetch)
        kept = rows[start : start + size]
        self._reading.rows_shown += len(kept)
        if fetch.get("returntotalrecordcount") in ("true", "1"):
            body[_TOTAL] = min(len(rows), 5_000)
        if start + size < len(rows) and not fetch.get("top"):
            cookie = f'<cookie page="{page}"><{table.key} last="{{{kept[-1][table.key]}}}" /></cookie>'
            last = quote(quote(cookie))
            body[_COOKIE] = f'<cookie pagenumber="{page + 1}" pagingcookie="{last}" istracking="False" />'
            body[_MORE] = True
        return answer({**body, "value": kept}, context)

    def _span(self, fetch: Element) -> tuple[int, int, int]:
        """Where the page begins, how long it is, which one it is."""
        most = self._reading.settings.page_maximum
        top, count, page = (_number(fetch, name) for name in ("top", "count", "page"))
        if top and (count or page):
            raise bad_request("The top attribute can't be specified with paging attribute page or count.")
        size = min(top or count or most, most)
        return (max(page, 1) - 1) * size, size, max(page, 1)

    def _found(self, table: Table, entity: Element, context: Context) -> Iterator[Found]:
        test = self._filter(table, entity, context)
        links = [self._link(table, one, context, 1) for one in entity.findall("link-entity")]
        for row in list(self._store.shelves[table.logical].rows.values()):
            if self._writer.may(row, "read", context.user) and test(row):
                for linked in _combined(row, links):
                    yield Found(row, linked)

    def _filter(self, table: Table, told: Element, context: Context) -> Test:
        tests = [self._group(table, one, context) for one in told.findall("filter")]
        return lambda row: all(test(row) for test in tests)

    def _group(self, table: Table, told: Element, context: Context) -> Test:
        now = self._store.clock.moment()
        tests = [condition(table, one, now, context.user) for one in told.findall("condition")]
        tests += [self._group(table, one, context) for one in told.findall("filter")]
        if told.get("type", "and") == "or":
            return lambda row: any(test(row) for test in tests)
        return lambda row: all(test(row) for test in tests)

    def _link(self, parent: Table, told: Element, context: Context, depth: int) -> Linked:
        """A <link-entity>. Raises ApiError."""
        table = self._store.schema.tables.get(told.get("name", ""))
        if table is None or depth > _DEEPEST:
            raise bad_request(f"The entity with a name = '{told.get('name')}' was not found.")
        self._writer.allow(table.logical, "read", context)
        own, other = column_of(table, told.get("from")), column_of(parent, told.get("to"))
        inner = [self._link(table, one, context, depth + 1) for one in told.findall("link-entity")]
        test = self._filter(table, told, context)
        alias = told.get("alias") or f"{table.logical}{depth}"

        def rows(row: Row) -> list[Row]:
            value = row.values.get(other.name)
            return [] if value is None else [one for one in self._meeting(table, own, value) if test(one)]

        return Linked(alias, table, told, rows, inner, outer=told.get("link-type", "inner") == "outer")

    def _meeting(self, table: Table, column: Column, value: Any) -> list[Row]:
        if column.name == table.key:
            found = self._store.find(table.logical, str(value))
            return [] if found is None else [found]
        return self._store.where(table.logical, column.name, value)


def _read(text: str, table: Table) -> tuple[Element, Element]:
    try:
        fetch = fromstring(text)  # noqa: S314 – only tests and demonstrations send it
    except ParseError as problem:
        raise bad_request(f"Invalid XML: {problem}") from None
    entity = fetch.find("entity")
    if fetch.tag != "fetch" or entity is None or entity.get("name") != table.logical:
        raise bad_request(f"The entity of the FetchXML does not match the entity set '{table.set_name}'.")
    return fetch, entity


def _number(fetch: Element, name: str) -> int:
    text = fetch.get(name, "0")
    if not text.isdecimal():
        raise bad_request(f"The attribute {name} of fetch must be a whole number, not '{text}'.")
    return int(text)


def _orders(table: Table, entity: Element) -> list[tuple[str, bool]]:
    told = [one for one in entity.findall("order") if one.get("attribute")]
    return [(column_of(table, one.get("attribute")).name, one.get("descending") in ("true", "1")) for one in told]


def _combined(row: Row, links: list[Linked]) -> Iterator[dict[str, Row | None]]:
    """Every combination of linked rows by alias; an inner link without any drops the row."""
    if not links:
        yield {}
        return
    first, *rest = links
    met = first.rows(row)
    for linked in met if met or not first.outer else [None]:
        deeper = _combined(linked, first.inner) if linked is not None else iter([{}])
        for below in deeper:
            for beside in _combined(row, rest):
                yield {first.alias: linked, **below, **beside}


def _distinct(rows: list[dict[str, Any]], table: Table) -> list[dict[str, Any]]:
    seen: dict[str, dict[str, Any]] = {}
    for row in rows:
        plain = {name: value for name, value in row.items() if name not in ("@odata.etag", table.key)}
        seen.setdefault(repr(sorted(plain.items(), key=lambda one: one[0])), row)
    return list(seen.values())
