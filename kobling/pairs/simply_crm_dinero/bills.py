"""What Dinero's invoices say of their payment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kobling.pairs.base import Bill, Bills
from kobling.pairs.simply_crm_dinero.payments import money
from kobling.records import exact


def read(fields: Mapping[str, Any]) -> Bill | None:
    """A booked invoice; None for a draft. Paid amounts are Dinero's own (known: contract dinero §5)."""
    if fields.get("Status") != "Booked":
        return None
    contact = str(fields.get("ContactGuid") or "")
    total, paid = exact(fields.get("TotalInclVat") or 0), money(fields)
    return Bill(
        customer=contact,
        customer_name=str(fields.get("ContactName") or contact),
        number=int(fields.get("Number") or 0),
        day=str(fields.get("Date") or ""),
        due=fields.get("PaymentDate"),
        currency=str(fields.get("Currency") or "DKK"),
        total=total,
        paid=paid,
        open=exact(fields.get("RemainingAmount", total - paid)),
    )


BILLS = Bills("invoices", read, credited_by="creditnotes", credit_of="CreditNoteFor")
