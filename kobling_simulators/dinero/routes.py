"""Which endpoint is answered by what, inside one organization."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kobling_simulators.dinero.accounts import Accounts
from kobling_simulators.dinero.archive import Files, Notes, Webhooks
from kobling_simulators.dinero.attachments import Attachments, Reports
from kobling_simulators.dinero.booking import Booking, Ledger
from kobling_simulators.dinero.books import Books
from kobling_simulators.dinero.contacts import Contacts
from kobling_simulators.dinero.credit_notes import CreditNotes
from kobling_simulators.dinero.ledger_items import LedgerItems
from kobling_simulators.dinero.manual_vouchers import ManualVouchers
from kobling_simulators.dinero.payments import Payments
from kobling_simulators.dinero.products import Products
from kobling_simulators.dinero.purchase_credit_notes import PurchaseCreditNotes
from kobling_simulators.dinero.purchase_vouchers import PurchaseVouchers
from kobling_simulators.dinero.sending import Sending
from kobling_simulators.dinero.voucher_view import VoucherView, list_vouchers
from kobling_simulators.dinero.vouchers import Vouchers
from kobling_simulators.wire import Call

Handler = Callable[..., Any]
_NEWER = {"v1": ("v1.1", "v1.2", "v2", "v3"), "v1.1": ("v1.2",), "v2": ("v3",)}


def _bound(handler: Handler, guids: list[str]) -> Callable[[Call], Any]:
    return lambda call: handler(call, *guids)


class Organization:
    """The endpoints of one organization, wired to its books."""

    def __init__(self, books: Books) -> None:
        self.books = books
        self.ledger = Ledger(books)
        self.contacts = Contacts(books)
        self.products = Products(books)
        self.invoices = Vouchers(books, "Invoice")
        self.notes = Vouchers(books, "CreditNote")
        self.invoice_view = VoucherView(self.invoices)
        self.note_view = VoucherView(self.notes)
        self.booking = Booking(self.invoices, self.invoice_view, self.ledger)
        self.note_booking = Booking(self.notes, self.note_view, self.ledger)
        self.payments = Payments(self.invoices, self.invoice_view, self.ledger)
        self.note_payments = Payments(self.notes, self.note_view, self.ledger)
        self.credit_notes = CreditNotes(
            (self.invoices, self.invoice_view, self.payments),
            (self.notes, self.note_view, self.note_payments),
            self.note_booking,
        )
        self._routes: dict[tuple[str, str, int], list[tuple[list[str], Handler]]] = {}
        tables = (self._master_data(), self._sales(), self._credit_notes(), self._accounting(), self._vouchers())
        for table in tables:
            for text, handler in table.items():
                method, version, path = text.split(" ")
                parts = path.lower().split("/")
                self._routes.setdefault((method, version, len(parts)), []).append((parts, handler))

    def find(self, method: str, version: str, parts: list[str]) -> Callable[[Call], Any] | None:
        """The endpoint for a path below the organization, its guids bound; None when there is none.

        Fidelity: inferred dinero §2 – the case of a path does not matter (a client in use asks for ledgerItems)
        """
        newer = _NEWER.get(version, ()) if self.books.settings.old_versions else ()
        for each in (version, *newer):
            for pattern, handler in self._routes.get((method, each, len(parts)), ()):
                if all(one in ("*", part.lower()) for one, part in zip(pattern, parts, strict=True)):
                    guids = [part for one, part in zip(pattern, parts, strict=True) if one == "*"]
                    return _bound(handler, guids)
        return None

    def _master_data(self) -> dict[str, Handler]:
        notes = Notes(self.books)
        return {
            "GET v1 contacts": self.contacts.list,
            "GET v2 contacts": lambda call: self.contacts.list(call, both=True),
            "POST v1 contacts": self.contacts.create,
            "GET v1 contacts/*": self.contacts.get,
            "PUT v1 contacts/*": self.contacts.replace,
            "PUT v2 contacts/*": self.contacts.replace,
            "DELETE v1 contacts/*": self.contacts.delete,
            "POST v1 contacts/*/restore": self.contacts.restore,
            "GET v1 contacts/*/notes": notes.list,
            "POST v1 contacts/*/notes": notes.create,
            "GET v1 contacts/*/notes/*": notes.get,
            "PUT v1 contacts/*/notes/*": notes.replace,
            "DELETE v1 contacts/*/notes/*": notes.delete,
            "GET v1 products": self.products.list,
            "POST v1 products": self.products.create,
            "GET v1 products/*": self.products.get,
            "PUT v1 products/*": self.products.replace,
            "DELETE v1 products/*": self.products.delete,
        }

    def _sales(self) -> dict[str, Handler]:
        sending = Sending(self.invoices, self.invoice_view)
        both = [(self.invoices, self.invoice_view), (self.notes, self.note_view)]
        return {
            "GET v1 invoices": lambda call: list_vouchers(call, both[:1]),
            "POST v1 invoices": self.invoices.create,
            "POST v1 invoices/fetch": lambda call: self.invoice_view.shown(self.invoices.fetch(call)),
            "GET v1 invoices/templates": lambda call: [],
            "GET v1 invoices/*": self._get_invoice,
            "PUT v1.2 invoices/*": self.invoices.replace,
            "DELETE v1 invoices/*": self.invoices.delete,
            "POST v1 invoices/*/book": self.booking.book,
            "POST v1 invoices/*/email": sending.email,
            "GET v2 invoices/*/email/template": sending.template,
            "POST v1 invoices/*/email/pre-reminder": sending.reminder,
            "POST v3 invoices/*/e-invoice": sending.e_invoice,
            "GET v2 invoices/*/payments": self.payments.list,
            "POST v1 invoices/*/payments": self.payments.create,
            "DELETE v1 invoices/*/payments/*": self.payments.delete,
            "POST v1 invoices/*/generate-creditnote": self.credit_notes.generate,
            "GET v1 invoices/*/mailouts": sending.mail_outs,
            "GET v1 sales": lambda call: list_vouchers(call, both),
        }

    def _credit_notes(self) -> dict[str, Handler]:
        sending = Sending(self.notes, self.note_view)
        one = [(self.notes, self.note_view)]
        return {
            "GET v1 sales/creditnotes": lambda call: list_vouchers(call, one),
            "POST v1 sales/creditnotes": self.notes.create,
            "GET v1 sales/creditnotes/*": lambda call, guid: self.note_view.shown(self.notes.find(guid)),
            "PUT v1.2 sales/creditnotes/*": self.notes.replace,
            "DELETE v1 sales/creditnotes/*": self.notes.delete,
            "POST v1 sales/creditnotes/*/book": self.credit_notes.book,
            "POST v1 sales/creditnotes/*/email": sending.email,
            "GET v1 sales/creditnotes/*/pdf": sending.pdf,
            "GET v1 sales/creditnotes/*/payments": self.note_payments.list,
            "POST v1 sales/creditnotes/*/payments": self.note_payments.create,
            "DELETE v1 sales/creditnotes/*/payments/*": self.note_payments.delete,
        }

    def _accounting(self) -> dict[str, Handler]:
        accounts, files, hooks = Accounts(self.books), Files(self.books), Webhooks(self.books)
        items = LedgerItems(self.books, self.ledger)
        attachments, reports = Attachments(self.books, files), Reports(self.books)
        return {
            "GET v1 sales/settings": accounts.settings,
            "GET v1 accounts/entry": accounts.entry_accounts,
            "POST v1 accounts/entry": accounts.create_entry_account,
            "GET v1 accounts/purchase": accounts.purchase_accounts,
            "GET v1 accounts/deposit": accounts.deposit_accounts,
            "POST v1 accounts/deposit": accounts.create_deposit_account,
            "GET v1 vatTypes": accounts.vat_types,
            "GET v1 accountingyears": accounts.years,
            "GET v1 entries": accounts.entries,
            "GET v1 entries/changes": accounts.entry_changes,
            "GET v1 state-of-account/*": accounts.statement,
            "POST v1 files": files.upload,
            "POST v1 files/attachment": attachments.upload,
            "GET v1 attachments/*": attachments.list,
            "POST v1 attachments/*/*": attachments.attach,
            "POST v1 attachments/*/*/*": attachments.attach,
            "DELETE v1 attachments/*/*": attachments.detach,
            "GET v1 */reports/saldo": reports.saldo,
            "GET v1 */reports/result": reports.result,
            "GET v1 */reports/balance": reports.balance,
            "GET v1 */reports/primo": reports.primo,
            "GET v1 files": files.list,
            "GET v1 files/*": files.get,
            "GET v1 webhooks/events": hooks.events,
            "GET v1 webhooks/subscriptions": hooks.subscriptions,
            "POST v1 webhooks/subscribe": hooks.subscribe,
            "DELETE v1 webhooks/unsubscribe": hooks.unsubscribe,
            "POST v1.2 ledgeritems": items.create,
            "PUT v1 ledgeritems": items.replace,
            "POST v1 ledgeritems/ledgers": items.read,
            "POST v1 ledgeritems/book": items.book,
            "POST v1 ledgeritems/status": items.status,
            "DELETE v1 ledgeritems/delete": items.delete,
        }

    def _vouchers(self) -> dict[str, Handler]:
        manual, purchases = ManualVouchers(self.books, self.ledger), PurchaseVouchers(self.books, self.ledger)
        notes = PurchaseCreditNotes(self.books, self.ledger, purchases)
        return {
            "POST v1 vouchers/manuel": manual.create,
            "GET v1 vouchers/manuel/*": manual.get,
            "PUT v1 vouchers/manuel/*": manual.replace,
            "DELETE v1 vouchers/manuel/*": manual.delete,
            "POST v1 vouchers/manuel/*/book": manual.book,
            "POST v1 vouchers/purchase": purchases.create_untyped,
            "POST v1.1 vouchers/purchase": purchases.create_untyped,
            "POST v1.2 vouchers/purchase": purchases.create,
            "POST v1 vouchers/purchase/similar": purchases.similar,
            "GET v1 vouchers/purchase/fileguid/*": purchases.with_file,
            "POST v1 vouchers/purchase/creditnotes": notes.create,
            "GET v1 vouchers/purchase/creditnotes/*": notes.get,
            "PUT v1 vouchers/purchase/creditnotes/*": notes.replace,
            "DELETE v1 vouchers/purchase/creditnotes/*": notes.delete,
            "POST v1 vouchers/purchase/creditnotes/*/book": notes.book,
            "GET v1 vouchers/purchase/*": purchases.get,
            "PUT v1.1 vouchers/purchase/*": purchases.replace,
            "DELETE v1 vouchers/purchase/*": purchases.delete,
            "POST v1 vouchers/purchase/*/book": purchases.book,
            "POST v1 vouchers/purchase/*/generate-creditnote": notes.generate,
            "GET v1 purchase-vouchers/*/payments": purchases.payments,
            "POST v1 purchase-vouchers/*/payments": purchases.pay,
            "DELETE v1 purchase-vouchers/*/payments/*/*": purchases.unpay,
        }

    def _get_invoice(self, call: Call, guid: str) -> Any:
        """JSON, or the PDF when the client accepts application/octet-stream.

        Fidelity: known dinero §4 – Accept: application/octet-stream gives the PDF of a booked invoice
        """
        if "application/octet-stream" in call.headers.get("Accept", ""):
            return Sending(self.invoices, self.invoice_view).pdf(call, guid)
        return self.invoice_view.shown(self.invoices.find(guid))
