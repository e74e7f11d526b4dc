"""Reading a $filter: OData v4 text to a tree."""

from __future__ import annotations

from collections.abc import Mapping

from kobling_simulators.odata.evaluating import Functions, ValueOf, matches, predicate
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
    Value,
    walk,
)
from kobling_simulators.odata.scanning import CONSTANTS, Word, constant, scan

__all__ = [
    "Call",
    "Compare",
    "Field",
    "FilterProblem",
    "Functions",
    "InList",
    "Lambda",
    "Literal",
    "Logic",
    "Named",
    "Node",
    "Not",
    "Operand",
    "Value",
    "ValueOf",
    "literal",
    "matches",
    "parse",
    "predicate",
    "walk",
]

_TURNED = {"eq": "eq", "ne": "ne", "gt": "lt", "ge": "le", "lt": "gt", "le": "ge"}
_LITERALS = frozenset({"text", "guid", "instant", "day", "number"})
_DEEPEST = 60
_LONGEST = 400


def parse(text: str, aliases: Mapping[str, str] | None = None) -> Node:
    """The tree of a filter; `@p` stands for the constant that `aliases["@p"]` spells. Raises FilterProblem."""
    reader = _Reader(text, aliases or {})
    node = reader.disjunction()
    reader.expect("end")
    return node


def literal(text: str) -> Literal:
    """A single constant, as keys and aliases hold one. Raises FilterProblem."""
    reader = _Reader(text, {})
    operand = reader.operand()
    reader.expect("end")
    if not isinstance(operand, Literal):
        raise FilterProblem(f"'{text}' is not a constant.")
    return operand


class _Reader:
    """Recursive descent over the words; refuses nesting so deep that it could exhaust the stack."""

    def __init__(self, text: str, aliases: Mapping[str, str]) -> None:
        self._text = text
        self._aliases = aliases
        self._words = scan(text)
        self._at = 0
        self._depth = 0
        self._joined = 0

    @property
    def _word(self) -> Word:
        return self._words[self._at]

    def _next(self) -> Word:
        word = self._word
        self._at += 1
        return word

    def _takes(self, text: str, kind: str = "word") -> bool:
        if self._word.kind == kind and self._word.text == text:
            self._at += 1
            return True
        return False

    def expect(self, kind: str, text: str = "") -> Word:
        """The next word when it is the wanted one. Raises FilterProblem."""
        word = self._word
        if word.kind != kind or (text and word.text != text):
            raise self._wrong(word)
        if kind != "end":
            self._at += 1
        return word

    def _wrong(self, word: Word) -> FilterProblem:
        return FilterProblem(f"Syntax error at position {word.at} in '{self._text}'.")

    def disjunction(self) -> Node:
        """Conditions joined by `or`."""
        node = self._conjunction()
        while self._takes("or"):
            node = self._join("or", node, self._conjunction())
        return node

    def _conjunction(self) -> Node:
        node = self._condition()
        while self._takes("and"):
            node = self._join("and", node, self._condition())
        return node

    def _join(self, op: str, left: Node, right: Node) -> Node:
        """A long chain leans to the left, so its length is depth as well and has to be bounded."""
        self._joined += 1
        if self._joined > _LONGEST:
            raise FilterProblem("The filter has too many conditions.")
        return Logic(op, left, right)

    def _condition(self) -> Node:
        """A comparison, or anything that is true or false by itself."""
        self._depth += 1
        if self._depth > _DEEPEST:
            raise FilterProblem("The filter is nested too deeply.")
        try:
            if self._takes("not"):
                return Not(self._bare())
            return self._compared(self._bare())
        finally:
            self._depth -= 1

    def _bare(self) -> Node:
        """What `not` may stand before: a group, a lambda, a function or a property."""
        if self._word.text == "not":
            return self._condition()
        if self._takes("(", "sign"):
            node = self.disjunction()
            self.expect("sign", ")")
            return node
        return self._lambda() if self._is_lambda() else self.operand()

    def _compared(self, left: Node) -> Node:
        word = self._word
        if word.kind != "word" or not isinstance(left, Literal | Field | Call):
            return left
        if word.text in _TURNED:
            self._at += 1
            right = self.operand()
            if isinstance(left, Literal) and not isinstance(right, Literal):
                return Compare(right, _TURNED[word.text], left)
            return Compare(left, word.text, right)
        if self._takes("in"):
            return InList(left, self._members("(", ")"))
        return left

    def operand(self) -> Operand:
        """A constant, a property or a function of these."""
        word = self._word
        self._at += 1
        if word.kind in _LITERALS or (word.kind == "word" and word.text in CONSTANTS):
            return Literal(constant(word))
        if word.kind == "alias":
            return self._alias(word)
        if word.kind == "sign" and word.text == "[":
            self._at -= 1
            return Literal(tuple(one.value for one in self._members("[", "]")))
        if word.kind != "word" or word.text in ("and", "or", "not", "in", *_TURNED):
            raise self._wrong(word)
        if self._takes("(", "sign"):
            return Call(word.text, self._arguments())
        if self._word.kind == "text" and self._word.at == word.at + len(word.text):
            return Literal(constant(self._next()))
        return Field(word.text)

    def _alias(self, word: Word) -> Literal:
        if word.text not in self._aliases:
            raise FilterProblem(f"The parameter alias '{word.text}' has no value.")
        return literal(self._aliases[word.text])

    def _arguments(self) -> tuple[Operand | Named, ...]:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise FilterProblem("The filter is nested too deeply.")
        found: list[Operand | Named] = []
        while not self._takes(")", "sign"):
            if found:
                self.expect("sign", ",")
            given = self.operand()
            if isinstance(given, Field) and self._takes("=", "sign"):
                found.append(Named(given.path, self.operand()))
            else:
                found.append(given)
        self._depth -= 1
        return tuple(found)

    def _members(self, opening: str, closing: str) -> tuple[Literal, ...]:
        self.expect("sign", opening)
        found: list[Literal] = []
        while not found or not self._takes(closing, "sign"):
            if found:
                self.expect("sign", ",")
            word = self._word
            one = self.operand()
            if not isinstance(one, Literal):
                raise self._wrong(word)
            found.append(one)
        return tuple(found)

    def _is_lambda(self) -> bool:
        following = self._words[self._at + 1] if self._word.kind == "word" else self._word
        return following.text == "(" and self._word.text.endswith(("/any", "/all"))

    def _lambda(self) -> Node:
        collection, _, quantifier = self._next().text.rpartition("/")
        self.expect("sign", "(")
        if quantifier == "any" and self._takes(")", "sign"):
            return Lambda(collection, quantifier, "", None)
        variable = self.expect("word").text
        self.expect("sign", ":")
        body = self.disjunction()
        self.expect("sign", ")")
        return Lambda(collection, quantifier, variable, body)
