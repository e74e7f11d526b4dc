"""The answer to a file: which documents the other system took, which it refused, and why.

Fidelity: assumed unimicro §9 – no answer file is documented: a profile says which column holds the document's number,
    which the verdict and which the reason; without that their headings decide, and nothing else is ever taken for them
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from kobling.files.columns import NUMBER_HEADINGS, VERDICT_HEADINGS, Columns, named, placed, usual
from kobling.files.documents import Problem
from kobling.files.profile import AnswerForm, Profile
from kobling.files.tables import Cell, Row, Split, opened
from kobling.records import N_, Wrong

TAKEN = frozenset(
    {"ok", "accepted", "imported", "posted", "success", "successful", "godkendt", "godkjent", "godkänd", "importert"}
    | {"importeret", "importerad", "bokført", "bogført", "bokförd"}
)
REFUSED = frozenset(
    {"error", "failed", "refused", "rejected", "not imported", "feil", "feilet", "fejl", "fejlet", "fel", "avvist"}
    | {"misslyckades", "afvist", "avvisad", "ikke importert", "ikke importeret", "inte importerad", "ej importerad"}
)
"""Words that decide. How grave a line is (INFO, WARNING, LOG) says nothing of its document."""
_SEPARATORS = (";", "\t", ",", "|")
_AS_IN_A_SPREADSHEET = re.compile(r"'?0*(\d+)(?:[.,]0{1,2})?")
_LONGEST_LINE, _MOST_FOUND = 200, 12


@dataclass(frozen=True, slots=True)
class Told:
    """What was said of one document. ``written``: how its number stood in the answer, where it stood otherwise."""

    number: str
    taken: bool
    reason: str = ""
    written: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a file said: of which documents, and the lines that nobody understands (with their place in the file).

    ``undecided`` are documents of which a line speaks without a verdict; ``trouble`` is why nothing could be read.
    """

    told: tuple[Told, ...] = ()
    unknown: tuple[tuple[int, str], ...] = ()
    undecided: tuple[str, ...] = ()
    trouble: Problem | None = None


def read_answer(content: bytes, numbers: Collection[str], profile: Profile | None = None) -> Answer:
    """Read an answer about documents with these numbers, by what their file's profile says of it.

    A document that is spoken of twice with different words is refused; a number that two documents have, and a line
    about none of them, are unknown. Never raises: what could not be read says why.
    """
    form = profile.answer if profile is not None else None
    told = form.encoding if form is not None else ""
    try:
        split = opened(content, (told,) if told else ("utf-8", profile.encoding) if profile is not None else ())
    except Wrong as wrong:
        return Answer(trouble=Problem("answer", wrong.summary, wrong.params))
    separators = _separators(profile, form)
    columns, rows = _found(split, separators, form)
    if columns is None:
        lines = max((split(each) for each in separators), key=_cells_of_its_first_row)
        return Answer(unknown=_shown(lines), trouble=_not_found(form, lines))
    return _read(rows, columns, _Words(form), _Documents(numbers))


def _separators(profile: Profile | None, form: AnswerForm | None) -> tuple[str, ...]:
    """The answer's own first, then the profile's, then the usual ones."""
    own = (form.separator if form is not None else "", profile.separator if profile is not None else "")
    return tuple(dict.fromkeys(each for each in (*own, *_SEPARATORS) if each))


def _found(split: Split, separators: tuple[str, ...], form: AnswerForm | None) -> tuple[Columns | None, list[Row]]:
    """Where the columns are, and the rows below their headings: as the profile names them, else by their headings,
    else at the places that the profile tells."""
    by_place = form is not None and isinstance(form.number, int)
    readings = {each: split(each) for each in separators}
    if form is not None and not by_place:
        for rows in readings.values():
            if rows and (columns := named(rows[0], form)):
                return columns, rows[1:]
    for rows in readings.values():
        if rows and (columns := usual(rows[0])):
            return columns, rows[1:]
    if form is not None and by_place:
        return placed(form), readings[separators[0]]
    return None, []


