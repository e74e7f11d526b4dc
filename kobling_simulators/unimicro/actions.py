"""Actions and transitions: what `?action=` does to which entity."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from kobling_simulators.unimicro import custom_fields, journals, masterdata, orders, posting
from kobling_simulators.unimicro.books import Books
from kobling_simulators.unimicro.errors import ApiError, not_found
from kobling_simulators.unimicro.facts import Entity
from kobling_simulators.unimicro.table import Row
from kobling_simulators.unimicro.values import is_key

_BY_MAIL, _SENT = 2, 70003
_INVOICE, _ORDER = "CustomerInvoice", "CustomerOrder"
_ENTRY = "JournalEntry"


@dataclass(frozen=True, slots=True)
class Action:
    """What is done to a row, or to the company, and of which entity the rows are that it gives ("" for others)."""

    do: Callable[[Books, Row, Any], Any]
    gives: str
    to_a_row: bool = True


def _issue(books: Books, row: Row, body: Any) -> Row:
    """Fidelity: known unimicro §5 – POST invoices/{id}?action=invoice with a null body."""
    if body not in (None, {}):
        raise ApiError("The transition 'invoice' takes no body")
    return posting.issue(books, row)


def _payments(books: Books, row: Row, _body: Any) -> list[Row]:
    """Fidelity: known unimicro §5 – GET invoices/{id}?action=get-payments."""
    return list(books.tables["Payment"].found("CustomerInvoiceID", row["ID"]))


def _credit(books: Books, row: Row, _body: Any) -> Row:
    return posting.credit_draft(books, row)


def _named(do: Callable[[Books, Row, str], Row], name: str) -> Callable[[Books, Row, Any], Row]:
    """One that is told which it is."""
    return lambda books, row, _body: do(books, row, name)


def _product(name: str) -> Action:
    return Action(_named(masterdata.product_transition, name), "Product")


def _customer(name: str) -> Action:
    return Action(_named(masterdata.customer_action, name), "Customer")


_ACTIONS: Mapping[tuple[str, str, str], Action] = {
    ("POST", _INVOICE, "invoice"): Action(_issue, _INVOICE),
    ("PUT", _INVOICE, "create-credit-draft-invoice"): Action(_credit, _INVOICE),
    ("PUT", _INVOICE, "payinvoice"): Action(posting.pay, ""),
    ("GET", _INVOICE, "get-payments"): Action(_payments, "Payment"),
    ("POST", _ORDER, "register"): Action(_named(orders.transition, "register"), _ORDER),
    ("POST", _ORDER, "complete"): Action(_named(orders.transition, "complete"), _ORDER),
    ("PUT", _ORDER, "transfer-to-invoice"): Action(orders.transfer, _INVOICE),
    ("POST", "CustomField", "activate"): Action(_named(custom_fields.activate, "activate"), "CustomField"),
    **{("POST", "Product", name): _product(name) for name in ("discard", "delete", "reactivate")},
    **{("PUT", "Customer", name): _customer(name) for name in ("activate", "deactivate", "block")},
    ("POST", _ENTRY, "book-journal-entries"): Action(lambda books, _, body: journals.book(books, body), _ENTRY, False),
    ("POST", _ENTRY, "save-journal-entries-as-draft"): Action(
        lambda books, _, body: journals.save(books, body), _ENTRY, False
    ),
}


def find(entity: Entity, method: str, name: str) -> Action:
    """An action. Raises ApiError.

    Fidelity: assumed unimicro §5 – names of actions in any case; one that is not there, or not by this method, is 400
    """
    found = _ACTIONS.get((method, entity.name, name.lower()))
    if found is None:
        raise ApiError(f"Unknown action '{name}' for {entity.name}")
    return found


def act(books: Books, entity: Entity, action: Action, key: Any, body: Any) -> Any:
    """Do an action to the row with that ID. Raises ApiError."""
    if not action.to_a_row:
        return action.do(books, {}, body)
    row = books.get(entity.name, key)
    if row is None:
        raise not_found(entity.name, key)
    return action.do(books, row, body)


def distribute(books: Books, query: Mapping[str, str]) -> bool:
    """PUT distributions?action=distribute&id=&entityType=CustomerInvoice. Raises ApiError.

    Fidelity: known unimicro §5 – parameters
    Fidelity: assumed unimicro §5 – only what is issued is sent; the answer is true; a Sharing tells of it
    """
    kind, key = query.get("entityType", query.get("entitytype", "")), query.get("id", "")
    row = books.get(kind, int(key)) if kind in books.tables and is_key(key) else None
    if row is None:
        raise not_found(kind or "Entity", key)
    if kind == "CustomerInvoice" and row["StatusCode"] == posting.DRAFT:
        raise ApiError("A draft cannot be distributed")
    told = {"EntityType": kind, "EntityID": row["ID"], "EntityDisplayValue": row.get("InvoiceNumber")}
    books.add("Sharing", {**told, "To": row.get("EmailAddress"), "Type": _BY_MAIL, "StatusCode": _SENT})
    return True
