"""Purchase vouchers (køb): paid at once from a deposit account, or owed to a contact."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from kobling_simulators.dinero.books import CREDITORS
from kobling_simulators.dinero.errors import NOT_BOOKED, bad_request, invalid, not_found
from kobling_simulators.dinero.manual_vouchers import PostLine
from kobling_simulators.dinero.purchases import ZERO, Purchases
from kobling_simulators.dinero.shelf import Item
from kobling_simulators.dinero.totals import ore
from kobling_simulators.wire import Call


class PurchaseVouchers(Purchases):
    """The /vouchers/purchase endpoints: one by one, there is no list.

    Fidelity: known dinero §4 – POST v1.2, PUT v1.1, the rest v1; PurchaseType cash or credit; FileGuid
    """

    kind = "Purchase"

    def create(self, call: Call) -> Any:
        """POST v1.2: a draft; answers it whole."""
        return self._created(self.read(call, "PurchaseVoucherCreate"))

    def create_untyped(self, call: Call) -> Any:
        """POST v1 and v1.1, which older clients use, at first without a PurchaseType.

        Fidelity: assumed dinero §4 – without a type it is a credit purchase when it names a contact, else a cash one
        """
        return self._created(self.read(call, "PurchaseVoucherUntyped"))

    def _created(self, body: dict[str, Any]) -> dict[str, Any]:
        return self._shown(self.add(self.books.new_guid(), self._settled(body)))

    def get(self, call: Call, guid: str) -> Any:
        """GET one."""
        return self._shown(self.find(guid))

    def replace(self, call: Call, guid: str) -> Any:
        """PUT with Timestamp: drafts only."""
        item, body = self.find(guid), self.read(call, "PurchaseVoucherUpdate")
        self.check_version(item, body.pop("Timestamp"))
        self.need_draft(item)
        self.change(item, self._settled(body))
        return self._shown(item)

    def _settled(self, body: dict[str, Any]) -> dict[str, Any]:
        """A checked body with what its type leaves out. Raises ApiError.

        Fidelity: known dinero §4 – cash needs DepositAccountNumber and RegionKey, and takes no PaymentDate and no
            currency; credit needs ContactGuid and PaymentDate
        Fidelity: assumed dinero §4 – what belongs to the other type is refused, but 0 and null count as left out
        """
        values = {**body, "PurchaseType": body["PurchaseType"] or ("credit" if body["ContactGuid"] else "cash")}
        values["DepositAccountNumber"] = values["DepositAccountNumber"] or None
        values["VoucherDate"] = values["VoucherDate"] or self.books.today().isoformat()
        wrong = self.wrong_values(values)
        cash = values["PurchaseType"] == "cash"
        needed = ("DepositAccountNumber", "RegionKey") if cash else ("ContactGuid", "PaymentDate")
        never = ("PaymentDate", "CurrencyKey") if cash else ("DepositAccountNumber", "RegionKey")
        wrong |= {name: "The field is required" for name in needed if values[name] is None}
        wrong |= {name: f"Must be null for {values['PurchaseType']}" for name in never if values[name] is not None}
        account = self.books.deposits.get(values["DepositAccountNumber"] or 0)
        if cash and values["DepositAccountNumber"] and (account is None or account.hidden):
            wrong["DepositAccountNumber"] = "Is not an open deposit account"
        if wrong:
            raise invalid(**wrong)
        return values

    def book(self, call: Call, guid: str) -> Any:
        """POST book {Number?, Timestamp}: answers the booked voucher."""
        item, body = self.find(guid), self.read(call, "Book")
        self.check_version(item, body["Timestamp"])
        self.need_draft(item)
        cash = item.values["PurchaseType"] == "cash"
        against = item.values["DepositAccountNumber"] if cash else CREDITORS
        self.make_final(item, self.postings(item, against, 1), body["Number"])
        contact = self.books.contacts.by_guid.get(item.values["ContactGuid"] or "")
        if contact is not None:
            contact.extra["IsCreditor"] = True
        return self._shown(item)

    def similar(self, call: Call) -> Any:
        """POST similar: whether such a voucher is there.

        Fidelity: assumed dinero §4 – similar is the same date, contact and total
        """
        told = self.read(call, "PurchaseVoucherUntyped")
        total = sum((ore(line["Amount"]) for line in told["Lines"] or []), ZERO)
        for item in self.shelf:
            own = sum((ore(line["Amount"]) for line in item.values["Lines"] or []), ZERO)
            alike = all(item.values[name] == told[name] for name in ("VoucherDate", "ContactGuid"))
            if item.deleted is None and alike and own == total:
                return {"SimilarFound": True, "SimilarGuid": item.guid, "VoucherNumber": item.extra["Number"]}
        return {"SimilarFound": False, "SimilarGuid": None, "VoucherNumber": None}

    def with_file(self, call: Call, file_guid: str) -> Any:
        """GET fileguid/{guid}: the vouchers that use a file."""
        return [one.guid for one in self.shelf if one.values["FileGuid"] == file_guid.lower() and one.deleted is None]

    def payments(self, call: Call, guid: str) -> Any:
        """GET payments: a plain list."""
        return self._owed(guid).extra["Payments"]

    def _owed(self, guid: str) -> Item:
        item = self.find(guid)
        if item.extra["Status"] != "Booked":
            raise bad_request("The voucher is not booked", NOT_BOOKED)
        return item

    def pay(self, call: Call, guid: str) -> Any:
        """POST payment of a booked credit purchase: answers {Guid, TimeStamp}.

        Fidelity: assumed dinero §4 – a cash purchase takes no payment; fees and foreign amounts are not modelled here
        """
        item, body = self._owed(guid), self.read(call, "PaymentCreate")
        self.check_version(item, body["Timestamp"])
        account, amount = body["DepositAccountNumber"], ore(body["Amount"])
        if item.values["PurchaseType"] == "cash":
            raise bad_request("The voucher is paid")
        if not amount or account not in self.books.deposits:
            raise invalid(**({"DepositAccountNumber": "Is not an open deposit account"} if amount else {"Amount": "0"}))
        day = body["PaymentDate"] or self.books.today().isoformat()
        self.ledger.need_year(date.fromisoformat(day))
        payment = {"Guid": self.books.new_guid(), "DepositAccountNumber": account, "Amount": amount, "PaymentDate": day}
        payment |= {name: body[name] for name in ("Description", "ExternalReference")}
        item.extra["Payments"].append(payment)
        self._settle(item, payment, 1)
        return {"Guid": payment["Guid"], "TimeStamp": item.timestamp, "RelatedVoucherGuid": None}

    def unpay(self, call: Call, guid: str, payment_guid: str, timestamp: str) -> Any:
        """DELETE payment, the version in the address: answers {TimeStamp}."""
        item = self._owed(guid)
        self.check_version(item, timestamp.upper())
        found = [one for one in item.extra["Payments"] if one["Guid"] == payment_guid.lower()]
        if not found:
            raise not_found("The payment")
        item.extra["Payments"].remove(found[0])
        self._settle(item, found[0], -1)
        return {"TimeStamp": item.timestamp}

    def _settle(self, item: Item, payment: dict[str, Any], sign: int) -> None:
        amount: Decimal = sign * payment["Amount"]
        lines: list[PostLine] = [(CREDITORS, amount, None), (payment["DepositAccountNumber"], -amount, None)]
        self.post(item, lines, date.fromisoformat(payment["PaymentDate"]))
        self.books.bump(item)

    def _shown(self, item: Item) -> dict[str, Any]:
        """Fidelity: inferred dinero §4 – the properties that a client in use reads; the version is Timestamp."""
        values = item.values
        return {
            "Guid": item.guid,
            "Timestamp": item.timestamp,
            "Status": item.extra["Status"],
            "VoucherNumber": item.extra["Number"],
            "Lines": self.lines(item),
            "RegionKey": self.region(item),
            **{name: values[name] for name in _AS_SENT},
        }


_AS_SENT = (
    "PurchaseType",
    "VoucherDate",
    "PaymentDate",
    "ContactGuid",
    "DepositAccountNumber",
    "CurrencyKey",
    "FileGuid",
    "ExternalReference",
)
