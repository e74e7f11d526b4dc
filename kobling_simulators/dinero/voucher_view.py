"""Invoices and credit notes as clients read them, one by one and in lists."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from kobling_simulators.dinero.errors import INVALID_FORMAT, bad_request
from kobling_simulators.dinero.facts import rates
from kobling_simulators.dinero.listing import Listable, Wanted, envelope, wanted
from kobling_simulators.dinero.shelf import Item, iso
from kobling_simulators.dinero.totals import ZERO, in_dkk, ore, total_lines
from kobling_simulators.dinero.vouchers import Vouchers, due_date
from kobling_simulators.wire import Call

_LIST_FIELDS = (
    "Number",
    "Guid",
    "ExternalReference",
    "Date",
    "PaymentDate",
    "Description",
    "Status",
    "Type",
    "ContactName",
    "ContactGuid",
    "TotalInclVat",
    "TotalExclVat",
    "TotalInclVatInDkk",
    "TotalExclVatInDkk",
    "MailOutStatus",
    "LatestMailOutType",
    "Currency",
    "CreatedAt",
    "UpdatedAt",
    "DeletedAt",
)
_STATUSES = {"draft", "booked", "paid", "overpaid", "overdue"}


def paid_amount(item: Item) -> Decimal:
    """What was paid, in the voucher's currency."""
    return sum((payment["InCurrency"] for payment in item.extra["Payments"]), ZERO)


class VoucherView:
    """Reads vouchers of one kind."""

    def __init__(self, vouchers: Vouchers) -> None:
        self._vouchers = vouchers
        self._books = vouchers.books
        self.listable = Listable(
            fields={name.lower(): name for name in _LIST_FIELDS},
            default="number,guid,contactName,date,description",
            filters=frozenset({"ExternalReference", "ContactGuid", "Description"}),
            read=self.listed,
        )

    def remaining(self, item: Item) -> Decimal:
        """What is still to be paid, in the voucher's currency."""
        return self._vouchers.totals(item).incl - paid_amount(item)

    def payment_status(self, item: Item) -> str:
        """Draft, Booked, Paid, OverPaid or Overdue.

        Fidelity: inferred dinero §4 – Overdue once the due date has passed with something left to pay
        """
        if item.extra["Status"] == "Draft":
            return "Draft"
        left = self.remaining(item)
        if left < 0:
            return "OverPaid"
        if left == 0:
            return "Paid"
        late = self._vouchers.kind == "Invoice" and due_date(item.values) < self._books.today()
        return "Overdue" if late else "Booked"

    def contact_name(self, item: Item) -> str | None:
        """The contact's name, as it was when the voucher was booked."""
        if item.extra.get("ContactName"):
            name: str = item.extra["ContactName"]
            return name
        contact = self._books.contacts.by_guid.get(item.values["ContactGuid"] or "")
        return contact.values["Name"] if contact else None

    def exchange_rate(self, item: Item) -> Decimal:
        """DKK for 100 units, fixed when booked."""
        rate: Decimal = item.extra.get("ExchangeRate") or rates()[item.values["Currency"]]
        return rate

    def shown(self, item: Item) -> dict[str, Any]:
        """The whole voucher.

        Fidelity: known dinero §3 – the version is called TimeStamp in reads
        Fidelity: assumed dinero §4 – a draft has Number 0
        """
        values, extra, sums = item.values, item.extra, self._vouchers.totals(item)
        invoice = self._vouchers.kind == "Invoice"
        shown = {
            "PaymentStatus": self.payment_status(item),
            "FikCode": extra.get("FikCode"),
            "DepositAccountNumber": extra.get("DepositAccountNumber"),
            "MailOutStatus": extra["MailOutStatus"],
            "LatestMailOutType": extra.get("LatestMailOutType"),
            "Status": extra["Status"],
            "ContactGuid": values["ContactGuid"],
            "Guid": item.guid,
            "TimeStamp": item.timestamp,
            "CreatedAt": iso(item.created),
            "UpdatedAt": iso(item.updated),
            "DeletedAt": iso(item.deleted),
            "Number": extra["Number"],
            "ContactName": self.contact_name(item),
            "ShowLinesInclVat": values["ShowLinesInclVat"],
            "TotalExclVat": sums.excl,
            "TotalVatableAmount": sums.vatable,
            "TotalInclVat": sums.incl,
            "TotalNonVatableAmount": sums.excl - sums.vatable,
            "TotalVat": sums.vat,
            "TotalLines": total_lines(sums),
            "ProductLines": self._lines(item),
        }
        for name in ("InvoiceTemplateId", "Currency", "Language", "ExternalReference", "Description", "Comment"):
            shown[name] = values[name]
        shown.update(Date=values["Date"], Address=values["Address"])
        return {**shown, **(self._terms(item) if invoice else {"CreditNoteFor": extra["CreditNoteFor"]})}

    def _terms(self, item: Item) -> dict[str, Any]:
        values = item.values
        return {
            "PaymentDate": due_date(values).isoformat(),
            "PaymentConditionNumberOfDays": values["PaymentConditionNumberOfDays"] or 0,
            "PaymentConditionType": values["PaymentConditionType"],
            "IsSentToDebtCollection": False,
            "IsMobilePayInvoiceEnabled": bool(values["IsMobilePayInvoiceEnabled"]),
            "IsPensoPayEnabled": bool(values["IsPensoPayEnabled"]),
        }

    def _lines(self, item: Item) -> list[dict[str, Any]]:
        return [
            {
                **line,
                "AccountName": self._books.account_name(line["AccountNumber"]),
                "BaseAmountValueInclVat": amounts.unit_incl,
                "TotalAmount": amounts.excl,
                "TotalAmountInclVat": amounts.incl,
            }
            for line, amounts in zip(item.values["ProductLines"], self._vouchers.totals(item).lines, strict=True)
        ]

    def listed(self, item: Item, name: str) -> Any:
        """One field of a list row."""
        if name in ("CreatedAt", "UpdatedAt", "DeletedAt"):
            return iso({"C": item.created, "U": item.updated, "D": item.deleted}[name[0]])
        if name.startswith("Total"):
            sums = self._vouchers.totals(item)
            amount = sums.incl if "Incl" in name else sums.excl
            return in_dkk(amount, self.exchange_rate(item)) if name.endswith("Dkk") else ore(amount)
        if name == "PaymentDate":
            return due_date(item.values).isoformat() if self._vouchers.kind == "Invoice" else None
        if name == "Status":
            return self.payment_status(item)
        simple = {"Guid": item.guid, "Type": self._vouchers.kind}
        if name in simple:
            return simple[name]
        if name == "ContactName":
            return self.contact_name(item)
        return item.extra.get(name) if name in item.extra else item.values.get(name)


