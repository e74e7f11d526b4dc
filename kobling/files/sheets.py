"""Spreadsheets as files (XLSX): the same rows always give the same bytes, and no text in them is ever run."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from kobling.files.fields import Value
from kobling.records import N_, SettingsError, exact

MOST_ROWS = 1_048_576
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
    from kobling.files import spreadsheet_cells

    book = spreadsheet_cells.new()
    page: Any = book.create_sheet()
    if head:
        page.freeze_panes = f"A{len(head) + 1}"
    for row in head:
        page.append([spreadsheet_cells.heading(page, each) for each in row])
    shown = _as_shown(day)
    for line in told:
        page.append([spreadsheet_cells.cell(page, each, shown) for each in line])
    written = io.BytesIO()
    book.save(written)
    book.properties.created = book.properties.modified = _WHEN
    return _settled(written.getvalue(), spreadsheet_cells.properties(book))


def _as_shown(day: str) -> str:
    for ours, theirs in _IN_A_DAY.items():
        day = day.replace(ours, theirs)
    return day


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
