"""What people do in RecMan's own screens."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from kobling_simulators.recman.errors import ApiError
from kobling_simulators.recman.scopes import LINE, SCOPES
from kobling_simulators.recman.seed import new_invoice
from kobling_simulators.recman.store import Row, Store
from kobling_simulators.recman.writing import Writing
from kobling_simulators.vendor import PersonRefused

CREDIT_NOTE = "creditnote"


class People:
    """Edits by hand; a credit note is made as `creditnote` and kept among the invoices."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._writing = Writing(store)

    def create(self, entity: str, values: Mapping[str, Any]) -> Row:
        """A new row. An invoice takes `lines` as a list; number, KID and dates come by themselves.

        Raises KeyError, PersonRefused.
        """
        scope = SCOPES["invoice" if entity == CREDIT_NOTE else entity]
        given = dict(values)
        try:
            if scope.name == "invoice":
                kind = CREDIT_NOTE if entity == CREDIT_NOTE else given.pop("type", "invoice")
                return self._invoice({**given, "type": kind})
            return self._writing.insert(scope, given, None)
        except ApiError as error:
            raise PersonRefused(error.message) from error

    def _invoice(self, given: Row) -> Row:
        lines = [_line(line) for line in _listed(given.pop("lines", []))]
        drafted = bool(given.pop("draft", False))
        values = self._writing.checked(SCOPES["invoice"], given, None)
        company = self._store.shelves["company"].find(values.get("companyId") or "")
        if company is None:
            raise PersonRefused("an invoice needs a company")
        today = self._store.clock.moment().date()
        try:
            for name in ("date", "dueDate"):
                date.fromisoformat(values.get(name) or today.isoformat())
        except ValueError as error:
            raise PersonRefused(str(error)) from error
        times = {"created": self._store.now()}
        kept = {name: value for name, value in values.items() if value is not None}
        return new_invoice(self._store, company, {**times, **kept, "lines": lines}, today, drafted=drafted)

    def edit(self, entity: str, key: str, values: Mapping[str, Any]) -> Row:
        """Change some fields; `lines` replaces all lines. Raises KeyError, PersonRefused."""
        scope = SCOPES["invoice" if entity == CREDIT_NOTE else entity]
        row = self._find(scope.name, key)
        given = dict(values)
        lines = given.pop("lines", None)
        try:
            self._writing.update(scope, row, given, None)
        except ApiError as error:
            raise PersonRefused(error.message) from error
        if lines is not None and scope.name == "invoice":
            row["lines"] = self._store.new_lines(_line(line) for line in _listed(lines))
        return row

    def delete(self, entity: str, key: str) -> None:
        """Delete a row. Raises KeyError, PersonRefused."""
        scope = SCOPES["invoice" if entity == CREDIT_NOTE else entity]
        row = self._find(scope.name, key)
        try:
            self._writing.delete(scope, row)
        except ApiError as error:
            raise PersonRefused(error.message) from error

    def _find(self, scope: str, key: str) -> Row:
        row = self._store.shelves[scope].find(key)
        if row is None:
            raise KeyError(f"{scope} {key}")
        return row


def _listed(lines: Any) -> list[Any]:
    return list(lines.values()) if isinstance(lines, dict) else list(lines)


def _line(line: Any) -> Row:
    if not isinstance(line, dict) or not set(line) <= set(LINE):
        raise PersonRefused(f"a line has only {', '.join(LINE)}")
    for value in line.values():
        if value is not None and not isinstance(value, str | int | Decimal):
            raise PersonRefused("values of a line are texts or numbers")
    return {name: None if value is None else str(value) for name, value in line.items()}
