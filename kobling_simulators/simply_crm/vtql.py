"""VTQL, the query language: text in, a Query out, with the real parser's complaints.

Fidelity: known simply_crm §4 – a closing semicolon is required; NOT LIKE and parentheses are syntax errors
Fidelity: known simply_crm §4 – quotes are doubled; a backslash is an ordinary character; '' cannot be written
Fidelity: inferred simply_crm §4 – a bare word is a value as well (id=12x3), as vTiger's lexer reads it
Fidelity: assumed simply_crm §4 – AND binds stronger than OR
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from kobling_simulators.simply_crm.errors import ServiceError, internal

_TOKEN = re.compile(
    r"""\s*(?:
    (?P<VALUE>'(?:[^']|'')*')
    |(?P<BARE>\d+[A-Za-z_]\w*)
    |(?P<NUMBER>-?\d+(?:\.\d+)?)
    |(?P<WORD>[A-Za-z_][\w&]*(?:\.[A-Za-z_]\w*)*)
    |(?P<OP><=|>=|!=|<>|=|<|>)
    |(?P<MARK>[;,()*])
    |(?P<BAD>\S)
    )""",
    re.VERBOSE,
)
_KEYWORDS = {"select", "from", "where", "and", "or", "like", "in", "order", "by", "limit", "asc", "desc", "count"}
_MARKS = {";": "SEMICOLON", ",": "COMMA", "(": "PARENOPEN", ")": "PARENCLOSE", "*": "ASTERISK"}
_OPERATORS = {"=": "EQ", "!=": "NE", "<>": "NE", "<": "LT", ">": "GT", "<=": "LE", ">=": "GE"}
MAX_ROWS = 100


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the query: its kind as the parser names it, and its text."""

    kind: str
    text: str
    line: int


@dataclass(frozen=True, slots=True)
class Condition:
    """column operator values; operator is one of = != < > <= >= like in."""

    column: str
    operator: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed query; where is an OR of ANDs; columns is empty for *; limit is already cut to 100."""

    columns: tuple[str, ...]
    count: bool
    module: str
    where: tuple[tuple[Condition, ...], ...]
    order: tuple[tuple[str, bool], ...]
    offset: int
    limit: int


def parse(text: str) -> Query:
    """The query, or a ServiceError as the vendor words it."""
    return _Parser(_tokens(text)).query()


def _tokens(text: str) -> list[Token]:
    found: list[Token] = []
    at, line = 0, 1
    text = text.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            break
        line += text.count("\n", at, match.start(match.lastgroup))
        found.append(_token(match.lastgroup, match.group(match.lastgroup), line))
        at = match.end()
    return found


def _token(group: str, text: str, line: int) -> Token:
    if group == "BAD":
        return Token("BAD", text, line)
    if group == "BARE":
        return Token("COLUMNNAME", text, line)
    if group == "WORD":
        lowered = text.lower()
        kind = lowered.upper() if lowered in _KEYWORDS else "COLUMNNAME"
        return Token(kind, text, line)
    if group == "VALUE":
        return Token("VALUE", text[1:-1].replace("''", "'"), line)
    if group == "NUMBER":
        return Token("VALUE", text, line)
    return Token(_OPERATORS[text] if group == "OP" else _MARKS[text], text, line)


class _Parser:
    """Recursive descent over the tokens."""

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._at = 0

    def query(self) -> Query:
        self._take("SELECT")
        columns, count = self._selection()
        self._take("FROM")
        module = self._take("COLUMNNAME").text
        where = self._where() if self._skip("WHERE") else ()
        order = self._order() if self._skip("ORDER") else ()
        offset, limit = self._limit() if self._skip("LIMIT") else (0, MAX_ROWS)
        self._take("SEMICOLON")
        if self._at < len(self._tokens):
            raise self._unexpected("EOF")
        return Query(columns, count, module, where, order, offset, min(limit, MAX_ROWS))

    def _selection(self) -> tuple[tuple[str, ...], bool]:
        if self._skip("ASTERISK"):
            return (), False
        if self._skip("COUNT"):
            self._take("PARENOPEN")
            self._take("ASTERISK")
            self._take("PARENCLOSE")
            return (), True
        names = [self._column()]
        while self._skip("COMMA"):
            names.append(self._column())
        return tuple(names), False

    def _where(self) -> tuple[tuple[Condition, ...], ...]:
        groups = [[self._condition()]]
        while True:
            if self._skip("AND"):
                groups[-1].append(self._condition())
            elif self._skip("OR"):
                groups.append([self._condition()])
            else:
                return tuple(tuple(group) for group in groups)

    def _condition(self) -> Condition:
        column = self._column()
        token = self._peek()
        if token is not None and token.kind in _OPERATORS.values():
            self._at += 1
            return Condition(column, "!=" if token.text == "<>" else token.text, (self._value(),))
        if self._skip("LIKE"):
            return Condition(column, "like", (self._value(),))
        if self._skip("IN"):
            self._take("PARENOPEN")
            values = [self._value()]
            while self._skip("COMMA"):
                values.append(self._value())
            self._take("PARENCLOSE")
            return Condition(column, "in", tuple(values))
        raise self._unexpected("EQ, LT, GT, LTE, GTE, NE, IN, LIKE")

    def _value(self) -> str:
        token = self._peek()
        if token is not None and token.kind == "COLUMNNAME" and token.text.isalnum():
            self._at += 1
            return token.text
        return self._take("VALUE").text

    def _order(self) -> tuple[tuple[str, bool], ...]:
        self._take("BY")
        keys = [self._order_key()]
        while self._skip("COMMA"):
            keys.append(self._order_key())
        return tuple(keys)

    def _order_key(self) -> tuple[str, bool]:
        column = self._column()
        if self._skip("DESC"):
            return column, True
        self._skip("ASC")
        return column, False

    def _limit(self) -> tuple[int, int]:
        first = self._whole_number()
        return (first, self._whole_number()) if self._skip("COMMA") else (0, first)

    def _whole_number(self) -> int:
        token = self._take("VALUE")
        if not token.text.isdecimal():
            self._at -= 1
            raise self._unexpected("VALUE")
        return min(int(token.text[:12]), 2**31)

    def _column(self) -> str:
        name = self._take("COLUMNNAME").text
        if "." in name:
            raise internal()
        return name

    def _peek(self) -> Token | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def _skip(self, kind: str) -> bool:
        token = self._peek()
        if token is not None and token.kind == kind:
            self._at += 1
            return True
        return False

    def _take(self, kind: str) -> Token:
        token = self._peek()
        if token is None or token.kind != kind:
            raise self._unexpected(kind)
        self._at += 1
        if kind == "VALUE" and not token.text:
            raise internal()
        return token

    def _unexpected(self, wanted: str) -> ServiceError:
        token = self._peek()
        if token is not None and token.kind == "BAD":
            return ServiceError("QUERY_SYNTAX_ERROR", f"Unexpected input at line {token.line}: {token.text}")
        if token is not None:
            what = f"token '{token.text}' Unexpected {token.kind}({token.text})"
            line = token.line
        else:
            last = self._tokens[-1] if self._tokens else Token("", "", 1)
            what = f"token '{last.text}' Unexpected End of Input(0)"
            line = last.line
        return ServiceError("QUERY_SYNTAX_ERROR", f"Syntax Error on line {line}: {what}, expected one of: {wanted}")
