"""What stands in a file's cells: the same value for every form, and how each form can hold it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from kobling.files.documents import Document, Line, Problem
from kobling.files.fields import FIELDS, LABELS, Value
from kobling.files.profile import Column, Profile, RecordType
from kobling.records import N_

_RUNS = ("=", "+", "-", "@", "\t")
"""How texts begin that a spreadsheet takes for a formula when it reads them from a text file."""
_DIGITS_OF_A_CELL, _LONGEST_CELL, _FIRST_DAY = 15, 32_767, date(1900, 3, 1)
"""What a spreadsheet's cell holds exactly: a number of so many digits, so long a text, days from that one on."""


def rows(profile: Profile, document: Document) -> Iterator[tuple[RecordType, Line | None]]:
    """Rows of a document in the order of its profile, a line's under its document."""
    for record in profile.records:
        if record.level != "line":
            yield record, None
            continue
        for line in document.lines:
            yield record, line


def value_of(record: RecordType, column: Column, document: Document, line: Line | None) -> Value:
    """What a column asks for, not yet as the file spells it."""
    if not column.field:
        return column.fixed
    return FIELDS[record.level][column.field](document, line)


def problem(profile: Profile, column: Column, value: Value) -> Problem | None:
    """Why a cell cannot hold a value, None where it can."""
    name, told = column.field or column.heading, LABELS.get(column.field, column.field or column.heading)
    if column.required and value in (None, ""):
        return Problem(name, N_("%(field)s is missing."), {"field": told})
    if not isinstance(value, str):
        return _beyond_a_cell(name, told, value) if profile.is_sheet else None
    if not column.field:
        return None
    text = clean(profile, column, value)
    most = min((each for each in (column.longest, _LONGEST_CELL if profile.is_sheet else 0) if each), default=0)
    if most and len(text) > most:
        params = {"field": told, "value": text[:200], "most": str(most)}
        return Problem(name, N_("%(field)s “%(value)s” is longer than %(most)s characters."), params)
    return None if profile.is_sheet else _unwritable(profile, name, told, text)


def _unwritable(profile: Profile, name: str, told: str, text: str) -> Problem | None:
    try:
        text.encode(profile.encoding)
    except UnicodeEncodeError as wrong:
        params = {"field": told, "value": text, "sign": text[wrong.start], "encoding": profile.encoding}
        return Problem(name, N_("%(field)s “%(value)s”: the file (%(encoding)s) has no sign for “%(sign)s”."), params)
    return None


def _beyond_a_cell(name: str, told: str, value: Decimal | date | None) -> Problem | None:
    if isinstance(value, date):
        held = value >= _FIRST_DAY
    else:
        held = value is None or len(value.normalize().as_tuple().digits) <= _DIGITS_OF_A_CELL
    if held:
        return None
    return Problem(
        name, N_("%(field)s “%(value)s” is more than a spreadsheet's cell holds exactly."), _about(told, value)
    )


def _about(told: str, value: object) -> dict[str, str]:
    return {"field": told, "value": str(value)}


def clean(profile: Profile, column: Column, text: str) -> str:
    """One line without what the file cannot hold; control characters become blanks."""
    strip = "" if profile.is_sheet else profile.strip
    plain = "".join(" " if not each.isprintable() or each in strip else each for each in text)
    plain = " ".join(plain.split())
    return plain[: column.longest] if column.cut and column.longest else plain


def as_text(profile: Profile, column: Column, value: Value) -> str:
    """A value as a text file spells it."""
    if value is None:
        return ""
    if isinstance(value, date):
        return value.strftime(profile.day)
    if isinstance(value, Decimal):
        return number(value).replace(".", profile.decimal)
    text = clean(profile, column, value)
    runs = profile.formulas and text.startswith(_RUNS) and column.field
    return f"'{text}" if runs else text


def as_cell(profile: Profile, column: Column, value: Value) -> Value:
    """A value as a spreadsheet's cell holds it: texts stay texts whatever they look like, numbers and days are real."""
    return clean(profile, column, value) or None if isinstance(value, str) else value


def number(value: Decimal) -> str:
    """Exact, with at least two decimals."""
    plain = value.normalize()
    exponent = plain.as_tuple().exponent
    decimals = -exponent if isinstance(exponent, int) else 0
    return format(plain, f".{max(2, decimals)}f")
