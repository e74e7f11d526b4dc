"""The database of one installation: rows by module with the indexes that keep 100,000 records quick."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from kobling_simulators.simply_crm.modules import Module
from kobling_simulators.simply_crm.values import folded
from kobling_simulators.sortedkeys import SortedKeys


@dataclass(slots=True)
class Line:
    """One line of an invoice, order or quote, as its columns read; a rate that is missing is NULL there.

    on_stock says that its quantity was taken from stock and is given back when the line goes.
    """

    number: int
    product: str
    sequence: int
    quantity: str
    price: str
    discount_percent: str
    discount_amount: str
    comment: str
    taxes: dict[str, str]
    on_stock: bool = False


@dataclass(slots=True)
class Goods:
    """What a product or service has beside its fields: assigned taxes, and prices by currency number."""

    taxes: dict[str, str] = field(default_factory=dict)
    prices: dict[int, str] = field(default_factory=dict)
    currency: int = 1


@dataclass(slots=True)
class Row:
    """One record: only the columns that were given, everything else reads as the module's blank."""

    number: int
    values: dict[str, str]
    label: str = ""
    deleted: bool = False
    lines: list[Line] = field(default_factory=list)
    charges: dict[str, dict[str, Any]] | None = None
    goods: Goods | None = None

    @property
    def last_line(self) -> Line | None:
        """The line that a query shows in the header."""
        return self.lines[-1] if self.lines else None


class Table:
    """Rows of one module. `rows` keeps storage order: a saved row moves to the end."""

    def __init__(self, module: Module) -> None:
        self.module = module
        self.rows: dict[int, Row] = {}
        self.removed: dict[int, Row] = {}
        self.numbers: SortedKeys[int] = SortedKeys()
        self.modified: SortedKeys[tuple[str, int]] = SortedKeys()
        self.equal: dict[str, dict[str, dict[int, None]]] = {name: {} for name in module.indexed}

    def add(self, row: Row) -> None:
        """Put a new row in."""
        self.rows[row.number] = row
        self.numbers.add(row.number)
        self.modified.add((row.values.get("modifiedtime", ""), row.number))
        self._index(row)

    def change(self, row: Row, values: dict[str, str]) -> None:
        """Put new values into a row and keep every index right."""
        self._unindex(row)
        self.modified.remove((row.values.get("modifiedtime", ""), row.number))
        row.values.update(values)
        self.modified.add((row.values.get("modifiedtime", ""), row.number))
        self._index(row)
        self.rows[row.number] = self.rows.pop(row.number)

    def remove(self, row: Row, modified: str) -> None:
        """Move a row to the recycle bin; it keeps its place among the changes."""
        self.change(row, {"modifiedtime": modified})
        self._unindex(row)
        row.deleted = True
        self.numbers.remove(row.number)
        self.removed[row.number] = self.rows.pop(row.number)

    def restore(self, row: Row, values: dict[str, str]) -> None:
        """Take a row out of the recycle bin."""
        self.modified.remove((row.values.get("modifiedtime", ""), row.number))
        del self.removed[row.number]
        row.deleted = False
        row.values.update(values)
        self.add(row)

    def any(self, number: int) -> Row | None:
        """A row, deleted or not."""
        return self.rows.get(number) or self.removed.get(number)

    def with_value(self, name: str, value: str) -> Iterator[Row]:
        """Rows whose indexed column equals a value in the database's eyes."""
        return (self.rows[number] for number in self.equal[name].get(folded(value), ()))

    def _index(self, row: Row) -> None:
        for name, entries in self.equal.items():
            value = row.values.get(name)
            if value:
                entries.setdefault(folded(value), {})[row.number] = None

    def _unindex(self, row: Row) -> None:
        for name, entries in self.equal.items():
            value = row.values.get(name)
            if value:
                key = folded(value)
                numbers = entries.get(key)
                if numbers is not None:
                    numbers.pop(row.number, None)
                    if not numbers:
                        del entries[key]


class Store:
    """All tables, the one sequence of record numbers and the series of readable numbers."""

    def __init__(self, modules: dict[str, Module]) -> None:
        self.modules = modules
        self.tables = {name: Table(module) for name, module in modules.items()}
        self.by_prefix = {module.prefix: name for name, module in modules.items()}
        self.last_number = 1
        self._last_line = 0
        self._highest_line = 0
        self._lines: dict[int, tuple[str, int]] = {}
        self.series: dict[str, int] = {}
        self.links: dict[str, dict[str, None]] = {}
        self._module_of: dict[int, str] = {}

    def next_number(self, module: str) -> int:
        """The next record number; one sequence serves all CRM modules.

        Fidelity: known simply_crm §2 – record numbers come from one sequence shared by all modules
        """
        self.last_number += 1
        self._module_of[self.last_number] = module
        return self.last_number

    def next_line_number(self) -> int:
        """The number behind 33x that the web service gives: one more than the highest there is.

        Fidelity: known simply_crm §5 – line ids are re-used when lines are replaced
        """
        while self._highest_line and self._highest_line not in self._lines:
            self._highest_line -= 1
        return self._highest_line + 1

    def next_screen_line_number(self) -> int:
        """The number that the screens give: the database's own counter, which never goes back."""
        return self._last_line + 1

    def add_line(self, module: str, row: Row, line: Line) -> None:
        """Put a line under a document."""
        row.lines.append(line)
        self._lines[line.number] = (module, row.number)
        self._highest_line = max(self._highest_line, line.number)
        self._last_line = max(self._last_line, line.number)

    def drop_lines(self, row: Row) -> list[Line]:
        """Take all lines from a document; returns them."""
        dropped, row.lines = row.lines, []
        for line in dropped:
            self._lines.pop(line.number, None)
        return dropped

    def line_owner(self, number: int) -> tuple[str, Row] | None:
        """The document of a line, in the bin or not, and its module."""
        module, parent = self._lines.get(number, ("", 0))
        row = self.tables[module].any(parent) if module else None
        return None if row is None else (module, row)

    def next_in_series(self, module: Module) -> str:
        """The next ACC…, CON…, INV… number."""
        self.series[module.name] = self.series.get(module.name, 0) + 1
        return f"{module.number_prefix}{self.series[module.name]}"

    def module_of(self, number: int) -> str | None:
        """Which module a CRM record number belongs to, deleted ones included."""
        return self._module_of.get(number)

    def split(self, full_id: str) -> tuple[str, int] | None:
        """Module name and record number of an id such as 12x3; None when it is none or its prefix is unknown."""
        prefix, separator, number = full_id.partition("x")
        if not separator or prefix not in self.by_prefix or not number.isdecimal():
            return None
        return self.by_prefix[prefix], int(number)

    def find(self, full_id: str) -> Row | None:
        """A live row by its full id."""
        parts = self.split(full_id)
        return None if parts is None else self.tables[parts[0]].rows.get(parts[1])

    def find_any(self, full_id: str) -> Row | None:
        """A row by its full id, in the recycle bin or not."""
        parts = self.split(full_id)
        return None if parts is None else self.tables[parts[0]].any(parts[1])

    def full_id(self, module: str, number: int) -> str:
        """The id that clients see."""
        return f"{self.modules[module].prefix}x{number}"
