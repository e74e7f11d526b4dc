"""Orders, as far as imports make them: totals, transitions, transfer to an invoice."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from kobling_simulators.unimicro import totals
from kobling_simulators.unimicro.books import Books
from kobling_simulators.unimicro.errors import ApiError, RuleBroken
from kobling_simulators.unimicro.masterdata import value_or
from kobling_simulators.unimicro.table import Row

DRAFT, REGISTERED, PARTLY, TRANSFERRED, COMPLETED = 41001, 41002, 41003, 41004, 41005
_ITEM = "CustomerOrderItem"
_NOT_COPIED = frozenset(
    {"ID", "CustomerOrderID", "CreatedAt", "CreatedBy", "UpdatedAt", "UpdatedBy", "_createguid", "StatusCode"}
)


def add_order(books: Books, head: Row, items: list[Row], *, draft: bool) -> Row:
    """A new order with priced lines."""
    status = DRAFT if draft else REGISTERED
    order = books.add("CustomerOrder", {**head, "StatusCode": status, "CurrencyExchangeRate": Decimal(1)})
    made = []
    for at, item in enumerate(items):
        values = {**item, **totals.line(item, Decimal(1)), "SortIndex": at + 1, "StatusCode": 41101 if draft else 41102}
        made.append(books.add(_ITEM, {**values, "CustomerOrderID": order["ID"]}))
    books.tables["CustomerOrder"].change(order, totals.invoice(made, books.settings.vat_rounding))
    return order


def transition(books: Books, order: Row, action: str) -> Row:
    """POST orders/{id}?action=register|complete. Raises ApiError.

    Fidelity: known unimicro §5 – register and complete
    Fidelity: assumed unimicro §7 – lines follow their order, those that were transferred stay so
    """
    moves = {"register": ((DRAFT,), REGISTERED), "complete": ((REGISTERED, PARTLY), COMPLETED)}
    lines = {"register": (41101, 41102), "complete": (41102, 41104)}
    if action.lower() not in moves:
        raise ApiError(f"Unknown action '{action}'")
    before, after = moves[action.lower()]
    if order["StatusCode"] not in before:
        raise RuleBroken(f"'{action}' is not possible now", "CustomerOrder", "StatusCode", order["ID"])
    books.change("CustomerOrder", order, {"StatusCode": after})
    of_line, then = lines[action.lower()]
    for row in list(books.tables[_ITEM].found("CustomerOrderID", order["ID"])):
        if row["StatusCode"] == of_line:
            books.change(_ITEM, row, {"StatusCode": then})
    return order


def transfer(books: Books, order: Row, body: Any) -> Row:
    """PUT orders/{id}?action=transfer-to-invoice. Raises ApiError.

    Fidelity: known unimicro §5 – the body is the order with the chosen Items; the answer is an invoice
    Fidelity: assumed unimicro §5 – without Items all lines are taken; the invoice is a draft
    """
    if order["StatusCode"] not in (REGISTERED, PARTLY):
        raise RuleBroken("The order cannot be transferred now", "CustomerOrder", "StatusCode", order["ID"])
    rows = [row for row in books.tables[_ITEM].found("CustomerOrderID", order["ID"]) if row["StatusCode"] == 41102]
    if isinstance(body, dict) and isinstance(body.get("Items"), list):
        chosen = [item.get("ID") for item in body["Items"] if isinstance(item, dict)]
        rows = [row for row in rows if row["ID"] in chosen]
    if not rows:
        raise RuleBroken("There is nothing to transfer", "CustomerOrder", "Items", order["ID"])
    customer = books.get("Customer", order["CustomerID"])
    today = books.today()
    due: date = today + timedelta(days=value_or(customer, "CreditDays", 14))
    head = {name: order.get(name) for name in ("CustomerID", "CustomerName", "CurrencyCodeID", "CurrencyExchangeRate")}
    head |= {"OurReference": order.get("OurReference"), "YourReference": order.get("YourReference")}
    head |= {"InvoiceDate": today.isoformat(), "PaymentDueDate": due.isoformat(), "InvoiceType": 0, "StatusCode": 42001}
    invoice = books.add("CustomerInvoice", head)
    made = []
    for row in rows:
        values = {name: value for name, value in row.items() if name not in _NOT_COPIED}
        made.append(
            books.add("CustomerInvoiceItem", {**values, "CustomerInvoiceID": invoice["ID"], "StatusCode": 41301})
        )
        books.change(_ITEM, row, {"StatusCode": 41103})
    books.tables["CustomerInvoice"].change(invoice, totals.invoice(made, books.settings.vat_rounding))
    left = any(row["StatusCode"] == 41102 for row in books.tables[_ITEM].found("CustomerOrderID", order["ID"]))
    books.change("CustomerOrder", order, {"StatusCode": PARTLY if left else TRANSFERRED})
    return invoice
