"""What tables, columns and keys there are, as clients ask: EntityDefinitions, $metadata, message filters."""

from __future__ import annotations

import re
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from kobling_simulators.dataverse.bulk import MESSAGES
from kobling_simulators.dataverse.context import Context
from kobling_simulators.dataverse.definitions import attribute, relationships
from kobling_simulators.dataverse.edmx import edmx
from kobling_simulators.dataverse.errors import ApiError, bad_request, no_property, no_segment
from kobling_simulators.dataverse.facts import Table
from kobling_simulators.dataverse.keys import AlternateKey
from kobling_simulators.dataverse.paths import Segment
from kobling_simulators.dataverse.reading import answer, options_of
from kobling_simulators.dataverse.roles import privileges
from kobling_simulators.dataverse.single import json_body, no_content
from kobling_simulators.dataverse.values import guid
from kobling_simulators.dataverse.writing import Writer
from kobling_simulators.odata.expressions import Field, FilterProblem, matches, walk
from kobling_simulators.odata.options import Options
from kobling_simulators.wire import Call, Reply

_NAMED = re.compile(r"^(?:LogicalName|SchemaName)='([\w]+)'$")
_SCHEMA_NAME = re.compile(r"^[A-Za-z][A-Za-z0-9]{1,7}_\w+$")


def stable_id(*parts: str) -> str:
    """The same GUID for the same thing."""
    return str(uuid5(NAMESPACE_URL, "/".join(parts)))


class Metadata:
    """Definitions of tables.

    Fidelity: known dataverse §1 – EntityDefinitions(LogicalName='…') with EntitySetName, ChangeTrackingEnabled,
    IsOptimisticConcurrencyEnabled, Keys and Attributes
    Fidelity: known dataverse §6 – keys are made by POST EntityDefinitions(LogicalName='…')/Keys
    Fidelity: known dataverse §6 – sdkmessagefilters tell which bulk messages a table has
    """

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._store = writer.store

    def answer(self, call: Call, steps: list[Segment], context: Context) -> Reply:
        """The service document, $metadata, definitions, message filters. Raises ApiError."""
        if not steps:
            sets = [{"name": name, "kind": "EntitySet", "url": name} for name in self._store.schema.sets]
            return answer({"@odata.context": f"{context.root}/$metadata", "value": sets}, context)
        if steps[0].name == "$metadata":
            tracked = self._writer.settings.change_tracking if call.query.get("annotations") == "true" else []
            return Reply(200, edmx(self._store.schema, tracked).encode(), "application/xml", {"OData-Version": "4.0"})
        if steps[0].name == "sdkmessagefilters" and call.method == "GET" and len(steps) == 1:
            return self._rows(call, self._message_filters(), context, "sdkmessagefilters")
        if steps[0].name != "EntityDefinitions":
            raise no_segment(steps[0].name)
        if steps[0].key is None:
            tables = [self._definition(table) for table in self._store.schema.tables.values()]
            return self._rows(call, tables, context, "EntityDefinitions")
        table = self._table(steps[0].key)
        if len(steps) == 1 and call.method == "GET":
            return self._one(call, table, context)
        return self._below(call, table, steps[1:], context)

    def _table(self, key: str) -> Table:
        match = _NAMED.match(key)
        for table in self._store.schema.tables.values():
            if (match and table.logical == match[1].lower()) or stable_id("table", table.logical) == key:
                return table
        raise ApiError(404, "0x80060888", f"Could not find an entity with the key {key}.")

    def _definition(self, table: Table) -> dict[str, Any]:
        return {
            "MetadataId": stable_id("table", table.logical),
            "LogicalName": table.logical,
            "SchemaName": table.logical.capitalize(),
            "EntitySetName": table.set_name,
            "LogicalCollectionName": table.set_name,
            "PrimaryIdAttribute": table.key,
            "PrimaryNameAttribute": table.primary_name,
            "ChangeTrackingEnabled": table.logical in self._writer.settings.change_tracking,
            "IsOptimisticConcurrencyEnabled": True,
            "IsCustomEntity": table.logical.startswith("bcbi_"),
            "Privileges": privileges(table),
            "OwnershipType": "UserOwned" if "ownerid" in table.columns else "OrganizationOwned",
        }

    def _expanded(self, table: Table) -> dict[str, list[dict[str, Any]]]:
        return {
            "Attributes": [attribute(table, column, self._writer.unpublished) for column in table.columns.values()],
            "Keys": [self._key(table, key) for key in self._writer.keys.of.get(table.logical, ())],
            "ManyToOneRelationships": relationships(table),
        }

    def _key(self, table: Table, key: AlternateKey) -> dict[str, Any]:
        return {
            "MetadataId": key.key_id,
            "LogicalName": key.logical_name,
            "SchemaName": key.schema_name,
            "EntityLogicalName": table.logical,
            "KeyAttributes": list(key.columns),
            "EntityKeyIndexStatus": key.status(self._store.clock.now()),
        }

    def _one(self, call: Call, table: Table, context: Context) -> Reply:
        options = options_of(call.query)
        body = _projected(self._definition(table), options.select, "EntityMetadata")
        lists = self._expanded(table)
        for expand in options.expand:
            if expand.name not in lists:
                raise no_property(expand.name, "EntityMetadata")
            body[expand.name] = _picked(lists[expand.name], expand.options)
        return answer({"@odata.context": f"{context.root}/$metadata#EntityDefinitions/$entity", **body}, context)

    def _below(self, call: Call, table: Table, steps: list[Segment], context: Context) -> Reply:
        lists = self._expanded(table)
        name, key = steps[0].name, steps[0].key
        if name == "Keys" and call.method == "POST" and key is None and len(steps) == 1:
            return self._make_key(call, table, context)
        if name == "Keys" and call.method == "DELETE" and key is not None:
            return self._drop_key(table, key)
        if name not in lists or call.method != "GET":
            raise no_segment(name)
        if key is None:
            rows = lists[name]
            if len(steps) > 1:
                kind = f"#{steps[1].name}"
                rows = [row for row in rows if row.get("@odata.type") == kind]
            return self._rows(call, rows, context, f"EntityDefinitions('{table.logical}')/{name}")
        match = _NAMED.match(key)
        for row in lists[name]:
            if row["MetadataId"] == key or (match and row.get("LogicalName") == match[1].lower()):
                options = options_of(call.query)
                body = _projected(row, options.select, name) | _option_set(row, options)
                return answer({"@odata.context": f"{context.root}/$metadata#{name}/$entity", **body}, context)
        raise ApiError(404, "0x80060888", f"Could not find '{key}' in {name} of '{table.logical}'.")

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
                "_sdkmessageid_value": stable_id("message", message),
            }
            for logical in self._store.schema.tables
            for message in MESSAGES
            if logical in self._writer.settings.bulk_messages
        ]

    def _rows(self, call: Call, rows: list[dict[str, Any]], context: Context, what: str) -> Reply:
        body = {"@odata.context": f"{context.root}/$metadata#{what}", "value": _picked(rows, options_of(call.query))}
        return answer(body, context)


