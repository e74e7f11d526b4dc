"""The rows of one entity of one company, with the indexes that queries need."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any

from kobling_simulators.sortedkeys import SortedKeys
from kobling_simulators.unimicro.facts import Entity

Row = dict[str, Any]
_LOOKED_UP = frozenset(
    [
        "CustomerNumber",
        "OrgNumber",
        "PartName",
        "ProjectNumber",
        "OrderNumber",
        "InvoiceNumber",
        "ExternalReference",
        "Name",
        "Code",
        "VatCode",
        "AccountNumber",
        "DepartmentNumber",
        "PaymentID",
        "ShortCode",
        "StorageReference",
        "EntityID",
        "EmailAddress",
    ]
)


class Table:
    """Rows by ID; unset fields are not kept. Deleted rows stay and are marked.

    Every write goes through `add` and `change`, which keep the indexes right.
    """

    def __init__(self, entity: Entity) -> None:
        self.entity = entity
        self.rows: dict[int, Row] = {}
        self.live: SortedKeys[int] = SortedKeys()
        self.all: SortedKeys[int] = SortedKeys()
        self.changed: SortedKeys[tuple[str, int]] = SortedKeys()
        carriers = {relation.carrier for relation in entity.relations.values() if not relation.many}
        wanted = {name for name in entity.fields if name in _LOOKED_UP or name.endswith("ID")} | carriers
        self._indexes: dict[str, dict[Any, int | set[int]]] = {name: {} for name in wanted if name != "ID"}
        self._read: dict[str, Callable[[Row], Any]] = {}
        self._next = 1

    def new_id(self) -> int:
        """The next ID; one that is not used after all is lost."""
        key, self._next = self._next, self._next + 1
        return key

    def add(self, row: Row) -> Row:
        """Take in a row that has its ID and CreatedAt."""
        key: int = row["ID"]
        self.rows[key] = row
        self.all.add(key)
        if not row.get("Deleted"):
            self.live.add(key)
        self.changed.add((_stamp(row), key))
        for name, index in self._indexes.items():
            _note(index, self._value(name, row), key)
        return row

    def change(self, row: Row, values: Mapping[str, Any]) -> None:
        """Set fields of a row; None unsets."""
        key: int = row["ID"]
        before = {name: self._value(name, row) for name in self._indexes}
        self.changed.remove((_stamp(row), key))
        for name, value in values.items():
            if value is None:
                row.pop(name, None)
            else:
                row[name] = value
        self.changed.add((_stamp(row), key))
        for name, index in self._indexes.items():
            after = self._value(name, row)
            if after != before[name]:
                _forget(index, before[name], key)
                _note(index, after, key)
        if values.get("Deleted"):
            self.live.remove(key)

    def index(self, name: str, read: Callable[[Row], Any]) -> None:
        """Keep a further index, of something that is not a field."""
        self._read[name] = read
        index = self._indexes[name] = {}
        for key, row in self.rows.items():
            _note(index, read(row), key)

    def indexed(self, name: str) -> bool:
        """Whether rows can be found by this field at once."""
        return name == "ID" or name in self._indexes

    def keys(self, name: str, value: Any) -> Collection[int]:
        """IDs of rows, deleted ones included, whose indexed field has a value; texts in any case."""
        if name == "ID":
            return (value,) if value in self.rows else ()
        found = self._indexes[name].get(_folded(value), ())
        return (found,) if isinstance(found, int) else found

    def found(self, name: str, value: Any) -> Iterator[Row]:
        """Live rows by an indexed field, in the order of their IDs."""
        return (self.rows[key] for key in sorted(self.keys(name, value)) if not self.rows[key].get("Deleted"))

    def first(self, name: str, value: Any) -> Row | None:
        """The first of these."""
        return next(self.found(name, value), None)

    def get(self, key: Any) -> Row | None:
        """A live row by ID."""
        row = self.rows.get(key) if isinstance(key, int) else None
        return None if row is None or row.get("Deleted") else row

    def since(self, stamp: str, *, inclusive: bool) -> Iterable[int]:
        """IDs of rows, deleted ones included, created or updated after an instant."""
        start = self.changed.position((stamp, 0) if inclusive else (stamp, 1 << 62))
        return (key for _, key in self.changed.ascending(start))

    def _value(self, name: str, row: Row) -> Any:
        read = self._read.get(name)
        return row.get(name) if read is None else read(row)


def _note(index: dict[Any, int | set[int]], value: Any, key: int) -> None:
    """Most values are of one row only, which then needs no set of its own."""
    if value is None:
        return
    folded = _folded(value)
    found = index.get(folded)
    if found is None:
        index[folded] = key
    elif isinstance(found, set):
        found.add(key)
    else:
        index[folded] = {found, key}


def _forget(index: dict[Any, int | set[int]], value: Any, key: int) -> None:
    found = index.get(_folded(value))
    if isinstance(found, set):
        found.discard(key)
    elif found == key:
        del index[_folded(value)]


def _stamp(row: Row) -> str:
    return str(row.get("UpdatedAt") or row["CreatedAt"])


def _folded(value: Any) -> Any:
    return value.casefold() if isinstance(value, str) else value
