"""What a $filter says, as a tree of frozen nodes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

Value = str | int | Decimal | bool | None | UUID | date | datetime | tuple["Value", ...]


class FilterProblem(Exception):
    """The text is no filter, or one that cannot be evaluated; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant: text, number, boolean, null, GUID, date, UTC instant, or a list of these."""

    value: Value


@dataclass(frozen=True, slots=True)
class Field:
    """A property; `path` has slashes where it goes through navigation properties or a lambda variable."""

    path: str


@dataclass(frozen=True, slots=True)
class Named:
    """An argument given by name, as vendor query functions want them."""

    name: str
    value: Operand


@dataclass(frozen=True, slots=True)
class Call:
    """A function; vendor functions keep their dotted name. A condition of its own or an operand."""

    name: str
    args: tuple[Operand | Named, ...]


@dataclass(frozen=True, slots=True)
class Compare:
    """eq, ne, gt, ge, lt or le; a constant on the left was turned to the right."""

    field: Operand
    op: str
    value: Operand


@dataclass(frozen=True, slots=True)
class InList:
    """`field in ('a','b')`."""

    field: Operand
    values: tuple[Literal, ...]


@dataclass(frozen=True, slots=True)
class Logic:
    """`and` or `or` of two conditions."""

    op: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite of a condition."""

    node: Node


@dataclass(frozen=True, slots=True)
class Lambda:
    """`collection/any(variable:body)` or `all`; `any()` has no body."""

    collection: str
    quantifier: str
    variable: str
    body: Node | None


Operand = Literal | Field | Call
Node = Compare | Logic | Not | Call | InList | Lambda | Field | Literal


def walk(node: Node | Named) -> Iterator[Node | Named]:
    """The node and everything below it, outermost first."""
    yield node
    for below in _below(node):
        yield from walk(below)


def _below(node: Node | Named) -> tuple[Node | Named, ...]:
    match node:
        case Compare(field, _, value):
            return (field, value)
        case Logic(_, left, right):
            return (left, right)
        case Not(inner):
            return (inner,)
        case Call(_, args):
            return args
        case InList(field, values):
            return (field, *values)
        case Lambda(_, _, _, body) if body is not None:
            return (body,)
        case Named(_, value):
            return (value,)
        case _:
            return ()
