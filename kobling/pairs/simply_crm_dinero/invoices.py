"""Invoices of the CRM ↔ invoices of Dinero: drafts first, booked only as chosen, payments brought back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from kobling.mapping import (
    Balance,
    Codec,
    Condition,
    Direction,
    FieldMapping,
    MatchRule,
    Resolver,
    Side,
    TableMapping,
    end,
)
from kobling.mapping.codecs import DAY, NUMBER_AS_TEXT, Values, number_with_decimals
from kobling.mapping.references import KEEP, any_reference, first_reference
from kobling.pairs.simply_crm_dinero.lines import crm_lines, dinero_lines
from kobling.pairs.simply_crm_dinero.options import conflict_of, direction_of, leading_of
from kobling.records import N_, Refused, exact

_ORE = number_with_decimals(2)
_TO_BOOK = {"Approved": "Booked", "Sent": "Booked", "Paid": "Booked", "Created": "Draft", "AutoCreated": "Draft"}
_CRM_STATUS = {"Approved": "booked", "Sent": "booked", "Paid": "paid"}
_DINERO_STATUS = {"Booked": "booked", "Overdue": "booked", "Paid": "paid", "OverPaid": "paid"}
_TO_CRM = {"booked": "Approved", "paid": "Paid"}


def invoices(options: Mapping[str, Any]) -> TableMapping:
    """Invoice ↔ invoices. A booked invoice never changes; ``invoices_from`` keeps history out unless asked for."""
    limit = exact(options["rounding_limit"])
    since = options["invoices_from"]
    period = () if since in ("", "all") else (since,)
    return TableMapping(
        name="invoices",
        label=N_("Invoices"),
        title_key="subject",
        left="Invoice",
        right="invoices",
        fields=(*_header(options), *_lines_and_totals(options, limit), *_states(options)),
        match=(MatchRule(("reference",)),),
        direction=direction_of(options),
        conflict=conflict_of(options),
        leading=leading_of(options),
        depends_on=("organisations", "contacts", "products", "services"),
        left_filter=(
            Condition("invoicestatus", "differs", "Cancel"),
            Condition("invoicestatus", "differs", "Credit Invoice"),
            *(Condition("invoicedate", "at_least", day) for day in period),
        ),
        right_filter=tuple(Condition("Date", "at_least", day) for day in period),
        left_constants={"hdnTaxType": "individual"},
        locked_right=(Condition("Status", "equals", "Booked"),),
        balance=Balance("total_incl_vat", "adjustment", Side.LEFT, limit),
    )


def _header(options: Mapping[str, Any]) -> list[FieldMapping]:
    address = end("bill_street", "ship_street", codec=CRM_ADDRESS)
    currency = end("currency_id", "conversion_rate", codec=CRM_CURRENCY)
    return [
        FieldMapping("subject", end("subject"), end("Description"), label=N_("Subject")),
        _customer(options),
        FieldMapping("date", end("invoicedate", codec=DAY), end("Date", codec=DAY), clear=False, label=N_("Date")),
        _terms(),
        _only_to_crm("due", end("duedate", codec=DAY), end("PaymentDate", codec=DAY), N_("Due date")),
        FieldMapping("currency", currency, end("Currency"), clear=False, label=N_("Currency")),
        _only_to_crm("address", address, end("Address"), N_("Address"), frozen=True),
        FieldMapping(
            "reference",
            end("invoice_no"),
            end("ExternalReference"),
            direction=Direction.TO_RIGHT,
            frozen=True,
            label=N_("Number in the CRM"),
        ),
    ]


def _lines_and_totals(options: Mapping[str, Any], limit: Decimal) -> list[FieldMapping]:
    without_vat = options["sales_account_without_vat"]
    accounts = int(options["sales_account"]), int(without_vat) if without_vat else None
    header = ("hdnDiscountPercent", "hdnDiscountAmount", "txtAdjustment", "hdnS_H_Amount")
    left_lines = end("LineItems", "productid", *header, codec=crm_lines(options["fallback_product"], limit))
    return [
        FieldMapping(
            "lines", left_lines, end("ProductLines", codec=dinero_lines(*accounts)), needed=True, label=N_("Lines")
        ),
        FieldMapping("adjustment", end("txtAdjustment", codec=NUMBER_AS_TEXT), None, label=N_("Adjustment")),
        _proof("total_excl_vat", "pre_tax_total", "TotalExclVat", N_("Total excluding VAT"), limit),
        _proof("total_incl_vat", "hdnGrandTotal", "TotalInclVat", N_("Total including VAT")),
    ]


def _states(options: Mapping[str, Any]) -> list[FieldMapping]:
    status = end("invoicestatus", codec=CRM_STATUS), end("PaymentStatus", codec=PAYMENT_STATUS)
    paid = end("received", codec=NUMBER_AS_TEXT), end("PaidAmount", codec=_ORE)
    fields = [_only_to_crm("status", *status, N_("Status")), _only_to_crm("paid", *paid, N_("Paid"))]
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


def _customer(options: Mapping[str, Any]) -> FieldMapping:
    paths, tables = ("account_id", "contact_id"), ("organisations", "contacts")
    if options["priority"] == "contacts":
        paths, tables = paths[::-1], tables[::-1]
    left = end(*paths, codec=_with_organisation(first_reference(*tables), paths))
    return FieldMapping("customer", left, end("ContactGuid", codec=any_reference(*tables)), label=N_("Customer"))


def _with_organisation(codec: Codec, paths: tuple[str, ...]) -> Codec:
    """The CRM needs an organisation on every invoice, also on one to a person: the person's own."""
    account, contact = paths.index("account_id"), paths.index("contact_id")

    def write(value: Any, side: str, resolver: Resolver | None) -> Values:
        made = list(codec.write(value, side, resolver))
        if made[contact] is not KEEP and made[account] is KEEP:
            assert resolver is not None
            organisation = resolver.field(side, "Contacts", made[contact], "account_id")
            if not organisation:
                raise Refused(
                    N_("The CRM needs an organisation on every invoice, and this person belongs to none."),
                    code="no_organisation",
                )
            made[account] = organisation
        return tuple(made)

    return Codec(f"{codec.name}_with_organisation", codec.read, write)


