"""Payment history and documents per customer, from the mirror: paid, open, overdue."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from kobling.access.policy import Actor, Doing, require
from kobling.hub.connections.opening import Opener
from kobling.hub.models import Feed, Pair
from kobling.hub.store import mirror, sql
from kobling.pairs.base import Bill
from kobling.records import N_, SettingsError, from_json

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Document:
    """One booked invoice. Amounts in its own currency, major units, VAT included."""

    external_id: str
    number: int
    day: str
    due: str | None
    currency: str
    total: Decimal
    paid: Decimal
    open: Decimal
    state: str


@dataclass(slots=True)
class Customer:
    """What one customer has paid, owes and is late with, per currency."""

    name: str
    contact: str
    documents: list[Document] = field(default_factory=list)

    def sums(self) -> dict[str, dict[str, Decimal]]:
        """Currency → paid, open and overdue."""
        found: dict[str, dict[str, Decimal]] = {}
        for each in self.documents:
            sums = found.setdefault(each.currency, {"paid": ZERO, "open": ZERO, "overdue": ZERO})
            sums["paid"] += each.paid
            sums["overdue" if each.state == "overdue" else "open"] += each.open
        return found


def payments(actor: Actor, pair: Pair, opener: Opener, today: date) -> list[Customer]:
    """Customers with their booked invoices, as last read, by name; none where the pair's books tell no payments."""
    require(actor, Doing.SEE, pair.client)
    bills = opener.pair_type(pair).bills
    feed = Feed.objects.filter(connection=pair.right, resource=bills.resource).first() if bills else None
    customers: dict[str, Customer] = {}
    for external_id, fields in _invoices(feed.pk) if feed else ():
        bill = bills.read(fields) if bills else None
        if bill is None:
            continue
        customer = customers.setdefault(bill.customer, Customer(bill.customer_name, bill.customer))
        customer.documents.append(_document(external_id, bill, today))
    for customer in customers.values():
        customer.documents.sort(key=lambda each: (each.day, each.number))
    return sorted(customers.values(), key=lambda each: each.name.casefold())


def receipt(actor: Actor, pair: Pair, opener: Opener, external_id: str) -> bytes:
    """The PDF of a booked invoice. Raises NotThere where there is none, SettingsError where the pair shows none."""
    require(actor, Doing.SPEND, pair.client)
    bills = opener.pair_type(pair).bills
    if bills is None:
        raise SettingsError(N_("This pair has no documents of invoices to show."), code="no_documents")
    return opener.waiting.run(opener.connector(pair.right).document(bills.resource, external_id))


def _invoices(feed: int) -> Iterator[tuple[str, dict[str, Any]]]:
    after = 0
    while rows := sql.rows(
        "SELECT id, external_id, fields FROM hub_mirrorrow WHERE feed_id = %s AND NOT gone AND digest <> %s"
        " AND id > %s ORDER BY id LIMIT 500",
        [feed, mirror.NEVER_READ, after],
    ):
        for position, external_id, fields in rows:
            after = position
            yield str(external_id), from_json(fields)


def _document(external_id: str, bill: Bill, today: date) -> Document:
    late = bill.open > 0 and bill.due is not None and date.fromisoformat(str(bill.due)[:10]) < today
    return Document(
        external_id,
        bill.number,
        bill.day,
        bill.due,
        bill.currency,
        bill.total,
        bill.paid,
        bill.open,
        "overdue" if late else "open" if bill.open > 0 else "paid",
    )
