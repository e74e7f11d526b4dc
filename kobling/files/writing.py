"""Documents as a file: the same documents and profile always give the same bytes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal

from kobling.files.documents import Document, Line, Problem
from kobling.files.fields import FIELDS, LABELS, Value
from kobling.files.profile import Column, Profile, RecordType
from kobling.records import N_

_RUNS = ("=", "+", "-", "@", "\t")
"""How texts begin that a spreadsheet takes for a formula."""


def problems(profile: Profile, document: Document) -> list[Problem]:
    """What keeps a document out of a file of this profile; empty when nothing does."""
    found: list[Problem] = []
    if not document.lines:
        found.append(Problem("lines", N_("It has no lines.")))
    for record, line in _rows(profile, document):
        for column in record.columns:
            problem = _problem(profile, column, _value(record, column, document, line))
            if problem is not None and problem not in found:
                found.append(problem)
    return found


def write(profile: Profile, documents: Sequence[Document]) -> bytes:
    """The file. Raises ValueError for a document that ``problems`` speaks of."""
    rows: list[str] = []
    if profile.headings:
        rows += [
            _joined(profile, [each.heading or each.field for each in record.columns]) for record in profile.records
        ]
    parties: set[str] = set()
    for document in documents:
        if wrong := problems(profile, document):
            raise ValueError(f"{document.number}: {wrong[0].field}")
        for record, line in _rows(profile, document):
            if record.level == "party":
                if document.party.number in parties:
                    continue
                parties.add(document.party.number)
            rows.append(_joined(profile, [_cell(profile, record, each, document, line) for each in record.columns]))
    text = "".join(f"{row}{profile.line_end}" for row in rows)
    return text.encode(profile.encoding)


def _rows(profile: Profile, document: Document) -> Iterator[tuple[RecordType, Line | None]]:
    """Rows of a document in the order of its profile, a line's under its document."""
    for record in profile.records:
        if record.level != "line":
            yield record, None
            continue
        for line in document.lines:
            yield record, line


def _value(record: RecordType, column: Column, document: Document, line: Line | None) -> Value:
    if not column.field:
        return column.fixed
    return FIELDS[record.level][column.field](document, line)


def _problem(profile: Profile, column: Column, value: Value) -> Problem | None:
    name, told = column.field or column.heading, LABELS.get(column.field, column.field or column.heading)
    if column.required and value in (None, ""):
        return Problem(name, N_("%(field)s is missing."), {"field": told})
    if not isinstance(value, str) or not column.field:
        return None
    text = _clean(profile, column, value)
    if column.longest and len(text) > column.longest:
        params = {"field": told, "value": text, "most": str(column.longest)}
        return Problem(name, N_("%(field)s “%(value)s” is longer than %(most)s characters."), params)
    try:
        text.encode(profile.encoding)
    except UnicodeEncodeError as wrong:
        params = {"field": told, "value": text, "sign": text[wrong.start], "encoding": profile.encoding}
        return Problem(name, N_("%(field)s “%(value)s”: the file (%(encoding)s) has no sign for “%(sign)s”."), params)
    return None


def _clean(profile: Profile, column: Column, text: str) -> str:
    """One line without what the file cannot hold; control characters become blanks."""
    plain = "".join(" " if not each.isprintable() or each in profile.strip else each for each in text)
    plain = " ".join(plain.split())
    return plain[: column.longest] if column.cut and column.longest else plain


def _cell(profile: Profile, record: RecordType, column: Column, document: Document, line: Line | None) -> str:
    value = _value(record, column, document, line)
    if value is None:
        return ""
    if isinstance(value, date):
        return value.strftime(profile.day)
    if isinstance(value, Decimal):
        return _number(value).replace(".", profile.decimal)
    text = _clean(profile, column, value)
    runs = profile.formulas and text.startswith(_RUNS) and column.field
    return f"'{text}" if runs else text


def _number(value: Decimal) -> str:
    """Exact, with at least two decimals."""
    plain = value.normalize()
    exponent = plain.as_tuple().exponent
    decimals = -exponent if isinstance(exponent, int) else 0
    return format(plain, f".{max(2, decimals)}f")


def _joined(profile: Profile, cells: Sequence[str]) -> str:
    return profile.separator.join(_quoted(profile, each) for each in cells)


def _quoted(profile: Profile, cell: str) -> str:
    if not profile.quotes or not (profile.separator in cell or '"' in cell):
        return cell
    return '"' + cell.replace('"', '""') + '"'
