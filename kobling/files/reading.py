"""The answer to a file: which documents the other system took, which it refused, and why.

Fidelity: assumed unimicro §9 – no answer file is documented; one line for a document is read: its number, a word for
taken or refused, and the reason, between semicolons, commas or tabs, in any common encoding
"""

from __future__ import annotations

import csv
import io
from collections.abc import Collection
from dataclasses import dataclass, field

_TAKEN = frozenset({"ok", "accepted", "imported", "info", "godkendt", "godkjent", "godkänd", "importert", "importeret"})
_REFUSED = frozenset({"error", "failed", "refused", "feil", "fejl", "fel", "avvist", "afvist", "avvisad", "rejected"})
_ENCODINGS = ("utf-8-sig", "cp1252")


@dataclass(frozen=True, slots=True)
class Told:
    """What was said of one document."""

    number: str
    taken: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a file said: of which documents, and the lines that nobody understands (with their place in the file)."""

    told: tuple[Told, ...] = ()
    unknown: tuple[tuple[int, str], ...] = field(default=())


def read_answer(content: bytes, numbers: Collection[str]) -> Answer:
    """Read an answer about documents with these numbers. A document that is spoken of twice with different words is
    refused; a line about none of them is unknown."""
    text = _decoded(content)
    told: dict[str, Told] = {}
    unknown: list[tuple[int, str]] = []
    for place, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        found = _read(line, numbers)
        if found is None:
            unknown.append((place, line.strip()[:200]))
        elif found.number not in told or told[found.number].taken:
            told[found.number] = found
    return Answer(tuple(told.values()), tuple(unknown))


def _decoded(content: bytes) -> str:
    for encoding in _ENCODINGS:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return content.decode("latin-1")


def _read(line: str, numbers: Collection[str]) -> Told | None:
    for separator in (";", "\t", ","):
        cells = [each.strip() for each in next(csv.reader(io.StringIO(line), delimiter=separator))]
        number = next((each for each in cells if each in numbers), None)
        word = next((each.casefold() for each in cells if each.casefold() in _TAKEN | _REFUSED), None)
        if number is not None and word is not None:
            rest = [each for each in cells if each and each != number and each.casefold() != word]
            return Told(number, word in _TAKEN, "; ".join(rest))
    return None
