"""What of a Dinero invoice was paid with money: credit notes that are set off against it are no payments.

Fidelity: assumed dinero §4 – (hurts) whether PaidAmount holds settled credit notes, and its currency on invoices in
another currency, is not known; the list of payments tells them apart, and what it does not tell is left alone
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from kobling.mapping import Codec, Resolver
from kobling.mapping.codecs import LeftOut, Values
from kobling.mapping.references import KEEP
from kobling.records import N_, Refused, exact, is_empty, rounded

CREDITED = "credited"
_SETTLED = frozenset({"CreditNote", "Invoice"})
_OWN = "DKK"
_STATUS = {"Booked": "booked", "Overdue": "booked", "Paid": "paid", "OverPaid": "paid"}
_CRM_STATUS = {"Approved": "booked", "Sent": "booked", "Paid": "paid", "Cancel": CREDITED}
_TO_CRM = {"booked": "Approved", "paid": "Paid"}


def _amount(value: Any) -> Decimal:
    return Decimal(0) if is_empty(value) else exact(value)


def _settled(payments: Sequence[Mapping[str, Any]] | None) -> Decimal:
    found = (_amount(each.get("Amount")) for each in payments or () if each.get("PaymentClass") in _SETTLED)
    return sum(found, Decimal(0))


def _read_received(values: Values, _side: str, _resolver: Resolver | None) -> Any:
    """Money alone, and never more than the invoice; None while nothing is told."""
    told, whole, currency, status, payments = values
    if is_empty(told):
        return None
    paid, total, settled = _amount(told), _amount(whole), _settled(payments)
    if (currency or _OWN) != _OWN and paid:
        if status == "Paid" and not settled:
            return rounded(total)
        raise LeftOut(None)
    if payments:
        paid = sum((_amount(each.get("Amount")) for each in payments), Decimal(0)) - settled
    return rounded(min(paid, max(total - settled, Decimal(0))))


def money(fields: Mapping[str, Any]) -> Decimal:
    """What was paid of an invoice with money, in the currency that Dinero tells it in."""
    paid = _amount(fields.get("PaidAmount"))
    return max(paid - _settled(fields.get("Payments")), Decimal(0)) if fields.get("Payments") else paid


RECEIVED = Codec("dinero_received", _read_received, lambda _value, _side, _resolver: (KEEP,) * 5)
"""``PaidAmount``, ``TotalInclVat``, ``Currency``, ``PaymentStatus`` and ``Payments``; major units."""


def _read_status(values: Values, _side: str, _resolver: Resolver | None) -> Any:
    status, whole, payments = values
    found = _STATUS.get(str(status))
    settled = _settled(payments)
    return CREDITED if found == "paid" and settled and settled >= _amount(whole) else found


PAYMENT_STATUS = Codec("payment_status", _read_status, lambda _value, _side, _resolver: (KEEP,) * 3)
"""``PaymentStatus``, ``TotalInclVat`` and ``Payments``: booked, paid, or credited in full."""


def _write_crm_status(value: Any, _side: str, _resolver: Resolver | None) -> Values:
    if value == CREDITED:
        raise Refused(
            N_("It was credited in Dinero, not paid. Set it to Cancel in the CRM, or accept that it stays as it is."),
            code="credited",
        )
    return (_TO_CRM.get(value, KEEP),)


CRM_STATUS = Codec("crm_status", lambda values, _side, _resolver: _CRM_STATUS.get(str(values[0])), _write_crm_status)
