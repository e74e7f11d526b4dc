"""The ledger (kassekladde): items wait there until an asynchronous booking."""

from __future__ import annotations

from datetime import date
from typing import Any

from kobling_simulators.dinero.booking import Ledger
from kobling_simulators.dinero.books import Books
from kobling_simulators.dinero.errors import LIMIT_EXCEEDED, STALE_TIMESTAMP, ApiError, bad_request, not_found
from kobling_simulators.dinero.manual_vouchers import post_lines
from kobling_simulators.dinero.schema import read_list
from kobling_simulators.dinero.shelf import Item
from kobling_simulators.wire import Call

MAX_ITEMS = 1000


class LedgerItems:
    """The /ledgeritems endpoints.

    Fidelity: known dinero §4 – at most 1000 items; booking is asynchronous: PendingBooking, then Booked
    Fidelity: assumed dinero §4 – an item is booked when its status is asked for the second time after the booking call
    """

    def __init__(self, books: Books, ledger: Ledger) -> None:
        self._books = books
        self._ledger = ledger

    def create(self, call: Call) -> Any:
        """POST v1.2: a list of items; answers their {Id, Version}."""
        given = self._read(call, "LedgerItem")
        if len(given) + sum(one.extra["Status"] != "Booked" for one in self._books.ledger_items.values()) > MAX_ITEMS:
            raise bad_request("The ledger holds at most 1000 items", LIMIT_EXCEEDED)
        return [_ref(self._add(one)) for one in given]

    def _add(self, values: dict[str, Any]) -> Item:
        guid, now = values.pop("Id") or self._books.new_guid(), self._books.now()
        values.pop("Version")
        item = Item(guid, 0, self._with_ids(values), now, now)
        item.extra = {"Status": "Draft", "Number": values["VoucherNumber"]}
        self._books.ledger_items[guid] = item
        self._books.bump(item)
        return item

    def _with_ids(self, values: dict[str, Any]) -> dict[str, Any]:
        lines = [{**line, "Id": line["Id"] or self._books.new_guid()} for line in values["Lines"] or []]
        return {**values, "Lines": lines}

    def replace(self, call: Call) -> Any:
        """PUT: items with Id and Version."""
        found = [(self._find(one), one) for one in self._read(call, "LedgerItem")]
        for item, values in found:
            values.pop("Id")
            values.pop("Version")
            item.values = self._with_ids(values)
            self._books.bump(item)
        return [_ref(item) for item, _ in found]

    def read(self, call: Call) -> Any:
        """POST ledgers: unbooked items in full."""
        items = [self._books.ledger_items.get(one["Id"]) for one in self._read(call, "LedgerItemRef")]
        return [
            {"Id": one.guid, "Version": one.timestamp, **one.values}
            for one in items
            if one is not None and one.extra["Status"] != "Booked"
        ]

    def book(self, call: Call) -> Any:
        """POST book: 200 means that booking has begun."""
        for item in [self._find(one) for one in self._read(call, "LedgerItemRef")]:
            item.extra["Status"] = "PendingBooking"
            item.extra["Asked"] = 0

    def status(self, call: Call) -> Any:
        """POST status: where each item stands."""
        rows = []
        for one in self._read(call, "LedgerItemRef"):
            item = self._books.ledger_items.get(one["Id"])
            if item is None:
                raise not_found("The ledger item")
            self._go_on(item)
            rows.append(
                {
                    "Id": item.guid,
                    "Status": item.extra["Status"],
                    "VoucherNumber": item.extra["Number"],
                    "Version": item.timestamp,
                }
            )
        return rows

    def _go_on(self, item: Item) -> None:
        if item.extra["Status"] != "PendingBooking":
            return
        item.extra["Asked"] += 1
        if item.extra["Asked"] < 2:
            return
        day = date.fromisoformat(item.values["VoucherDate"] or self._books.today().isoformat())
        try:
            self._ledger.need_year(day)
            lines = post_lines(self._books, item.values["Lines"])
            number = self._ledger.take_number("Ledger", day, item.values["VoucherNumber"])
        except ApiError:
            item.extra["Status"] = "Draft"
            return
        item.extra.update(Status="Booked", Number=number)
        self._ledger.post(
            lines,
            day=day,
            voucher_number=number,
            voucher_guid=item.guid,
            voucher_type="Ledger",
            description=next(
                (line["Description"] for line in item.values["Lines"] if line["Description"]), "Kassekladde"
            ),
            contact_guid=None,
            file_guid=item.values["FileGuid"],
        )

    def delete(self, call: Call) -> Any:
        """DELETE delete with references in the body: 200."""
        for item in [self._find(one) for one in self._read(call, "LedgerItemRef")]:
            del self._books.ledger_items[item.guid]

    def _find(self, given: dict[str, Any]) -> Item:
        item = self._books.ledger_items.get(given["Id"] or "")
        if item is None or item.extra["Status"] == "Booked":
            raise not_found("The ledger item")
        if given["Version"] != item.timestamp:
            raise bad_request("The version is out of date", STALE_TIMESTAMP)
        return item

    def _read(self, call: Call, name: str) -> list[dict[str, Any]]:
        return read_list(call.body, name, strict=self._books.settings.strict_bodies)


def _ref(item: Item) -> dict[str, Any]:
    return {"Id": item.guid, "Version": item.timestamp}
