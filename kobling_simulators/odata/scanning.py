"""The words of a $filter."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from kobling_simulators.odata.nodes import FilterProblem, Value

_NAME = r"[^\W\d]\w*"
_PATTERNS = {
    "text": r"'(?:[^']|'')*'",
    "guid": r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}(?!\w)",
    "instant": r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d(?::\d\d(?:\.\d{1,12})?)?(?:[Zz]|[+-]\d\d:\d\d)(?!\w)",
    "day": r"\d{4}-\d\d-\d\d(?!\w)",
    "number": r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d{1,3})?[mMlLdDfF]?(?!\w)",
    "alias": rf"@{_NAME}",
    "word": rf"{_NAME}(?:[./]{_NAME})*",
    "sign": r"[(),:=\[\]]",
    "blank": r"\s+",
}
_WORDS = re.compile("|".join(f"(?P<{kind}>{pattern})" for kind, pattern in _PATTERNS.items()))
CONSTANTS: dict[str, Value] = {"null": None, "true": True, "false": False}


class Word(NamedTuple):
    """One word: what kind it is, as it stands in the text, and where."""

    kind: str
    text: str
    at: int


def scan(text: str) -> list[Word]:
    """All words of a text and an `end`. Raises FilterProblem at the first character that begins none."""
    words: list[Word] = []
    at = 0
    while at < len(text):
        found = _WORDS.match(text, at)
        if found is None or found.lastgroup is None:
            raise FilterProblem(f"Syntax error at position {at} in '{text}'.")
        if found.lastgroup != "blank":
            words.append(Word(found.lastgroup, found.group(), at))
        at = found.end()
    words.append(Word("end", "", at))
    return words


def constant(word: Word) -> Value:
    """The value that a word of a literal kind stands for. Raises FilterProblem for a date that does not exist."""
    try:
        match word.kind:
            case "text":
                return word.text[1:-1].replace("''", "'")
            case "guid":
                return UUID(word.text)
            case "instant":
                return instant(word.text)
            case "day":
                return date.fromisoformat(word.text)
            case "number":
                return Decimal(word.text.rstrip("mMlLdDfF"))
            case _:
                return CONSTANTS[word.text]
    except (ValueError, OverflowError):
        raise FilterProblem(f"Unrecognized literal '{word.text}' at position {word.at}.") from None


def instant(text: str) -> datetime:
    """A date and time with Z or an offset, in UTC; fractions beyond microseconds are cut. Raises ValueError."""
    cut = re.sub(r"(\.\d{6})\d+", r"\1", text.upper())
    return datetime.fromisoformat(cut).astimezone(UTC)