def _cells_of_its_first_row(rows: list[Row]) -> int:
    return len(rows[0].cells) if rows else 0


def _not_found(form: AnswerForm | None, rows: list[Row]) -> Problem:
    number, verdict = (" / ".join(each) for each in (NUMBER_HEADINGS, VERDICT_HEADINGS))
    if form is not None:
        number, verdict = str(form.number), str(form.verdict)
    found = [each for each in rows[0].texts if each][:_MOST_FOUND] if rows else []
    return Problem(
        "answer",
        N_(
            "It is not clear which columns of the answer to read. Expected in its first line: one heading for the "
            "document's number (%(number)s) and one for the verdict (%(verdict)s). Found: %(found)s. A profile of your "
            "own can name them: “answer”, with “number”, “verdict” and “reason”, each a heading or a place from 1."
        ),
        {"number": number, "verdict": verdict, "found": ", ".join(f"“{each[:60]}”" for each in found) or "–"},
    )


class _Words:
    """What a verdict's cell says."""

    def __init__(self, form: AnswerForm | None) -> None:
        own = [frozenset(each.casefold() for each in told) for told in ((form.taken, form.refused) if form else ())]
        self._taken, self._refused = own if any(own) else (TAKEN, REFUSED)

    def taken(self, cell: Cell) -> bool | None:
        """Whether it says taken or refused; None where it says neither."""
        word = cell.text.casefold().rstrip(".!")
        return True if word in self._taken else False if word in self._refused else None


class _Documents:
    """Documents by number, also by one that a spreadsheet took for an amount (noughts in front gone, .0 behind)."""

    def __init__(self, numbers: Iterable[str]) -> None:
        self._count = Counter(numbers)
        self._loosely: dict[str, set[str]] = {}
        for each in self._count:
            if each.isascii() and each.isdigit():
                self._loosely.setdefault(each.lstrip("0") or "0", set()).add(each)

    def find(self, cell: Cell) -> str | None:
        """The one document that a cell means, None where it is none or could be several."""
        if not cell.is_number and cell.text in self._count:
            return cell.text if self._count[cell.text] == 1 else None
        bare = _AS_IN_A_SPREADSHEET.fullmatch(cell.text)
        fit = self._loosely.get(bare[1], set()) if bare else set()
        return next(iter(fit)) if len(fit) == 1 and self._count[next(iter(fit))] == 1 else None


def _read(rows: list[Row], columns: Columns, words: _Words, documents: _Documents) -> Answer:
    told: dict[str, Told] = {}
    unknown: list[Row] = []
    undecided: list[str] = []
    for row in rows:
        number, taken = documents.find(row.at(columns.number)), words.taken(row.at(columns.verdict))
        reason = _reason(row, columns)
        if number is None or taken is None or reason is None:
            unknown.append(row)
            undecided += [] if number is None else [number]
        elif number not in told or (told[number].taken and not taken):
            written = row.at(columns.number).text
            told[number] = Told(number, taken, reason, "" if written == number else written)
    silent = tuple(dict.fromkeys(each for each in undecided if each not in told))
    return Answer(tuple(told.values()), _shown(unknown), silent)


def _reason(row: Row, columns: Columns) -> str | None:
    """What the reason's column says, or all other cells where there is none; None where the cells do not fit the
    headings, so that none of them can be trusted."""
    beyond = [] if columns.width is None else [each.text for each in row.cells[columns.width :] if each.text]
    last = columns.width is not None and columns.reasons and max(columns.reasons) == columns.width - 1
    if beyond and not last:
        return None
    known = {columns.number, columns.verdict}
    places = columns.reasons or [at for at in range(len(row.cells)) if at not in known]
    return "; ".join(text for text in (*(row.at(each).text for each in places), *(beyond if last else ())) if text)


def _shown(rows: list[Row]) -> tuple[tuple[int, str], ...]:
    return tuple((each.place, each.shown[:_LONGEST_LINE]) for each in rows)
