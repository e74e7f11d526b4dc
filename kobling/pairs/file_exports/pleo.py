"""Pleo's expenses for a file: each with its account, its contra account and its VAT code."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

from kobling.files import Document, Line, Party
from kobling.files.documents import EXPENSE
from kobling.pairs.file_exports.base import Fields, FileSource, Held, Rows, day_of, exact_of, made, text_of
from kobling.pairs.pleo_business_central.booking import INTO_WALLET
from kobling.records import N_, Wrong


def documents(rows: Rows, vat_codes: Mapping[str, str], _departments: frozenset[str]) -> Iterator[Document | Held]:
    """Expenses that somebody in Pleo exported and that wait to be heard of."""
    for entry_id, expense in rows["expenses"].items():
        number = text_of(expense.get("reference"))
        yield made(entry_id, number, lambda: _document(entry_id, expense, vat_codes))  # noqa: B023


def _document(entry_id: str, expense: Fields, vat_codes: Mapping[str, str]) -> Document:
    told = expense.get("lines") or ()
    amounts = [exact_of(each.get("amount"), "amount") for each in told]
    whole = exact_of(expense.get("amount"), "amount")
    if abs(sum(amounts, Decimal())) != abs(whole):
        raise Wrong(
            N_("The parts of the expense come to %(parts)s, the expense to %(whole)s."),
            parts=sum(amounts, Decimal()),
            whole=whole,
        )
    sign = -1 if text_of(expense.get("type")) in INTO_WALLET else 1
    parts = (expense.get("supplier"), expense.get("userName"), expense.get("note"))
    text = " - ".join(text_of(each) for each in parts if each) or text_of(expense.get("reference"))
    contra = text_of(expense.get("contraCode"))
    return Document(
        EXPENSE,
        entry_id,
        text_of(expense.get("reference")),
        day_of(expense.get("date"), "date"),
        text_of(expense.get("currency")),
        tuple(_line(each, amount * sign, text, contra, vat_codes) for each, amount in zip(told, amounts, strict=True)),
        Party(number=text_of(expense.get("userCode")), name=text_of(expense.get("userName"))),
        department=text_of(expense.get("teamCode")),
    )


def _line(line: Fields, amount: Decimal, text: str, contra: str, vat_codes: Mapping[str, str]) -> Line:
    """Amounts are what was paid, VAT included, as Pleo tells them."""
    code = text_of(line.get("taxCode"))
    rate = line.get("taxRate")
    return Line(
        text=text,
        quantity=Decimal(1),
        price=amount,
        amount=amount,
        vat_percent=None if rate is None else exact_of(rate, "taxRate") * 100,
        vat_code=vat_codes.get(code, code),
        account=text_of(line.get("account")),
        contra=contra,
    )


PLEO = FileSource("pleo", "expenses", (), "spreadsheet-da", documents)
