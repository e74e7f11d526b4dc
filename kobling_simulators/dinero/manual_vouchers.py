"""Manual vouchers (finansbilag): get one, no list; booked deletion posts the opposite."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from kobling_simulators.dinero.booking import Ledger
from kobling_simulators.dinero.books import PURCHASE_VAT, SALES_VAT, Books
from kobling_simulators.dinero.errors import STALE_TIMESTAMP, bad_request, invalid, not_found
from kobling_simulators.dinero.facts import vat_rates
from kobling_simulators.dinero.schema import read_body
from kobling_simulators.dinero.shelf import Item
from kobling_simulators.dinero.totals import ore
from kobling_simulators.wire import Call

PostLine = tuple[int, Decimal, str | None]


def vat_code(books: Books, given: str | None, account: int) -> str:
    """The VAT code that a line is booked with.

    Fidelity: known dinero §4 – null is the account's default, "none" suppresses
    """
    if given is not None:
        if given.lower() not in {code.lower() for code in vat_rates()}:
            raise invalid(VatCode="Is not a VAT code")
        return given
    found = books.accounts.get(account)
    return found.vat_code if found else "none"


def post_lines(books: Books, lines: list[dict[str, Any]]) -> list[PostLine]:
    """Balanced entries of voucher lines. Raises ApiError.

    Fidelity: known dinero §4 – amounts include VAT for purchase VAT types and exclude it for sales ones
    Fidelity: assumed dinero §4 – a voucher whose lines do not balance cannot be booked
    """
    posted: list[PostLine] = []
    for line in lines:
        amount = ore(line["Amount"] or Decimal(0))
        own: list[PostLine] = []
        if line["AccountNumber"] is not None:
            own = with_vat(books, line["AccountNumber"], amount, line["AccountVatCode"])
            amount = sum((posting for _, posting, _ in own), Decimal(0))
        if line["BalancingAccountNumber"] is not None:
            own += with_vat(books, line["BalancingAccountNumber"], -amount, line["BalancingAccountVatCode"])
        posted += own
    if not posted or sum((amount for _, amount, _ in posted), Decimal(0)):
        raise bad_request("The voucher does not balance")
    return posted


def vat_split(code: str, amount: Decimal) -> tuple[Decimal, Decimal]:
    """What an amount is without VAT, and its VAT."""
    rate = next((one for key, one in vat_rates().items() if key.lower() == code.lower()), Decimal(0))
    if code.upper().startswith("U"):
        return amount, ore(amount * rate)
    net = ore(amount / (1 + rate))
    return net, amount - net


def with_vat(books: Books, account: int, amount: Decimal, given: str | None) -> list[PostLine]:
    """The postings of one side of a line. Raises ApiError."""
    if account not in books.accounts and account not in books.deposits:
        raise invalid(AccountNumber="The account does not exist")
    code = vat_code(books, given, account)
    net, vat = vat_split(code, amount)
    vat_account = SALES_VAT if code.upper().startswith("U") else PURCHASE_VAT
    return [(account, net, code), (vat_account, vat, None)] if vat else [(account, net, code)]


class ManualVouchers:
    """The /vouchers/manuel endpoints."""

    def __init__(self, books: Books, ledger: Ledger) -> None:
        self._books = books
        self._ledger = ledger

    def create(self, call: Call) -> Any:
        """POST: a draft; answers it whole."""
        body = self._read(call, "ManualVoucherCreate")
        item = self._books.manuals.add(self._books.new_guid(), body, self._books.now())
        item.extra = {"Status": "Draft", "Number": None, "Posted": []}
        self._books.bump(item)
        return self._shown(item)

    def get(self, call: Call, guid: str) -> Any:
        """GET one."""
        return self._shown(self._find(guid))

    def replace(self, call: Call, guid: str) -> Any:
        """PUT with Timestamp: drafts only."""
        item, body = self._find(guid), self._read(call, "ManualVoucherUpdate")
        self._check(item, body.pop("Timestamp"))
        if item.extra["Status"] != "Draft":
            raise bad_request("The voucher is booked and cannot be changed")
        self._books.manuals.change(item, body, self._books.now())
        self._books.bump(item)
        return self._shown(item)

    def book(self, call: Call, guid: str) -> Any:
        """POST book {Number?, Timestamp}."""
        item, body = self._find(guid), self._read(call, "Book")
        self._check(item, body["Timestamp"])
        if item.extra["Status"] != "Draft":
            raise bad_request("The voucher is booked already")
        day = date.fromisoformat(item.values["VoucherDate"] or self._books.today().isoformat())
        self._ledger.need_year(day)
        lines = post_lines(self._books, item.values["Lines"] or [])
        item.extra.update(Status="Booked", Number=self._ledger.take_number("Manual", day, body["Number"]), Posted=lines)
        self._post(item, day, lines)
        self._books.bump(item)
        return self._shown(item)

    def delete(self, call: Call, guid: str) -> Any:
        """DELETE with Timestamp: a draft goes, a booked one gets an offsetting entry."""
        item, body = self._find(guid), self._read(call, "RequiredTimestampObject")
        self._check(item, body["Timestamp"])
        if item.extra["Status"] == "Booked":
            day = date.fromisoformat(item.values["VoucherDate"] or self._books.today().isoformat())
            self._post(item, day, [(account, -amount, code) for account, amount, code in item.extra["Posted"]])
        self._books.manuals.delete(item, self._books.now())

    def _post(self, item: Item, day: date, lines: list[PostLine]) -> None:
        self._ledger.post(
            lines,
            day=day,
            voucher_number=item.extra["Number"],
            voucher_guid=item.guid,
            voucher_type="Manual",
            description=next(
                (line["Description"] for line in item.values["Lines"] if line["Description"]), "Finansbilag"
            ),
            contact_guid=None,
            file_guid=item.values["FileGuid"],
        )

    def _find(self, guid: str) -> Item:
        item = self._books.manuals.by_guid.get(guid.lower())
        if item is None or item.deleted is not None:
            raise not_found("The voucher")
        return item

    def _check(self, item: Item, timestamp: str) -> None:
        if timestamp != item.timestamp:
            raise bad_request("The timestamp is out of date", STALE_TIMESTAMP)

    def _read(self, call: Call, name: str) -> dict[str, Any]:
        return read_body(call.body, name, strict=self._books.settings.strict_bodies)

    def _shown(self, item: Item) -> dict[str, Any]:
        """Fidelity: known dinero §3 – the version is called Timestamp (small s) on vouchers."""
        lines = [self._line(line) for line in item.values["Lines"] or []]
        return {
            "Guid": item.guid,
            "VoucherNumber": item.extra["Number"],
            "VoucherDate": item.values["VoucherDate"],
            "FileGuid": item.values["FileGuid"],
            "CreditNoteFor": None,
            "TotalInclVat": sum((line["AmountInclVatValue"] for line in lines), Decimal(0)),
            "TotalExclVat": sum((line["AmountExclVatValue"] for line in lines), Decimal(0)),
            "Status": item.extra["Status"],
            "Lines": lines,
            "Timestamp": item.timestamp,
            "ExternalReference": item.values["ExternalReference"],
            "BookedByType": None,
            "BookedByUsername": None,
            "BookingTime": None,
        }

    def _line(self, line: dict[str, Any]) -> dict[str, Any]:
        """Fidelity: known dinero §4 – lines read as amounts with and without VAT, not as the Amount that was sent."""
        account, code = line["AccountNumber"], line["AccountVatCode"]
        if code is None and account is not None:
            code = vat_code(self._books, None, account)
        net, vat = vat_split(code or "none", ore(line["Amount"] or Decimal(0)))
        return {
            "Description": line["Description"],
            "AmountExclVatValue": net,
            "AmountInclVatValue": net + vat,
            "VatAmountValue": vat,
            "AccountNumber": account,
            "BalancingAccountNumber": line["BalancingAccountNumber"],
            "AccountVatCode": code,
            "BalancingAccountVatCode": line["BalancingAccountVatCode"],
            "CurrencyKey": "DKK",
            "AmountInForeignCurrency": None,
        }
