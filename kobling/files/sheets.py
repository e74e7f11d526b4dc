"""Spreadsheets as files (XLSX): the same rows always give the same bytes, and no text in them is ever run."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.xml.functions import tostring

from kobling.files.fields import Value
from kobling.records import N_, SettingsError, exact

MOST_ROWS = 1_048_576
_TEXT, _NUMBER = "@", "#,##0.00######"
_WHEN = datetime(1980, 1, 1)  # noqa: DTZ001 – what a spreadsheet says of when it was made has no zone
_PROPERTIES = "docProps/core.xml"
_IN_A_DAY = {"%d": "dd", "%m": "mm", "%Y": "yyyy", "%y": "yy"}


def sheet(head: Sequence[Sequence[str]], body: Iterable[Sequence[Value]], day: str) -> bytes:
    """A spreadsheet of one sheet. ``day`` is how days are shown, as ``strftime`` has it; they are real days.

    Raises SettingsError for more rows than a sheet has.
    """
    # All at once: a sheet whose rows break off is never closed.
    told = list(body)
    if len(head) + len(told) > MOST_ROWS:
        raise SettingsError(
            N_("A spreadsheet holds %(most)s rows, and these documents have more. Take fewer, or a text file."),
            field="form",
            most=MOST_ROWS,
        )
    book = Workbook(write_only=True)
    page: Any = book.create_sheet()
    if head:
        page.freeze_panes = f"A{len(head) + 1}"
    for row in head:
        page.append([_heading(page, each) for each in row])
    shown = _as_shown(day)
    for cells in told:
        page.append([_cell(page, each, shown) for each in cells])
    written = io.BytesIO()
    book.save(written)
    book.properties.created = book.properties.modified = _WHEN
    return _settled(written.getvalue(), tostring(book.properties.to_tree()))


def _as_shown(day: str) -> str:
    for ours, theirs in _IN_A_DAY.items():
        day = day.replace(ours, theirs)
    return day


def _heading(page: Any, text: str) -> Any:
    cell = _text(page, text)
    cell.font = Font(bold=True)
    return cell


def _text(page: Any, text: str) -> Any:
    """A text, said twice: by its kind, so that nothing is run, and by its look, so that editing it keeps it one."""
    cell: Any = WriteOnlyCell(page, value=text)
    cell.data_type = "s"
    cell.number_format = _TEXT
    return cell


def _cell(page: Any, value: Value, day: str) -> Any:
    if value is None:
        return None
    if isinstance(value, str):
        return _text(page, value)
    cell: Any = WriteOnlyCell(page, value=value)
    cell.number_format = day if isinstance(value, date) else _NUMBER
    return cell


def _settled(made: bytes, properties: bytes) -> bytes:
    """The same parts without the moment and the machine that they were packed at."""
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(made)) as parts, zipfile.ZipFile(packed, "w") as settled:
        for name in parts.namelist():
            part = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            part.create_system, part.compress_type = 0, zipfile.ZIP_DEFLATED
            settled.writestr(part, properties if name == _PROPERTIES else parts.read(name))
    return packed.getvalue()


def exact_in_a_cell(value: Decimal) -> Decimal:
    """A number as whoever opens the spreadsheet reads it: fifteen digits of it."""
    return exact(f"{value:.15g}")
