"""$select, $orderby, $top, $count and $expand, and the Prefer header."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from kobling_simulators.odata.expressions import parse
from kobling_simulators.odata.nodes import Node

_PATH = re.compile(r"[^\W\d][\w.]*(?:/(?:[^\W\d][\w.]*|\$\w+))*|\*")
_NUMBER = re.compile(r"\d{1,9}")


class OptionProblem(Exception):
    """A query option is malformed; the message says which and why."""


@dataclass(frozen=True, slots=True)
class Order:
    """One key of $orderby."""

    field: str
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Expand:
    """One navigation property of $expand with the options in its parentheses."""

    name: str
    options: Options


@dataclass(frozen=True, slots=True)
class Options:
    """The system query options of a request or of an $expand; None or empty where not given."""

    select: tuple[str, ...] | None = None
    filter: Node | None = None
    filter_text: str = ""
    orderby: tuple[Order, ...] = ()
    top: int | None = None
    skip: int | None = None
    count: bool = False
    expand: tuple[Expand, ...] = ()
    more: Mapping[str, str] = field(default_factory=dict)


def parse_options(query: Mapping[str, str]) -> Options:
    """The options of a query string already decoded; unknown ones ($apply, tenant, …) are kept in `more`.

    Raises OptionProblem, FilterProblem.
    """
    return _options(query, {name: text for name, text in query.items() if name.startswith("@")}, 0)


def _options(query: Mapping[str, str], aliases: Mapping[str, str], depth: int) -> Options:
    if depth > 10:
        raise OptionProblem("$expand is nested too deeply.")
    readers: dict[str, Callable[[str], object]] = {
        "select": lambda text: _names(text, "$select"),
        "orderby": _orders,
        "top": lambda text: _number(text, "$top"),
        "skip": lambda text: _number(text, "$skip"),
        "count": _boolean,
        "expand": lambda text: tuple(_expand(part, aliases, depth) for part in split(text, ",")),
        "filter": lambda text: parse(text, aliases),
    }
    found: dict[str, object] = {}
    more: dict[str, str] = {}
    for name, text in query.items():
        plain = name.removeprefix("$")
        if name.startswith("$") and plain in readers:
            found[plain] = readers[plain](text)
            if plain == "filter":
                found["filter_text"] = text
        else:
            more[name] = text
    return Options(**found, more=more)  # type: ignore[arg-type]


def _names(text: str, option: str) -> tuple[str, ...]:
    names = tuple(part.strip() for part in text.split(","))
    for name in names:
        if not _PATH.fullmatch(name):
            raise OptionProblem(f"Term '{text}' is not valid in a {option} expression.")
    return names


def _orders(text: str) -> tuple[Order, ...]:
    found = []
    for part in text.split(","):
        words = part.split()
        if not words or len(words) > 2 or not _PATH.fullmatch(words[0]) or words[1:] not in ([], ["asc"], ["desc"]):
            raise OptionProblem(f"Syntax error in the $orderby expression '{text}'.")
        found.append(Order(words[0], words[1:] == ["desc"]))
    return tuple(found)


def _number(text: str, option: str) -> int:
    if not _NUMBER.fullmatch(text):
        raise OptionProblem(f"Invalid value '{text}' for {option} query option found.")
    return int(text)


def _boolean(text: str) -> bool:
    if text not in ("true", "false"):
        raise OptionProblem(f"Invalid value '{text}' for $count query option found.")
    return text == "true"


def _expand(text: str, aliases: Mapping[str, str], depth: int) -> Expand:
    name, opening, rest = text.strip().partition("(")
    if not _PATH.fullmatch(name.strip()) or (opening and not rest.endswith(")")):
        raise OptionProblem(f"Term '{text}' is not valid in a $expand expression.")
    inner: dict[str, str] = {}
    for part in split(rest[:-1], ";") if opening and rest[:-1].strip() else ():
        key, equals, value = part.strip().partition("=")
        if not equals or not key.startswith("$"):
            raise OptionProblem(f"Term '{part}' is not valid in a $expand expression.")
        inner[key.strip()] = value.strip()
    return Expand(name.strip(), _options(inner, aliases, depth + 1))


def split(text: str, separator: str) -> Iterator[str]:
    """Parts at a separator that stands outside quotes and parentheses. Raises OptionProblem when these do not close."""
    depth, quoted, begin = 0, False, 0
    for at, letter in enumerate(text):
        if letter == "'":
            quoted = not quoted
        elif quoted:
            continue
        elif letter == "(":
            depth += 1
        elif letter == ")":
            depth -= 1
            if depth < 0:
                break
        elif letter == separator and depth == 0:
            yield text[begin:at]
            begin = at + 1
    if depth or quoted:
        raise OptionProblem(f"Parentheses or quotes do not close in '{text}'.")
    yield text[begin:]


_PREFERENCE = re.compile(r'\s*([!#$%&\'*+.^_`|~\w-]+)\s*(?:=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,;"]*)))?[^,"]*(?:,|$)')


def parse_prefer(header: str) -> dict[str, str]:
    """Preferences by lower-case name, values without their quotes, the first of equal names wins; never refuses."""
    found: dict[str, str] = {}
    for name, quoted, plain in _PREFERENCE.findall(header):
        found.setdefault(name.lower(), re.sub(r"\\(.)", r"\1", quoted) or plain)
    return found
