"""Whether a row fits a $filter."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any, cast
from uuid import UUID

from kobling_simulators.odata.nodes import (
    Call,
    Compare,
    Field,
    FilterProblem,
    InList,
    Lambda,
    Literal,
    Logic,
    Named,
    Node,
    Not,
    Operand,
)
from kobling_simulators.odata.scanning import instant

ValueOf = Callable[[str], object]
Functions = Mapping[str, Callable[..., object]]
Predicate = Callable[[ValueOf], bool]
Reading = Callable[[ValueOf], object]
_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "gt": operator.gt,
    "ge": operator.ge,
    "lt": operator.lt,
    "le": operator.le,
}
_ARGUMENTS = {
    "contains": 2,
    "startswith": 2,
    "endswith": 2,
    "tolower": 1,
    "toupper": 1,
    "trim": 1,
    "length": 1,
    "indexof": 2,
    "concat": 2,
    "substring": (2, 3),
    "year": 1,
    "month": 1,
    "day": 1,
    "date": 1,
    "round": 1,
    "floor": 1,
    "ceiling": 1,
}


def matches(node: Node, value_of: ValueOf, *, functions: Functions | None = None, fold_case: bool = False) -> bool:
    """Whether one row fits; see `predicate`."""
    return predicate(node, functions=functions, fold_case=fold_case)(value_of)


def predicate(node: Node, *, functions: Functions | None = None, fold_case: bool = False) -> Predicate:
    """A test for many rows. `value_of(path)` gives a property: None, str, bool, int, Decimal, UUID, date or datetime,
    and for the collection of a lambda one such function per member. `functions` are the vendor's own, called with
    their arguments; `fold_case` compares texts without regard to case. Raises FilterProblem for an unknown function.
    """
    return _Compiler(functions or {}, fold_case).condition(node)


class _Compiler:
    def __init__(self, functions: Functions, fold_case: bool) -> None:
        self._functions = functions
        self._fold = fold_case

    def condition(self, node: Node) -> Predicate:
        match node:
            case Logic(op, _, _):
                return self._chain(op, node)
            case Not(inner):
                test = self.condition(inner)
                return lambda value_of: not test(value_of)
            case Compare(field, op, value):
                return self._compare(self.reading(field), op, self.reading(value))
            case InList(field, values):
                read, wanted = self.reading(field), [self._folded(one.value) for one in values]
                return lambda value_of: any(_equal(read(value_of), one) for one in wanted)
            case Lambda():
                return self._lambda(node)
            case Literal() | Field() | Call():
                read = self.reading(node)
                return lambda value_of: read(value_of) is True

    def _chain(self, op: str, node: Node) -> Predicate:
        """A chain of equal operators leans to the left; laid out flat it costs no stack."""
        parts: list[Node] = []
        while isinstance(node, Logic) and node.op == op:
            parts.append(node.right)
            node = node.left
        tests = [self.condition(part) for part in [node, *reversed(parts)]]
        if op == "and":
            return lambda value_of: all(test(value_of) for test in tests)
        return lambda value_of: any(test(value_of) for test in tests)

    def _lambda(self, node: Lambda) -> Predicate:
        path, every = node.collection, node.quantifier == "all"
        body = None if node.body is None else self.condition(node.body)
        own = node.variable + "/"

        def holds(value_of: ValueOf) -> bool:
            members = cast("Iterable[ValueOf]", value_of(path) or ())
            if body is None:
                return any(True for _ in members)

            def inside(member: ValueOf) -> ValueOf:
                return lambda name: member(name.removeprefix(own)) if name.startswith(own) else value_of(name)

            tests = (body(inside(member)) for member in members)
            return all(tests) if every else any(tests)

        return holds

    def _compare(self, left: Reading, op: str, right: Reading) -> Predicate:
        """Null equals null only; ordered against anything it is never true (OData 4.01 part 2, 5.1.1.1)."""
        if op == "eq":
            return lambda value_of: _equal(left(value_of), right(value_of))
        if op == "ne":
            return lambda value_of: not _equal(left(value_of), right(value_of))
        order = _ORDER[op]

        def holds(value_of: ValueOf) -> bool:
            one, other = _aligned(left(value_of), right(value_of))
            if one is None or other is None or type(one) is not type(other):
                return False
            return order(one, other)

        return holds

    def _folded(self, value: object) -> object:
        return value.casefold() if self._fold and isinstance(value, str) else value

    def reading(self, operand: Operand | Named) -> Reading:
        """How the value of an operand is found."""
        match operand:
            case Literal(value):
                fixed = self._folded(value)
                return lambda value_of: fixed
            case Field(path):
                if not self._fold:
                    return lambda value_of: value_of(path)
                return lambda value_of: self._folded(value_of(path))
            case Named(_, value):
                return self.reading(value)
            case Call(name, args):
                return self._call(name, args)

    def _call(self, name: str, args: tuple[Operand | Named, ...]) -> Reading:
        reads = [self.reading(one) for one in args]
        if name in self._functions:
            function = self._functions[name]
            return lambda value_of: function(*(read(value_of) for read in reads))
        wanted = _ARGUMENTS.get(name)
        if wanted is None:
            raise FilterProblem(f"An unknown function with name '{name}' was found.")
        if len(args) not in (wanted if isinstance(wanted, tuple) else (wanted,)):
            raise FilterProblem(f"No function signature for the function with name '{name}' matches the arguments.")
        return lambda value_of: _standard(name, [read(value_of) for read in reads])


def _standard(name: str, args: list[Any]) -> object:
    """The functions of OData itself; null in gives null out."""
    if any(one is None for one in args):
        return None
    first = args[0]
    if name in ("year", "month", "day", "date"):
        first = instant(first) if isinstance(first, str) else first
        return first.date() if name == "date" else Decimal(getattr(first, name))
    if name in ("round", "floor", "ceiling"):
        modes = {"round": "ROUND_HALF_UP", "floor": "ROUND_FLOOR", "ceiling": "ROUND_CEILING"}
        return Decimal(first).to_integral_value(modes[name])
    text = str(first)
    match name:
        case "contains":
            return str(args[1]) in text
        case "startswith":
            return text.startswith(str(args[1]))
        case "endswith":
            return text.endswith(str(args[1]))
        case "tolower":
            return text.lower()
        case "toupper":
            return text.upper()
        case "trim":
            return text.strip()
        case "length":
            return Decimal(len(text))
        case "indexof":
            return Decimal(text.find(str(args[1])))
        case "concat":
            return text + str(args[1])
        case _:
            begin = int(args[1])
            return text[begin : begin + int(args[2])] if len(args) == 3 else text[begin:]


def _equal(left: object, right: object) -> bool:
    one, other = _aligned(left, right)
    if one is None or other is None:
        return one is other
    return type(one) is type(other) and one == other


def _aligned(left: object, right: object) -> tuple[Any, Any]:
    """Both as one type where that makes sense: rows may hold GUIDs, dates and instants as text."""
    if type(left) is type(right):
        return left, right
    if isinstance(left, int) and not isinstance(left, bool):
        left = Decimal(left)
    if isinstance(right, int) and not isinstance(right, bool):
        right = Decimal(right)
    return _as(left, right), _as(right, left)


def _as(value: object, model: object) -> object:
    """The value in the type of the other one, or as it is."""
    if isinstance(model, UUID) and isinstance(value, str):
        return _try(UUID, value)
    if isinstance(model, datetime):
        if isinstance(value, str):
            return _try(instant, value)
        if isinstance(value, date) and not isinstance(value, datetime):
            return datetime.combine(value, time(), UTC)
    if isinstance(model, date) and not isinstance(model, datetime) and isinstance(value, str):
        return _day_or_instant(value, model)
    return value


def _day_or_instant(value: str, model: date) -> object:
    return _try(date.fromisoformat, value) if len(value) == 10 else _try(lambda text: instant(text).date(), value)


def _try(make: Callable[[str], object], text: str) -> object:
    try:
        return make(text)
    except (ValueError, OverflowError):
        return text
