"""What tables, columns and keys there are, as clients ask: EntityDefinitions, $metadata, message filters."""

from __future__ import annotations

import re
from typing import Any

from kobling_simulators.dataverse.bulk import MESSAGES
from kobling_simulators.dataverse.context import Context
from kobling_simulators.dataverse.definitions import attribute, label, stable_id, table_definition
from kobling_simulators.dataverse.edmx import edmx
from kobling_simulators.dataverse.errors import ApiError, bad_request, no_segment
from kobling_simulators.dataverse.facts import Table
from kobling_simulators.dataverse.keys import AlternateKey
from kobling_simulators.dataverse.paths import Segment
from kobling_simulators.dataverse.picking import told_row, told_rows
from kobling_simulators.dataverse.reading import answer
from kobling_simulators.dataverse.relationships import of_table, relations
from kobling_simulators.dataverse.single import json_body, no_content
from kobling_simulators.dataverse.values import guid
from kobling_simulators.dataverse.writing import Writer
from kobling_simulators.wire import Call, Reply

SEGMENTS = frozenset(
    {
        "$metadata",
        "EntityDefinitions",
        "RelationshipDefinitions",
        "GlobalOptionSetDefinitions",
        "sdkmessagefilters",
        "publishers",
        "solutions",
    }
)
_NAMED = re.compile(r"^(?:LogicalName|SchemaName|Name)='([\w]+)'$")
_SCHEMA_NAME = re.compile(r"^[A-Za-z][A-Za-z0-9]{1,7}_\w+$")
_LISTS = ("Attributes", "Keys", "OneToManyRelationships", "ManyToOneRelationships", "ManyToManyRelationships")
_PUBLISHER = stable_id("publisher", "default")


