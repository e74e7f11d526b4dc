"""What a person does in the screens, and the state as plain records."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kobling_simulators.business_central.environment import Environment, dump_row
from kobling_simulators.business_central.errors import ApiError
from kobling_simulators.business_central.facts import Schema, custom_api, standard
from kobling_simulators.business_central.shelf import Row
from kobling_simulators.business_central.table import Company, Parent, Table
from kobling_simulators.vendor import PersonRefused

_OTHER = "@other"
_LEDGERS = ("customerLedgerEntries", "vendorLedgerEntries", "bankLedgerEntries", "vatEntries")


class People:
    """Edits by hand: what the API refuses is refused, and what no page of the API offers can be done here.

    Fidelity: assumed business_central §6 – the screens check what the API checks; tables that are read-only in the API
    (accounts, dimensions, currency rates, set-up) can be changed here
    """

    def __init__(self, environment: Environment) -> None:
        self._environment = environment

    def entities(self) -> list[str]:
        """Entity sets with a shelf of their own."""
        company = self._environment.main
        return [name for name in (*standard().sets, *custom_api().sets) if name in company.shelves]

    def _table(self, entity: str) -> Table:
        name = entity.removesuffix(_OTHER)
        return company_of(self._environment, entity).table(name, schema_of(name))

    def create(self, entity: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """A new record; lines name their document in documentId or journalId. Raises KeyError, PersonRefused."""
        table = self._table(entity)

        def work() -> Row:
            if "i" not in table.entity.may:
                return table.insert(dict(values))
            return table.create(dict(values), self._parent(table, values))

        return dump_row(*self._done(table, work))

    def _parent(self, table: Table, values: Mapping[str, Any]) -> Parent | None:
        for owner in standard().sets.values():
            for navigation in owner.navigation.values():
                if navigation.target == table.entity.name and navigation.child in ("documentId", "journalId"):
                    row = table.company.find(owner.name, str(values.get(navigation.child, "")))
                    if row is not None:
                        return Parent(table.company.table(owner.name), row, navigation)
        return None

    def edit(self, entity: str, key: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """Change a record by id or number; {"Action": "post"} runs an action. Raises KeyError, PersonRefused."""
        table = self._table(entity)
        row = self._find(table, key)
        given = dict(values)
        action = given.pop("Action", "")

        def work() -> Row:
            if given and "m" in table.entity.may:
                table.update(row, given)
            elif given:
                table.put(row, **given)
            if action:
                table.act(row, action)
            return row

        return dump_row(*self._done(table, work))

    def delete(self, entity: str, key: str) -> None:
        """Delete a record by id or number. Raises KeyError, PersonRefused."""
        table = self._table(entity)
        row = self._find(table, key)

        def work() -> Row:
            if "d" in table.entity.may:
                table.delete(row)
            else:
                table.shelf.remove(row)
            return row

        self._done(table, work, show=False)

    def _find(self, table: Table, key: str) -> Row:
        row = table.shelf.rows.get(key) or next(iter(table.shelf.equal(table.entity.own_key, key)), None)
        if row is None:
            raise KeyError(f"{table.entity.name} {key}")
        return row

    def _done(self, table: Table, work: Any, *, show: bool = True) -> tuple[Row, dict[str, Any]]:
        try:
            row = work()
        except ApiError as error:
            self._environment.journal.roll_back()
            raise PersonRefused(f"{error.code}: {error.message}") from error
        self._environment.journal.commit()
        return row, table.show(row) if show else {}


def schema_of(name: str) -> Schema:
    """The API in which an entity set is. Raises KeyError."""
    for schema in (standard(), custom_api()):
        if name in schema.sets:
            return schema
    raise KeyError(name)


def company_of(environment: Environment, entity: str) -> Company:
    """The seeded company, or the other one for set@other."""
    main, other = environment.companies.values()
    return other if entity.endswith(_OTHER) else main


def dumped(environment: Environment, entity: str) -> list[dict[str, Any]]:
    """All records of an entity set in order of their key. Raises KeyError."""
    name = entity.removesuffix(_OTHER)
    company = company_of(environment, entity)
    if name in _LEDGERS:
        return [dict(row.values) for row in company.shelf(name).rows.values()]
    if name in ("companies", "subscriptions"):
        return environment.listed(name)
    table = company.table(name, schema_of(name))
    return [dump_row(row, table.show(row)) for row in table.shelf.in_order()]
