"""Addresses below the service root, and the keys in their parentheses."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from kobling_simulators.dataverse.errors import bad_request, no_segment
from kobling_simulators.dataverse.facts import LOOKUPS, Table
from kobling_simulators.dataverse.values import guid
from kobling_simulators.odata.expressions import FilterProblem, literal
from kobling_simulators.odata.options import OptionProblem, split

ROOT = re.compile(r"^/api/data/v9\.[0-2](?:/|$)")
_SEGMENT = re.compile(r"^(\$?[\w.]+)(?:\((.*)\))?$", re.DOTALL)
_FORBIDDEN = re.compile(r"[/<>*%&:\\?+]")


@dataclass(frozen=True, slots=True)
class Segment:
    """One step of an address; `key` is what stands in its parentheses, None without any."""

    name: str
    key: str | None


@dataclass(frozen=True, slots=True)
class KeyRef:
    """Which row: by id, or by the values of an alternate key (columns by logical name)."""

    row_id: str | None
    values: tuple[tuple[str, object], ...] = ()


def segments(path: str) -> list[Segment]:
    """The steps of a path below the service root, percent-decoding done. Raises ApiError."""
    try:
        parts = list(split(path.strip("/"), "/")) if path.strip("/") else []
    except OptionProblem:
        raise no_segment(path) from None
    found = []
    for part in parts:
        match = _SEGMENT.match(part)
        if match is None:
            raise no_segment(part)
        found.append(Segment(match[1], match[2]))
    return found


def reference(text: object) -> list[Segment]:
    """The steps of a reference in a body: absolute, from the root of the host, or from the service root."""
    if not isinstance(text, str):
        raise bad_request("An entity reference must be the URL of a row.")
    path = unquote(urlsplit(text).path) if "://" in text else text
    steps = segments(ROOT.sub("", path))
    if len(steps) != 1 or steps[0].key is None:
        raise bad_request(f"The entity reference '{text}' is not the URL of a row.")
    return steps


def key_of(table: Table, text: str) -> KeyRef:
    """The key in parentheses. Raises ApiError.

    Fidelity: known dataverse §6 – values holding / < > * % & : \\ ? + cannot be used in key URLs
    """
    plain = guid(text.strip())
    if plain is not None:
        return KeyRef(plain)
    found: list[tuple[str, object]] = []
    try:
        for part in split(text, ","):
            name, equals, value = part.strip().partition("=")
            column = table.by_read_name.get(name.strip())
            if not equals or column is None:
                raise bad_request(f"Bad Request - Error in query syntax: '{text}' is no key of '{table.logical}'.")
            constant = literal(value.strip()).value
            if isinstance(constant, str) and _FORBIDDEN.search(constant):
                raise bad_request(f"The key value '{constant}' holds a character that cannot be used in a key.")
            plainly = str(constant) if column.type in LOOKUPS or column.type == "Uniqueidentifier" else constant
            found.append((column.name, plainly))
    except (FilterProblem, OptionProblem) as problem:
        raise bad_request(f"Bad Request - Error in query syntax: {problem}") from None
    if [name for name, _ in found] == [table.key]:
        return KeyRef(str(found[0][1]))
    return KeyRef(None, tuple(found))
