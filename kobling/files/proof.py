"""Whether a document adds up in its file: what a reader of the file works out, against the document's own total.

Fidelity: known simply_crm_invoices §4 – the CRM keeps totals unrounded, or rounded step by step by its screen: a line
    may differ by half the smallest coin, and its VAT by as much of that
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from kobling.files.cells import as_text, number, value_of
from kobling.files.documents import Document, Line, Problem, line_amount
from kobling.files.profile import Column, Profile, RecordType
from kobling.files.sheets import exact_in_a_cell
from kobling.records import N_, exact, minor_digits
from kobling.records.arithmetic import tolerance

_AMOUNT, _QUANTITY, _PRICE, _DISCOUNT, _VAT = (
    f"line.{name}" for name in ("amount", "quantity", "price", "discount", "vat_percent")
)
_HUNDRED = Decimal(100)


@dataclass(frozen=True, slots=True)
class _Read:
    """A line as the file says it: what it comes to, and its VAT in per cent."""

    amount: Decimal
    percent: Decimal


def problems(profile: Profile, document: Document) -> list[Problem]:
    """Why a document does not add up in a file of this profile, in its own currency; empty when it does."""
    told = _lines(profile, document)
    if isinstance(told, Problem):
        return [told]
    net = sum((each.amount for each in told), Decimal(0))
    for record in profile.records:
        for column in record.columns:
            if column.field == "amount" and record.level != "line" and document.lines:
                whole = _as_read(profile, record, column, document, None) or Decimal(0)
                if whole != net:
                    return [_apart(document, net, whole)]
    if net != document.amount:
        return [_apart(document, net, document.amount)]
    return _against_its_total(document, told, net)


def _against_its_total(document: Document, told: list[_Read], net: Decimal) -> list[Problem]:
    total = document.total
    if total is None:
        return []
    vat = Decimal(0)
    if total.with_vat and not document.vat_included:
        vat = sum((each.amount * each.percent / _HUNDRED for each in told), Decimal(0))
    half = tolerance(1, minor_digits(document.currency))
    share = sum((1 + (abs(each.percent) / _HUNDRED if vat else 0) for each in told), Decimal(0))
    most = half * share if total.apart else Decimal(0)
    return [] if abs(net + vat - total.amount) <= most else [_apart(document, net + vat, total.amount)]


def _apart(document: Document, lines: Decimal, whole: Decimal) -> Problem:
    params = {"lines": number(lines), "whole": number(whole), "currency": document.currency}
    return Problem(
        "total",
        N_(
            "In the file its lines come to %(lines)s %(currency)s, but the document itself says %(whole)s %(currency)s."
        ),
        params,
    )


def _lines(profile: Profile, document: Document) -> list[_Read] | Problem:
    """Lines as the first kind of row that tells amounts says them; as the document has them where none does."""
    for record in profile.records:
        columns = {each.field: each for each in record.columns if record.level == "line"}
        if _AMOUNT in columns or {_QUANTITY, _PRICE} <= columns.keys():
            found = []
            for line in document.lines:
                told = _line(profile, record, columns, document, line)
                if isinstance(told, Problem):
                    return told
                found.append(told)
            return found
    return [_Read(each.amount, each.vat_percent or Decimal(0)) for each in document.lines]


def _line(
    profile: Profile, record: RecordType, columns: Mapping[str, Column], document: Document, line: Line
) -> _Read | Problem:
    def read(name: str) -> Decimal | None:
        return _as_read(profile, record, columns[name], document, line) if name in columns else None

    told, quantity, price = read(_AMOUNT), read(_QUANTITY), read(_PRICE)
    percent = read(_VAT) if _VAT in columns else line.vat_percent
    if quantity is None or price is None:
        return _Read(told or Decimal(0), percent or Decimal(0))
    worked = line_amount(quantity, price, read(_DISCOUNT) or Decimal(0), document.currency)
    if told is not None and told != worked:
        params = {"text": line.text, "worked": number(worked), "amount": number(told)}
        return Problem(
            "line.amount", N_("The line “%(text)s” comes to %(worked)s, but says %(amount)s in the file."), params
        )
    return _Read(worked, percent or Decimal(0))


def _as_read(
    profile: Profile, record: RecordType, column: Column, document: Document, line: Line | None
) -> Decimal | None:
    """A number's cell, read as the file's reader does; None where it is empty."""
    value = value_of(record, column, document, line)
    if not isinstance(value, Decimal):
        return None
    if profile.is_sheet:
        return exact_in_a_cell(value)
    return exact(as_text(profile, column, value).replace(profile.decimal, "."))
