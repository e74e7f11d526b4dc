"""Insert, update and delete."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from kobling_simulators.recman.errors import ApiError, bad, forbidden, not_found
from kobling_simulators.recman.keys import Key
from kobling_simulators.recman.scopes import ADDRESS, SCOPES, Scope
from kobling_simulators.recman.store import Departments, Row, Store

_MOST = 255
_LONG = frozenset({"note", "directions", "invoiceNotes"})
_MOST_LONG = 65_535
_TYPES = {"company": ("customer", "supplier", "ownCompany"), "invoice": ("invoice", "creditnote")}


class Writing:
    """Changes to rows.

    Fidelity: known recman §3 – projects take insert, update and delete
    Fidelity: assumed recman §3 – companies take them too; invoices and the others cannot be written
    Fidelity: assumed recman §2 – update and delete name the row by its id inside data
    Fidelity: assumed recman §2 – unknown fields, unknown references, values that are neither text nor number, and texts
        over 255 characters (65,535 for notes) are refused; a number is kept as text, a boolean as 0 or 1
    Fidelity: assumed recman §3 – a company needs a name, a project a name and a company; numbers need not be unique
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def perform(self, key: Key, name: str, operation: object, data: object) -> Row:
        """Do one operation; gives the row after it, or the deleted one. Raises ApiError."""
        scope = SCOPES[name]
        if operation not in scope.operations:
            raise bad(f"Operation '{operation}' is not possible in scope '{name}'")
        if not isinstance(data, dict):
            raise bad("data must be an object")
        if operation == "insert":
            return self.insert(scope, data, key.departments)
        row = self._store.shelves[name].find(data.get(scope.key, ""))
        if row is None or not self._store.reaches(name, row, key.departments):
            raise not_found(name, str(data.get(scope.key, "")))
        if operation == "delete":
            self.delete(scope, row)
            return row
        given = {field: value for field, value in data.items() if field != scope.key}
        return self.update(scope, row, given, key.departments)

    def insert(self, scope: Scope, data: Mapping[str, Any], departments: Departments) -> Row:
        """A new row. Raises ApiError."""
        values = self.checked(scope, data, departments)
        for name in scope.required:
            if not values.get(name):
                raise bad(f"Field '{name}' is required")
        if departments is not None and scope.owner and values.get(scope.owner) is None:
            values[scope.owner] = ",".join(sorted(departments))
        stamps = {"created": self._store.now()} if "created" in scope.fields else {}
        row = self._store.shelves[scope.name].add({**values, **stamps})
        self._store.touched(scope.name)
        return row

    def update(self, scope: Scope, row: Row, data: Mapping[str, Any], departments: Departments) -> Row:
        """Change what data names and nothing else. Raises ApiError."""
        values = self.checked(scope, data, departments)
        for name in scope.required:
            if name in values and not values[name]:
                raise bad(f"Field '{name}' is required")
        for name, value in values.items():
            row[name] = {**row[name], **value} if name in scope.maps and name != "lines" else value
        if "updated" in scope.fields:
            row["updated"] = self._store.now()
        self._store.touched(scope.name)
        return row

    def delete(self, scope: Scope, row: Row) -> None:
        """Take a row out.

        Fidelity: assumed recman §3 – a company with projects or invoices stays; so does a project with invoices
        """
        uses = {"company": ("project", "invoice"), "project": ("invoice",)}.get(scope.name, ())
        for name in uses:
            if any(other[scope.key] == row[scope.key] for other in self._store.shelves[name].rows.values()):
                raise ApiError(409, f"{scope.name} {row[scope.key]} is in use")
        self._store.shelves[scope.name].remove(int(row[scope.key]))
        self._store.touched(scope.name)

    def checked(self, scope: Scope, data: Mapping[str, Any], departments: Departments) -> Row:
        """The values of data as they are kept. Raises ApiError."""
        values: Row = {}
        for name, value in data.items():
            if name not in scope.fields or name == scope.key:
                raise bad(f"Unknown field '{name}' in scope '{scope.name}'")
            if name in scope.read_only:
                raise bad(f"Field '{name}' cannot be written")
            if name.endswith("Address"):
                values[name] = _address(name, value)
            elif name in scope.maps:
                raise bad(f"Field '{name}' cannot be written")
            else:
                values[name] = _text(name, value)
        self._references(scope, values, departments)
        if values.get("type") is not None and values["type"] not in _TYPES.get(scope.name, (values["type"],)):
            raise bad(f"Invalid type '{values['type']}'")
        return values

    def _references(self, scope: Scope, values: Row, departments: Departments) -> None:
        for name, other in scope.references.items():
            key = values.get(name)
            if key is None:
                continue
            row = self._store.shelves[other].find(key)
            if row is None or not self._store.reaches(other, row, departments):
                raise bad(f"Field '{name}': {other} {key} does not exist")
        owner = values.get(scope.owner) if scope.owner else None
        if departments is not None and owner and not departments.issuperset(str(owner).split(",")):
            raise forbidden(f"The key has no access to department {owner}")


def _address(name: str, value: object) -> Row:
    if not isinstance(value, dict):
        raise bad(f"Field '{name}' must be an object")
    for part in value:
        if part not in ADDRESS:
            raise bad(f"Unknown field '{name}.{part}'")
    return {part: _text(f"{name}.{part}", text) for part, text in value.items()}


def _text(name: str, value: object) -> str | None:
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return "1" if value else "0"
    if not isinstance(value, str | int | Decimal):
        raise bad(f"Field '{name}' must be a text")
    text = str(value)
    if len(text) > (_MOST_LONG if name in _LONG else _MOST):
        raise bad(f"Field '{name}' is too long")
    return text
