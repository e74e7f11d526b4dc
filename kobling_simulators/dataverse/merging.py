"""Merge: two rows of one kind become one; the other stays behind, inactive, and points at it."""

from __future__ import annotations

from typing import Any

from kobling_simulators.dataverse.context import Context
from kobling_simulators.dataverse.deleting import pointing
from kobling_simulators.dataverse.errors import bad_request, rule
from kobling_simulators.dataverse.facts import LOOKUPS, Table
from kobling_simulators.dataverse.shelf import Row
from kobling_simulators.dataverse.values import guid
from kobling_simulators.dataverse.writing import Writer

_MERGED = ("account", "contact")
_TYPE = "Microsoft.Dynamics.CRM."
_KEPT = frozenset({"ownerid", "statecode", "statuscode", "masterid", "merged", "overriddencreatedon"})


class Merging:
    """The action Merge.

    Fidelity: inferred dataverse §6 – Target, Subordinate, UpdateContent, PerformParentingChecks; accounts and contacts
    Fidelity: inferred dataverse §6 – what the target lacks comes from the subordinate, which is deactivated
    Fidelity: assumed dataverse §6 – what referred to the subordinate refers to the target; masterid and merged are set
    """

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._store = writer.store

    def merge(self, body: Any, context: Context) -> None:
        """Merge two rows. Raises ApiError."""
        if not isinstance(body, dict) or not isinstance(body.get("PerformParentingChecks", False), bool):
            raise bad_request("The parameter 'PerformParentingChecks' must be true or false.")
        table, target = self._named(body, "Target")
        other_table, subordinate = self._named(body, "Subordinate")
        if table is not other_table or target is subordinate:
            raise bad_request("Target and Subordinate must be two different rows of the same type.")
        for row in (target, subordinate):
            self._writer.allow_row(row, "write", context)
        if subordinate.values["statecode"] != 0 or target.values["statecode"] != 0:
            raise rule("Only active records can be merged.")
        if body.get("PerformParentingChecks"):
            self._same_parents(table, target, subordinate)
        self._take_over(table, target, subordinate, body.get("UpdateContent"), context)
        self._move_references(table, target, subordinate, context)
        left = {"statecode": 1, "statuscode": 2, "merged": True, "masterid": target.id}
        self._writer.change(table, subordinate, left, context)

    def _named(self, body: dict[str, Any], parameter: str) -> tuple[Table, Row]:
        given = body.get(parameter)
        if not isinstance(given, dict):
            raise bad_request(f"The parameter '{parameter}' is missing.")
        logical = str(given.get("@odata.type", "")).lstrip("#").removeprefix(_TYPE)
        if logical not in _MERGED:
            raise bad_request(f"'{parameter}' needs an @odata.type of a table whose rows can be merged.")
        table = self._store.table(logical)
        return table, self._store.row(logical, guid(given.get(table.key)) or "")

    def _same_parents(self, table: Table, target: Row, subordinate: Row) -> None:
        name = "parentaccountid" if table.logical == "account" else "parentcustomerid"
        if target.values.get(name) != subordinate.values.get(name):
            raise rule("The records have different parents, so that they cannot be merged.")

    def _take_over(self, table: Table, target: Row, subordinate: Row, content: Any, context: Context) -> None:
        wanted = {} if content is None else content
        if not isinstance(wanted, dict):
            raise bad_request("The parameter 'UpdateContent' must be a row.")
        given = {name: value for name, value in wanted.items() if name != table.key}
        self._writer.update(table, target, given, context)
        missing: dict[str, Any] = {}
        for name, column in table.columns.items():
            value = subordinate.values.get(name)
            free = column.access == "F" and name not in _KEPT and target.values.get(name) is None
            if free and value is not None and value != target.id:
                missing[name] = value
                if column.type in LOOKUPS and f"{name}@type" in subordinate.values:
                    missing[f"{name}@type"] = subordinate.values[f"{name}@type"]
        if missing:
            self._writer.change(table, target, missing, context)

    def _move_references(self, table: Table, target: Row, subordinate: Row, context: Context) -> None:
        for logical, column, row in pointing(self._store, table.logical, subordinate):
            kept = target.id if row is not target else None
            self._store.change(logical, row, {column: kept, "modifiedon": self._store.now()})