def list_vouchers(call: Call, views: list[tuple[Vouchers, VoucherView]]) -> Any:
    """GET invoices, credit notes, or (both kinds) the sales feed. Raises ApiError.

    Fidelity: known dinero §6.10 – startDate and endDate must come together and do not filter drafts
    Fidelity: assumed dinero §3 – default order is VoucherNumber descending, drafts (0) last
    """
    listable = views[0][1].listable
    asked = wanted(call.query, listable)
    fits = _Conditions(call)
    found: list[tuple[Item, VoucherView]] = []
    for vouchers, view in views:
        for item in _candidates(vouchers, asked):
            dead = item.deleted is not None
            if dead == bool(asked.deleted_only) and fits(item, view) and all(one.fits(item) for one in asked.filters):
                found.append((item, view))
    names = [name.strip().lower() for name in (call.query.get("sort") or "VoucherNumber").split(",")]
    if any(name not in _SORTS for name in names):
        raise bad_request("sort is VoucherNumber or VoucherDate")
    direction = (call.query.get("sortOrder") or "descending").lower()
    if direction not in ("ascending", "descending"):
        raise bad_request("sortOrder is ascending or descending")
    found.sort(key=lambda one: _order(one[0], names), reverse=direction == "descending")
    skip = asked.page * asked.size
    page = found[skip : skip + asked.size]
    by_item = {id(item): view for item, view in page}
    one_list = Listable(listable.fields, "", frozenset(), lambda item, name: by_item[id(item)].listed(item, name))
    return envelope([item for item, _ in page], len(found), asked, one_list)


def _candidates(vouchers: Vouchers, asked: Wanted) -> list[Item]:
    shelf = vouchers.shelf
    if asked.since is not None:
        keys = shelf.dead if asked.deleted_only else shelf.live
        return [shelf.item(key) for key in keys.ascending(keys.position((asked.since, 0)))]
    for one in asked.filters:
        rows = None if one.contains else shelf.with_value(one.name, one.value)
        if rows is not None and one.value:
            return rows
    return list(shelf)


_SORTS = ("vouchernumber", "voucherdate")


def _order(item: Item, names: list[str]) -> tuple[Any, ...]:
    keys = {"vouchernumber": item.extra["Number"], "voucherdate": item.values["Date"]}
    return (*(keys[name] for name in names), item.order)


class _Conditions:
    """Dates, status and free text of a list call."""

    def __init__(self, call: Call) -> None:
        start, end = call.query.get("startDate", ""), call.query.get("endDate", "")
        if bool(start) != bool(end):
            raise bad_request("startDate and endDate must come together")
        try:
            self._span = (date.fromisoformat(start), date.fromisoformat(end)) if start else None
        except ValueError:
            raise bad_request("startDate and endDate are YYYY-MM-DD", INVALID_FORMAT) from None
        statuses = [one.strip().lower() for one in call.query.get("statusFilter", "").split(",") if one.strip()]
        if any(one not in _STATUSES for one in statuses):
            raise bad_request("statusFilter holds an unknown status")
        self._statuses = set(statuses)
        self._text = call.query.get("freeTextSearch", "").lower()

    def __call__(self, item: Item, view: VoucherView) -> bool:
        draft = item.extra["Status"] == "Draft"
        if self._span and not draft and not self._span[0] <= date.fromisoformat(item.values["Date"]) <= self._span[1]:
            return False
        if self._statuses and view.payment_status(item).lower() not in self._statuses:
            return False
        if not self._text:
            return True
        words = f"{item.extra['Number']} {view.contact_name(item)} {item.values['Description']}"
        return self._text in words.lower()
