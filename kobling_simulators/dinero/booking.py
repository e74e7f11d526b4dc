"""Booking invoices and credit notes: the number, the ledger entries, the settlement."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from kobling_simulators.dinero.books import DEBTORS, SALES_VAT, Books, Entry
from kobling_simulators.dinero.errors import NO_ACCOUNTING_YEAR, bad_request, invalid
from kobling_simulators.dinero.schema import read_body
from kobling_simulators.dinero.shelf import Item
from kobling_simulators.dinero.totals import Totals, in_dkk
from kobling_simulators.dinero.voucher_view import VoucherView
from kobling_simulators.dinero.vouchers import Vouchers
from kobling_simulators.wire import Call


class Ledger:
    """Writes ledger entries, always in sets that balance."""

    def __init__(self, books: Books) -> None:
        self._books = books

    def need_year(self, day: date) -> None:
        """Raises ApiError with code 47 when no accounting year holds the day."""
        if self._books.year_of(day) is None:
            raise bad_request(f"There is no accounting year for {day}", NO_ACCOUNTING_YEAR)

    def take_number(self, series: str, day: date, wanted: int | None) -> int:
        """A voucher number in a series of the day's accounting year. Raises ApiError when it is taken.

        Fidelity: inferred dinero §6.9 – voucher numbers restart each accounting year
        Fidelity: known dinero §4 – a number asked for fails when it is taken
        """
        taken = self._books.taken.setdefault((series, day.year), set())
        if wanted is not None and (wanted < 1 or wanted in taken):
            raise invalid(Number="The number is taken")
        number = wanted if wanted is not None else max(taken, default=0) + 1
        taken.add(number)
        return number

    def post(self, lines: list[tuple[int, Decimal, str | None]], **common: Any) -> None:
        """Entries (account, DKK, VAT code) of one voucher. Raises ValueError when they do not balance."""
        if sum(amount for _, amount, _ in lines):
            raise ValueError(f"entries do not balance: {lines}")
        changed = self._books.now()
        for account, amount, vat_code in lines:
            if amount:
                entry = Entry(
                    self._books.new_guid(), account=account, amount=amount, vat_code=vat_code, changed=changed, **common
                )
                self._books.entries.append(entry)


class Booking:
    """Makes a draft final.

    Fidelity: known dinero §4 – booking cannot be undone; it needs a contact and an accounting year
    """

    def __init__(self, vouchers: Vouchers, view: VoucherView, ledger: Ledger) -> None:
        self._vouchers = vouchers
        self._view = view
        self._ledger = ledger
        self._books = vouchers.books

    def book(self, call: Call, guid: str) -> Any:
        """POST book {Number?, Timestamp}: answers the booked voucher."""
        item = self._vouchers.live(guid)
        strict = self._books.settings.strict_bodies
        body = read_body(call.body, "Book", strict=strict)
        self._vouchers.check_version(item, body["Timestamp"])
        self._vouchers.need_draft(item)
        self.make_final(item, body["Number"])
        return self._view.shown(item)

    def make_final(self, item: Item, wanted: int | None = None) -> None:
        """Number, entries and status of a checked draft. Raises ApiError."""
        day = date.fromisoformat(item.values["Date"])
        contact = self._books.contacts.by_guid.get(item.values["ContactGuid"] or "")
        if contact is None or contact.deleted is not None:
            raise invalid(ContactGuid="A contact is needed to book")
        self._ledger.need_year(day)
        refuses = self._books.settings.negative_invoices == "refuse" and self._vouchers.kind == "Invoice"
        if refuses and self._vouchers.totals(item).incl < 0:
            raise bad_request("The total of an invoice must not be negative")
        for at, line in enumerate(item.values["ProductLines"]):
            if line["LineType"] == "Product" and self._vouchers.open_account(line["AccountNumber"]) is None:
                raise invalid(**{f"ProductLines[{at}].AccountNumber": "Is not an open sales account"})
        number = self._ledger.take_number(self._vouchers.kind, day, wanted)
        item.extra.update(
            Number=number,
            Status="Booked",
            ContactName=contact.values["Name"],
            ExchangeRate=self._view.exchange_rate(item),
            Totals=None,
        )
        if self._vouchers.kind == "Invoice":
            item.extra["FikCode"] = self._books.next_fik()
        contact.extra["IsDebitor"] = True
        self._post(item, day)
        self._books.bump(item)
        self._vouchers.shelf.touch(item, self._books.now())

    def _post(self, item: Item, day: date) -> None:
        sums, rate = self._vouchers.totals(item), self._view.exchange_rate(item)
        lines = sales_entries(sums, rate, self._books, -1 if self._vouchers.kind == "CreditNote" else 1)
        item.extra["DebtorDkk"] = lines[0][1]
        self._ledger.post(
            lines,
            day=day,
            voucher_number=item.extra["Number"],
            voucher_guid=item.guid,
            voucher_type=self._vouchers.kind,
            description=f"{item.values['Description']} {item.extra['Number']}",
            contact_guid=item.values["ContactGuid"],
        )


def sales_entries(sums: Totals, rate: Decimal, books: Books, sign: int) -> list[tuple[int, Decimal, str | None]]:
    """Debtor first, then sales per account and VAT, in DKK; they balance because the debtor is their sum.

    Fidelity: assumed dinero §4 – a foreign voucher is booked amount by amount in DKK, the debtor is the sum of them
    """
    lines: list[tuple[int, Decimal, str | None]] = []
    for account, amount in sorted(sums.excl_by_account.items()):
        found = books.accounts.get(account)
        lines.append((account, -sign * in_dkk(amount, rate), found.vat_code if found else None))
    lines.append((SALES_VAT, -sign * in_dkk(sums.vat, rate), None))
    debtor = -sum((amount for _, amount, _ in lines), Decimal(0))
    return [(DEBTORS, debtor, None), *lines]
