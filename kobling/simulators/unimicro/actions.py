"""Actions and transitions: what `?action=` does to which entity."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from kobling.simulators.unimicro import custom_fields, journals, masterdata, orders, posting
from kobling.simulators.unimicro.books import Books
from kobling.simulators.unimicro.errors import ApiError, not_found
from kobling.simulators.unimicro.facts import Entity
from kobling.simulators.unimicro.table import Row


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of an entity that an action gives, to be shown as any others."""

    entity: str
    rows: Row | list[Row]


_BY_MAIL, _SENT = 2, 70003
Action = Callable[[Books, Row, Any], Any]
"""Gives the row itself, Rows of another entity, or anything else to be told as it is."""


def _issue(books: Books, row: Row, body: Any) -> Row:
    """Fidelity: known unimicro §5 – POST invoices/{id}?action=invoice with a null body."""
    if body not in (None, {}):
        raise ApiError("The transition 'invoice' takes no body")
    return posting.issue(books, row)


def _payments(books: Books, row: Row, _body: Any) -> Rows:
    """Fidelity: known unimicro §5 – GET invoices/{id}?action=get-payments."""
    return Rows("Payment", list(books.tables["Payment"].found("CustomerInvoiceID", row["ID"])))


def _transfer(books: Books, row: Row, body: Any) -> Rows:
    return Rows("CustomerInvoice", orders.transfer(books, row, body))


_ACTIONS: Mapping[tuple[str, str, str], Action] = {
    ("POST", "CustomerInvoice", "invoice"): _issue,
    ("PUT", "CustomerInvoice", "create-credit-draft-invoice"): lambda books, row, _: posting.credit_draft(books, row),
    ("PUT", "CustomerInvoice", "payinvoice"): posting.pay,
    ("GET", "CustomerInvoice", "get-payments"): _payments,
    ("POST", "CustomerOrder", "register"): lambda books, row, _: orders.transition(books, row, "register"),
    ("POST", "CustomerOrder", "complete"): lambda books, row, _: orders.transition(books, row, "complete"),
    ("PUT", "CustomerOrder", "transfer-to-invoice"): _transfer,
    ("POST", "CustomField", "activate"): lambda books, row, _: custom_fields.activate(books, row, "activate"),
    **{
        ("POST", "Product", name): lambda books, row, _, name=name: masterdata.product_transition(books, row, name)  # type: ignore[misc]
        for name in ("discard", "delete", "reactivate")
    },
    **{
        ("PUT", "Customer", name): lambda books, row, _, name=name: masterdata.customer_action(books, row, name)  # type: ignore[misc]
        for name in ("activate", "deactivate", "block")
    },
}


_WITHOUT_A_ROW: Mapping[tuple[str, str, str], Callable[[Books, Any], list[Row]]] = {
    ("POST", "JournalEntry", "book-journal-entries"): journals.book,
    ("POST", "JournalEntry", "save-journal-entries-as-draft"): journals.save,
}


def act(books: Books, entity: Entity, method: str, action: str, key: Any, body: Any) -> Any:
    """Do an action to the row with that ID. Raises ApiError.

    Fidelity: assumed unimicro §5 – names of actions in any case; one that is not there, or not by this method, is 400
    """
    called = (method, entity.name, action.lower())
    if key is None and called in _WITHOUT_A_ROW:
        return Rows(entity.name, _WITHOUT_A_ROW[called](books, body))
    found = _ACTIONS.get(called)
    if found is None:
        raise ApiError(f"Unknown action '{action}' for {entity.name}")
    row = books.get(entity.name, key)
    if row is None:
        raise not_found(entity.name, key)
    made = found(books, row, body)
    return Rows(entity.name, made) if made is row else made


def distribute(books: Books, query: Mapping[str, str]) -> bool:
    """PUT distributions?action=distribute&id=&entityType=CustomerInvoice. Raises ApiError.

    Fidelity: known unimicro §5 – parameters
    Fidelity: assumed unimicro §5 – only what is issued is sent; the answer is true; a Sharing tells of it
    """
    kind, key = query.get("entityType", query.get("entitytype", "")), query.get("id", "")
    row = books.get(kind, int(key)) if kind in books.tables and key.isascii() and key.isdigit() else None
    if row is None:
        raise not_found(kind or "Entity", key)
    if kind == "CustomerInvoice" and row["StatusCode"] == posting.DRAFT:
        raise ApiError("A draft cannot be distributed")
    told = {"EntityType": kind, "EntityID": row["ID"], "EntityDisplayValue": row.get("InvoiceNumber")}
    books.add("Sharing", {**told, "To": row.get("EmailAddress"), "Type": _BY_MAIL, "StatusCode": _SENT})
    return True
