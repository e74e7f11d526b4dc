"""Reading rows: fields, filters, pages."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from kobling_simulators.recman.errors import bad
from kobling_simulators.recman.keys import Key
from kobling_simulators.recman.scopes import SCOPES, Scope
from kobling_simulators.recman.settings import Settings
from kobling_simulators.recman.store import Row, Shelf, Store

_NO_FILTERS = frozenset({"key", "scope", "fields", "page"})


class Reading:
    """Pages of a scope.

    Fidelity: known recman §2 – `fields` is a comma list, pages count from 1, all values are texts, unset ones null
    Fidelity: known recman §3 – fields and filters of project; fields of company and its filter companyIds
    Fidelity: assumed recman §3 – fields of invoice, its lines, product, department, user, companyContact and filters
        of invoice and companyContact
    Fidelity: assumed recman §2 – only scope invoice answers without `fields`; a row holds what was asked for
    Fidelity: assumed recman §2 – unknown fields and filters are refused; minProjectId includes the id itself
    Fidelity: inferred recman §2 – numRows counts the rows of all pages
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self.settings = Settings()

    def page(self, key: Key, name: str, query: Mapping[str, str]) -> tuple[int, dict[str, Row]]:
        """How many rows there are in all, and those of the page that was asked for. Raises ApiError."""
        scope, shelf = SCOPES[name], self._store.shelves[name]
        fields = self.fields(scope, query.get("fields"))
        number = query.get("page", "1")
        if not (number.isascii() and number.isdigit() and len(number) < 10 and int(number) > 0):
            raise bad(f"Invalid page '{number}'")
        ids = self._ids(key, scope, shelf, query)
        begin, size = (int(number) - 1) * self.settings.page_size, self.settings.page_size
        if self.settings.order == "newest_first":
            ends = len(ids) - begin
            chosen: Sequence[int] = ids[max(ends - size, 0) : max(ends, 0)][::-1]
        else:
            chosen = ids[begin : begin + size]
        return len(ids), {str(each): self.shown(scope, shelf.rows[each], fields) for each in chosen}

    def fields(self, scope: Scope, wanted: str | None) -> tuple[str, ...]:
        """The fields asked for. Raises ApiError."""
        if not wanted:
            if scope.name != "invoice":
                raise bad("fields is required")
            return scope.fields
        names = tuple(part.strip() for part in wanted.split(","))
        for name in names:
            if name not in scope.fields:
                raise bad(f"Unknown field '{name}' in scope '{scope.name}'")
        return names

    def _ids(self, key: Key, scope: Scope, shelf: Shelf, query: Mapping[str, str]) -> list[int]:
        given = {name: text for name, text in query.items() if name not in _NO_FILTERS}
        least = given.pop(scope.at_least, "0") if scope.at_least else "0"
        for name in given:
            if name not in scope.filters:
                raise bad(f"Unknown parameter '{name}' for scope '{scope.name}'")
        chosen = {scope.filters[name]: frozenset(text.split(",")) for name, text in given.items()}
        ids = self._chosen(key, scope, shelf, chosen)
        if not (least.isascii() and least.isdigit() and len(least) < 19):
            raise bad(f"Invalid {scope.at_least} '{least}'")
        return ids[bisect_left(ids, int(least)) :] if int(least) else ids

    def _chosen(self, key: Key, scope: Scope, shelf: Shelf, chosen: dict[str, frozenset[str]]) -> list[int]:
        if scope.key in chosen:
            found = {text: shelf.find(text) for text in chosen[scope.key]}
            rows = [row for row in found.values() if row and self._store.reaches(scope.name, row, key.departments)]
            return sorted(int(row[scope.key]) for row in rows)
        if key.departments is None and not chosen:
            return shelf.ids.keys
        return shelf.view((key.departments, *sorted(chosen.items())), self._test(key, scope, chosen))

    def _test(self, key: Key, scope: Scope, chosen: dict[str, frozenset[str]]) -> Callable[[Row], bool]:
        def fits(row: Row) -> bool:
            return all(row[name] in wanted for name, wanted in chosen.items()) and self._store.reaches(
                scope.name, row, key.departments
            )

        return fits

    def shown(self, scope: Scope, row: Row, fields: Sequence[str]) -> Row:
        """What an answer holds of a row."""
        return {name: self._value(scope, row, name) for name in fields}

    def _value(self, scope: Scope, row: Row, name: str) -> Any:
        value = row[name]
        if name == "lines":
            negative = row["type"] == "creditnote" and self.settings.credit_notes == "negative"
            value = {key: _signed(line) if negative else line for key, line in value.items()}
        return self.map(value) if name in scope.maps else value

    def map(self, value: dict[str, Any]) -> Any:
        """Fidelity: assumed recman §6 – PHP writes an empty map as a list."""
        return [] if not value and self.settings.empty_maps == "list" else value


def _signed(line: Row) -> Row:
    quantity = str(line["quantity"])
    return {**line, "quantity": quantity if quantity.startswith("-") else f"-{quantity}"}