class Metadata:
    """Definitions of tables.

    Fidelity: known dataverse §1 – EntityDefinitions(LogicalName='…') with EntitySetName, ChangeTrackingEnabled,
    IsOptimisticConcurrencyEnabled, Keys and Attributes
    Fidelity: known dataverse §6 – keys are made by POST EntityDefinitions(LogicalName='…')/Keys
    Fidelity: known dataverse §6 – sdkmessagefilters tell which bulk messages a table has
    Fidelity: inferred dataverse §1 – RelationshipDefinitions, and sdkmessagefilters, answer $expand
    Fidelity: assumed dataverse §1 – no choices are shared; one publisher and the default solution are told
    """

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._store = writer.store

    def answer(self, call: Call, steps: list[Segment], context: Context) -> Reply:
        """The service document, $metadata, definitions, message filters. Raises ApiError."""
        if not steps:
            sets = [{"name": name, "kind": "EntitySet", "url": name} for name in self._store.schema.sets]
            return answer({"@odata.context": f"{context.root}/$metadata", "value": sets}, context)
        name = steps[0].name
        if name == "$metadata":
            tracked = self._writer.settings.change_tracking if call.query.get("annotations") == "true" else []
            return Reply(200, edmx(self._store.schema, tracked).encode(), "application/xml", {"OData-Version": "4.0"})
        if name == "EntityDefinitions":
            return self._tables(call, steps, context)
        if call.method != "GET":
            raise no_segment(name)
        rows = self._told(name)
        if steps[0].key is not None:
            return told_row(call, _found(rows, steps[0].key, name), context, name)
        return told_rows(call, _cast(rows, steps[1:]), context, name)

    def _told(self, name: str) -> list[dict[str, Any]]:
        """Rows of the collections that are no tables here."""
        if name == "RelationshipDefinitions":
            return relations(self._store.schema)
        if name == "sdkmessagefilters":
            return self._message_filters()
        if name == "publishers":
            prefix = {"customizationprefix": "new", "customizationoptionvalueprefix": 10_000, "isreadonly": False}
            told = {"publisherid": _PUBLISHER, "uniquename": "defaultpublisher", "friendlyname": "Default Publisher"}
            return [{**told, **prefix}]
        if name == "solutions":
            named = {"uniquename": "Default", "friendlyname": "Default Solution", "version": "1.0"}
            more = {"ismanaged": False, "_publisherid_value": _PUBLISHER}
            return [{"solutionid": stable_id("solution", "default"), **named, **more}]
        return []

    def _tables(self, call: Call, steps: list[Segment], context: Context) -> Reply:
        if steps[0].key is None:
            tables = [self._definition(table) for table in self._store.schema.tables.values()]
            return told_rows(call, tables, context, "EntityDefinitions", self._list_of)
        table = self._table(steps[0].key)
        if len(steps) == 1 and call.method == "GET":
            return told_row(call, self._definition(table), context, "EntityDefinitions", self._list_of)
        return self._below(call, table, steps[1:], context)

    def _table(self, key: str) -> Table:
        match = _NAMED.match(key)
        for table in self._store.schema.tables.values():
            if (match and table.logical == match[1].lower()) or stable_id("table", table.logical) == key:
                return table
        raise ApiError(404, "0x80060888", f"Could not find an entity with the key {key}.")

    def _definition(self, table: Table) -> dict[str, Any]:
        return table_definition(table, self._writer.settings.change_tracking)

    def _list_of(self, row: dict[str, Any], name: str) -> list[dict[str, Any]]:
        return self._list(self._store.table(row["LogicalName"]), name)

    def _list(self, table: Table, name: str) -> list[dict[str, Any]]:
        """What hangs on a table. Raises KeyError."""
        if name not in _LISTS:
            raise KeyError(name)
        if name == "Attributes":
            return [attribute(table, column, self._writer.unpublished) for column in table.columns.values()]
        if name == "Keys":
            return [self._key(table, key) for key in self._writer.keys.of.get(table.logical, ())]
        return of_table(self._store.schema, table, name)

    def _key(self, table: Table, key: AlternateKey) -> dict[str, Any]:
        return {
            "MetadataId": key.key_id,
            "LogicalName": key.logical_name,
            "SchemaName": key.schema_name,
            "EntityLogicalName": table.logical,
            "KeyAttributes": list(key.columns),
            "EntityKeyIndexStatus": key.status(self._store.clock.now()),
            "DisplayName": label(key.schema_name),
            "IsManaged": False,
            "IntroducedVersion": "1.0.0.0",
        }

    def _below(self, call: Call, table: Table, steps: list[Segment], context: Context) -> Reply:
        name, key = steps[0].name, steps[0].key
        if name == "Keys" and call.method == "POST" and key is None and len(steps) == 1:
            return self._make_key(call, table, context)
        if name == "Keys" and call.method == "DELETE" and key is not None:
            return self._drop_key(table, key)
        if name not in _LISTS or call.method != "GET":
            raise no_segment(name)
        rows = self._list(table, name)
        if key is None:
            return told_rows(call, _cast(rows, steps[1:]), context, f"EntityDefinitions('{table.logical}')/{name}")
        row = _found(rows, key, f"{name} of '{table.logical}'")
        rest = list(steps[1:])
        if rest and rest[0].name.startswith("Microsoft.Dynamics.CRM.") and not _cast([row], rest[:1]):
            raise ApiError(404, "0x80060888", f"'{key}' is no {rest[0].name}.")
        if rest and rest[-1].name == "OptionSet" and row.get("OptionSet"):
            return told_row(call, row["OptionSet"], context, f"{name}/OptionSet")
        return told_row(call, row, context, name)

    def _make_key(self, call: Call, table: Table, context: Context) -> Reply:
        """Fidelity: assumed dataverse §6 – schema names need a publisher's prefix; making keys needs a privilege."""
        if not self._writer.settings.alternate_keys_allowed:
            raise ApiError(403, "0x80040220", f"Principal user (Id={context.user}) is missing prvCreateEntityKey.")
        body = json_body(call)
        name = body.get("SchemaName") if isinstance(body, dict) else None
        columns = body.get("KeyAttributes") if isinstance(body, dict) else None
        if not isinstance(name, str) or not _SCHEMA_NAME.match(name):
            raise bad_request(f"'{name}' is no valid schema name: it needs a prefix such as new_.")
        if not isinstance(columns, list) or not all(isinstance(one, str) for one in columns):
            raise bad_request("KeyAttributes must be a list of column names.")
        key = self._writer.keys.make(table, name, tuple(columns), self._writer.settings.key_build_seconds)
        place = f"{context.root}/EntityDefinitions({stable_id('table', table.logical)})/Keys({key.key_id})"
        return no_content({"OData-EntityId": place})

    def _drop_key(self, table: Table, key: str) -> Reply:
        match = _NAMED.match(key)
        known = self._writer.keys.of.get(table.logical, [])
        for one in known:
            if one.key_id == guid(key) or (match and one.logical_name == match[1].lower()):
                known.remove(one)
                return no_content()
        raise ApiError(404, "0x80060888", f"Could not find the key '{key}'.")

    def _message_filters(self) -> list[dict[str, Any]]:
        return [
            {
                "sdkmessagefilterid": stable_id("filter", logical, message),
                "primaryobjecttypecode": logical,
                "sdkmessageid/name": message,
                "sdkmessageid": {"sdkmessageid": stable_id("message", message), "name": message},
                "_sdkmessageid_value": stable_id("message", message),
            }
            for logical in self._store.schema.tables
            for message in MESSAGES
            if logical in self._writer.settings.bulk_messages
        ]


def _cast(rows: list[dict[str, Any]], steps: list[Segment]) -> list[dict[str, Any]]:
    """The rows of the kind that an address narrows a list to."""
    kinds = {f"#{step.name}" for step in steps}
    return [row for row in rows if row.get("@odata.type") in kinds] if kinds else rows


def _found(rows: list[dict[str, Any]], key: str, where: str) -> dict[str, Any]:
    match = _NAMED.match(key)
    for row in rows:
        names = {str(row.get(name, "")).lower() for name in ("LogicalName", "SchemaName", "Name")}
        ids = {text for name, text in row.items() if name.lower().endswith("id") and isinstance(text, str)}
        if (match and match[1].lower() in names) or (not match and (guid(key) or key) in ids):
            return row
    raise ApiError(404, "0x80060888", f"Could not find '{key}' in {where}.")
