"""Cells of a spreadsheet; its library takes a fifth of a command's start, so that only who writes one loads it."""

from __future__ import annotations

from datetime import date
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.xml.functions import tostring

from kobling.files.fields import Value

_TEXT, _NUMBER = "@", "#,##0.00######"


def new() -> Workbook:
    """A spreadsheet that is written row by row."""
    return Workbook(write_only=True)


def properties(book: Workbook) -> bytes:
    """What it says of itself, as a part of the file."""
    made: bytes = tostring(book.properties.to_tree())
    return made


def heading(page: Any, text: str) -> Any:
    """A cell of the head."""
    made = _text(page, text)
    made.font = Font(bold=True)
    return made


def _text(page: Any, text: str) -> Any:
    """A text, said twice: by its kind, so that nothing is run, and by its look, so that editing it keeps it one."""
    made: Any = WriteOnlyCell(page, value=text)
    made.data_type = "s"
    made.number_format = _TEXT
    return made


def cell(page: Any, value: Value, day: str) -> Any:
    """A cell of a row; ``day``: how days are shown."""
    if value is None:
        return None
    if isinstance(value, str):
        return _text(page, value)
    made: Any = WriteOnlyCell(page, value=value)
    made.number_format = day if isinstance(value, date) else _NUMBER
    return made
