"""Accounting entries: kept by date, searched, shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from kobling_simulators.pleo.envelope import Check, Fields, among, few, flag, instant, key, read, text
from kobling_simulators.pleo.errors import invalid
from kobling_simulators.pleo.facts import (
    DATES,
    ENTRY_STATES,
    EXPORT_STATES,
    FAMILIES,
    REVIEW_STATES,
    SORT_KEYS,
    SUB_FAMILIES,
)
from kobling_simulators.pleo.paging import nulls_first, sorted_rows
from kobling_simulators.pleo.shelf import Kept, Listed, Place, Row, Shelf, Walk, walked
from kobling_simulators.sortedkeys import SortedKeys

_HIDDEN = ("reconciliationId",)


def _dated(value: Any) -> bool:
    try:
        return isinstance(value, str) and bool(_instant(value))
    except (ValueError, OverflowError):
        return False


def _instant(value: str) -> str:
    """Fidelity: assumed pleo §4 – a filter is an ISO instant; a plain day is its midnight in UTC."""
    moment = datetime.fromisoformat(value)
    return instant(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


_LISTS: dict[str, tuple[Check, Callable[[Row], list[Any]]]] = {
    "accountIds": (key, lambda entry: [entry.get("accountId")]),
    "employeeIds": (key, lambda entry: [entry.get("employeeId")]),
    "teamIds": (key, lambda entry: [entry.get("teamId")]),
    "tagRowIds": (key, lambda entry: [tag["tagId"] for tag in entry["tags"]]),
    "taxCodeIds": (key, lambda entry: [entry.get("taxCodeId")]),
    "families": (among(FAMILIES), lambda entry: [entry["family"]]),
    "subFamilies": (among(SUB_FAMILIES), lambda entry: [entry.get("subFamily")]),
    "status": (among(ENTRY_STATES), lambda entry: [entry["status"]]),
    "exportStatus": (among(EXPORT_STATES), lambda entry: [entry["exportStatus"]]),
    "reviewStatus": (among(REVIEW_STATES), lambda entry: [entry["reviewStatus"]]),
    "transactionValueCurrencies": (text(3, 3), lambda entry: [entry["transactionValue"]["currency"]]),
}
_FLAGS = {
    "settled": "settledAt",
    "hasAccount": "accountId",
    "hasBookkeepingDate": "bookkeepingDate",
    "hasNote": "note",
}
_FIELDS: Fields = {
    "includeDeleted": (flag, True),
    **{name: (few(check), False) for name, (check, _) in _LISTS.items()},
    "tagGroupIdsUnset": (few(key), False),
    **dict.fromkeys(_FLAGS, (flag, False)),
    **{f"{name}{end}": (_dated, False) for name in DATES for end in ("Start", "End")},
}


class _Index:
    """Ids by one value; those without it apart."""

    def __init__(self) -> None:
        self.filled: SortedKeys[tuple[str, str]] = SortedKeys()
        self.empty: SortedKeys[str] = SortedKeys()

    def add(self, value: str | None, entry: str) -> None:
        """Remember an entry."""
        self.empty.add(entry) if value is None else self.filled.add((value, entry))

    def remove(self, value: str | None, entry: str) -> None:
        """Forget an entry."""
        self.empty.remove(entry) if value is None else self.filled.remove((value, entry))


class Entries(Shelf):
    """All entries of a company; `uses` counts the entries that name an account, tax code, tag or group."""

    def __init__(self) -> None:
        super().__init__()
        self._by = {name: _Index() for name in SORT_KEYS}
        self.uses: Counter[str] = Counter()

    def __setitem__(self, entry: str, row: Row) -> None:
        super().__setitem__(entry, row)
        self._count(row, 1)
        for name, index in self._by.items():
            index.add(row.get(name), entry)

    def change(self, entry: str, values: Row) -> Row:
        """New values of an entry. Raises KeyError."""
        row = self[entry]
        for name, index in self._by.items():
            index.remove(row.get(name), entry)
        self._count(row, -1)
        row.update(values)
        self._count(row, 1)
        for name, index in self._by.items():
            index.add(row.get(name), entry)
        return row

    def _count(self, row: Row, by: int) -> None:
        named: set[str] = set()
        for part in (row, *row["splitItems"]):
            named |= {part.get("accountId"), part.get("taxCodeId")}
            named |= {tag[name] for tag in part["tags"] for name in ("tagId", "tagGroupId")}
        for each in named:
            self.uses[each] += by

    def ordered(self, name: str, order: str, least: str = "", most: str = "") -> _Ordered:
        """A walk by one value, of all or of those between two instants."""
        return _Ordered(self, self._by[name], order, least, most)


class _Ordered:
    """Entries by one value."""

    def __init__(self, entries: Entries, index: _Index, order: str, least: str, most: str) -> None:
        self._entries = entries
        self._down = order.startswith("DESC")
        self._nulls_first = nulls_first(order)
        self._filled, self._empty = index.filled.keys, index.empty.keys
        self._low = index.filled.position((least, "")) if least else 0
        self._high = index.filled.position((most, "~")) if most else len(self._filled)
        self._nulls = not (least or most)

    def total(self) -> int | None:
        """How many entries."""
        return self._high - self._low + (len(self._empty) if self._nulls else 0)

    def rows(self, after: Place | None, back: bool) -> Iterator[tuple[Place, Row]]:
        """Entries behind a place. Raises ValueError."""
        if after is not None and (len(after) != 2 or not isinstance(after[1], str)):
            raise ValueError("no place among entries")
        parts = ["empty", "filled"] if self._nulls_first else ["filled", "empty"]
        if back:
            parts.reverse()
        if after is not None:
            parts = parts[parts.index("empty" if after[0] is None else "filled") :]
        for at, part in enumerate(parts):
            start = after if at == 0 else None
            if part == "filled":
                behind = start and (start[0], start[1])
                for value, entry in walked(self._filled, behind, back != self._down, self._low, self._high):
                    yield [value, entry], self._entries[entry]
            elif self._nulls:
                for entry in walked(self._empty, start and start[1], back != self._down):
                    yield [None, entry], self._entries[entry]


def search(entries: Entries, body: Any, sort: list[tuple[str, str]]) -> Walk:
    """Entries that fit everything asked for. Raises ApiError.

    Fidelity: known pleo §2 – only one family of dates in a call; deleted ones only with includeDeleted
    Fidelity: assumed pleo §4 – both ends of a range belong to it; without a sort key a range comes by its date
    """
    asked = read(body, _FIELDS)
    dates = [name for name in DATES if any(asked.get(f"{name}{end}") for end in ("Start", "End"))]
    if len(dates) > 1:
        raise invalid("Filter by one kind of date only.")
    least, most = ("", "")
    if dates:
        least, most = (_instant(given) if (given := asked.get(f"{dates[0]}{end}")) else "" for end in ("Start", "End"))
    tests = _tests(asked)
    bounds = (least, most)
    if dates and (len(sort) > 1 or (sort and sort[0][0] != dates[0])):
        tests.append(lambda row: bool(row.get(dates[0])) and least <= row[dates[0]] <= (most or "~"))
        bounds = ("", "")
    walk: Walk = entries
    if len(sort) == 1 or (dates and not sort):
        walk = entries.ordered(*(sort or [(dates[0], "ASC")])[0], *bounds)
    if tests:
        walk = Kept(walk, lambda row: all(test(row) for test in tests))
    return Listed(sorted_rows([row for _, row in walk.rows(None, False)], sort)) if len(sort) > 1 else walk


def _tests(asked: Row) -> list[Callable[[Row], bool]]:
    tests: list[Callable[[Row], bool]] = [] if asked["includeDeleted"] else [lambda row: not row.get("deletedAt")]
    for name, (_, values_of) in _LISTS.items():
        if asked.get(name):
            wanted = set(asked[name])
            tests.append(lambda row, of=values_of, some=wanted: not some.isdisjoint(of(row)))  # type: ignore[misc]
    for name, column in _FLAGS.items():
        if asked.get(name) is not None:
            tests.append(lambda row, of=column, want=asked[name]: bool(row.get(of)) is want)  # type: ignore[misc]
    for group in asked.get("tagGroupIdsUnset") or ():
        tests.append(lambda row, of=group: all(tag["tagGroupId"] != of for tag in row["tags"]))  # type: ignore[misc]
    return tests


def entry_shown(row: Row) -> Row:
    """Fidelity: known pleo §4 – AccountingEntryV1; the reconciliation id is told by the deprecated V6 and by items."""
    return {name: value for name, value in row.items() if not name.startswith("_") and name not in _HIDDEN}
