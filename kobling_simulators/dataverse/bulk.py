"""CreateMultiple, UpdateMultiple and UpsertMultiple: many rows in one request, all or none."""

from __future__ import annotations

from typing import Any

from kobling_simulators.dataverse.context import Context
from kobling_simulators.dataverse.errors import ApiError, bad_request, no_row
from kobling_simulators.dataverse.facts import Table
from kobling_simulators.dataverse.paths import KeyRef, key_of, reference
from kobling_simulators.dataverse.reading import answer
from kobling_simulators.dataverse.single import json_body, no_content
from kobling_simulators.dataverse.values import guid
from kobling_simulators.dataverse.writing import Writer
from kobling_simulators.wire import Call, Reply

MESSAGES = ("CreateMultiple", "UpdateMultiple", "UpsertMultiple")


class Bulk:
    """The bulk messages of the tables that have them.

    Fidelity: known dataverse §6 – rows carry @odata.type; Create answers the ids, Update and Upsert 204
    Fidelity: known dataverse §6 – all or nothing on standard tables; not every table has them; no DeleteMultiple
    """

    def __init__(self, writer: Writer) -> None:
        self._writer = writer

    def run(self, table: Table, message: str, call: Call, context: Context) -> tuple[Reply, int]:
        """The answer to a message, and how many rows it wrote. Raises ApiError."""
        if message == "DeleteMultiple":
            raise ApiError(501, "0x80040800", "DeleteMultiple has not yet been implemented.")
        if message not in MESSAGES or table.logical not in self._writer.settings.bulk_messages:
            text = f"The '{message}' method does not support entities of type '{table.logical}'."
            raise ApiError(400, "0x80040800", text)
        targets = self._targets(table, call)
        with self._writer.store.atomic():
            if message == "CreateMultiple":
                ids = [self._writer.create(table, one, context).id for one in targets]
                body = {"@odata.context": f"{context.root}/$metadata#Microsoft.Dynamics.CRM.{message}Response"}
                return answer({**body, "Ids": ids}, context), len(ids)
            for one in targets:
                if message == "UpdateMultiple":
                    self._update(table, one, context)
                else:
                    self._upsert(table, one, context)
        return no_content(), len(targets)

    def _targets(self, table: Table, call: Call) -> list[dict[str, Any]]:
        body = json_body(call)
        targets = body.get("Targets") if isinstance(body, dict) else None
        if not isinstance(targets, list) or not targets or not all(isinstance(one, dict) for one in targets):
            raise bad_request("The parameter 'Targets' must be an array of rows and not empty.")
        for one in targets:
            if str(one.get("@odata.type", "")).lstrip("#") != f"Microsoft.Dynamics.CRM.{table.logical}":
                raise bad_request(
                    f"Every row of 'Targets' must have an @odata.type of 'Microsoft.Dynamics.CRM.{table.logical}'."
                )
        return targets

    def _update(self, table: Table, body: dict[str, Any], context: Context) -> None:
        row_id = guid(body.get(table.key))
        if row_id is None:
            raise bad_request(f"Every row of 'Targets' must have its primary key '{table.key}'.")
        row = self._writer.store.row(table.logical, row_id)
        self._writer.update(table, row, body, context)

    def _upsert(self, table: Table, body: dict[str, Any], context: Context) -> None:
        rest = {name: value for name, value in body.items() if name != "@odata.id"}
        key = self._key(table, body)
        row = self._writer.look(table, key)
        if row is None:
            self._writer.create(table, rest, context, key)
            return
        for name, _ in key.values:
            if name in rest:
                raise bad_request(f"The key column '{name}' stands in @odata.id and cannot be in the row too.")
        self._writer.update(table, row, rest, context)

    def _key(self, table: Table, body: dict[str, Any]) -> KeyRef:
        if "@odata.id" in body:
            step = reference(body["@odata.id"])[0]
            if step.name != table.set_name:
                raise bad_request(f"'{body['@odata.id']}' is no row of '{table.set_name}'.")
            return key_of(table, step.key or "")
        row_id = guid(body.get(table.key))
        if row_id is None:
            raise no_row(table.logical, "without @odata.id or primary key")
        return KeyRef(row_id)
