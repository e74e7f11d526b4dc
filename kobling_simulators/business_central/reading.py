"""Lists: which rows, in which order, page by page, without walking the table where an index leads there."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from kobling_simulators.business_central.errors import INVALID_URL, ApiError, no_property
from kobling_simulators.business_central.filters import comparable, understand
from kobling_simulators.business_central.shelf import Row, Shelf, sort_key
from kobling_simulators.business_central.table import Parent, Table
from kobling_simulators.business_central.values import is_empty
from kobling_simulators.odata.options import Options
from kobling_simulators.sortedkeys import SortedKeys
from kobling_simulators.wire import from_json, to_json

_LAST_MODIFIED = "lastModifiedDateTime"
_SKIM = 4
Test = Callable[[Row], bool]


@dataclass(frozen=True, slots=True)
class Page:
    """One page: rows, the token of the next page ("" at the end), and how many rows there are in all if asked."""

    rows: list[Row]
    token: str
    count: int | None


def read_page(table: Table, options: Options, parent: Parent | None, size: int, token: str, version: str) -> Page:
    """Rows that fit, from a token on. Raises ApiError.

    Fidelity: known business_central §4 – server-driven paging with an opaque token
    Fidelity: assumed business_central §4 – without $orderby rows come in order of their key
    """
    return _Query(table, options, parent, version).page(size, token)


def count_all(table: Table, options: Options, parent: Parent | None, version: str) -> int:
    """How many rows fit. Raises ApiError."""
    return _Query(table, options, parent, version).count()


class _Query:
    def __init__(self, table: Table, options: Options, parent: Parent | None, version: str) -> None:
        self._table = table
        self._options = options
        self._parent = parent
        self._shelf: Shelf = table.shelf
        node = options.filter
        self._filter = None if node is None else understand(node, table.entity, version)
        for order in options.orderby:
            told = table.entity.properties.get(order.field)
            if told is None or told.type == "Stream":
                raise no_property(order.field, table.entity.entity)
        asked: dict[str, Any] = {}
        if self._filter is not None:
            asked = {**dict.fromkeys(self._filter.asked), **self._filter.equal}
        self._scope = table.scope(asked, parent)
        self._test = self._whole_test()

    def _whole_test(self) -> Test | None:
        scope = self._scope
        if self._filter is None:
            return scope
        test, special, value = self._filter.test, comparable(self._table.entity), self._table.value

        def fits(row: Row) -> bool:
            if scope is not None and not scope(row):
                return False
            return bool(test(lambda name: special[name](row) if name in special else value(row, name)))

        return fits

    def page(self, size: int, token: str) -> Page:
        """One page of rows."""
        begin = _opened(token)
        left = begin.get("n", self._options.top)
        wanted = size if left is None else min(size, left)
        skip = 0 if token else self._options.skip or 0
        found: list[tuple[Any, Row]] = []
        more = False
        for key, row in self._ordered(begin.get("k"), wanted + skip):
            if skip:
                skip -= 1
            elif len(found) == wanted:
                more = left is None or left > wanted
                break
            else:
                found.append((key, row))
        rest = None if left is None else left - wanted
        next_token = _closed(found[-1][0], rest) if more and found else ""
        return Page([row for _, row in found], next_token, self.count() if self._options.count else None)

    def count(self) -> int:
        """How many rows fit."""
        few = self._few()
        if few is None and self._test is None:
            return len(self._shelf)
        if few is None and self._scope is None and self._filter is not None and self._filter.conditions == 1:
            start = self._since()
            if start is not None:
                return len(self._shelf.modified) - start
        rows: Iterable[Row] = few if few is not None else self._shelf.rows.values()
        test = self._test
        return sum(1 for row in rows if test is None or test(row))

    def _few(self) -> list[Row] | None:
        """Candidates that an index gives, or None when there is no narrower way than the whole table."""
        if self._parent is not None:
            return list(self._table.under(self._parent))
        if self._filter is None:
            return None
        found: list[Row] | None = None
        for name, value in self._filter.equal.items():
            rows = self._equal(name, (value,))
            if rows is not None and (found is None or len(rows) < len(found)):
                found = rows
        for name, values in self._filter.members.items():
            rows = self._equal(name, values)
            if rows is not None and (found is None or len(rows) < len(found)):
                found = rows
        return found

    def _equal(self, name: str, values: tuple[Any, ...]) -> list[Row] | None:
        table = self._table
        if name == "id" and table.entity.key == "id" and table.row_id_is_id:
            return [row for value in dict.fromkeys(values) if (row := self._shelf.rows.get(value)) is not None]
        told = table.entity.properties[name]
        if told.type not in ("String", "Guid", "Enum") or any(
            value == told.empty or is_empty(value) for value in values
        ):
            return None
        link = table.entity.links.get(name)
        if link is not None:
            ids = [row.id for value in values if (row := table.company.named(link.target, value)) is not None]
            local = table.company.setup.get("currency") if link.target == "currencies" else None
            return None if local in values else [row for one in ids for row in self._shelf.equal(link.id, one)]
        if not table.is_stored(name):
            return None
        return [row for value in dict.fromkeys(values) for row in self._shelf.equal(name, value)]

    def _since(self) -> int | None:
        """Where in the order of changes the first row can be that fits."""
        above = self._filter.above.get(_LAST_MODIFIED) if self._filter is not None else None
        if above is None:
            return None
        value, inclusive = above
        whole = int(value)
        exact = inclusive and whole == value
        return self._shelf.modified.position(Shelf.packed(whole if exact else whole + 1))

    def _ordered(self, after: Any, wanted: int) -> Iterator[tuple[Any, Row]]:
        """Rows that fit with their place in the order, behind a place.

        A place is the key of an index and survives other rows coming and going; where no index orders, it is a count.
        """
        orders = self._options.orderby
        name = orders[0].field if orders else self._shelf.key
        descending = bool(orders) and orders[0].descending
        by_change = name == _LAST_MODIFIED
        if len(orders) > 1 or not (by_change or name == "id" or self._table.is_stored(name)):
            return self._sorted(self._candidates(), after)
        few = self._few()
        if few is None and not by_change:
            few = self._changed_lately(wanted)
        if few is not None:
            return self._ranked(few, name, after, descending)
        return self._by_change(after, descending) if by_change else self._by_key(name, after, descending)

    def _candidates(self) -> Iterable[Row]:
        few = self._few()
        if few is None and self._since() is not None:
            few = self._changed_lately(len(self._shelf))
        return self._shelf.rows.values() if few is None else few

    def _changed_lately(self, wanted: int) -> list[Row] | None:
        """The rows of a modified-since filter, unless so many that walking in order finds a page sooner."""
        start = self._since()
        if start is None:
            return None
        changed, total = len(self._shelf.modified) - start, len(self._shelf)
        if changed > _SKIM * max(wanted, 1) and changed * changed > total * wanted:
            return None
        keys = self._shelf.modified.keys
        return [self._shelf.changed_at(keys[at]) for at in range(start, len(keys))]

    def _ranked(self, rows: list[Row], name: str, after: Any, descending: bool) -> Iterator[tuple[Any, Row]]:
        """A few rows in the order of an index, with its places."""
        shelf, test = self._shelf, self._test

        def place(row: Row) -> Any:
            if name == _LAST_MODIFIED:
                return Shelf.packed(row.modified, row.order)
            return (shelf.sorted_by(row, name), row.order)

        behind = tuple(after) if isinstance(after, list) else after
        placed = sorted(((place(row), row) for row in rows), key=lambda pair: pair[0], reverse=descending)
        for at, row in placed:
            passed = behind is not None and (at >= behind if descending else at <= behind)
            if not passed and (test is None or test(row)):
                yield at, row

    def _by_change(self, after: Any, descending: bool) -> Iterator[tuple[Any, Row]]:
        modified, test = self._shelf.modified, self._test
        start = self._since() or 0
        if descending:
            at = len(modified) if after is None else modified.position(after)
            places: Iterable[int] = range(at - 1, start - 1, -1)
        else:
            at = 0 if after is None else modified.position(after + 1)
            places = range(max(at, start), len(modified))
        for place in places:
            row = self._shelf.changed_at(modified.keys[place])
            if test is None or test(row):
                yield modified.keys[place], row

    def _by_key(self, name: str, after: Any, descending: bool) -> Iterator[tuple[Any, Row]]:
        index, test = self._shelf.ordered(name), self._test
        start = self._first(name, index)
        if descending:
            at = len(index) if after is None else index.position((after[0], after[1]))
            places: Iterable[int] = range(at - 1, start - 1, -1)
        else:
            at = 0 if after is None else index.position((after[0], after[1] + 1))
            places = range(max(at, start), len(index))
        for place in places:
            key = index.keys[place]
            row = self._shelf.at(key[1])
            if test is None or test(row):
                yield key, row

    def _first(self, name: str, index: SortedKeys[tuple[Any, int]]) -> int:
        """`entryNumber gt 17` begins where 17 stands in the order."""
        above = self._filter.above.get(name) if self._filter is not None else None
        return 0 if above is None else index.position((sort_key(above[0]), 0))

    def _sorted(self, rows: Iterable[Row], after: Any) -> Iterator[tuple[Any, Row]]:
        """For what no index orders: everything that fits is sorted, and the place is a plain count."""
        test, table, shelf = self._test, self._table, self._shelf
        found = [row for row in rows if test is None or test(row)]
        found.sort(key=lambda row: (shelf.sorted_by(row, shelf.key), row.order))
        special = comparable(table.entity)
        for order in reversed(self._options.orderby):
            read = special.get(order.field) or _reader(table, order.field)
            found.sort(key=read, reverse=order.descending)
        start = 0 if after is None else int(after)
        return ((at + 1, found[at]) for at in range(start, len(found)))


def _reader(table: Table, name: str) -> Callable[[Row], Any]:
    return lambda row: sort_key(table.value(row, name))


def _closed(place: Any, left: int | None) -> str:
    return (
        urlsafe_b64encode(to_json({"k": place, "n": left} if left is not None else {"k": place})).decode().rstrip("=")
    )


def _opened(token: str) -> dict[str, Any]:
    if not token:
        return {}
    try:
        read = from_json(urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        if isinstance(read, dict) and "k" in read:
            return read
    except ValueError:
        pass
    raise ApiError(400, INVALID_URL, "The skip token is not valid.")
