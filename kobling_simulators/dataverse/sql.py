"""?sql= on an entity set: the small part of SQL that some clients send, put into OData."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kobling_simulators.dataverse.errors import bad_request, no_property
from kobling_simulators.dataverse.facts import LOOKUPS, Column, Table

_SELECT = re.compile(
    r"^\s*select\s+(?:top\s+(?P<top>\d+)\s+)?(?P<columns>[\w\s,.*\[\]]+?)\s+from\s+\[?(?P<table>\w+)\]?"
    r"(?:\s+where\s+(?P<where>.+?))?(?:\s+order\s+by\s+(?P<order>[\w\s,.\[\]]+?))?\s*;?\s*$",
    re.IGNORECASE | re.DOTALL,
)
_TOKEN = re.compile(
    r"\s*(?:(?P<text>N?'(?:[^']|'')*')|(?P<number>-?\d+(?:\.\d+)?)|(?P<op><>|!=|<=|>=|=|<|>)|(?P<mark>[(),])"
    r"|(?P<word>\[?[A-Za-z_][\w.]*\]?))"
)
_OPERATORS = {"=": "eq", "<>": "ne", "!=": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge"}


def as_query(table: Table, sql: str) -> dict[str, str]:
    """The query options that ask for the same. Raises ApiError.

    Fidelity: inferred dataverse §4 – a client library sends ?sql=SELECT … to the entity set
    Fidelity: assumed dataverse §4 – TOP, WHERE with comparisons, LIKE, IN, IS NULL, AND and OR, ORDER BY; no joins
    """
    match = _SELECT.match(sql)
    if match is None or match["table"].lower() != table.logical:
        raise bad_request("The SQL statement is not supported.")
    found: dict[str, str] = {}
    if match["columns"].strip() != "*":
        names = [_column(table, name).read_name for name in match["columns"].split(",")]
        found["$select"] = ",".join(names)
    if match["where"]:
        found["$filter"] = _filter(table, match["where"])
    if match["order"]:
        found["$orderby"] = ",".join(_order(table, part) for part in match["order"].split(","))
    return {**found, "$top": match["top"]} if match["top"] else found


def _column(table: Table, name: str) -> Column:
    plain = name.strip().strip("[]").rpartition(".")[2].lower()
    if plain not in table.columns:
        raise no_property(plain, table.logical)
    return table.columns[plain]


def _order(table: Table, part: str) -> str:
    name, _, direction = part.strip().partition(" ")
    column = _column(table, name).read_name
    return f"{column} desc" if direction.strip().lower() == "desc" else column


def _filter(table: Table, text: str) -> str:
    tokens = list(_tokens(text))
    words: list[str] = []
    while tokens:
        kind, token = tokens.pop(0)
        if token.lower() in ("and", "or", "not", "(", ")"):
            words.append(token.lower())
        elif kind == "word":
            words.append(_comparison(_column(table, token), tokens))
        else:
            raise bad_request(f"The SQL condition is not supported near '{token}'.")
    return " ".join(words)


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    at = 0
    while text[at:].strip():
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            raise bad_request(f"The SQL condition is not supported near '{text[at : at + 20]}'.")
        yield match.lastgroup, match[match.lastgroup]
        at = match.end()


def _comparison(column: Column, tokens: list[tuple[str, str]]) -> str:
    """What follows a column: an operator with its value or values."""
    name, (kind, token) = column.read_name, _next(tokens)
    negated = token.lower() == "not"
    if negated:
        _, token = _next(tokens)
    word, before = token.lower(), "not " if negated else ""
    if kind == "op" and not negated:
        return f"{name} {_OPERATORS[token]} {_value(column, _next(tokens))}"
    if word == "is":
        _, token = _next(tokens)
        absent = token.lower() == "not"
        if absent:
            _next(tokens)
        return f"{name} {'ne' if absent else 'eq'} null"
    if word == "like":
        return before + _like(name, _next(tokens)[1])
    if word == "in" and _next(tokens)[1] == "(":
        values = []
        while (given := _next(tokens))[1] != ")":
            if given[1] != ",":
                values.append(f"{name} eq {_value(column, given)}")
        return f"{before}({' or '.join(values)})"
    raise bad_request(f"The SQL operator '{token}' is not supported.")


def _next(tokens: list[tuple[str, str]]) -> tuple[str, str]:
    if not tokens:
        raise bad_request("The SQL condition breaks off.")
    return tokens.pop(0)


def _value(column: Column, given: tuple[str, str]) -> str:
    text = given[1].removeprefix("N")
    if column.type == "Boolean":
        return "true" if text.strip("'").lower() in ("1", "true") else "false"
    plain = column.type in LOOKUPS or column.type in ("Uniqueidentifier", "DateTime")
    return text.strip("'") if plain else text


def _like(name: str, text: str) -> str:
    inner = text.removeprefix("N")[1:-1]
    word = f"'{inner.strip('%')}'"
    if inner.startswith("%") and inner.endswith("%"):
        return f"contains({name},{word})"
    if inner.endswith("%"):
        return f"startswith({name},{word})"
    return f"endswith({name},{word})" if inner.startswith("%") else f"{name} eq {word}"
