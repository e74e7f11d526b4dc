"""The query language: reading a filter, and which rows it can only be about."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from kobling_simulators.odata.expressions import (
    Call,
    Compare,
    Field,
    FilterProblem,
    InList,
    Literal,
    Logic,
    Named,
    Node,
    Not,
    Operand,
    parse,
)
from kobling_simulators.odata.scanning import Word, scan
from kobling_simulators.unimicro.errors import ApiError
from kobling_simulators.unimicro.facts import DAY, FLAG, INSTANT, NUMBER, Entity, entities

CUSTOM = "CustomFields"
_FUNCTIONS = {"contains": 2, "startswith": 2, "endswith": 2, "like": 2, "notlike": 2, "isnull": 2, "getdate": 0}


def read_filter(text: str, entity: Entity, *, guid: bool) -> Node:
    """The tree of a filter, with every name in its right spelling and every constant of its field's type.

    Fidelity: known unimicro §4 – eq ne gt lt ge le like notlike, contains startsWith endsWith, and, or, brackets,
        quotes doubled inside quotes, nested names with dots
    Fidelity: inferred unimicro §7 – names of fields are found in any case (the guide writes `name eq 'customer'`)
    Fidelity: assumed unimicro §4 – unknown names, and a text compared with a number, are refused
    Fidelity: assumed unimicro §4 – texts are equal in any case; `%` in like stands for anything
    """
    try:
        node = parse(_likes(text))
        return _Checker(entity, guid).node(node)
    except FilterProblem as error:
        raise ApiError(f"Invalid filter: {error}") from None


def _likes(text: str) -> str:
    """`field like 'x'` as a function, which the grammar has."""
    words = scan(text)
    parts: list[str] = []
    at = 0
    while at < len(words) - 1:
        word, following = words[at], words[at + 1]
        if word.kind == "word" and following.kind == "word" and following.text in ("like", "notlike"):
            pattern = words[at + 2] if at + 2 < len(words) else following
            if pattern.kind != "text":
                raise FilterProblem(f"'{following.text}' needs a text at position {pattern.at}.")
            parts.append(f"{following.text}({word.text},{pattern.text})")
            at += 3
        else:
            parts.append(_spaced(word, following))
            at += 1
    return " ".join(parts)


def _spaced(word: Word, following: Word) -> str:
    """Functions are known in any case."""
    calls = word.kind == "word" and following.text == "(" and word.text.lower() in _FUNCTIONS
    return word.text.lower() if calls else word.text


def resolve(entity: Entity, path: str, *, guid: bool = False) -> tuple[str, str]:
    """A dotted name in its right spelling, and the kind of its field. Raises ApiError."""
    names: list[str] = []
    parts = path.replace("/", ".").split(".")
    if len(parts) > 1 and parts[0].lower() == entity.name.lower():
        parts = parts[1:]
    for at, part in enumerate(parts):
        name = entity.spelled.get(part.lower())
        last = at == len(parts) - 1
        if name == CUSTOM and at == len(parts) - 2:
            return ".".join([*names, name, parts[-1]]), "s"
        if name is None or (name == "_createguid" and not guid):
            raise ApiError(f"'{path}' is no property of {entity.name}")
        names.append(name)
        if last:
            if name not in entity.fields:
                raise ApiError(f"'{path}' is no plain property of {entity.name}")
            return ".".join(names), entity.fields[name]
        relation = entity.relations.get(name)
        if relation is None or relation.many:
            raise ApiError(f"'{path}' cannot be followed from {entity.name}")
        entity = entities()[relation.target]
    raise ApiError(f"'{path}' is no property of {entity.name}")


class _Checker:
    """Walks a tree and rebuilds it."""

    def __init__(self, entity: Entity, guid: bool) -> None:
        self._entity = entity
        self._guid = guid

    def node(self, node: Node) -> Node:
        match node:
            case Logic(_, left, right):
                return self._chain(node)
            case Not(inner):
                return Not(self.node(inner))
            case Compare(field, op, value):
                left, kind = self._operand(field)
                right, other = self._operand(value)
                return Compare(_fitted(left, other), op, _fitted(right, kind))
            case InList(field, values):
                left, kind = self._operand(field)
                fitted = tuple(each for each in (_fitted(value, kind) for value in values) if isinstance(each, Literal))
                return InList(left, fitted)
            case Call() | Field() | Literal():
                return self._operand(node)[0]
            case _:
                raise FilterProblem("Lambdas are not known here.")

    def _chain(self, node: Logic) -> Node:
        """A long chain leans to the left; it is rebuilt without recursion."""
        parts: list[Node] = []
        left: Node = node
        while isinstance(left, Logic) and left.op == node.op:
            parts.append(left.right)
            left = left.left
        made = self.node(left)
        for part in reversed(parts):
            made = Logic(node.op, made, self.node(part))
        return made

    def _operand(self, operand: Operand | Named) -> tuple[Operand, str]:
        """The operand with the kind of the field in it, or no kind."""
        match operand:
            case Literal():
                return operand, ""
            case Field(path):
                spelled, kind = resolve(self._entity, path, guid=self._guid)
                return Field(spelled), kind
            case Call(name, args):
                wanted = _FUNCTIONS.get(name)
                if wanted is None or len(args) != wanted:
                    raise FilterProblem(f"The function {name} with {len(args)} arguments is not known.")
                return Call(name, tuple(self._operand(each)[0] for each in args)), ""
            case _:
                raise FilterProblem("Arguments cannot be given by name.")


def _fitted(operand: Operand, kind: str) -> Operand:
    """A constant as a value of the kind it is compared with."""
    if not isinstance(operand, Literal) or operand.value is None or not kind:
        return operand
    value = operand.value
    if kind == NUMBER and not isinstance(value, Decimal):
        raise FilterProblem(f"'{value}' is no number.")
    if kind == FLAG and isinstance(value, str):
        if value.lower() not in ("true", "false"):
            raise FilterProblem(f"'{value}' is neither true nor false.")
        return Literal(value.lower() == "true")
    if kind == INSTANT:
        return Literal(_instant(value))
    if kind == DAY:
        return Literal(_instant(value).date())
    if kind == "s" and not isinstance(value, str):
        return replace(operand, value=str(value))
    return operand


def _instant(value: object) -> datetime:
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    try:
        moment = datetime.fromisoformat(str(value))
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise FilterProblem(f"'{value}' is no date.") from None


def functions(now: Callable[[], datetime]) -> Mapping[str, Callable[..., object]]:
    """The functions of the language; texts come folded."""
    return {
        "contains": lambda text, part: text is not None and str(part) in str(text),
        "startswith": lambda text, part: text is not None and str(text).startswith(str(part)),
        "endswith": lambda text, part: text is not None and str(text).endswith(str(part)),
        "like": lambda text, pattern: text is not None and _like(str(pattern)).fullmatch(str(text)) is not None,
        "notlike": lambda text, pattern: text is not None and _like(str(pattern)).fullmatch(str(text)) is None,
        "isnull": _isnull,
        "getdate": now,
    }


@lru_cache(maxsize=256)
def _like(pattern: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in pattern.split("%")), re.DOTALL)


def _isnull(value: Any, instead: Any) -> object:
    if isinstance(value, bool) and isinstance(instead, str):
        return "true" if value else "false"
    return instead if value is None else value


def conjuncts(node: Node | None) -> Iterator[Node]:
    """The conditions that all have to hold."""
    while isinstance(node, Logic) and node.op == "and":
        yield node.right
        node = node.left
    if node is not None:
        yield node


def alternatives(node: Node) -> Iterator[Node]:
    """The conditions of which one has to hold."""
    while isinstance(node, Logic) and node.op == "or":
        yield node.right
        node = node.left
    yield node
