"""Finding the rows of a query in order, page by page, without walking what is not asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from kobling_simulators.dataverse.facts import Table
from kobling_simulators.dataverse.filters import Filter
from kobling_simulators.dataverse.shelf import Row, Shelf, sort_key
from kobling_simulators.odata.expressions import Compare, Field, InList, Literal, Logic, Node

_FEW = 5_000
_BEYOND = 1 << 60
_RANGES = ("modifiedon", "createdon", "versionnumber")
Keys = tuple[Any, ...]
Position = tuple[Keys, int]


class Plan:
    """The rows of one query; `order` are (column, descending). Rows of equal keys keep the order they were made in.

    Fidelity: assumed dataverse §4 – without $orderby rows come in the order they were made, or by the instant that
    the filter bounds
    """

    def __init__(self, shelf: Shelf, table: Table, found: Filter | None, order: list[tuple[str, bool]]) -> None:
        self._shelf = shelf
        self._table = table
        self._test: Callable[[Row], bool] = found.test if found else lambda row: True
        self._node = found.node if found else None
        self._order = order
        self._few = self._candidates(self._node) if self._node is not None else None
        self._range = self._bounds(self._node) if self._few is None and self._node is not None else None
        if self._few is None and not order and self._range is not None:
            self._order = [(self._range[0], False)]

    def rows(self, after: Position | None) -> Iterator[Row]:
        """Fitting rows behind a position, in order."""
        return (row for row in self._all(after) if self._test(row))

    def position(self, row: Row) -> Position:
        """Where a row stands in this order."""
        return tuple(sort_key(row.values.get(column)) for column, _ in self._order), row.order

    def _all(self, after: Position | None) -> Iterator[Row]:
        if self._few is not None:
            return self._sorted((self._shelf.at(place) for place in self._few), after)
        if self._order:
            return self._indexed(after)
        keys = self._shelf.orders
        start = 0 if after is None else keys.position(after[1] + 1)
        return (self._shelf.at(place) for place in keys.ascending(start))

    def _sorted(self, rows: Iterator[Row], after: Position | None) -> Iterator[Row]:
        """Few rows: sort them all."""
        down = bool(self._order) and self._order[0][1]
        found = sorted(rows, key=lambda row: row.order, reverse=down)
        for column, descending in reversed(self._order):
            found.sort(key=lambda row, name=column: sort_key(row.values.get(name)), reverse=descending)  # type: ignore[misc]
        return (row for row in found if after is None or self._is_after(row, after))

    def _is_after(self, row: Row, after: Position) -> bool:
        keys, place = self.position(row)
        for (_, descending), key, known in zip(self._order, keys, after[0], strict=True):
            if key != known:
                return (key < known) if descending else bool(key > known)
        down = bool(self._order) and self._order[0][1]
        return row.order < place_of(after) if down else place > place_of(after)

    def _indexed(self, after: Position | None) -> Iterator[Row]:
        """Many rows: along the index of the first column, each group of equal keys sorted by the others."""
        column, down = self._order[0]
        index = self._shelf.ordered(column)
        group: list[Row] = []
        last: object = None
        for key, place in self._walk(index.keys, down, after):
            if group and key != last:
                yield from self._sorted(iter(group), after)
                group = []
            if len(self._order) == 1:
                row = self._shelf.at(place)
                if after is None or self._is_after(row, after):
                    yield row
                continue
            last = key
            group.append(self._shelf.at(place))
        yield from self._sorted(iter(group), after)

    def _walk(self, keys: list[tuple[Any, int]], down: bool, after: Position | None) -> Iterator[tuple[Any, int]]:
        index = self._shelf.ordered(self._order[0][0])
        low, high = 0, len(keys)
        if self._range is not None and self._range[0] == self._order[0][0]:
            low, high = self._slice(index.keys, low, high)
        if after is not None:
            whole = len(self._order) == 1
            first = after[0][0]
            if down:
                end = index.position((first, after[1])) if whole else index.position((first, _BEYOND))
                high = min(high, end)
            else:
                low = max(low, index.position((first, after[1] + 1 if whole else 0)))
        places = range(high - 1, low - 1, -1) if down else range(low, high)
        return (keys[at] for at in places)

    def _slice(self, keys: list[tuple[Any, int]], low: int, high: int) -> tuple[int, int]:
        assert self._range is not None
        column, least, most = self._range
        index = self._shelf.ordered(column)
        if least is not None:
            low = index.position((sort_key(least), 0))
        if most is not None:
            high = index.position((sort_key(most), _BEYOND))
        return low, high

    def _bounds(self, node: Node) -> tuple[str, Any, Any] | None:
        """The column that the filter bounds, with the least and the greatest value; both ends included."""
        found: dict[str, list[Any]] = {}
        for one in _conjuncts(node):
            if isinstance(one, Compare) and isinstance(one.field, Field) and isinstance(one.value, Literal):
                column, value = one.field.path, one.value.value
                if column in _RANGES and value is not None and one.op in ("gt", "ge", "lt", "le"):
                    ends = found.setdefault(column, [None, None])
                    ends[0 if one.op in ("gt", "ge") else 1] = value
        if not found:
            return None
        column = self._order[0][0] if self._order and self._order[0][0] in found else next(iter(found))
        return column, found[column][0], found[column][1]

    def _candidates(self, node: Node) -> set[int] | None:
        """Places of rows among which all that fit are, when these are few; None when no index tells."""
        match node:
            case Logic("and", _, _):
                sets = [one for one in (self._candidates(part) for part in _conjuncts(node)) if one is not None]
                return min(sets, key=len) if sets else None
            case Logic(_, left, right):
                one = self._candidates(left)
                other = self._candidates(right) if one is not None else None
                return None if one is None or other is None or len(one) + len(other) > _FEW else one | other
            case Compare(Field(path), "eq", Literal(value)) if value is not None:
                return self._having(path, value)
            case InList(Field(path), values):
                sets = []
                for literal in values:
                    found = None if literal.value is None else self._having(path, literal.value)
                    if found is None:
                        return None
                    sets.append(found)
                places = set().union(*sets)
                return places if len(places) <= _FEW else None
            case _:
                return None

    def _having(self, path: str, value: object) -> set[int] | None:
        column = self._table.by_read_name.get(path)
        if column is None or column.type == "Boolean":
            return None
        if column.name == self._table.key:
            row = self._shelf.rows.get(str(value))
            return set() if row is None else {row.order}
        if self._shelf.count_equal(column.name, value) > _FEW:
            return None
        return set(self._shelf.equal(column.name, value))


def place_of(position: Position) -> int:
    """The last part of a position, which breaks ties."""
    return position[1]


def _conjuncts(node: Node) -> list[Node]:
    """The parts of a chain of `and`, in order."""
    parts: list[Node] = []
    while isinstance(node, Logic) and node.op == "and":
        parts.append(node.right)
        node = node.left
    return [node, *reversed(parts)]
