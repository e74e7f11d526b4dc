"""Payments of booked invoices and credit notes."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from kobling_simulators.dinero.booking import Ledger
from kobling_simulators.dinero.books import BANK_FEES, DEBTORS, EXCHANGE_DIFFERENCES
from kobling_simulators.dinero.errors import invalid, not_found
from kobling_simulators.dinero.schema import read_body
from kobling_simulators.dinero.shelf import Item
from kobling_simulators.dinero.totals import ZERO, ore
from kobling_simulators.dinero.voucher_view import VoucherView
from kobling_simulators.dinero.vouchers import Vouchers
from kobling_simulators.wire import Call

Payment = dict[str, Any]
PostLines = list[tuple[int, Decimal, str | None]]


class Payments:
    """The payment endpoints of one kind of voucher."""

    def __init__(self, vouchers: Vouchers, view: VoucherView, ledger: Ledger) -> None:
        self._vouchers = vouchers
        self._view = view
        self._ledger = ledger
        self._books = vouchers.books
        self._sign = -1 if vouchers.kind == "CreditNote" else 1

    def list(self, call: Call, guid: str) -> Any:
        """GET payments.

        Fidelity: inferred dinero §4 – RemainingAmount, PaidAmount and the total are in the voucher's currency
        """
        item = self._vouchers.booked(guid)
        left = self._view.remaining(item)
        return {
            "Payments": [_shown(payment) for payment in item.extra["Payments"]],
            "RemainingAmount": left,
            "PaidAmount": self._paid(item),
            "InvoiceTotalIncludingReminderExpenses": self._vouchers.totals(item).incl,
            "RemainderAsFeeAvailable": left > 0,
        }

    def _paid(self, item: Item) -> Decimal:
        """What was paid, as the knobs say that it is told."""
        settings = self._books.settings
        counted = [one for one in item.extra["Payments"] if settings.settled_is_paid or not one["RelatedVoucherId"]]
        name = "Amount" if settings.paid_amount == "dkk" else "InCurrency"
        return sum((one[name] for one in counted), ZERO)

    def create(self, call: Call, guid: str) -> Any:
        """POST payment: answers {Guid, TimeStamp}, the voucher's new version.

        Fidelity: known dinero §4 – booked only; Amount is DKK and not 0; foreign vouchers need AmountInForeignCurrency
        Fidelity: assumed dinero §4 – AmountInForeignCurrency on a DKK voucher is refused
        """
        item = self._vouchers.booked(guid)
        strict = self._books.settings.strict_bodies
        body = read_body(call.body, "PaymentCreate", strict=strict)
        self._vouchers.check_version(item, body["Timestamp"])
        payment = self.pay(item, body)
        return {"Guid": payment["Guid"], "TimeStamp": item.timestamp, "RelatedVoucherGuid": None}

    def pay(self, item: Item, body: dict[str, Any]) -> Payment:
        """Register a checked payment. Raises ApiError."""
        foreign = item.values["Currency"] != "DKK"
        wrong: dict[str, str] = {}
        if not ore(body["Amount"]):
            wrong["Amount"] = "Must not be 0"
        if foreign and not ore(body["AmountInForeignCurrency"] or ZERO):
            wrong["AmountInForeignCurrency"] = "The field is required for a voucher in foreign currency"
        if not foreign and body["AmountInForeignCurrency"] is not None:
            wrong["AmountInForeignCurrency"] = "Must be null for a voucher in DKK"
        account = self._books.deposits.get(body["DepositAccountNumber"])
        if account is None or account.hidden:
            wrong["DepositAccountNumber"] = "Is not an open deposit account"
        if body["RemainderIsFee"] and self._view.remaining(item) <= 0:
            wrong["RemainderIsFee"] = "Nothing remains"
        if wrong:
            raise invalid(**wrong)
        day = date.fromisoformat(body["PaymentDate"]) if body["PaymentDate"] else self._books.today()
        self._ledger.need_year(day)
        paid = ore(body["AmountInForeignCurrency"] if foreign else body["Amount"])
        fee = self._view.remaining(item) - paid if body["RemainderIsFee"] else ZERO
        return self._register(item, body, day, paid, fee)

    def _register(self, item: Item, body: dict[str, Any], day: date, paid: Decimal, fee: Decimal) -> Payment:
        rate = self._view.exchange_rate(item)
        dkk = ore(body["Amount"])
        payment: Payment = {
            "Guid": self._books.new_guid(),
            "DepositAccountNumber": body["DepositAccountNumber"],
            "Currency": item.values["Currency"],
            "ExchangeRate": rate if item.values["Currency"] == "DKK" else ore(dkk / paid * 100),
            "PaymentClass": "Payment",
            "RelatedVoucherId": None,
            "ExternalReference": body["ExternalReference"],
            "PaymentDate": day.isoformat(),
            "Description": body["Description"],
            "Amount": dkk,
            "InCurrency": paid + fee,
        }
        settled = self._debtor_share(item, paid + fee)
        fee_dkk = ore(fee * rate / 100)
        lines: PostLines = [
            (body["DepositAccountNumber"], self._sign * dkk, None),
            (BANK_FEES, self._sign * fee_dkk, None),
            (DEBTORS, -self._sign * settled, None),
            (EXCHANGE_DIFFERENCES, self._sign * (settled - dkk - fee_dkk), None),
        ]
        self._post(item, payment, day, lines)
        payment.update(Lines=lines, Debtor=settled)
        item.extra["Payments"].append(payment)
        item.extra["DepositAccountNumber"] = body["DepositAccountNumber"]
        self.touch(item)
        return payment

    def _debtor_share(self, item: Item, paid: Decimal) -> Decimal:
        """What a payment takes off the debtor in DKK; the last one takes all that is left, to the øre."""
        if item.values["Currency"] == "DKK":
            return paid
        if paid == self._view.remaining(item):
            left: Decimal = abs(item.extra["DebtorDkk"]) - sum((one["Debtor"] for one in item.extra["Payments"]), ZERO)
            return left
        return ore(paid * self._view.exchange_rate(item) / 100)

    def settle(self, item: Item, other: Item, amount: Decimal) -> None:
        """Set a credit note off against its invoice: no money moves, both debts shrink."""
        dkk = ore(amount * self._view.exchange_rate(item) / 100)
        item.extra["Payments"].append(
            {
                "Guid": self._books.new_guid(),
                "DepositAccountNumber": None,
                "Currency": item.values["Currency"],
                "ExchangeRate": self._view.exchange_rate(item),
                "PaymentClass": "CreditNote" if self._sign == 1 else "Invoice",
                "RelatedVoucherId": other.guid,
                "ExternalReference": None,
                "PaymentDate": self._books.today().isoformat(),
                "Description": "Udligning",
                "Amount": dkk,
                "InCurrency": amount,
                "Debtor": dkk,
                "Lines": [],
            }
        )
        self.touch(item)

    def delete(self, call: Call, guid: str, payment_guid: str) -> Any:
        """DELETE payment with Timestamp: the entries are taken back by opposite ones; answers {TimeStamp}.

        Fidelity: assumed dinero §4 – settlements between vouchers cannot be deleted as payments
        """
        item = self._vouchers.booked(guid)
        strict = self._books.settings.strict_bodies
        body = read_body(call.body, "RequiredTimestampObject", strict=strict)
        self._vouchers.check_version(item, body["Timestamp"])
        found = [one for one in item.extra["Payments"] if one["Guid"] == payment_guid.lower()]
        if not found or found[0]["RelatedVoucherId"]:
            raise not_found("The payment")
        payment = found[0]
        opposite = [(account, -amount, vat) for account, amount, vat in payment["Lines"]]
        self._post(item, payment, date.fromisoformat(payment["PaymentDate"]), opposite)
        item.extra["Payments"].remove(payment)
        self.touch(item)
        return {"TimeStamp": item.timestamp}

    def touch(self, item: Item) -> None:
        """New version and UpdatedAt."""
        self._books.bump(item)
        self._vouchers.shelf.touch(item, self._books.now())

    def _post(self, item: Item, payment: Payment, day: date, lines: PostLines) -> None:
        self._ledger.post(
            lines,
            day=day,
            voucher_number=item.extra["Number"],
            voucher_guid=item.guid,
            voucher_type=f"{self._vouchers.kind}Payment",
            description=payment["Description"],
            contact_guid=item.values["ContactGuid"],
        )


def _shown(payment: Payment) -> Payment:
    return {name: value for name, value in payment.items() if name not in ("InCurrency", "Debtor", "Lines")}
