"""A list as a file: exactly what is filtered, every column that is shown, streamed a batch at a time."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from io import BytesIO, StringIO
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseBase
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell

from kobling.hub.told.said import filled
from kobling.web.ground.asking import Asking
from kobling.web.ground.files import streamed
from kobling.web.lists import keyset
from kobling.web.lists.asked import Asked
from kobling.web.lists.listing import Column
from kobling.web.lists.showing import columns, narrowed

BATCH = 1000
_FORMULAS = ("=", "+", "-", "@", "\t", "\r")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def file_of(request: Asking, asked: Asked, everything: QuerySet[Any], language: str) -> HttpResponseBase:
    """XLSX where ``file`` in the URL says so, CSV otherwise."""
    kind = request.GET.get("file")
    field = asked.column.ordered_by(language)
    rows = keyset.ordered(narrowed(asked, everything), field, descending=asked.descending).iterator(BATCH)
    told = [each for each in columns(asked) if each.value]
    name = f"{asked.listing.name}.{'xlsx' if kind == 'xlsx' else 'csv'}"
    if kind == "xlsx":
        return _named(HttpResponse(_sheet(told, rows), content_type=XLSX), name)
    # Heads are in the reader's language, which is no longer set while the rest is made.
    heads = [filled(each.head) for each in told]
    answer = streamed(request, _lines(heads, told, rows), "text/csv; charset=utf-8")
    return _named(answer, name)


def _named(answer: HttpResponseBase, name: str) -> HttpResponseBase:
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _lines(heads: list[str], told: list[Column], rows: Iterator[Any]) -> Iterator[str]:
    """Semicolons and a mark of the encoding, as spreadsheets here expect; ISO dates and decimal points."""
    yield "\ufeff" + _line(heads)
    for row in rows:
        yield _line([_plain(each.value(row)) for each in told if each.value])


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


def _sheet(told: list[Column], rows: Iterator[Any]) -> bytes:
    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    sheet.append([filled(each.head) for each in told])
    for row in rows:
        sheet.append([_cell(sheet, each.value(row)) for each in told if each.value])
    written = BytesIO()
    book.save(written)
    return written.getvalue()


def _cell(sheet: Any, value: Any) -> Any:
    if isinstance(value, datetime):
        return value.replace(tzinfo=None)
    if value is None or isinstance(value, date | int | Decimal):
        return value
    cell = WriteOnlyCell(sheet, value=str(value))
    cell.data_type = "s"
    return cell
