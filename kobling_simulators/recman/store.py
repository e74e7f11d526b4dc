"""Rows of all scopes, in the order of their ids."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from kobling_simulators.clock import Clock
from kobling_simulators.recman.scopes import LINE, SCOPES
from kobling_simulators.sortedkeys import SortedKeys

Row = dict[str, Any]
Departments = frozenset[str] | None
_FIRST = {"company": 20_101, "project": 33_001, "invoice": 70_001, "product": 501, "companyContact": 44_001, "user": 11}
_MOST_VIEWS = 64


class Shelf:
    """The rows of one scope by id, and the filtered lists of ids that were asked for since the last change."""

    def __init__(self, scope: str) -> None:
        self.scope = SCOPES[scope]
        self.rows: dict[int, Row] = {}
        self.ids: SortedKeys[int] = SortedKeys()
        self.deleted: list[Row] = []
        self._next = _FIRST.get(scope, 1)
        self._views: dict[object, list[int]] = {}

    def __len__(self) -> int:
        return len(self.rows)

    def add(self, row: Mapping[str, Any]) -> Row:
        """A new row with an id of its own; fields not given are unset."""
        key, self._next = self._next, self._next + 1
        blank: Row = {name: {} if name in self.scope.maps else None for name in self.scope.fields}
        full = {**blank, **row, self.scope.key: str(key)}
        self.rows[key] = full
        self.ids.add(key)
        self.touched()
        return full

    def remove(self, key: int) -> None:
        """Take a row out; it is kept among the deleted ones."""
        self.deleted.append(self.rows.pop(key))
        self.ids.remove(key)
        self.touched()

    def touched(self) -> None:
        """A row has changed: lists made by its values are no longer right."""
        self._views.clear()

    def find(self, key: object) -> Row | None:
        """A row by the text of its id."""
        text = str(key)
        return self.rows.get(int(text)) if text.isascii() and text.isdigit() and len(text) < 19 else None

    def view(self, name: object, fits: Callable[[Row], bool]) -> list[int]:
        """Ids of the rows that fit, in order; made once per name until something changes."""
        found = self._views.get(name)
        if found is None:
            if len(self._views) >= _MOST_VIEWS:
                self._views.clear()
            found = [key for key in self.ids.keys if fits(self.rows[key])]
            self._views[name] = found
        return found


class Store:
    """All shelves of one installation."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.shelves = {name: Shelf(name) for name in SCOPES}
        self.last_invoice = 30_000
        self._last_line = 150_000

    def now(self) -> str:
        """Fidelity: assumed recman §3 – times are `YYYY-MM-DD hh:mm:ss` without a zone."""
        return self.clock.moment().strftime("%Y-%m-%d %H:%M:%S")

    def reaches(self, scope: str, row: Row, departments: Departments) -> bool:
        """Whether a key of these departments sees a row.

        Fidelity: inferred recman §4 – keys are scoped to all or named departments
        Fidelity: assumed recman §1 – rows of no department are seen by all; a contact is seen with its company
        """
        if departments is None:
            return True
        if scope == "companyContact":
            company = self.shelves["company"].find(row["companyId"])
            return company is not None and self.reaches("company", company, departments)
        owner = SCOPES[scope].owner
        owned = str(row[owner] or "").split(",") if owner else [""]
        return owned == [""] or not departments.isdisjoint(owned)

    def touched(self, scope: str) -> None:
        """A row of a scope has changed; contacts follow their companies."""
        self.shelves[scope].touched()
        if scope == "company":
            self.shelves["companyContact"].touched()

    def new_lines(self, rows: Iterable[Mapping[str, Any]]) -> dict[str, Row]:
        """Invoice lines keyed by ids of their own."""
        made: dict[str, Row] = {}
        for row in rows:
            self._last_line += 1
            made[str(self._last_line)] = {**dict.fromkeys(LINE), **row}
        return made
