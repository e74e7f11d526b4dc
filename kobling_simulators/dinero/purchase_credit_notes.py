"""Credit notes from suppliers."""

from __future__ import annotations

from typing import Any

from kobling_simulators.dinero.booking import Ledger
from kobling_simulators.dinero.books import CREDITORS, Books
from kobling_simulators.dinero.errors import NOT_BOOKED, bad_request, invalid
from kobling_simulators.dinero.purchases import Purchases
from kobling_simulators.dinero.shelf import Item
from kobling_simulators.wire import Call, from_json


class PurchaseCreditNotes(Purchases):
    """The /vouchers/purchase/creditnotes endpoints.

    Fidelity: known dinero §4 – POST, GET, PUT, DELETE and book; the same from a booked voucher by generate-creditnote
    """

    kind = "PurchaseCreditNote"

    def __init__(self, books: Books, ledger: Ledger, bought: Purchases) -> None:
        super().__init__(books, ledger)
        self._bought = bought

    def create(self, call: Call) -> Any:
        """POST: a draft; answers {Guid, TimeStamp}."""
        body = self.read(call, "PurchaseCreditNoteCreate")
        guid = body.pop("Guid") or self.books.new_guid()
        if guid in self.shelf.by_guid:
            raise invalid(Guid="A voucher with this guid exists")
        return _ref(self.add(guid, self._settled(body)))

    def generate(self, call: Call, guid: str) -> Any:
        """POST generate-creditnote on a booked voucher: answers the draft's {Guid, TimeStamp}.

        Fidelity: inferred dinero §4 – the version comes as {"Timestamp": {"Timestamp": …}}; a plain one is read too
        """
        bought = self._bought.find(guid)
        if bought.extra["Status"] != "Booked":
            raise bad_request("The voucher is not booked", NOT_BOOKED)
        told = from_json(call.body) if call.body.strip() else {}
        named = {key.lower(): value for key, value in told.items()} if isinstance(told, dict) else {}
        version = named.get("timestamp")
        if isinstance(version, dict):
            version = next((value for key, value in version.items() if key.lower() == "timestamp"), None)
        if version is not None:
            self._bought.check_version(bought, str(version))
        values = {name: bought.values[name] for name in ("ContactGuid", "CurrencyKey", "Lines")}
        date, file = named.get("voucherdate"), named.get("fileguid")
        body = {"Date": date and str(date)[:10], "FileGuid": file, "Currency": values.pop("CurrencyKey"), **values}
        return _ref(self.add(self.books.new_guid(), self._settled({**body, "CreditNoteFor": bought.guid})))

    def get(self, call: Call, guid: str) -> Any:
        """GET one."""
        item = self.find(guid)
        return {
            "Guid": item.guid,
            "Timestamp": item.timestamp,
            "Status": item.extra["Status"],
            "VoucherNumber": item.extra["Number"],
            "Date": item.values["VoucherDate"],
            "Currency": item.values["CurrencyKey"],
            "Lines": self.lines(item),
            **{name: item.values[name] for name in ("ContactGuid", "FileGuid", "CreditNoteFor")},
        }

    def replace(self, call: Call, guid: str) -> Any:
        """PUT with Timestamp: drafts only; answers {Guid, TimeStamp}."""
        item, body = self.find(guid), self.read(call, "PurchaseCreditNoteUpdate")
        self.check_version(item, body.pop("Timestamp"))
        self.need_draft(item)
        body.pop("Guid")
        self.change(item, self._settled(body))
        return _ref(item)

    def book(self, call: Call, guid: str) -> Any:
        """POST book: what was owed shrinks; answers the booked note."""
        item, body = self.find(guid), self.read(call, "Book")
        self.check_version(item, body["Timestamp"])
        self.need_draft(item)
        if item.values["ContactGuid"] is None:
            raise invalid(ContactGuid="A contact is needed to book")
        self.make_final(item, self.postings(item, CREDITORS, -1), body["Number"])
        return self.get(call, guid)

    def _settled(self, body: dict[str, Any]) -> dict[str, Any]:
        values = dict(body)
        values["VoucherDate"] = values.pop("Date") or self.books.today().isoformat()
        values["CurrencyKey"] = values.pop("Currency") or "DKK"
        wrong = self.wrong_values(values)
        if values["CreditNoteFor"] and values["CreditNoteFor"] not in self._bought.shelf.by_guid:
            wrong["CreditNoteFor"] = "The voucher does not exist"
        if wrong:
            raise invalid(**wrong)
        return values


def _ref(item: Item) -> dict[str, Any]:
    return {"Guid": item.guid, "TimeStamp": item.timestamp}
