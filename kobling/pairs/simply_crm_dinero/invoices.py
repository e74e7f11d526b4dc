"""Invoices of the CRM ↔ invoices of Dinero: drafts first, booked only as chosen, payments brought back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from kobling.mapping import (
    Balance,
    Codec,
    Condition,
    Direction,
    FieldMapping,
    Resolver,
    Side,
    TableMapping,
    end,
)
from kobling.mapping.codecs import DAY, NUMBER_AS_TEXT, Values, number_with_decimals
from kobling.mapping.references import KEEP
from kobling.pairs.simply_crm_dinero.documents import (
    CREDIT,
    DEPENDS_ON,
    MATCH,
    from_day,
    heading,
    in_currency,
    lines,
    only_to_crm,
)
from kobling.pairs.simply_crm_dinero.options import conflict_of, direction_of, leading_of
from kobling.pairs.simply_crm_dinero.payments import CRM_STATUS, PAYMENT_STATUS, RECEIVED
from kobling.records import N_, exact

_ORE = number_with_decimals(2)
_TO_BOOK = {"Approved": "Booked", "Sent": "Booked", "Paid": "Booked", "Created": "Draft", "AutoCreated": "Draft"}


def invoices(options: Mapping[str, Any]) -> TableMapping:
    """Invoice ↔ invoices. A booked invoice never changes; ``invoices_from`` keeps history out unless asked for."""
    limit = exact(options["rounding_limit"])
    return TableMapping(
        name="invoices",
        label=N_("Invoices"),
        title_key="subject",
        left="Invoice",
        right="invoices",
        fields=(*heading(options), *_terms(), *_lines_and_totals(options), *_states(options)),
        match=MATCH,
        direction=direction_of(options),
        conflict=conflict_of(options),
        leading=leading_of(options),
        depends_on=DEPENDS_ON,
        left_filter=(
            Condition("invoicestatus", "differs", "Cancel"),
            Condition("invoicestatus", "differs", CREDIT),
            *from_day(options, Side.LEFT),
        ),
        right_filter=from_day(options, Side.RIGHT),
        locked_right=(Condition("Status", "equals", "Booked"),),
        balance=Balance("total_incl_vat", "adjustment", Side.LEFT, limit),
    )


def _lines_and_totals(options: Mapping[str, Any]) -> list[FieldMapping]:
    return [
        lines(options),
        FieldMapping("adjustment", end("txtAdjustment", codec=NUMBER_AS_TEXT), None, label=N_("Adjustment")),
        _proof("total_excl_vat", "pre_tax_total", "TotalExclVat", N_("Total excluding VAT"), by_line=True),
        _proof("total_incl_vat", "hdnGrandTotal", "TotalInclVat", N_("Total including VAT")),
        in_currency(),
    ]


def _states(options: Mapping[str, Any]) -> list[FieldMapping]:
    status = end("PaymentStatus", "TotalInclVat", "Payments", codec=PAYMENT_STATUS)
    money = end("PaidAmount", "TotalInclVat", "Currency", "PaymentStatus", "Payments", codec=RECEIVED)
    status_here, paid_here = end("invoicestatus", codec=CRM_STATUS), end("received", codec=NUMBER_AS_TEXT)
    fields = [
        only_to_crm("status", status_here, status, N_("Status")),
        only_to_crm("paid", paid_here, money, N_("Paid")),
    ]
    if options["booking"] == "when_approved":
        fields.append(
            FieldMapping(
                "booking",
                end("invoicestatus", codec=BOOKING),
                end("Status"),
                Direction.TO_RIGHT,
                clear=False,
                after_proof=True,
                label=N_("Booking"),
            )
        )
    return fields


def _terms() -> list[FieldMapping]:
    terms = FieldMapping(
        "terms",
        end("invoicedate", "duedate", codec=CRM_TERMS),
        end("PaymentConditionNumberOfDays", "PaymentConditionType", codec=DINERO_TERMS),
        direction=Direction.TO_RIGHT,
        clear=False,
        label=N_("Days to pay"),
    )
    return [terms, only_to_crm("due", end("duedate", codec=DAY), end("PaymentDate", codec=DAY), N_("Due date"))]


def _proof(key: str, left: str, right: str, label: str, *, by_line: bool = False) -> FieldMapping:
    ends = end(left, codec=_ORE), end(right, codec=_ORE)
    return FieldMapping(key, *ends, proof=True, by_line=by_line, label=label)


def _read_terms(values: Values, _side: str, _resolver: Resolver | None) -> Any:
    issued, due = values
    if issued in (None, "") or due in (None, ""):
        return None
    days = (date.fromisoformat(due) - date.fromisoformat(issued)).days
    return days if days >= 0 else None


def _write_due(_value: Any, _side: str, _resolver: Resolver | None) -> Values:
    return (KEEP, KEEP)


CRM_TERMS = Codec("crm_terms", _read_terms, _write_due)
DINERO_TERMS = Codec(
    "dinero_terms",
    lambda values, _side, _resolver: values[0],
    lambda value, _side, _resolver: (value, "Netto"),
)


def _read_booking(values: Values, _side: str, _resolver: Resolver | None) -> Any:
    """Only an approved invoice says anything to Dinero; going back to a draft is impossible there."""
    return "Booked" if _TO_BOOK.get(str(values[0])) == "Booked" else None


BOOKING = Codec("booking", _read_booking, lambda _value, _side, _resolver: (KEEP,))
