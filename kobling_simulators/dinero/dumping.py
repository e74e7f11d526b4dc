"""The state of an organization as plain rows."""

from __future__ import annotations

from typing import Any

from kobling_simulators.dinero.accounts import Accounts
from kobling_simulators.dinero.contacts import shown as contact_shown
from kobling_simulators.dinero.routes import Organization
from kobling_simulators.dinero.shelf import iso
from kobling_simulators.wire import Call

_KINDS = (
    "contacts",
    "products",
    "invoices",
    "creditnotes",
    "payments",
    "entries",
    "accounts",
    "deposits",
    "accountingyears",
    "files",
    "manualvouchers",
    "purchasevouchers",
    "webhooks",
)
_NO_CALL = Call("GET", "", {}, {})


def dumped_kinds() -> tuple[str, ...]:
    """The kinds that can be dumped."""
    return _KINDS


def dump_entity(organization: Organization, kind: str) -> list[dict[str, Any]]:
    """All records of a kind, deleted ones included, in the order they were made. Raises KeyError."""
    books, accounts = organization.books, Accounts(organization.books)
    if kind in ("invoices", "creditnotes"):
        return _vouchers(organization, kind)
    if kind == "payments":
        return [
            {"VoucherGuid": item.guid, **payment}
            for name, payments in (("Invoice", organization.payments), ("CreditNote", organization.note_payments))
            for item in books.vouchers[name]
            if item.extra["Payments"]
            for payment in payments.list(_NO_CALL, item.guid)["Payments"]
        ]
    plain: dict[str, Any] = {
        "contacts": lambda: [contact_shown(item) for item in books.contacts],
        "products": lambda: [organization.products.shown(item) for item in books.products],
        "entries": accounts.all_entries,
        "accounts": lambda: accounts.entry_accounts(_NO_CALL),
        "deposits": lambda: accounts.deposit_accounts(_NO_CALL),
        "accountingyears": lambda: accounts.years(_NO_CALL),
        "files": lambda: [
            {"FileGuid": one.guid, "Name": one.name, "Size": len(one.content)} for one in books.files.values()
        ],
        "manualvouchers": lambda: [{"Guid": item.guid, **item.values, **item.extra} for item in books.manuals],
        "purchasevouchers": lambda: [
            {"Guid": item.guid, "Deleted": iso(item.deleted), **item.values, **item.extra}
            for shelf in books.purchases.values()
            for item in shelf
        ],
        "webhooks": lambda: [{"EventId": event, "Uri": uri} for event, uri in sorted(books.subscriptions.items())],
    }
    rows: list[dict[str, Any]] = plain[kind]()
    return rows


def _vouchers(organization: Organization, kind: str) -> list[dict[str, Any]]:
    view = organization.invoice_view if kind == "invoices" else organization.note_view
    shelf = organization.books.vouchers["Invoice" if kind == "invoices" else "CreditNote"]
    return [view.shown(item) for item in shelf]
