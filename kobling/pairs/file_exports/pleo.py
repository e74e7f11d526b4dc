"""Pleo's expenses for a file: each as the pair to Business Central books it, with account, contra account and VAT code.

Numbers, days, texts and accounts are that pair's own rules; where there is no such pair nobody has said which accounts
Pleo's own lack is made up for, so that they stay empty.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from kobling.files import Document, Line, Party, Total
from kobling.files.documents import EXPENSE
from kobling.pairs.file_exports.base import (
    About,
    Fields,
    FileSource,
    Held,
    Options,
    Rows,
    amount_or_none,
    exact_of,
    made,
    text_of,
)
from kobling.pairs.pleo_business_central import booking
from kobling.pairs.pleo_business_central.pair import PAIR
from kobling.records import N_, Wrong

_NUMBER = booking.number_codec()


def documents(
    rows: Rows,
    vat_codes: Mapping[str, str],
    _departments: frozenset[str],
    options: Options | None = None,
    _schemas: Any = None,
) -> Iterator[Document | Held]:
    """Expenses that somebody in Pleo exported and that wait to be heard of."""
    rules = _Rules(options or {})
    for entry_id, expense in rows["expenses"].items():

        def about(expense: Fields = expense) -> About:
            amount, currency = amount_or_none(expense.get("amount")), text_of(expense.get("currency"))
            return About(text_of(expense.get("userName")), amount, currency, rules.day(expense))

        number = rules.number(expense)
        yield made(entry_id, number, lambda: _document(entry_id, expense, vat_codes, rules), about)  # noqa: B023


class _Rules:
    """How the pair books, by its options."""

    def __init__(self, options: Options) -> None:
        self._is_paired = bool(options)
        self._options = PAIR.with_defaults(options)
        self._day = booking.day_codec({**self._options, "locked_period": "draft"})

    def number(self, expense: Fields) -> str:
        return str(_NUMBER.read((text_of(expense.get("reference")),), "left", None))

    def day(self, expense: Fields) -> date:
        """In the company's time zone. Raises Wrong."""
        try:
            return date.fromisoformat(self._day.read((expense.get("date"),), "left", None))
        except (ValueError, OverflowError):
            raise Wrong(
                N_("%(field)s “%(value)s” is no date."), field="date", value=text_of(expense.get("date"))
            ) from None

    def text(self, expense: Fields) -> str:
        return booking.description(str(self._options["description"]), expense)

    def contra(self, expense: Fields) -> str:
        """Raises Wrong where the pair could not book it either."""
        told = text_of(expense.get("contraCode"))
        if not self._is_paired:
            return told
        return booking.contra_of(self._options, text_of(expense.get("type")), told)

    def account(self, expense: Fields, line: Fields) -> str:
        """Raises Wrong where the pair could not book it either."""
        if not self._is_paired:
            return text_of(line.get("account"))
        return booking.account_of(self._options, text_of(expense.get("type")), line)


def _document(entry_id: str, expense: Fields, vat_codes: Mapping[str, str], rules: _Rules) -> Document:
    parts = expense.get("lines") or ()
    amounts = [exact_of(each.get("amount"), "amount") for each in parts]
    whole, together = exact_of(expense.get("amount"), "amount"), sum(amounts, Decimal())
    if abs(together) != abs(whole):
        raise Wrong(
            N_("The parts of the expense come to %(parts)s, the expense to %(whole)s."), parts=together, whole=whole
        )
    sign = -1 if text_of(expense.get("type")) in booking.INTO_WALLET else 1
    text, contra = rules.text(expense), rules.contra(expense)
    return Document(
        EXPENSE,
        entry_id,
        rules.number(expense),
        rules.day(expense),
        text_of(expense.get("currency")),
        tuple(
            _line(each, amount * sign, text, (rules.account(expense, each), contra), vat_codes)
            for each, amount in zip(parts, amounts, strict=True)
        ),
        Party(number=text_of(expense.get("userCode")), name=text_of(expense.get("userName"))),
        department=text_of(expense.get("teamCode")),
        # Pleo says how much; whichever way it goes is the lines' own.
        total=Total(abs(whole).copy_sign(together * sign)),
        vat_included=True,
    )


def _line(line: Fields, amount: Decimal, text: str, accounts: tuple[str, str], vat_codes: Mapping[str, str]) -> Line:
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
        account=accounts[0],
        contra=accounts[1],
    )


PLEO = FileSource("pleo", "expenses", (), "spreadsheet-da", documents, PAIR.name)
