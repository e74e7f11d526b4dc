"""A file that came back, as rows of cells: text in any common encoding, or a spreadsheet of bounded size."""

from __future__ import annotations

import codecs
import csv
import io
import re
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any
from xml.etree.ElementTree import ParseError

from kobling.records import N_, Wrong
from kobling.records.texts import as_key

MOST_BYTES, MOST_UNPACKED, MOST_ROWS, MOST_COLUMNS = 20_000_000, 200_000_000, 200_000, 200
_LINES_OF_A_CELL = 20
"""So many lines at most belong to one quoted text; a quote that is closed later than that was none."""
_EXACT = 10**15
_ZIP, _OLD_EXCEL = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_NO_SHEET = (
    *(zipfile.BadZipFile, zlib.error, ParseError, KeyError, ValueError, TypeError),
    *(AttributeError, IndexError, EOFError, OSError, RuntimeError, NotImplementedError, OverflowError),
    *(StopIteration, AssertionError),
)
"""What broken spreadsheets, and those without a row, make their library raise."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell's text; ``is_number``: a spreadsheet kept it as a number, so that its noughts in front are gone."""

    text: str
    is_number: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """A row with its place in the file (from 1), and as a person sees it."""

    place: int
    cells: tuple[Cell, ...]
    shown: str

    def at(self, column: int) -> Cell:
        """A cell, an empty one where the row ends before it."""
        return self.cells[column] if column < len(self.cells) else Cell("")

    @property
    def texts(self) -> list[str]:
        return [each.text for each in self.cells]


Split = Callable[[str], list[Row]]


def opened(content: bytes, encodings: tuple[str, ...]) -> Split:
    """What gives the rows for a separator; a spreadsheet has the same for each. Raises Wrong for what is no table."""
    if len(content) > MOST_BYTES:
        raise Wrong(N_("The answer is larger than %(most)s MB."), most=MOST_BYTES // 1_000_000)
    if content.startswith(_OLD_EXCEL):
        raise Wrong(N_("The answer is a spreadsheet of an old kind (XLS). Save it as XLSX or CSV."))
    if content.startswith(_ZIP):
        rows = _rows_of_sheet(content)
        return lambda _separator: rows
    text = _decoded(content, encodings)
    return lambda separator: _rows_of_text(text, separator)


def _decoded(content: bytes, encodings: tuple[str, ...]) -> str:
    """By its mark, else by the first encoding that fits; the last one fits everything."""
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return content.decode(encoding, "replace")
    for encoding in (*encodings, "utf-8", "cp1252"):
        try:
            return content.decode(encoding)
        except (UnicodeDecodeError, LookupError):
            continue
    return content.decode("latin-1")


def _rows_of_text(text: str, separator: str) -> list[Row]:
    lines = re.split(r"\r\n|\r|\n", text)
    rows, at = [], 0
    while at < len(lines):
        cells, used = _parsed(lines[at : at + _LINES_OF_A_CELL], separator)
        if any(cells):
            shown = " ".join(lines[at : at + used]).strip()
            rows.append(Row(at + 1, tuple(Cell(each) for each in cells), shown))
        at += used
    return rows


def _parsed(lines: list[str], separator: str) -> tuple[list[str], int]:
    """The cells of the first row and how many lines it takes: one, where its quotes do not fit."""
    for told, strict in ((lines, True), (lines[:1], False)):
        reader = csv.reader((f"{each}\n" for each in told), delimiter=separator, strict=strict)
        try:
            return [as_key(each) for each in next(reader)], reader.line_num
        except (csv.Error, StopIteration):
            continue
    return [as_key(each) for each in lines[0].split(separator)], 1


def _rows_of_sheet(content: bytes) -> list[Row]:
    """Rows of the first sheet that has any."""
    # The library takes a fifth of a command's start, so that only who reads a spreadsheet loads it.
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as parts:
            if sum(each.file_size for each in parts.infolist()) > MOST_UNPACKED:
                raise Wrong(N_("The answer is larger than %(most)s MB."), most=MOST_UNPACKED // 1_000_000)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
            try:
                return next(found for each in book.worksheets if (found := list(_of_sheet(each))))
            finally:
                book.close()
    except Wrong:
        raise
    except (InvalidFileException, *_NO_SHEET):
        raise Wrong(N_("The answer is no spreadsheet that can be read. Save it as XLSX or CSV again.")) from None


def _of_sheet(sheet: Any) -> Iterator[Row]:
    sheet.reset_dimensions()
    for place, values in enumerate(sheet.iter_rows(max_col=MOST_COLUMNS, values_only=True), start=1):
        if place > MOST_ROWS:
            raise Wrong(N_("The answer has more than %(most)s rows."), most=MOST_ROWS)
        cells = tuple(_cell(each) for each in values)
        if any(each.text for each in cells):
            yield Row(place, cells, "; ".join(each.text for each in cells if each.text))


def _cell(value: Any) -> Cell:
    if value is None:
        return Cell("")
    if isinstance(value, bool) or not isinstance(value, int | float):
        return Cell(value.isoformat() if isinstance(value, date) else as_key(str(value)))
    whole = abs(value) < _EXACT and value == int(value)
    return Cell(str(int(value)) if whole else repr(value), is_number=True)
