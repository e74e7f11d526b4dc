"""Requests for one row: reading it and its parts, changing it, deleting it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kobling_simulators.dataverse.context import Context
from kobling_simulators.dataverse.errors import ApiError, bad_request, duplicate, no_row, no_segment, stale
from kobling_simulators.dataverse.facts import LOOKUPS, Table
from kobling_simulators.dataverse.paths import KeyRef, Segment, key_of, reference
from kobling_simulators.dataverse.reading import Reading, Within, answer, options_of
from kobling_simulators.dataverse.rendering import View, target_of
from kobling_simulators.dataverse.shelf import Row
from kobling_simulators.dataverse.writing import Writer
from kobling_simulators.wire import Call, Reply, from_json


class Single:
    """The requests whose address names one row."""

    def __init__(self, writer: Writer, reading: Reading) -> None:
        self._writer = writer
        self._store = writer.store
        self._reading = reading

    def create(self, table: Table, call: Call, context: Context) -> Reply:
        """POST {set}: 204 with the row's address, or 201 with the row on request."""
        row = self._writer.create(table, json_body(call), context)
        return self._written(table, row, call.query, context, 201)

    def read(self, table: Table, key: str, call: Call, context: Context) -> Reply:
        """GET {set}(key).

        Fidelity: known dataverse §6 – If-None-Match gives 304 for single rows without $expand and annotations
        """
        self._writer.allow(table.logical, "read", context)
        row = self._writer.locate(table, key)
        self._writer.allow_row(row, "read", context)
        options = options_of(call.query)
        known = call.headers.get("If-None-Match", "")
        plain = not options.expand and not context.prefer.get("odata.include-annotations")
        if plain and known == row.etag:
            return Reply(304, b"", "application/json", {"ETag": row.etag, "OData-Version": "4.0"})
        return self._shown(table, row, call.query, context, 200)

    def _shown(self, table: Table, row: Row, query: Mapping[str, str], context: Context, status: int) -> Reply:
        options = options_of(query)
        if options.filter or options.orderby or options.top is not None or options.count:
            raise bad_request("Only $select and $expand apply to a single row.")
        view = View(self._store, table, options, context)
        chosen = f"({','.join(options.select)})" if options.select else ""
        self._reading.rows_shown += 1
        body = {"@odata.context": f"{context.root}/$metadata#{table.set_name}{chosen}/$entity", **view.shown(row)}
        return answer(body, context, status, {"ETag": row.etag})

    def _written(self, table: Table, row: Row, query: Mapping[str, str], context: Context, status: int) -> Reply:
        """Fidelity: known dataverse §6 – 204 with OData-EntityId, or the row with Prefer: return=representation."""
        place = f"{context.root}/{table.set_name}({row.id})"
        if not context.wants_row:
            told = {"OData-Version": "4.0", "OData-EntityId": place, "Location": place}
            return Reply(204, b"", "application/json", told)
        shown = self._shown(table, row, query, context, status)
        more = {"Preference-Applied": "return=representation", "OData-EntityId": place}
        return Reply(status, shown.body, shown.content_type, {**shown.headers, **more})

    def patch(self, table: Table, key: str, call: Call, context: Context) -> Reply:
        """PATCH {set}(key): an upsert, unless If-Match or If-None-Match forbid one half.

        Fidelity: known dataverse §6 – If-Match: * only updates (404), an etag must fit (412), If-None-Match: * creates
        Fidelity: known dataverse §6 – both halves answer 204, with return=representation 201 created, 200 updated
        """
        body = json_body(call)
        ref = key_of(table, key)
        row = self._writer.look(table, ref)
        if row is None:
            if wanted(call, "If-Match"):
                raise no_row(table.logical, key)
            made = self._writer.create(table, body, context, ref)
            return self._written(table, made, call.query, context, 201)
        if call.headers.get("If-None-Match", "").strip() == "*":
            raise duplicate("A record with the specified key values already exists.")
        fits(call, row)
        _no_key_columns(body, ref)
        self._writer.update(table, row, body, context)
        return self._written(table, row, call.query, context, 200)

    def delete(self, table: Table, key: str, call: Call, context: Context) -> Reply:
        """DELETE {set}(key)."""
        row = self._writer.locate(table, key)
        fits(call, row)
        self._writer.delete(table, row, context)
        return no_content()

    def part(self, table: Table, steps: list[Segment], call: Call, context: Context) -> Reply:
        """GET of what lies below a row: a column, its raw value, a related row or rows, references."""
        row = self._writer.locate(table, steps[0].key or "")
        self._writer.allow(table.logical, "read", context)
        self._writer.allow_row(row, "read", context)
        name, rest = steps[1].name, [step.name for step in steps[2:]]
        if name in table.by_read_name and rest in ([], ["$value"]):
            return self._column(table, row, name, context, raw=bool(rest))
        if name in table.singles and rest in ([], ["$ref"]):
            return self._related(table, row, name, call, context, only_reference=bool(rest))
        if name in table.collections and rest in ([], ["$ref"]):
            logical, column = table.collections[name]
            self._writer.allow(logical, "read", context)
            within = Within(column, row.id, f"{table.set_name}({row.id})/{name}")
            return self._reading.collection(self._store.table(logical), call.query, context, within)
        raise no_segment(name)

    def _column(self, table: Table, row: Row, name: str, context: Context, *, raw: bool) -> Reply:
        value = row.values.get(table.by_read_name[name].name)
        if value is None:
            return no_content()
        if raw:
            return Reply(200, str(value).encode(), "text/plain", {"OData-Version": "4.0"})
        body = {"@odata.context": f"{context.root}/$metadata#{table.set_name}({row.id})/{name}", "value": value}
        return answer(body, context)

    def _related(
        self, table: Table, row: Row, name: str, call: Call, context: Context, *, only_reference: bool
    ) -> Reply:
        navigation = table.singles[name]
        target = target_of(table.columns[navigation.column], row)
        key = row.values.get(navigation.column)
        other = self._store.find(target, key) if key and target in navigation.targets else None
        if other is None:
            return no_content()
        related = self._store.table(target)
        if only_reference:
            place = f"{context.root}/{related.set_name}({other.id})"
            return answer({"@odata.context": f"{context.root}/$metadata#$ref", "@odata.id": place}, context)
        self._writer.allow(target, "read", context)
        return self._shown(related, other, call.query, context, 200)

    def put(self, table: Table, steps: list[Segment], call: Call, context: Context) -> Reply:
        """PUT of one column ({"value": …}) or of the reference behind a navigation property."""
        row = self._writer.locate(table, steps[0].key or "")
        fits(call, row)
        body = json_body(call)
        name, rest = steps[1].name, [step.name for step in steps[2:]]
        if rest == ["$ref"] and name in table.singles and isinstance(body, dict):
            self._writer.update(table, row, {f"{name}@odata.bind": body.get("@odata.id")}, context)
            return no_content()
        if rest or name not in table.by_read_name:
            raise no_segment(name)
        if not isinstance(body, dict) or set(body) != {"value"}:
            raise bad_request('The body of a single property must be {"value": …}.')
        self._writer.update(table, row, {name: body["value"]}, context)
        return no_content()

    def remove_part(self, table: Table, steps: list[Segment], call: Call, context: Context) -> Reply:
        """DELETE of a column (clears it) or of a reference.

        Fidelity: known dataverse §6 – DELETE {set}(id)/fax clears; DELETE …/primarycontactid/$ref clears a lookup
        """
        row = self._writer.locate(table, steps[0].key or "")
        fits(call, row)
        name, rest = steps[1].name, [step.name for step in steps[2:]]
        column = table.by_read_name.get(name)
        if rest == ["$ref"] and name in table.singles:
            self._writer.update(table, row, {f"{name}@odata.bind": None}, context)
        elif not rest and column is not None and column.type not in LOOKUPS:
            self._writer.update(table, row, {name: None}, context)
        elif name in table.collections and rest in ([], ["$ref"]):
            self._disassociate(table, row, steps, call, context)
        else:
            raise no_segment(name)
        return no_content()

    def associate(self, table: Table, steps: list[Segment], call: Call, context: Context) -> Reply:
        """POST {set}(key)/{collection}/$ref: let another row point at this one."""
        row = self._writer.locate(table, steps[0].key or "")
        name = steps[1].name
        body = json_body(call)
        if name not in table.collections or not isinstance(body, dict):
            raise no_segment(name)
        self._point(table, name, reference(body.get("@odata.id"))[0], row.id, context)
        return no_content()

    def _disassociate(self, table: Table, row: Row, steps: list[Segment], call: Call, context: Context) -> None:
        name = steps[1].name
        step = Segment("", steps[1].key) if steps[1].key else reference(call.query.get("$id"))[0]
        logical, _ = table.collections[name]
        child = self._store.table(logical)
        self._point(table, name, Segment(child.set_name, step.key), None, context)

    def _point(self, table: Table, name: str, step: Segment, target: str | None, context: Context) -> None:
        logical, column = table.collections[name]
        child = self._store.table(logical)
        if step.name != child.set_name:
            raise bad_request(f"'{name}' holds rows of '{child.set_name}'.")
        self._writer.allow(logical, "write", context)
        other = self._writer.locate(child, step.key or "")
        kind = table.logical if len(child.columns[column].targets) > 1 and target else None
        self._writer.change(child, other, {column: target, f"{column}@type": kind}, context)


