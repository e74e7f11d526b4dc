"""A list as a file: exactly what is filtered, every column that is shown, streamed a batch at a time."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from io import BytesIO, StringIO
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponseBase
from django.utils import timezone
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell

from kobling.hub.store import sql
from kobling.hub.told.said import filled
from kobling.web.ground.asking import Asking
from kobling.web.ground.files import sent_as
from kobling.web.lists import keyset
from kobling.web.lists.asked import Asked
from kobling.web.lists.listing import Told
from kobling.web.lists.showing import columns, narrowed

BATCH, LINES_AT_ONCE = 1000, 500
_FORMULAS = ("=", "+", "-", "@", "\t", "\r")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def file_of(request: Asking, asked: Asked, everything: QuerySet[Any], language: str) -> HttpResponseBase:
    """XLSX where ``file`` in the URL says so, CSV otherwise."""
    field = asked.column.ordered_by(language)
    rows = keyset.ordered(narrowed(asked, everything), field, descending=asked.descending).iterator(BATCH)
    told = [_in_language(each) for column in columns(asked) for each in column.file]
    if request.GET.get("file") == "xlsx":
        return sent_as(request, f"{asked.listing.name}.xlsx", XLSX, iter([_sheet(told, rows)]))
    made = ("".join(each) for each in sql.batched(_lines(told, rows), LINES_AT_ONCE))
    return sent_as(request, f"{asked.listing.name}.csv", "text/csv; charset=utf-8", made)


def _in_language(told: Told) -> Told:
    """With its words as the reader calls them: their language is no longer set while the rest of a file is made."""
    words = {key: filled(word) for key, word in told.words.items()} if told.words else None
    return Told(filled(told.head), told.value, words)


def _value(told: Told, row: Any) -> Any:
    value = told.value(row)
    return told.words.get(value, value) if told.words else value


def _lines(told: list[Told], rows: Iterator[Any]) -> Iterator[str]:
    """Semicolons and a mark of the encoding, as spreadsheets here expect; ISO dates and decimal points."""
    yield "\ufeff" + _line([each.head for each in told])
    for row in rows:
        yield _line([_plain(_value(each, row)) for each in told])


def _line(values: list[str]) -> str:
    written = StringIO()
    csv.writer(written, delimiter=";", lineterminator="\r\n").writerow(values)
    return written.getvalue()


def _plain(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat(timespec="minutes")
    if isinstance(value, date | int | Decimal):
        return str(value)
    text = str(value)
    # A spreadsheet would carry out what begins so.
    return f"'{text}" if text.startswith(_FORMULAS) else text


def _sheet(told: list[Told], rows: Iterator[Any]) -> bytes:
    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    sheet.append([each.head for each in told])
    for row in rows:
        sheet.append([_cell(sheet, _value(each, row)) for each in told])
    written = BytesIO()
    book.save(written)
    return written.getvalue()


def _cell(sheet: Any, value: Any) -> Any:
    if isinstance(value, datetime):
        # A spreadsheet knows no zones: the reader's own, as on the page.
        return timezone.localtime(value).replace(tzinfo=None)
    if value is None or isinstance(value, date | int | Decimal):
        return value
    cell = WriteOnlyCell(sheet, value=str(value))
    cell.data_type = "s"
    return cell
