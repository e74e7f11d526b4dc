"""Which request is answered by what, below the service root of one organization."""

from __future__ import annotations

from kobling_simulators.dataverse.actions import Actions
from kobling_simulators.dataverse.applying import Applying
from kobling_simulators.dataverse.bulk import MESSAGES, Bulk
from kobling_simulators.dataverse.context import Context
from kobling_simulators.dataverse.errors import ApiError, no_segment
from kobling_simulators.dataverse.facts import Table
from kobling_simulators.dataverse.fetch import Fetching
from kobling_simulators.dataverse.metadata import SEGMENTS, Metadata
from kobling_simulators.dataverse.paths import Segment, segments
from kobling_simulators.dataverse.reading import Reading
from kobling_simulators.dataverse.roles import ASSOCIATION
from kobling_simulators.dataverse.single import Single
from kobling_simulators.dataverse.sql import as_query
from kobling_simulators.dataverse.writing import Writer
from kobling_simulators.wire import Call, Reply

_CRM = "Microsoft.Dynamics.CRM."
_WRITE, _READ, _PER_ROW, _PER_BULK_ROW = 0.040, 0.010, 0.00002, 0.010


class Requests:
    """Answers requests one by one; `cost` adds up the execution seconds they would have taken."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self.reading = Reading(writer.store, writer.settings, writer.may)
        self._single = Single(writer, self.reading)
        self._bulk = Bulk(writer)
        self._actions = Actions(writer)
        self._metadata = Metadata(writer)
        self._applying = Applying(writer)
        self._fetching = Fetching(writer, self.reading)
        self.cost = 0.0

    def answer(self, call: Call, path: str, context: Context) -> Reply:
        """The answer to a request whose path is given from the service root. Raises ApiError."""
        self.reading.rows_shown = 0
        try:
            return self._routed(call, segments(path), context)
        finally:
            self.cost += (_READ if call.method == "GET" else _WRITE) + self.reading.rows_shown * _PER_ROW

    def _routed(self, call: Call, steps: list[Segment], context: Context) -> Reply:
        if not steps or steps[0].name in SEGMENTS:
            return self._metadata.answer(call, steps, context)
        table = self._writer.store.schema.sets.get(steps[0].name)
        if table is None:
            return self._actions.unbound(call, steps, context)
        if len(steps) > 1 and steps[-1].name.startswith(_CRM):
            return self._bound(table, steps, call, context)
        if len(steps) > 1 and steps[1].name == ASSOCIATION:
            return self._actions.roles(table, steps, call, context)
        match call.method:
            case "GET":
                return self._get(table, steps, call, context)
            case "POST":
                return self._post(table, steps, call, context)
            case "PATCH" if len(steps) == 1 and steps[0].key is not None:
                return self._single.patch(table, steps[0].key, call, context)
            case "PUT" if len(steps) > 1 and steps[0].key is not None:
                return self._single.put(table, steps, call, context)
            case "DELETE" if steps[0].key is not None:
                if len(steps) == 1:
                    return self._single.delete(table, steps[0].key, call, context)
                return self._single.remove_part(table, steps, call, context)
        raise wrong_method(call.method)

    def _get(self, table: Table, steps: list[Segment], call: Call, context: Context) -> Reply:
        if steps[0].key is not None:
            if len(steps) == 1:
                return self._single.read(table, steps[0].key, call, context)
            return self._single.part(table, steps, call, context)
        self._writer.allow(table.logical, "read", context)
        if len(steps) == 1:
            if "$apply" in call.query:
                return self._applying.answer(table, call.query, context)
            if "fetchXml" in call.query:
                return self._fetching.answer(table, call.query, context)
            query = as_query(table, call.query["sql"]) if "sql" in call.query else call.query
            return self.reading.collection(table, query, context)
        if [step.name for step in steps[1:]] == ["$count"]:
            return self.reading.counted(table, call.query, context)
        raise no_segment(steps[1].name)

    def _post(self, table: Table, steps: list[Segment], call: Call, context: Context) -> Reply:
        if len(steps) == 1 and steps[0].key is None:
            return self._single.create(table, call, context)
        if len(steps) == 3 and steps[2].name == "$ref":
            return self._single.associate(table, steps, call, context)
        raise wrong_method(call.method)

    def _bound(self, table: Table, steps: list[Segment], call: Call, context: Context) -> Reply:
        name = steps[-1].name.removeprefix(_CRM)
        if call.method != "POST" or len(steps) != 2:
            raise wrong_method(call.method)
        if steps[0].key is not None:
            row = self._writer.locate(table, steps[0].key)
            return self._actions.bound(table, row, name, call, context)
        if name in (*MESSAGES, "DeleteMultiple"):
            reply, rows = self._bulk.run(table, name, call, context)
            self.cost += rows * _PER_BULK_ROW
            return reply
        raise no_segment(steps[-1].name)


def wrong_method(method: str) -> ApiError:
    """Fidelity: known dataverse §7 – a wrong verb is HTTP 405."""
    return ApiError(405, "0x80060888", f"The requested resource does not support http method '{method}'.")
