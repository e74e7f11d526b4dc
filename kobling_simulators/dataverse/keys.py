"""Alternate keys: made by an admin or a client, unique once their index is built."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from kobling_simulators.dataverse.errors import ApiError, bad_request, duplicate
from kobling_simulators.dataverse.facts import LOOKUPS, Table
from kobling_simulators.dataverse.shelf import Row, equal_key
from kobling_simulators.dataverse.store import Store

_TYPES = LOOKUPS | {"String", "Integer", "Decimal", "DateTime", "Picklist"}
_MOST_KEYS, _MOST_COLUMNS, _MOST_BYTES = 10, 16, 900


@dataclass(slots=True)
class AlternateKey:
    """One key of a table; active from an instant on, or failed because rows were not unique."""

    key_id: str
    schema_name: str
    columns: tuple[str, ...]
    active_from: float
    failed: bool = False

    @property
    def logical_name(self) -> str:
        """The schema name in lower case."""
        return self.schema_name.lower()

    def status(self, now: float) -> str:
        """EntityKeyIndexStatus."""
        if self.failed:
            return "Failed"
        return "Active" if now >= self.active_from else "Pending"


class AlternateKeys:
    """The keys of all tables.

    Fidelity: known dataverse §6 – none on stock tables; at most 10 a table, 16 columns, 900 bytes; built in time
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self.of: dict[str, list[AlternateKey]] = {}

    def make(self, table: Table, schema_name: str, columns: tuple[str, ...], build_seconds: float) -> AlternateKey:
        """A new key; its index is built later. Raises ApiError."""
        known = self.of.setdefault(table.logical, [])
        if any(one.logical_name == schema_name.lower() or set(one.columns) == set(columns) for one in known):
            raise bad_request(f"A key named '{schema_name}' or with the same columns exists.")
        if len(known) >= _MOST_KEYS:
            raise bad_request(f"The table '{table.logical}' has the maximum number of alternate keys.")
        if not 1 <= len(columns) <= _MOST_COLUMNS or len(set(columns)) != len(columns):
            raise bad_request("A key has between 1 and 16 different columns.")
        size = 0
        for name in columns:
            column = table.columns.get(name)
            if column is None or column.type not in _TYPES:
                raise bad_request(f"The column '{name}' cannot be part of a key of '{table.logical}'.")
            size += 2 * (column.length or 0) if column.type == "String" else 16
        if size > _MOST_BYTES:
            raise bad_request(f"The key is longer than {_MOST_BYTES} bytes.")
        now = self._store.clock.now()
        made = AlternateKey(self._store.new_id(), schema_name, columns, now + build_seconds)
        made.failed = not self._is_unique(table.logical, columns)
        known.append(made)
        return made

    def _is_unique(self, logical: str, columns: tuple[str, ...]) -> bool:
        seen: set[tuple[object, ...]] = set()
        for row in self._store.shelves[logical].rows.values():
            values = tuple(equal_key(row.values.get(name)) for name in columns)
            if all(one is None for one in values):
                continue
            if values in seen:
                return False
            seen.add(values)
        return True

    def find(self, table: Table, values: tuple[tuple[str, object], ...]) -> Row | None:
        """The row with these values of an active key. Raises ApiError when there is no such key."""
        names = {name for name, _ in values}
        now = self._store.clock.now()
        for key in self.of.get(table.logical, ()):
            if set(key.columns) == names and key.status(now) == "Active":
                return next(iter(self._having(table.logical, dict(values))), None)
        raise ApiError(
            400,
            "0x80060888",
            f"The specified key attributes are not a defined key for the {table.logical} entity",
        )

    def _having(self, logical: str, values: dict[str, object]) -> list[Row]:
        first, value = next(iter(values.items()))
        return [
            row
            for row in self._store.where(logical, first, value)
            if all(equal_key(row.values.get(name)) == equal_key(one) for name, one in values.items())
        ]

    def check(self, logical: str, values: dict[str, Any], row: Row | None) -> None:
        """Refuse values that another row has in an active key. Raises ApiError."""
        now = self._store.clock.now()
        for key in self.of.get(logical, ()):
            wanted = {name: values.get(name) for name in key.columns}
            if key.status(now) != "Active" or any(one is None for one in wanted.values()):
                continue
            if any(other is not row for other in self._having(logical, wanted)):
                raise duplicate(f"Cannot insert duplicate key, as {key.schema_name} is not unique.")