def _picked(rows: list[dict[str, Any]], options: Options) -> list[dict[str, Any]]:
    """The rows that a filter leaves, with chosen properties."""
    node = options.filter
    if node is not None:
        known = set().union(*rows) if rows else None
        for one in walk(node):
            if isinstance(one, Field) and known is not None and one.path not in known:
                raise no_property(one.path, "metadata")
        try:
            rows = [row for row in rows if matches(node, row.get)]
        except FilterProblem as problem:
            raise bad_request(str(problem)) from None
    return [_projected(row, options.select, "metadata") | _option_set(row, options) for row in rows]


def _option_set(row: dict[str, Any], options: Options) -> dict[str, Any]:
    """The choices of a column hang on a navigation property: they come only when it is expanded.

    Fidelity: assumed dataverse §4 – labels via PicklistAttributeMetadata and its OptionSet
    """
    asked = any(each.name == "OptionSet" for each in options.expand)
    return {"OptionSet": row["OptionSet"]} if asked and "OptionSet" in row else {}


def _projected(row: dict[str, Any], select: tuple[str, ...] | None, kind: str) -> dict[str, Any]:
    plain = {name: value for name, value in row.items() if "/" not in name}
    if select is None:
        return plain
    for name in select:
        if name not in plain and name not in _ELSEWHERE:
            raise no_property(name, kind)
    kept = ("@odata.type", "MetadataId", *select)
    return {name: value for name, value in plain.items() if name in kept}


_ELSEWHERE = frozenset({"MaxLength", "Precision", "MinValue", "MaxValue", "Targets", "Format", "OptionSet"})
