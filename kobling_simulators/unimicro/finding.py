"""Finding rows: a filter, an order, a page; without walking a table where an index knows better."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from itertools import islice
from typing import Any

from kobling_simulators.odata.evaluating import predicate
from kobling_simulators.odata.expressions import Compare, Field, InList, Literal, Node, walk
from kobling_simulators.odata.scanning import instant
from kobling_simulators.unimicro.books import Books
from kobling_simulators.unimicro.errors import ApiError
from kobling_simulators.unimicro.facts import DAY, INSTANT, Entity, entities
from kobling_simulators.unimicro.filters import CUSTOM, alternatives, conjuncts, functions, read_filter, resolve
from kobling_simulators.unimicro.settings import Settings
from kobling_simulators.unimicro.table import Row

Reader = Callable[[Row], Any]
_STAMPS = ("CreatedAt", "UpdatedAt")
_MOST = 1_000_000_000


def reader(books: Books, entity: Entity, path: str) -> Reader:
    """How a property, spelled rightly, is read from a row; dates come as dates, instants as instants."""
    name, _, rest = path.partition(".")
    if name == CUSTOM:
        return lambda row: (row.get(CUSTOM) or {}).get(rest)
    if rest:
        relation = entity.relations[name]
        rows = books.tables[relation.target].rows
        inner = reader(books, entities()[relation.target], rest)

        def through(row: Row) -> Any:
            other = rows.get(row.get(relation.carrier, 0))
            return None if other is None else inner(other)

        return through
    kind = entity.fields[name]
    if kind == INSTANT:
        return lambda row: instant(row[name]) if row.get(name) else None
    if kind == DAY:
        return lambda row: date.fromisoformat(row[name]) if row.get(name) else None
    if kind == "b":
        return lambda row: bool(row.get(name))
    return lambda row: row.get(name)


def tester(books: Books, entity: Entity, node: Node) -> Callable[[Row], bool]:
    """Whether a row fits a filter."""
    readers = {each.path: reader(books, entity, each.path) for each in walk(node) if isinstance(each, Field)}
    test = predicate(node, functions=functions(books.clock.moment), fold_case=True)
    return lambda row: test(lambda path: readers[path](row))


def page_of(query: Mapping[str, str], settings: Settings) -> tuple[int, int]:
    """How many rows are skipped and how many shown. Raises ApiError."""
    top = min(_number(query, "top", settings.default_top or _MOST), settings.max_top or _MOST)
    return _number(query, "skip", 0), top


class Finder:
    """Answers queries about one entity of one company.

    Fidelity: known unimicro §4 – filter, orderby, top and skip, without $; deleted rows are hidden
    Fidelity: assumed unimicro §4 – a malformed top, skip or orderby is refused
    """

    def __init__(self, books: Books, entity: Entity, *, deleted: bool = False) -> None:
        self._books = books
        self._entity = entity
        self._table = books.tables[entity.name]
        self._deleted = deleted

    def page(self, query: Mapping[str, str]) -> list[Row]:
        """The rows that a query string asks for. Raises ApiError."""
        settings = self._books.settings
        skip, top = page_of(query, settings)
        node = None
        if query.get("filter"):
            node = read_filter(query["filter"], self._entity, guid=settings.createguid_readable)
        return list(islice(self._ordered(node, query.get("orderby", "")), skip, skip + top))

    def every(self, text: str) -> Iterator[Row]:
        """All rows that fit a filter, by ID. Raises ApiError."""
        node = read_filter(text, self._entity, guid=self._books.settings.createguid_readable) if text else None
        return self._ordered(node, "")

    def _ordered(self, node: Node | None, orderby: str) -> Iterator[Row]:
        keys: list[tuple[str, bool]] = []
        for part in orderby.split(",") if orderby.strip() else ():
            words = part.split()
            if not words or len(words) > 2 or (len(words) == 2 and words[1].lower() not in ("asc", "desc")):
                raise ApiError(f"Invalid orderby: '{orderby}'")
            path, _ = resolve(self._entity, words[0])
            keys.append((path, len(words) == 2 and words[1].lower() == "desc"))
        if not keys and self._books.settings.default_order == "changed":
            chosen = [key for _, key in self._table.changed.keys]
            return self._fitting(node, chosen)
        ids, residual = self._candidates(node)
        if not keys or keys[0] == ("ID", False):
            return self._fitting(residual, ids)
        if keys[0] == ("ID", True):
            return self._fitting(residual, reversed(ids))
        rows = list(self._fitting(residual, ids))
        for path, descending in reversed(keys):
            read = reader(self._books, self._entity, path)
            rows.sort(key=lambda row, read=read: _sortable(read(row)), reverse=descending)  # type: ignore[misc]
        return iter(rows)

    def _fitting(self, node: Node | None, ids: Iterable[int]) -> Iterator[Row]:
        rows = self._table.rows
        if node is None:
            for key in ids:
                if self._deleted or not rows[key].get("Deleted"):
                    yield rows[key]
            return
        test = tester(self._books, self._entity, node)
        for key in ids:
            row = rows[key]
            if (self._deleted or not row.get("Deleted")) and test(row):
                yield row

    def _candidates(self, node: Node | None) -> tuple[list[int], Node | None]:
        """IDs in order that hold every row that fits, and what is still to be tested."""
        keys = (self._table.all if self._deleted else self._table.live).keys
        best: Collection[int] | None = None
        low, high, bounds = 0, _MOST, 0
        parts = list(conjuncts(node))
        for part in parts:
            bound = _bound(part)
            if bound is not None:
                low, high, bounds = max(low, bound[0]), min(high, bound[1]), bounds + 1
                continue
            found = _known(self._books, self._entity, part)
            if found is not None and (best is None or len(found) < len(best)):
                best = found
        if best is not None:
            return sorted(key for key in best if low <= key < high), node
        if not bounds:
            return keys, node
        shelf = self._table.all if self._deleted else self._table.live
        chosen = keys[shelf.position(low) : shelf.position(high)]
        return chosen, None if bounds == len(parts) else node


def _bound(node: Node) -> tuple[int, int] | None:
    """The range of IDs that a comparison of ID leaves."""
    match node:
        case Compare(Field("ID"), op, Literal(value)) if isinstance(value, Decimal) and value == int(value):
            number = int(value)
            ranges = {"gt": (number + 1, _MOST), "ge": (number, _MOST), "lt": (0, number), "le": (0, number + 1)}
            return ranges.get(op)
        case _:
            return None


def _known(books: Books, entity: Entity, node: Node) -> set[int] | None:
    """IDs of the rows that an index knows to fit, deleted ones among them; None where no index helps."""
    found: set[int] = set()
    for leaf in alternatives(node):
        match leaf:
            case Compare(Field(path), op, Literal(value)):
                ids = _by(books, entity, path, op, value)
            case InList(Field(path), values):
                each = [_by(books, entity, path, "eq", value.value) for value in values]
                ids = None if any(one is None for one in each) else {key for one in each for key in one or ()}
            case _:
                return None
        if ids is None:
            return None
        found.update(ids)
    return found


def _by(books: Books, entity: Entity, path: str, op: str, value: Any) -> Collection[int] | None:
    """IDs of rows by one property, through relations too."""
    name, _, rest = path.partition(".")
    table = books.tables[entity.name]
    if rest and name != CUSTOM:
        relation = entity.relations[name]
        if not table.indexed(relation.carrier) or value is None:
            return None
        others = _by(books, entities()[relation.target], rest, op, value)
        return None if others is None else {key for other in others for key in table.keys(relation.carrier, other)}
    if op == "eq" and value is not None and table.indexed(path):
        return table.keys(path, value)
    if op in ("gt", "ge") and path in _STAMPS and isinstance(value, datetime):
        stamp = value.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return set(table.since(stamp, inclusive=True))
    return None


def _number(query: Mapping[str, str], name: str, usual: int) -> int:
    text = query.get(name, "")
    if not text:
        return usual
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise ApiError(f"Invalid {name}: '{text}'")
    return int(text)


def _sortable(value: Any) -> tuple[int, Any]:
    if value is None:
        return 0, 0
    return (2, value.casefold()) if isinstance(value, str) else (1, value)
