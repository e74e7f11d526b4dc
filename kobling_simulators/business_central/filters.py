"""The dialect of $filter: what Business Central refuses, ignores, and how constants meet the values of rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

from kobling_simulators.business_central.errors import BAD_FILTER, INVALID_URL, ApiError, no_property, not_implemented
from kobling_simulators.business_central.facts import EntitySet, Property
from kobling_simulators.business_central.shelf import Row
from kobling_simulators.business_central.table import Reading
from kobling_simulators.business_central.values import member
from kobling_simulators.odata.expressions import (
    Call,
    Compare,
    Field,
    InList,
    Lambda,
    Literal,
    Logic,
    Named,
    Node,
    Not,
    Operand,
    predicate,
    walk,
)

_FUNCTIONS = frozenset({"contains", "startswith", "endswith", "substring", "tolower", "toupper"})
_TRUE = Literal(True)
_NEVER = -62_135_596_800_000
_KINDS: Mapping[type, str] = {str: "Edm.String", UUID: "Edm.Guid", bool: "Edm.Boolean", Decimal: "Edm.Decimal"}


@dataclass(frozen=True)
class Filter:
    """A filter ready to be tried on rows, and what it asks of single properties in its outermost `and` chain."""

    node: Node
    equal: dict[str, Any] = field(default_factory=dict)
    above: dict[str, tuple[Any, bool]] = field(default_factory=dict)
    members: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    asked: frozenset[str] = frozenset()
    conditions: int = 0

    @property
    def test(self) -> Any:
        """The predicate over a function that gives a property."""
        return predicate(self.node)


def understand(node: Node, entity: EntitySet, version: str) -> Filter:
    """A filter checked against the entity and the dialect. Raises ApiError.

    Fidelity: known business_central §4 – `or` on two properties is refused; any/all are silently ignored
    Fidelity: known business_central §4 – `in` and nested functions need $schemaversion=2.1
    Fidelity: assumed business_central §4 – `not`, comparing two properties and other functions are refused
    """
    kept = _without_lambdas(node)
    _check(kept, version)
    ready = _Checker(entity).node(kept)
    found = Filter(ready)
    for part in _chain(ready):
        _note(found, part)
    asked = frozenset(one.path for one in walk(ready) if isinstance(one, Field))
    return replace(found, asked=asked, conditions=sum(1 for _ in _chain(ready)))


def _without_lambdas(node: Node) -> Node:
    match node:
        case Lambda():
            return _TRUE
        case Logic(op, left, right):
            return Logic(op, _without_lambdas(left), _without_lambdas(right))
        case Not(inner):
            return Not(_without_lambdas(inner))
        case _:
            return node


def _check(node: Node, version: str) -> None:
    newer = version >= "2.1"
    for one in walk(node):
        match one:
            case Not():
                raise not_implemented("The operator 'not' is not supported in an OData filter.")
            case InList() if not newer:
                raise ApiError(400, INVALID_URL, "The 'in' operator needs $schemaversion=2.1.")
            case Logic("or", left, right):
                if len(_fields(left) | _fields(right)) > 1:
                    text = "The 'OR' operator is not supported on distinct fields on an OData filter."
                    raise ApiError(400, BAD_FILTER, text)
            case Call(name, args):
                if name not in _FUNCTIONS:
                    raise not_implemented(f"The function '{name}' is not supported.")
                if not newer and any(isinstance(arg, Call) for arg in args):
                    raise ApiError(400, INVALID_URL, "Nested functions need $schemaversion=2.1.")


def _fields(node: Node) -> set[str]:
    return {one.path for one in walk(node) if isinstance(one, Field)}


def _chain(node: Node) -> Iterator[Node]:
    while isinstance(node, Logic) and node.op == "and":
        yield from _chain(node.right)
        node = node.left
    yield node


def _note(found: Filter, part: Node) -> None:
    match part:
        case Compare(Field(path), "eq", Literal(value)):
            found.equal.setdefault(path, value)
        case Compare(Field(path), "gt", Literal(value)):
            found.above.setdefault(path, (value, False))
        case Compare(Field(path), "ge", Literal(value)):
            found.above.setdefault(path, (value, True))
        case InList(Field(path), values):
            found.members.setdefault(path, tuple(one.value for one in values))
        case Logic("or"):
            name, several = _alternatives(part)
            if name and several:
                found.members.setdefault(name, several)


def _alternatives(node: Node) -> tuple[str, tuple[Any, ...]]:
    """`a eq 1 or a eq 2 or …` as a list; ("", ()) for anything else."""
    values: list[Any] = []
    while isinstance(node, Logic) and node.op == "or":
        match node.right:
            case Compare(Field(), "eq", Literal(value)):
                values.append(value)
            case _:
                return "", ()
        node = node.left
    match node:
        case Compare(Field(path), "eq", Literal(value)):
            return path, (*values, value)
    return "", ()


class _Checker:
    """Checks names and types, and turns constants into what rows hold."""

    def __init__(self, entity: EntitySet) -> None:
        self._entity = entity

    def node(self, node: Node) -> Node:
        match node:
            case Logic(op, left, right):
                return Logic(op, self.node(left), self.node(right))
            case Compare(left, op, right):
                if not isinstance(right, Literal):
                    raise not_implemented("A property can be compared with a constant only.")
                told = self._told(left)
                return Compare(self._operand(left), op, self._literal(told, right, op, left))
            case InList(left, values):
                told = self._told(left)
                members = tuple(self._literal(told, one, "eq", left) for one in values)
                return InList(self._operand(left), members)
            case Call() | Field():
                self._operand(node)
                return node
            case Literal(bool()):
                return node
            case _:
                raise ApiError(400, INVALID_URL, "The filter is no condition.")

    def _operand(self, operand: Operand) -> Any:
        if isinstance(operand, Field):
            self._property(operand.path)
        elif isinstance(operand, Call):
            return Call(operand.name, tuple(self._argument(one, operand) for one in operand.args))
        return operand

    def _argument(self, one: Any, call: Call) -> Any:
        if isinstance(one, Named):
            raise ApiError(400, INVALID_URL, "Function arguments have no names.")
        if isinstance(one, Literal) and isinstance(one.value, str):
            told = self._told(call)
            return Literal(one.value.upper()) if told is not None and told.code else one
        return self._operand(one)

    def _property(self, path: str) -> Property:
        told = self._entity.properties.get(path)
        if told is None or told.type == "Stream":
            raise no_property(path, self._entity.entity)
        return told

    def _told(self, operand: Operand) -> Property | None:
        """The property that an operand is about."""
        if isinstance(operand, Field):
            return self._property(operand.path)
        if isinstance(operand, Call):
            return next((self._told(arg) for arg in operand.args if isinstance(arg, Field | Call)), None)
        return None

    def _literal(self, told: Property | None, given: Literal, op: str, left: Operand) -> Literal:
        """Fidelity: known business_central §4 – GUID, number and date stand bare, texts and enum members in quotes."""
        value = given.value
        if told is None or isinstance(left, Call):
            return given
        fitting = _fitting(told, value)
        if fitting is None:
            kind = _KINDS.get(type(value), "Edm.Date" if isinstance(value, date) else "null")
            text = "A binary operator with incompatible types was detected. Found operand types"
            raise ApiError(400, INVALID_URL, f"{text} 'Edm.{told.type}' and '{kind}' for operator kind '{op}'.")
        return Literal(fitting)


def _fitting(told: Property, value: Any) -> Any:
    match told.type:
        case "String" if isinstance(value, str):
            return value.strip(" ").upper() if told.code else value
        case "Enum" if isinstance(value, str):
            return member(told, value)
        case "Guid" if isinstance(value, UUID):
            return str(value)
        case "Decimal" | "Int32" | "Int64" if isinstance(value, Decimal):
            return value
        case "Boolean" if isinstance(value, bool):
            return value
        case "Date" if isinstance(value, date) and not isinstance(value, datetime):
            return value.isoformat()
        case "DateTimeOffset" if isinstance(value, date):
            moment = value if isinstance(value, datetime) else datetime.combine(value, time(), UTC)
            return Decimal(int(moment.timestamp() * 1_000_000)) / 1000
    return None


def comparable(entity: EntitySet) -> dict[str, Reading]:
    """Readings that a filter needs instead of what JSON shows: instants as milliseconds."""
    return {
        name: _last_change if "lastModifiedDateTime" in (name, told.stored_as) else _milliseconds(name)
        for name, told in entity.properties.items()
        if told.type == "DateTimeOffset"
    }


def _last_change(row: Row) -> object:
    return row.modified


def _milliseconds(name: str) -> Reading:
    def read(row: Row) -> object:
        text = row.values.get(name)
        return int(datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000) if text else _NEVER

    return read