def json_body(call: Call) -> Any:
    """The JSON of a body. Raises ApiError.

    Fidelity: known dataverse §3 – with a body Content-Type is application/json
    """
    kind = call.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise ApiError(415, "0x80060888", f"The content type '{kind}' is not supported; use application/json.")
    try:
        return from_json(call.body)
    except ValueError as error:
        raise bad_request(f"An error occurred while validating input parameters: {error}") from None


def wanted(call: Call, name: str) -> str:
    """The value of a condition header; `null`, which clients send to switch caching off, is none."""
    text = call.headers.get(name, "").strip()
    return "" if text == "null" else text


def fits(call: Call, row: Row) -> None:
    """Refuse a stale If-Match. Raises ApiError.

    Fidelity: known dataverse §6 – a stale etag is 412 with 0x80060882
    """
    text = wanted(call, "If-Match")
    if text and text != "*" and row.etag not in [one.strip() for one in text.split(",")]:
        raise stale()


def _no_key_columns(body: Any, ref: KeyRef) -> None:
    """Fidelity: known dataverse §6 – key columns of the address are not repeated in the body."""
    for name, _ in ref.values:
        if isinstance(body, dict) and name in body:
            raise bad_request(f"The key column '{name}' stands in the address and cannot be in the body too.")


def no_content(headers: Mapping[str, str] | None = None) -> Reply:
    """204."""
    return Reply(204, b"", "application/json", {"OData-Version": "4.0", **(headers or {})})
