"""What purchase vouchers and purchase credit notes share: lines, files, postings, and the draft's rules."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from kobling_simulators.dinero.booking import Ledger
from kobling_simulators.dinero.books import PURCHASE_ACCOUNTS, Books
from kobling_simulators.dinero.errors import STALE_TIMESTAMP, bad_request, invalid, not_found
from kobling_simulators.dinero.facts import rates, regions, vat_rates
from kobling_simulators.dinero.manual_vouchers import PostLine, vat_code, vat_split, with_vat
from kobling_simulators.dinero.schema import read_body
from kobling_simulators.dinero.shelf import Item, Shelf
from kobling_simulators.dinero.totals import in_dkk, ore
from kobling_simulators.wire import Call

ZERO = Decimal(0)


class Purchases:
    """Drafts and booked vouchers of one kind ("Purchase" or "PurchaseCreditNote")."""

    kind = "Purchase"

    def __init__(self, books: Books, ledger: Ledger) -> None:
        self.books = books
        self.ledger = ledger

    @property
    def shelf(self) -> Shelf:
        """Where these vouchers stand."""
        return self.books.purchases[self.kind]

    def read(self, call: Call, name: str, *, optional: bool = False) -> dict[str, Any]:
        """A checked body. Raises ApiError."""
        return read_body(call.body, name, strict=self.books.settings.strict_bodies, optional=optional)

    def add(self, guid: str, values: dict[str, Any]) -> Item:
        """A new draft, its file in use."""
        item = self.shelf.add(guid, values, self.books.now())
        item.extra = {"Status": "Draft", "Number": None, "Posted": [], "Payments": []}
        self.use_file(item, None)
        self.books.bump(item)
        return item

    def change(self, item: Item, values: dict[str, Any]) -> None:
        """Other values for a draft."""
        before = item.values["FileGuid"]
        self.shelf.change(item, values, self.books.now())
        self.use_file(item, before)
        self.books.bump(item)

    def use_file(self, item: Item, before: str | None) -> None:
        """Note on the file that this voucher uses it."""
        now = item.values["FileGuid"]
        if before and before != now:
            self.books.files[before].used_by.remove(item.guid)
        if now and item.guid not in self.books.files[now].used_by:
            self.books.files[now].used_by.append(item.guid)

    def find(self, guid: str) -> Item:
        """A voucher that is not deleted. Raises ApiError."""
        item = self.shelf.by_guid.get(guid.lower())
        if item is None or item.deleted is not None:
            raise not_found("The voucher")
        return item

    def check_version(self, item: Item, timestamp: str) -> None:
        """Raises ApiError with code 58 when the voucher moved since."""
        if timestamp != item.timestamp:
            raise bad_request("The timestamp is out of date", STALE_TIMESTAMP)

    def need_draft(self, item: Item) -> None:
        """Raises ApiError for a booked voucher."""
        if item.extra["Status"] != "Draft":
            raise bad_request("The voucher is booked and cannot be changed")

    def delete(self, call: Call, guid: str) -> Any:
        """DELETE, its Timestamp optional: a draft goes, a booked voucher gets an offsetting entry."""
        item, body = self.find(guid), self.read(call, "TimestampObject", optional=True)
        if body["Timestamp"] is not None:
            self.check_version(item, body["Timestamp"])
        if item.extra["Payments"]:
            raise bad_request("The voucher is paid")
        if item.extra["Status"] == "Booked":
            self.post(item, [(account, -amount, code) for account, amount, code in item.extra["Posted"]])
        before = item.values["FileGuid"]
        item.values["FileGuid"] = None
        self.use_file(item, before)
        self.shelf.delete(item, self.books.now())

    def wrong_values(self, values: dict[str, Any]) -> dict[str, str]:
        """What no draft may say.

        Fidelity: inferred dinero §6.7 – balance accounts are refused on purchase vouchers
        Fidelity: inferred dinero §6.6 – an empty VatCode is refused; null is the account's default, "none" suppresses
        """
        wrong: dict[str, str] = {}
        for at, line in enumerate(values["Lines"] or []):
            number, code = line["AccountNumber"], line["VatCode"]
            if number is not None and (number not in self.books.accounts or number not in PURCHASE_ACCOUNTS):
                wrong[f"Lines[{at}].AccountNumber"] = "Is not a purchase account"
            if code is not None and code.lower() not in {one.lower() for one in vat_rates()}:
                wrong[f"Lines[{at}].VatCode"] = "Is not a VAT code"
        contact = self.books.contacts.by_guid.get(values["ContactGuid"] or "")
        if values["ContactGuid"] and (contact is None or contact.deleted is not None):
            wrong["ContactGuid"] = "The contact does not exist"
        if values["FileGuid"] and values["FileGuid"] not in self.books.files:
            wrong["FileGuid"] = "The file does not exist"
        if values["CurrencyKey"] and values["CurrencyKey"] not in rates():
            wrong["CurrencyKey"] = "Is not a known currency"
        return wrong

    def region(self, item: Item) -> str:
        """The VAT region a voucher is bought in: its own, else its contact's."""
        contact = self.books.contacts.by_guid.get(item.values["ContactGuid"] or "")
        home = regions().get(contact.values["CountryKey"], "DK") if contact else "DK"
        told: str | None = item.values.get("RegionKey")
        return told or home

    def postings(self, item: Item, against: int, sign: int) -> list[PostLine]:
        """Balanced entries in DKK: the lines with their VAT, and the account they are paid from. Raises ApiError.

        Fidelity: inferred dinero §6.7 – Danish VAT outside the region DK fails when booked
        """
        rate = rates()[item.values["CurrencyKey"] or "DKK"]
        posted: list[PostLine] = []
        for at, line in enumerate(item.values["Lines"] or []):
            if line["AccountNumber"] is None:
                raise invalid(**{f"Lines[{at}].AccountNumber": "The field is required"})
            own = with_vat(self.books, line["AccountNumber"], sign * ore(line["Amount"]), line["VatCode"])
            if len(own) > 1 and self.region(item) != "DK":
                raise bad_request("The VAT code does not fit the region")
            posted += [(account, in_dkk(amount, rate), code) for account, amount, code in own]
        if not posted:
            raise invalid(Lines="The field is required")
        return [*posted, (against, -sum((amount for _, amount, _ in posted), ZERO), None)]

    def make_final(self, item: Item, posted: list[PostLine], wanted: int | None) -> None:
        """Number, entries and status. Raises ApiError."""
        day = date.fromisoformat(item.values["VoucherDate"])
        self.ledger.need_year(day)
        number = self.ledger.take_number(self.kind, day, wanted)
        item.extra.update(Status="Booked", Number=number, Posted=posted)
        self.post(item, posted)
        self.books.bump(item)

    def post(self, item: Item, lines: list[PostLine], day: date | None = None) -> None:
        """Entries of this voucher."""
        texts = (line["Description"] for line in item.values["Lines"] or [] if line["Description"])
        self.ledger.post(
            lines,
            day=day or date.fromisoformat(item.values["VoucherDate"]),
            voucher_number=item.extra["Number"],
            voucher_guid=item.guid,
            voucher_type=self.kind,
            description=next(texts, "Køb"),
            contact_guid=item.values["ContactGuid"],
            file_guid=item.values["FileGuid"],
        )

    def lines(self, item: Item) -> list[dict[str, Any]]:
        """Lines as they are read.

        Fidelity: inferred dinero §4 – a line reads Description, VatCode, AccountNumber and the amounts without, with
            and of VAT (as a client in use reads them)
        """
        shown = []
        for line in item.values["Lines"] or []:
            code = line["VatCode"] or vat_code(self.books, None, line["AccountNumber"] or 0)
            net, vat = vat_split(code, ore(line["Amount"]))
            amounts = {"AmountExclVatValue": net, "AmountInclVatValue": net + vat, "VatAmountValue": vat}
            named = {"Description": line["Description"], "VatCode": code, "AccountNumber": line["AccountNumber"]}
            shown.append({**named, **amounts})
        return shown