def _terms() -> FieldMapping:
    return FieldMapping(
        "terms",
        end("invoicedate", "duedate", codec=CRM_TERMS),
        end("PaymentConditionNumberOfDays", "PaymentConditionType", codec=DINERO_TERMS),
        direction=Direction.TO_RIGHT,
        clear=False,
        label=N_("Days to pay"),
    )


def _only_to_crm(key: str, left: Any, right: Any, label: str, frozen: bool = False) -> FieldMapping:
    return FieldMapping(key, left, right, Direction.TO_LEFT, clear=False, frozen=frozen, label=label)


def _proof(key: str, left: str, right: str, label: str, tolerance: Decimal = Decimal(0)) -> FieldMapping:
    ends = end(left, codec=_ORE), end(right, codec=_ORE)
    return FieldMapping(key, *ends, proof=True, tolerance=tolerance, label=label)


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


def _read_currency(values: Values, side: str, resolver: Resolver | None) -> Any:
    if values[0] in (None, "") or resolver is None:
        return None
    return resolver.field(side, "Currency", values[0], "currency_code")


def _write_currency(value: Any, side: str, resolver: Resolver | None) -> Values:
    found = resolver.find(side, "Currency", "currency_code", value or "DKK") if resolver else None
    if found is None or resolver is None:
        raise Refused(
            N_("The CRM has no currency “%(value)s”. Create it there first."), value=value, code="no_currency"
        )
    return (found, resolver.field(side, "Currency", found, "conversion_rate"))


CRM_CURRENCY = Codec("crm_currency", _read_currency, _write_currency)


def _read_booking(values: Values, _side: str, _resolver: Resolver | None) -> Any:
    """Only an approved invoice says anything to Dinero; going back to a draft is impossible there."""
    return "Booked" if _TO_BOOK.get(str(values[0])) == "Booked" else None


BOOKING = Codec("booking", _read_booking, lambda _value, _side, _resolver: (KEEP,))
CRM_STATUS = Codec(
    "crm_status",
    lambda values, _side, _resolver: _CRM_STATUS.get(str(values[0])),
    lambda value, _side, _resolver: (_TO_CRM.get(value, KEEP),),
)
PAYMENT_STATUS = Codec(
    "payment_status",
    lambda values, _side, _resolver: _DINERO_STATUS.get(str(values[0])),
    lambda _value, _side, _resolver: (KEEP,),
)
CRM_ADDRESS = Codec(
    "crm_address",
    lambda values, _side, _resolver: values[0] or None,
    lambda value, _side, _resolver: (value or "-", value or "-"),
)
